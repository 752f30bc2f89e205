/* When a node has waited long enough for a leader (5.2 of the paper). */
#include "base/ensure.h"
#include "raft/internal.h"

static uint64_t election_timeout_ms(struct raft *raft)
{
    /* 5.2: randomized, so that votes are seldom split. */
    return random_between(&raft->random, raft->options.election_min_ms, raft->options.election_max_ms);
}

/* A node that can tell that its leader is gone campaigns soon, at first; then ever later, lest one that alone lost its
 * link to a leader which is well keeps asking. */
uint64_t raft_timeout_gone_ms(struct raft *raft)
{
    uint64_t wait_ms = random_between(&raft->random, raft->options.gone_min_ms, raft->options.gone_max_ms);
    uint64_t usual_ms = election_timeout_ms(raft);
    if (wait_ms == 0)
        wait_ms = 1; /* time must pass, or a tick would never be the last */
    uint32_t tries = raft->election.tries < 16 ? raft->election.tries : 16;
    return wait_ms << tries < usual_ms ? wait_ms << tries : usual_ms;
}

void raft_timeout_arm(struct raft *raft)
{
    ensure(raft->role != RAFT_LEADER);
    uint64_t wait_ms = election_timeout_ms(raft);
    /* A node without a vote only waits to forget its leader. */
    bool waits = raft->begun && (raft_is_voter(raft) || raft->leader != 0);
    raft->election.deadline_ms = waits ? raft->now_ms + wait_ms : UINT64_MAX;
}

void raft_timeout_heard(struct raft *raft)
{
    ensure(raft->leader != 0 && raft->role == RAFT_FOLLOWER);
    raft->election.heard_ms = raft->now_ms;
    raft->election.gone = false;
    raft->election.tries = 0;
    raft->election.yielded = false;
    raft_timeout_arm(raft);
}

void raft_timeout_leader_gone(struct raft *raft)
{
    ensure(raft->role != RAFT_LEADER && raft->leader != 0);
    raft_read_drop(raft);
    raft->election.gone = true;
    uint64_t deadline_ms = raft->now_ms + raft_timeout_gone_ms(raft);
    if (raft->election.deadline_ms > deadline_ms && raft_is_voter(raft) && raft->begun)
        raft->election.deadline_ms = deadline_ms;
}
