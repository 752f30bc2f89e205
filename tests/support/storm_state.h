/* The inside of a storm, for its own files. */
#ifndef CLEAT_TESTS_SUPPORT_STORM_STATE_H
#define CLEAT_TESTS_SUPPORT_STORM_STATE_H

#include "base/random.h"
#include "support/replica.h"

enum { NODES_MAX = 5, STORM_MS = 2500, CALM_MS = 6000, READS_MAX = 8192, TERMS_MAX = 4096 };

struct letter {
    uint64_t at_ms;
    uint32_t from;
    uint32_t to;
    uint8_t *bytes; /* NULL: a snapshot, or (ok set) the answer to one */
    size_t size;
    bool answer;
    bool ok;
    uint64_t index;
    uint64_t term;
};

struct node {
    struct replica replica;
    uint64_t sync_ms;
    uint64_t up_ms; /* down: when it starts again */
    bool wiped;
    uint64_t lost;    /* up to where its first disk held the log: what it acknowledged then may still be counted */
    uint64_t term_seen;
    uint64_t commit_seen;
    uint64_t match_seen[NODES_MAX + 1];
    uint64_t match_term;
    bool led;         /* at the end of its last turn */
};

struct storm {
    struct random random;
    uint64_t now_ms;
    uint32_t count;
    struct node nodes[NODES_MAX + 1]; /* by id */
    bool calm;                        /* no more faults */
    bool quiet;                       /* no more proposals, but the last */
    bool links;                       /* nodes are told when links go down and up */
    bool cut[NODES_MAX + 1][NODES_MAX + 1];
    uint32_t isolated;                /* which node is; 0: none */
    uint64_t isolated_ms;             /* until when */
    uint32_t wiped;

    /* In a thousand. */
    uint32_t lose, repeat, crash, cutting, isolation, snapshot, transfer, wipe;
    uint32_t delay_ms, sync_ms, down_ms, keep;

    struct letter *letters;
    size_t letter_count;
    size_t letter_capacity;

    uint64_t *committed_term; /* by index */
    uint64_t *committed_id;
    uint64_t *committed_in;   /* the term of who found it committed */
    uint64_t committed;
    uint32_t leader_of[TERMS_MAX];

    uint64_t read_floor[READS_MAX];
    uint32_t read_owner[READS_MAX]; /* 0: answered, or of an earlier life */
    uint64_t reads;
    uint64_t reads_answered;
    uint64_t proposals;
    uint64_t snapshots;
    struct raft_configuration configuration;
};

/* Whether something happens that does so IN_A_THOUSAND times; never once all is calm. */
bool storm_chance(struct storm *storm, uint32_t in_a_thousand);

/* storm_network.c */
void storm_post(struct storm *storm, struct letter letter);
void storm_post_message(struct storm *storm, const struct raft_message *message);
void storm_letters_drop(struct storm *storm, uint32_t from, uint32_t to);
void storm_letters_lose(struct storm *storm); /* those that came to who is down */
/* Delivers what is due for ID. False: nothing. */
bool storm_receive(struct storm *storm, uint32_t id);

/* storm_check.c */
void storm_apply(struct storm *storm, struct node *node);
void storm_check(struct storm *storm, struct node *node);
void storm_check_logs(const struct storm *storm);
/* Everybody has applied everything, and there is one leader. */
bool storm_settled(const struct storm *storm);
void storm_expect(bool condition, const struct storm *storm, uint64_t seed, const char *otherwise);

#endif
