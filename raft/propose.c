/* How a leader puts an entry into its log. */
#include "base/ensure.h"
#include "raft/internal.h"

bool raft_propose(struct raft *raft, enum raft_entry_type type, uint64_t time_ms, struct blob *payload, uint64_t *index)
{
    ensure(type > 0 && type < RAFT_ENTRY_TYPE_END);
    if (raft->role != RAFT_LEADER || raft->leading.transfer != 0)
        return false;
    raft->leading.worked_ms = raft->now_ms;
    uint64_t time_before_ms = raft_log_last_time_ms(&raft->log);
    struct raft_entry entry = {
        .index = raft_log_last(&raft->log) + 1,
        .term = raft->term,
        .time_ms = time_ms > time_before_ms ? time_ms : time_before_ms,
        .type = (uint8_t)type,
        .payload = payload,
    };
    bool changed = raft_log_append(&raft->log, &entry);
    ensure(changed == (type == RAFT_ENTRY_CONFIGURATION));
    if (changed)
        raft_peers_sync(raft);
    *index = entry.index;
    return true;
}
