/* The inside of struct raft, for the files of this folder alone. */
#ifndef CLEAT_RAFT_INTERNAL_H
#define CLEAT_RAFT_INTERNAL_H

#include "base/random.h"
#include "raft/log.h"
#include "raft/progress.h"
#include "raft/raft.h"

enum {
    RAFT_LINKS_MAX = 2 * RAFT_MEMBERS_MAX, /* peers whose data directory is remembered */
    RAFT_REST_MS = 1000,                   /* without proposals and reads, after which a leader rests */
    RAFT_HOLD_MS = 2,                      /* a few new entries wait at most so long for an answer to earlier ones */
    RAFT_OUTBOX_MAX = 8192,                /* messages; what is beyond is lost, as messages may be */
};

/* The data directory that was found at the other end of a link, and what it is known to have held: of the member's own
 * one, once that was met, whatever else was there in between. */
struct raft_link {
    uint32_t id;           /* 0: free */
    uint64_t incarnation;  /* found last */
    uint64_t known;        /* the incarnation that the rest is about; 0: none was met */
    uint64_t life;
    uint64_t processes[RAFT_LIVES_MAX]; /* the one that was last met, and those of the lives before it; 0: none yet */
    uint64_t term;         /* it spoke in it, so that was durable there */
    uint64_t acknowledged; /* committed entries up to here are durable there: it told this node when that led */
    bool rolled_back;      /* it came back with less than that, to this node or to another one */
};

struct raft_read_request {
    uint64_t id;    /* the asker's */
    uint64_t round; /* leader: the round that confirms it. Follower: the token under which it was asked of the leader */
    uint64_t index; /* the read index */
    uint32_t from;  /* the follower that asks; 0: this node */
};

/* First in, first out; grows up to RAFT_READS_MAX. */
struct raft_read_queue {
    struct raft_read_request *requests; /* a ring */
    uint32_t capacity;                  /* a power of two, or 0 */
    uint32_t first;
    uint32_t count;
};

struct raft {
    struct raft_options options;
    struct random random;
    uint64_t now_ms;
    bool begun;

    /* Hard state (figure 2 of the paper, "persistent state"), and what of it is durable. */
    uint64_t term;
    uint32_t vote;
    bool rolled_back;  /* this data directory is an older copy: no vote */
    uint64_t durable_term;
    uint32_t durable_vote;
    bool durable_rolled_back;
    bool bootstrapped; /* entry 1 was made here: it must be durable before anything leaves */
    struct raft_log log;
    struct {
        bool under_way;
        uint64_t term;
        uint32_t vote;
        bool rolled_back;
        uint64_t allowed; /* entries above are not handed out */
    } writes;

    bool met_newer; /* raft_met_newer */
    uint64_t commit;
    enum raft_role role;
    uint32_t leader;
    struct raft_progress peers[RAFT_MEMBERS_MAX]; /* every other member of the newest configuration, in its order */
    uint32_t peer_count;
    struct raft_link links[RAFT_LINKS_MAX];

    struct {
        uint64_t deadline_ms; /* when to campaign; UINT64_MAX: never */
        uint64_t heard_ms;    /* when `leader` was last heard */
        bool gone;            /* the link to the last leader closed, and no other is known */
        uint32_t tries;       /* elections called since */
        bool yielded;         /* and once let another candidate go first */
        bool handed_over;     /* candidate: at the wish of the leader */
    } election;

    /* A follower and the leader of the term. */
    struct {
        uint64_t matched;  /* up to where the log is known to equal the leader's */
        uint64_t round;    /* the newest seen */
        uint64_t replied;  /* the highest match that was claimed */
        bool due;          /* a reply is */
        bool refused;      /* an append did not fit: at `refused_index` */
        uint64_t refused_index;
        uint64_t refused_term; /* the leader's term there */
    } following;

    struct {
        uint64_t noop;         /* index of the term's first entry */
        uint64_t round;        /* the newest confirmation round begun */
        uint64_t round_ms;     /* when */
        bool round_due;        /* reads wait for the next one */
        uint64_t heartbeat_ms; /* when the next one is due */
        uint64_t worked_ms;    /* when something was last proposed or read */
        bool heartbeat_due;
        uint32_t transfer;     /* to whom leadership goes; 0: nobody */
        bool transfer_sent;
        uint64_t transfer_ms;  /* when to give it up */
    } leading;
    uint64_t time_ms; /* cluster time, as the caller last said */

    struct raft_read_queue asked;     /* reads that wait for confirmation */
    struct raft_read_queue confirmed; /* for raft_take_read */
    uint64_t read_token;

    /* Messages on their way out. An APPEND's entries are found again when it is taken. */
    struct {
        struct raft_message *messages;
        uint32_t capacity;
        uint32_t first;
        uint32_t count; /* from `first` on */
    } outbox;
};

/* What follows is in the order of who may call whom: a file calls those above it here, and log.h, never those below. */

/* peers.c: who is there, and who counts */
void raft_peers_sync(struct raft *raft); /* after the configuration changed */
struct raft_progress *raft_peers_find(struct raft *raft, uint32_t id);
struct raft_link *raft_peers_link(struct raft *raft, uint32_t id); /* NULL: there never was one. ID 0: a free place */
/* A peer whose data directory is not known yet is taken for MEMBER. */
bool raft_peers_member_counts(struct raft *raft, const struct raft_member *member);
uint32_t raft_peers_quorum(const struct raft *raft);
/* Keeps in mind that PEER spoke in TERM. */
void raft_peers_spoke(struct raft *raft, uint32_t peer, uint64_t term);
/* Leader: keeps in mind what the peers have acknowledged in its term. */
void raft_peers_remember(struct raft *raft);
/* The number that a quorum reaches (an index, a round, a time): SELF is this node's, PEER tells a peer's. */
uint64_t raft_quorum_index(const struct raft *raft, uint64_t self, uint64_t (*peer)(const struct raft_progress *));

/* outbox.c */
void raft_outbox_add(struct raft *raft, const struct raft_message *message); /* from and term are filled in if 0 */
void raft_outbox_clear(struct raft *raft);
/* A vote or term is not durable yet: nothing may leave. */
bool raft_outbox_held(const struct raft *raft);

/* read.c */
void raft_handle_read_request(struct raft *raft, const struct raft_message *message);
void raft_handle_read_reply(struct raft *raft, const struct raft_message *message);
void raft_read_confirm(struct raft *raft);
void raft_read_drop(struct raft *raft);
void raft_read_close(struct raft *raft);

/* transfer.c */
void raft_transfer_tick(struct raft *raft);
void raft_transfer_go_on(struct raft *raft);
void raft_transfer_end(struct raft *raft);

/* commit.c */
void raft_commit_advance(struct raft *raft);

/* timeout.c */
void raft_timeout_arm(struct raft *raft);
void raft_timeout_heard(struct raft *raft); /* the leader was */
void raft_timeout_leader_gone(struct raft *raft);
/* How long to wait before the next campaign while the leader is gone. */
uint64_t raft_timeout_gone_ms(struct raft *raft);

/* role.c */
void raft_become_follower(struct raft *raft, uint64_t term, uint32_t leader); /* LEADER 0: not known yet */
void raft_become_precandidate(struct raft *raft);
/* A precandidate lets another go first. It promised nothing, so nothing else changes. */
void raft_withdraw(struct raft *raft);
void raft_become_candidate(struct raft *raft, bool handed_over); /* in a new term, with its own vote */
void raft_become_leader(struct raft *raft);

/* election.c */
void raft_election_tick(struct raft *raft);
void raft_election_begin(struct raft *raft);
void raft_election_voted(struct raft *raft); /* something became durable: the candidate's own vote, perhaps */
void raft_election_ask(struct raft *raft, const struct raft_progress *peer);
void raft_handle_vote_request(struct raft *raft, const struct raft_message *message); /* PreVotes too */
void raft_handle_vote_reply(struct raft *raft, const struct raft_message *message);   /* likewise */
void raft_handle_timeout_now(struct raft *raft, const struct raft_message *message);

/* replicate.c: the leader's side of AppendEntries */
void raft_replicate_flush(struct raft *raft);
void raft_replicate_stalled(struct raft *raft, struct raft_progress *peer);
void raft_handle_append_reply(struct raft *raft, const struct raft_message *message);

/* heartbeat.c */
void raft_heartbeat_tick(struct raft *raft);
uint64_t raft_heartbeat_deadline_ms(const struct raft *raft);

/* append.c: the follower's side */
void raft_handle_append_entries(struct raft *raft, const struct raft_message *message);
void raft_append_stale(struct raft *raft, const struct raft_message *message);
void raft_append_flush(struct raft *raft);

#endif
