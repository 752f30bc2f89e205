/* What `status` answers: lines of key=value for people and scripts, from facts that are gathered in facts.c. O(1),
 * whatever the node holds. */
#ifndef CLEAT_NODE_STATUS_H
#define CLEAT_NODE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "disk/disk.h"
#include "raft/raft.h"

enum { STATUS_NODES_MAX = 2 * RAFT_MEMBERS_MAX /* members, and others that --cluster names */ };

struct status {
    uint32_t id;
    bool formed;                  /* the node knows a cluster */
    enum raft_role role;
    bool votes;
    const char *learner_reason;   /* of one that does not vote */
    uint64_t term;
    uint32_t leader;              /* 0: none is known */
    uint32_t voters_here;
    uint32_t voters_needed;
    uint64_t commit;
    uint64_t applied;
    uint64_t revision;
    unsigned level;               /* the cluster's */
    uint64_t files;
    uint64_t memory_bytes;
    uint64_t log_bytes;
    struct disk_sizes sizes;
    bool has_room;
    uint64_t wal_batches;
    uint64_t wal_sync_us;
    uint32_t connections;
    uint64_t uptime_s;
    uint64_t cluster_id;
    struct status_node {
        uint32_t id;
        const char *address;
        bool self;
        bool member;              /* false: --cluster alone names it */
        bool votes;
        bool linked;
        bool followed;            /* this node leads, and knows how it stands: the next are known */
        struct raft_peer_view view;
        uint64_t heard_ms;        /* since then */
        bool has_room;
    } nodes[STATUS_NODES_MAX];    /* as this one sees them, by ascending id */
    uint32_t node_count;
};

void status_print(const struct status *status, struct buffer *out);

#endif
