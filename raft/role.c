/* What a node becomes: figure 4 of the paper, with PreVote (9.6 of the dissertation) between follower and candidate.
 * All changes of role, and with them of term, are made here: the files that decide on them call down to here. */
#include "base/ensure.h"
#include "raft/internal.h"

void raft_become_follower(struct raft *raft, uint64_t term, uint32_t leader)
{
    ensure(term >= raft->term && leader != raft->options.id);
    bool led = raft->role == RAFT_LEADER;
    if (led)
        raft_peers_remember(raft);
    raft_outbox_clear(raft); /* what was said in another role or term need not be said any more */
    raft_read_drop(raft);
    raft_transfer_end(raft);
    if (term > raft->term) {
        raft->term = term;
        raft->vote = 0;
        raft->following.matched = 0;
        raft->following.round = 0;
        raft->following.replied = 0;
        raft->following.due = false;
        raft->following.refused = false;
    }
    raft->role = RAFT_FOLLOWER;
    raft->leader = leader;
    if (leader != 0)
        raft_peers_spoke(raft, leader, term);
    raft->election.gone = false;
    raft->election.tries = 0;
    raft->election.yielded = false;
    /* A new term alone is no reason to wait on: only a leader or a vote granted is (5.2). */
    if (led || leader != 0)
        raft_timeout_arm(raft);
}

void raft_become_precandidate(struct raft *raft)
{
    ensure(raft->role != RAFT_LEADER && raft_is_voter(raft));
    raft_outbox_clear(raft);
    raft_read_drop(raft);
    raft->role = RAFT_PRECANDIDATE;
    raft->leader = 0;
    raft->election.yielded = false;
    if (raft->election.gone) {
        raft->election.tries++;
        raft->election.deadline_ms = raft->now_ms + raft_timeout_gone_ms(raft);
    } else {
        raft_timeout_arm(raft);
    }
}

void raft_withdraw(struct raft *raft)
{
    ensure(raft->role == RAFT_PRECANDIDATE);
    raft->role = RAFT_FOLLOWER;
}

void raft_become_candidate(struct raft *raft, bool handed_over)
{
    ensure(raft->role != RAFT_LEADER && raft_is_voter(raft));
    /* 5.2: "a follower increments its current term and transitions to candidate state. It then votes for itself". */
    raft_become_follower(raft, raft->term + 1, 0);
    raft->vote = raft->options.id;
    raft->role = RAFT_CANDIDATE;
    raft->election.handed_over = handed_over;
    raft_timeout_arm(raft);
}

void raft_become_leader(struct raft *raft)
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
