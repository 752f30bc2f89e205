#include "sim/read_index.h"

#include <inttypes.h>
#include <stdio.h>

#include "node/parts.h"
#include "raft/internal.h"

void read_index_begin(struct read_index *reads)
{
    *reads = (struct read_index){0};
}

void read_index_asked(struct read_index *reads, struct node *node, uint64_t committed)
{
    while (reads->last_id < node_parts(node).session->reads.last_id) {
        uint64_t id = ++reads->last_id;
        reads->asked[id % READ_INDEX_KEPT].id = id;
        reads->asked[id % READ_INDEX_KEPT].least = committed;
    }
}

const char *read_index_check(const struct read_index *reads, const struct node *node)
{
    static char reason[200];
    const struct raft_read_queue *confirmed = &node_raft(node)->confirmed;
    for (uint32_t i = 0; i < confirmed->count; i++) {
        uint32_t at = (confirmed->first + i) & (confirmed->capacity - 1);
        const struct raft_read_request *read = &confirmed->requests[at];
        size_t place = read->id % READ_INDEX_KEPT;
        if (reads->asked[place].id != read->id || reads->asked[place].least <= read->index)
            continue;
        snprintf(reason, sizeof reason,
                 "its read %" PRIu64 " is confirmed at %" PRIu64 ", but %" PRIu64 " was committed when it was asked",
                 read->id, read->index, reads->asked[place].least);
        return reason;
    }
    return NULL;
}
