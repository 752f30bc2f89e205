/* Keeping the lead: heartbeats and CheckQuorum. */
#include "base/ensure.h"
#include "raft/internal.h"

static uint64_t peer_heard_ms(const struct raft_progress *peer)
{
    return peer->heard_ms;
}

/* CheckQuorum (6.2 of the dissertation): "a leader in Raft steps down if an election timeout elapses without a
 * successful round of heartbeats to a majority". When that will be, if nothing more is heard. */
static uint64_t silence_deadline_ms(const struct raft *raft)
{
    uint64_t heard_ms = raft_quorum_index(raft, UINT64_MAX, peer_heard_ms);
    return heard_ms == UINT64_MAX ? UINT64_MAX : heard_ms + raft->options.election_max_ms;
}

/* A cluster at rest is woken less often: three times in the shortest election timeout. */
static uint64_t heartbeat_interval_ms(const struct raft *raft)
{
    uint64_t usual_ms = raft->options.heartbeat_ms;
    uint64_t rest_ms = raft->options.election_min_ms / 3;
    bool rests = raft->now_ms - raft->leading.worked_ms >= RAFT_REST_MS;
    return rests && rest_ms > usual_ms ? rest_ms : usual_ms;
}

void raft_heartbeat_tick(struct raft *raft)
{
    ensure(raft->role == RAFT_LEADER);
    if (raft->now_ms >= silence_deadline_ms(raft)) {
        raft_become_follower(raft, raft->term, 0);
        return;
    }
    raft_transfer_tick(raft);
    if (raft->peer_count == 0 || raft->now_ms < raft->leading.heartbeat_ms)
        return;
    raft->leading.heartbeat_ms = raft->now_ms + heartbeat_interval_ms(raft);
    raft->leading.heartbeat_due = true;
    for (uint32_t i = 0; i < raft->peer_count; i++)
        raft_replicate_stalled(raft, &raft->peers[i]);
}

uint64_t raft_heartbeat_deadline_ms(const struct raft *raft)
{
    ensure(raft->role == RAFT_LEADER);
    uint64_t deadline_ms = silence_deadline_ms(raft);
    if (raft->peer_count > 0 && raft->leading.heartbeat_ms < deadline_ms)
        deadline_ms = raft->leading.heartbeat_ms;
    if (raft->leading.transfer != 0 && raft->leading.transfer_ms < deadline_ms)
        deadline_ms = raft->leading.transfer_ms;
    for (uint32_t i = 0; i < raft->peer_count; i++)
        if (raft->peers[i].held && raft->peers[i].sent_ms + RAFT_HOLD_MS < deadline_ms)
            deadline_ms = raft->peers[i].sent_ms + RAFT_HOLD_MS;
    return deadline_ms;
}

void raft_step_down(struct raft *raft)
{
    if (raft->role != RAFT_LEADER)
        return;
    raft_become_follower(raft, raft->term, 0);
    /* Somebody else's turn: the others only campaign once they miss the heartbeats. */
    raft->election.deadline_ms += raft->options.election_max_ms;
}
