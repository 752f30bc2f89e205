/* Where a snapshot takes the place of the log (section 5 of the dissertation, 7 of the paper). The snapshot's bytes are
 * the node's; this is about which entries are in it. */
#include "base/ensure.h"
#include "raft/internal.h"

bool raft_restore(struct raft *raft, uint64_t index, uint64_t term, const struct raft_configuration *configuration)
{
    ensure(index > 0 && term > 0 && configuration->count > 0);
    if (index <= raft->commit)
        return false;
    /* Figure 13: "if existing log entry has same index and term as snapshot's last included entry, retain log entries
     * following it"; otherwise "discard the entire log". */
    bool keep = raft_log_term(&raft->log, index) == term;
    if (term > raft->term || (!keep && raft->role != RAFT_FOLLOWER))
        raft_become_follower(raft, term > raft->term ? term : raft->term, 0);
    raft_log_restore(&raft->log, index, term, keep, configuration);
    raft->commit = index;
    if (!keep && raft->following.matched > index)
        raft->following.matched = index; /* of no use but to a leader that contradicts itself */
    if (raft->following.matched < index)
        raft->following.matched = index; /* it is committed: the leader has it */
    raft->following.due = true;
    raft_peers_sync(raft);
    if (raft->begun && raft->role != RAFT_LEADER && raft->election.deadline_ms == UINT64_MAX)
        raft_timeout_arm(raft);
    return true;
}

void raft_compact(struct raft *raft, uint64_t index)
{
    /* What is not durable must stay until it was handed out. */
    if (index > raft->commit)
        index = raft->commit;
    if (index > raft->log.durable)
        index = raft->log.durable;
    raft_log_compact(&raft->log, index);
}

bool raft_take_snapshot_need(struct raft *raft, uint32_t *peer)
{
    if (raft->role != RAFT_LEADER)
        return false;
    for (uint32_t i = 0; i < raft->peer_count; i++) {
        if (raft->peers[i].state != RAFT_PEER_SNAPSHOT || !raft->peers[i].snapshot_wanted)
            continue;
        raft->peers[i].snapshot_wanted = false;
        *peer = raft->peers[i].id;
        return true;
    }
    return false;
}

void raft_snapshot_sent(struct raft *raft, uint32_t peer, uint64_t index, bool ok)
{
    struct raft_progress *progress = raft_peers_find(raft, peer);
    if (raft->role != RAFT_LEADER || !progress || progress->state != RAFT_PEER_SNAPSHOT)
        return;
    if (!ok)
        progress->heard = false; /* it must be heard again before it gets another */
    uint64_t last = raft_log_last(&raft->log);
    uint64_t reached = ok ? (index < last ? index : last) : 0;
    /* What it holds durably it says itself: this only tells where to go on. */
    uint64_t next = reached > progress->match ? reached + 1 : progress->match + 1;
    raft_progress_probe(progress, next);
}
