/* What the committed log means: every entry, once, in order, applied to the simplest state that shows it; and the state
 * as it was after each entry, to be compared with what nodes answer.
 *
 *      name --> state, from entry 17 on --> state, from entry 40 on (absent) --> ...
 *
 * Written apart from src/store and protocol/, to check them: it reads the log's bytes by itself (entry.h), and what
 * clients ask for comes from what was drawn (change.h). Entries are numbered by their log index. */
#ifndef CLEAT_TESTS_SIM_ORACLE_H
#define CLEAT_TESTS_SIM_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "raft/raft.h"
#include "sim/change.h"
#include "store/store.h"

enum { ORACLE_FILES_MAX = 256, ORACLE_BUCKETS = 4096, ORACLE_GATEWAYS_MAX = 16 };
enum { ORACLE_LEVEL = 1 /* all nodes know it, and none knows a higher one */ };

/* A file from an entry on. */
struct oracle_state {
    uint64_t index;
    uint64_t version; /* 0: there is none */
    uint64_t created;
    uint64_t expires_ms;
    uint64_t size;
    uint64_t hash;    /* XXH3 of its contents */
};

struct oracle_file {
    uint8_t name[256];
    size_t name_size;
    struct oracle_state *states; /* the first one: absent, from entry 0 on */
    size_t count;
    size_t capacity;
    uint8_t *contents;           /* as of the last state */
    uint64_t sent_us;            /* no one asked for its expiry before that; UINT64_MAX: not known */
    uint64_t life_ms;            /* what was asked for */
};

/* What an entry was and did. */
struct oracle_entry {
    uint64_t digest;             /* of the command, whoever proposed it; 0: it changed nothing, nor tried to */
    uint64_t time_ms;
    uint64_t revision;           /* after it */
    struct decision result;
    const struct oracle_file *failed; /* a transaction, a swap: the file that it failed at */
    uint64_t older;              /* in the same bucket of digests; 0: none */
};

/* What a revision did to a file. */
struct oracle_event {
    uint64_t revision;
    uint32_t file;               /* its place */
    bool removed;
    bool expired;
    uint64_t version;            /* removed: the one that it had */
    uint64_t size;
    uint64_t expires_ms;
};

struct oracle_token {
    uint8_t token[COMMAND_TOKEN_SIZE];
    uint64_t time_ms;
    uint64_t index;
};

/* What one or several clients asked for, all of them the very same. */
struct oracle_ask {
    uint64_t digest;
    uint32_t tries;              /* how often it was sent */
    uint32_t refused;            /* how often the answer was that nothing is done */
    uint32_t logged;             /* how often it came into the log, in its turn */
    size_t newest;               /* of its requests; as in the next, numbers are from 1, and 0 is none */
    size_t older;                /* in the same bucket */
};

struct oracle_request {
    size_t ask;
    uint64_t sent_us;
    bool open;                   /* it is not known to be decided */
    size_t older;                /* of the same ask */
};

struct oracle {
    const uint64_t *now_us;
    uint64_t value_max_bytes;
    uint64_t memory_max_bytes;
    uint64_t repeats_max;        /* tokens that are kept */
    bool asks_all;               /* whatever comes into the log was asked for here */
    uint64_t slack_us;           /* by how much a life may seem too short, and of each second drift_ppm */
    uint32_t drift_ppm;
    struct oracle_file files[ORACLE_FILES_MAX];
    uint32_t order[ORACLE_FILES_MAX]; /* of names */
    uint32_t file_count;
    uint64_t used_bytes;         /* names and contents */
    uint64_t most_bytes;         /* ... when they were most */
    struct oracle_entry *entries; /* by index; [0] is before all */
    uint64_t count;              /* the last index */
    uint64_t capacity;
    uint64_t *taken;             /* by revision: the entry that took it */
    uint64_t taken_capacity;
    uint64_t buckets[ORACLE_BUCKETS];
    struct oracle_event *events; /* in their order; oracle_feed.h */
    size_t event_count;
    size_t event_capacity;
    struct oracle_token *tokens;
    size_t token_count;
    size_t token_capacity;
    struct oracle_ask *asks;
    size_t ask_count;
    size_t ask_capacity;
    size_t ask_buckets[ORACLE_BUCKETS];
    struct oracle_request *requests;
    size_t request_count;
    size_t request_capacity;
    struct {
        uint32_t id;
        uint64_t nonce, epoch, applied;
    } gateways[ORACLE_GATEWAYS_MAX];
    size_t gateway_count;
    uint64_t compared;           /* the entry after which a store was last compared with this */
    const char *wrong;           /* what no store may do was done, or asked for too early; NULL: nothing */
};

void oracle_init(struct oracle *oracle, const uint64_t *now_us, uint64_t value_max_bytes);
void oracle_close(struct oracle *oracle);

/* The next committed entry. */
void oracle_apply(struct oracle *oracle, const struct raft_entry *entry);

/* Whether STORE, which has applied just what is committed, holds the same; looked at now and then only. NULL, or what
 * differs. */
const char *oracle_compare(struct oracle *oracle, struct store *store);

/* A client asks for a change, of which asked_digest is DIGEST: returns a number for the next ones, never 0. */
size_t oracle_asked(struct oracle *oracle, uint64_t digest);
/* It is sent once more. */
void oracle_asked_again(struct oracle *oracle, size_t request);
/* It is known to be decided. */
void oracle_answered(struct oracle *oracle, size_t request);
/* One try of it was answered: nothing is done, nor will be; or it never got to be run. */
void oracle_refused(struct oracle *oracle, size_t request);
/* An entry holds it, in its turn. */
void oracle_logged(struct oracle *oracle, uint64_t digest);
/* The earliest moment at which one that is not known to be decided was sent; UINT64_MAX: it is not known. */
uint64_t oracle_sent_us(const struct oracle *oracle, uint64_t digest);

/* False: no store has ever held so much that it could be full. */
bool oracle_may_be_full(const struct oracle *oracle);

/* NULL where no entry ever named it. */
const struct oracle_file *oracle_file(const struct oracle *oracle, const void *name, size_t size);
/* Its state after entry INDEX. */
const struct oracle_state *oracle_state(const struct oracle_file *file, uint64_t index);
/* The entry that took REVISION, 0 for revision 0; UINT64_MAX where it was not taken yet. */
uint64_t oracle_taken(const struct oracle *oracle, uint64_t revision);

#endif
