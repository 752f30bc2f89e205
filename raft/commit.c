/* What a leader knows to be committed (5.3 and 5.4.2 of the paper). */
#include "base/ensure.h"
#include "raft/internal.h"

static uint64_t peer_match(const struct raft_progress *peer)
{
    return peer->match;
}

void raft_commit_advance(struct raft *raft)
{
    ensure(raft->role == RAFT_LEADER);
    /* 10.2.1 of the dissertation: the leader's own disk works beside the others'; it counts itself only up to what is
     * durable here. */
    uint64_t index = raft_quorum_index(raft, raft->log.durable, peer_match);
    /* 5.4.2, figure 8: "only log entries from the leader's current term are committed by counting replicas". Terms
     * never fall along the log: if this one is older, all before it are. */
    if (index <= raft->commit || raft_log_term(&raft->log, index) != raft->term)
        return;
    ensure(index <= raft_log_last(&raft->log));
    raft->commit = index;
    raft_read_confirm(raft);
}
