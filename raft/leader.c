/* Being the leader: the first entry, heartbeats, CheckQuorum, and what is committed. */
#include "base/ensure.h"
#include "raft/state.h"

void raft_lead(struct raft *raft)
{
    ensure(raft->role == RAFT_CANDIDATE && raft->vote == raft->options.id);
    ensure(!raft_outbox_held(raft));
    raft_outbox_clear(raft);
    raft->role = RAFT_LEADER;
    raft->leader = raft->options.id;
    raft->election.gone = false;
    raft->election.deadline_ms = UINT64_MAX;
    /* 5.3: "the leader initializes all nextIndex values to the index just after the last one in its log". */
    for (uint32_t i = 0; i < raft->peer_count; i++)
        raft_progress_init(&raft->peers[i], raft_log_last(&raft->log) + 1, raft->now_ms);
    raft->leading.noop = raft_log_last(&raft->log) + 1;
    raft->leading.round = 0;
    raft->leading.round_due = false;
    raft->leading.heartbeat_due = true;
    raft->leading.heartbeat_ms = raft->now_ms + raft->options.heartbeat_ms;
    /* 6.4 of the dissertation: an entry of its own term, so that it learns what is committed. */
    uint64_t index;
    bool proposed = raft_propose(raft, RAFT_ENTRY_NOOP, raft->time_ms, NULL, &index);
    ensure(proposed && index == raft->leading.noop);
}

/* --- time ------------------------------------------------------------------------------------------------------- */

static uint64_t peer_heard_ms(const struct raft_progress *peer)
{
    return peer->heard_ms;
}

/* CheckQuorum (6.2 of the dissertation): "a leader in Raft steps down if an election timeout elapses without a
 * successful round of heartbeats to a majority". When that will be, if nothing more is heard. */
static uint64_t silence_deadline_ms(const struct raft *raft)
{
    uint64_t heard_ms = raft_peers_reach(raft, UINT64_MAX, peer_heard_ms);
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

void raft_leader_tick(struct raft *raft)
{
    ensure(raft->role == RAFT_LEADER);
    if (raft->now_ms >= silence_deadline_ms(raft)) {
        raft_follow(raft, raft->term, 0);
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

uint64_t raft_leader_deadline(const struct raft *raft)
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
    raft_follow(raft, raft->term, 0);
    /* Somebody else's turn: the others only stand once they miss the heartbeats. */
    raft->election.deadline_ms += raft->options.election_max_ms;
}

/* --- commit ----------------------------------------------------------------------------------------------------- */

static uint64_t peer_match(const struct raft_progress *peer)
{
    return peer->match;
}

void raft_leader_commit(struct raft *raft)
{
    ensure(raft->role == RAFT_LEADER);
    /* 10.2.1 of the dissertation: the leader's own disk works beside the others'; it counts itself only up to what is
     * durable here. */
    uint64_t index = raft_peers_reach(raft, raft->log.durable, peer_match);
    /* 5.4.2, figure 8: "only log entries from the leader's current term are committed by counting replicas". Terms
     * never fall along the log: if this one is older, all before it are. */
    if (index <= raft->commit || raft_log_term(&raft->log, index) != raft->term)
        return;
    ensure(index <= raft_log_last(&raft->log));
    raft->commit = index;
    raft_read_confirm(raft);
}

bool raft_term_committed(const struct raft *raft)
{
    return raft->role == RAFT_LEADER && raft->commit >= raft->leading.noop;
}
