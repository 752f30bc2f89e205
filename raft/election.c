/* Elections: timeouts, PreVote, votes (5.2 and 5.4.1 of the paper; 9.6 of the dissertation). */
#include "base/ensure.h"
#include "raft/internal.h"

/* Whether a leader lives, for all that this node knows: then nobody's candidacy is listened to (4.2.3, 9.6). */
static bool leader_lives(const struct raft *raft)
{
    if (raft->role == RAFT_LEADER)
        return true;
    return raft->leader != 0 && !raft->election.gone &&
           raft->now_ms - raft->election.heard_ms < raft->options.election_min_ms;
}

/* --- candidates ------------------------------------------------------------------------------------------------- */

/* Asks PEER for its vote, or whether it would give it. */
void raft_election_ask(struct raft *raft, const struct raft_progress *peer)
{
    if ((raft->role != RAFT_PRECANDIDATE && raft->role != RAFT_CANDIDATE) || !peer->counts)
        return;
    bool real = raft->role == RAFT_CANDIDATE;
    struct raft_message message = {
        .type = real ? RAFT_VOTE : RAFT_PREVOTE,
        .to = peer->id,
        .term = real ? raft->term : raft->term + 1,
        .index = raft_log_last(&raft->log),
        .log_term = raft_log_last_term(&raft->log),
        .ok = real && raft->election.handed_over,
    };
    raft_outbox_add(raft, &message);
}

static void count_votes(struct raft *raft);

static void ask_all(struct raft *raft)
{
    for (uint32_t i = 0; i < raft->peer_count; i++) {
        raft->peers[i].vote = RAFT_VOTE_OPEN;
        raft_election_ask(raft, &raft->peers[i]);
    }
    count_votes(raft);
}

static void start_election(struct raft *raft, bool handed_over)
{
    raft_become_candidate(raft, handed_over);
    ask_all(raft);
}

/* Begins with PreVote (9.6): no term rises before a majority would vote for this node. */
static void campaign(struct raft *raft)
{
    ensure(raft_is_voter(raft) && raft->role != RAFT_LEADER);
    if (raft_peers_quorum(raft) == 1) {
        start_election(raft, false);
        return;
    }
    raft_become_precandidate(raft);
    ask_all(raft);
}

void raft_election_tick(struct raft *raft)
{
    ensure(raft->role != RAFT_LEADER);
    if (raft->now_ms < raft->election.deadline_ms)
        return;
    if (raft->role == RAFT_CANDIDATE && raft_outbox_held(raft)) {
        /* Its own vote is not durable yet, so nobody was asked: another term would only have to be written as well. */
        raft_timeout_arm(raft);
        return;
    }
    if (raft_is_voter(raft)) {
        campaign(raft);
        return;
    }
    raft->leader = 0;
    raft->election.gone = false;
    raft_read_drop(raft);
    raft_timeout_arm(raft);
}

/* A cluster of one has nobody to wait for. */
void raft_election_begin(struct raft *raft)
{
    ensure(raft->begun);
    raft_timeout_arm(raft);
    if (raft_is_voter(raft) && raft_peers_quorum(raft) == 1)
        campaign(raft);
}

/* Counts the votes. The own one counts once it is durable: until then another life of this node could give it away. */
static void count_votes(struct raft *raft)
{
    bool own = raft->role == RAFT_PRECANDIDATE || !raft_outbox_held(raft);
    uint32_t granted = own && raft_is_voter(raft) ? 1 : 0;
    for (uint32_t i = 0; i < raft->peer_count; i++)
        granted += raft->peers[i].counts && raft->peers[i].vote == RAFT_VOTE_GRANTED;
    if (granted < raft_peers_quorum(raft))
        return;
    if (raft->role == RAFT_PRECANDIDATE)
        start_election(raft, false);
    else if (raft->role == RAFT_CANDIDATE)
        raft_become_leader(raft);
}

void raft_election_voted(struct raft *raft)
{
    ensure(raft->role == RAFT_CANDIDATE);
    if (raft_outbox_held(raft))
        return;
    raft_timeout_arm(raft); /* the others are only asked now: their time begins */
    count_votes(raft);
}

void raft_handle_vote_reply(struct raft *raft, const struct raft_message *message)
{
    bool pre = message->type == RAFT_PREVOTE_REPLY;
    ensure(pre || message->type == RAFT_VOTE_REPLY);
    struct raft_progress *peer = raft_peers_find(raft, message->from);
    if (!peer || !peer->counts)
        return;
    if (!pre)
        raft_peers_spoke(raft, message->from, message->term);
    if (raft->role != (pre ? RAFT_PRECANDIDATE : RAFT_CANDIDATE))
        return;
    /* A yes to a PreVote carries the term that was asked about: a no, the term of who says it. */
    uint64_t term = pre && message->ok ? raft->term + 1 : raft->term;
    if (message->term != term || peer->vote == RAFT_VOTE_GRANTED)
        return;
    peer->vote = message->ok ? RAFT_VOTE_GRANTED : RAFT_VOTE_REFUSED;
    count_votes(raft);
}

void raft_handle_timeout_now(struct raft *raft, const struct raft_message *message)
{
    ensure(message->type == RAFT_TIMEOUT_NOW && message->term == raft->term);
    /* 3.10: "the target server starts a new election immediately"; the leader wants it so, no PreVote is needed. */
    if (raft->role == RAFT_FOLLOWER && raft->leader == message->from && raft_is_voter(raft))
        start_election(raft, true);
}

/* --- voters ----------------------------------------------------------------------------------------------------- */

/* 5.4.1: whether the asker's log is at least as up-to-date as this one. */
static bool up_to_date(const struct raft *raft, const struct raft_message *message)
{
    uint64_t term = raft_log_last_term(&raft->log);
    if (message->log_term != term)
        return message->log_term > term;
    return message->index >= raft_log_last(&raft->log);
}

/* 5.2: one vote a term, first come, first served. */
static bool vote_is_free(const struct raft *raft, uint32_t candidate)
{
    return raft->vote == candidate || (raft->vote == 0 && raft->leader == 0);
}

/* Several nodes see a leader go at about the same time. If all became candidates, each would vote for itself and none
 * would win. So a node that is asked before it campaigned lets the asker try first; and of those that campaign at once,
 * the one with the lowest id goes on. But once only, in case it cannot win: no promise is made here. */
static void yield_to(struct raft *raft, const struct raft_message *message)
{
    ensure(message->type == RAFT_PREVOTE && raft->role != RAFT_LEADER);
    if (raft->election.yielded)
        return;
    if (raft->role == RAFT_PRECANDIDATE) {
        bool same = message->index == raft_log_last(&raft->log) && message->log_term == raft_log_last_term(&raft->log);
        if (same && message->from > raft->options.id)
            return;
        raft_withdraw(raft);
    }
    raft->election.yielded = true;
    uint64_t later_ms = raft->now_ms + raft->options.gone_max_ms + raft_timeout_gone_ms(raft);
    if (raft->election.gone && raft->election.deadline_ms < later_ms)
        raft->election.deadline_ms = later_ms;
}

static void answer_prevote(struct raft *raft, const struct raft_message *message)
{
    bool grant = up_to_date(raft, message) &&
                 (message->term > raft->term || (message->term == raft->term && vote_is_free(raft, message->from)));
    struct raft_message reply = {
        .type = RAFT_PREVOTE_REPLY,
        .to = message->from,
        .term = grant ? message->term : raft->term,
        .ok = grant,
    };
    raft_outbox_add(raft, &reply);
    if (grant)
        yield_to(raft, message);
}

static void answer_vote(struct raft *raft, const struct raft_message *message)
{
    ensure(message->term <= raft->term);
    bool grant = message->term == raft->term && vote_is_free(raft, message->from) && up_to_date(raft, message);
    if (grant) {
        if (raft->role == RAFT_PRECANDIDATE)
            raft_become_follower(raft, raft->term, 0);
        ensure(raft->role == RAFT_FOLLOWER && (raft->vote == 0 || raft->vote == message->from));
        raft->vote = message->from;
        raft_timeout_arm(raft);
    }
    struct raft_message reply = {.type = RAFT_VOTE_REPLY, .to = message->from, .ok = grant};
    raft_outbox_add(raft, &reply);
}

void raft_handle_vote_request(struct raft *raft, const struct raft_message *message)
{
    bool pre = message->type == RAFT_PREVOTE;
    ensure(pre || message->type == RAFT_VOTE);
    const struct raft_progress *peer = raft_peers_find(raft, message->from);
    if (!raft_is_voter(raft) || !peer || !peer->counts)
        return;
    if (!pre)
        raft_peers_spoke(raft, message->from, message->term);
    /* 4.2.3: whoever hears a leader neither votes nor takes over the term, unless that leader itself wants it. */
    if (leader_lives(raft) && (pre || !message->ok))
        return;
    if (pre) {
        answer_prevote(raft, message);
        return;
    }
    if (message->term > raft->term)
        raft_become_follower(raft, message->term, 0);
    answer_vote(raft, message);
}
