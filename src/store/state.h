/* What a store is made of. For src/store alone. */
#ifndef CLEAT_STORE_STATE_H
#define CLEAT_STORE_STATE_H

#include "base/ensure.h"
#include "protocol/request.h"
#include "store/files/files.h"
#include "store/dedup/gateways.h"
#include "store/dedup/tokens.h"
#include "store/store.h"

/* The first byte of a dump's record; see dump.h. */
enum record_type { RECORD_STATE = 1, RECORD_GATEWAY, RECORD_FILE, RECORD_TOKENS };

enum { RECORD_TOKENS_MAX = 4096 }; /* in one such record */

/* A dump under way (files.preimages says whether one is): first the head, made when it began, then the preimages and
 * what the walk meets. */
struct dump {
    struct buffer head;                          /* STATE, and the GATEWAY and TOKENS records */
    size_t head_sizes[1 + STORE_GATEWAYS_MAX + STORE_TOKENS_MAX / RECORD_TOKENS_MAX]; /* of the records in it */
    size_t head_count;
    size_t head_next;                            /* the first record that is still in it */
    uint64_t files_left;                         /* of those that STATE announced */
    uint8_t cursor[COMMAND_NAME_MAX];            /* the walk has passed all names up to this one */
    size_t cursor_size;                          /* 0: it has not started */
};

/* What a load still waits for. */
struct loading {
    bool active;  /* from the first block to store_load_end */
    bool begun;   /* STATE has come */
    bool bad;     /* something could not be loaded: nothing more will be */
    bool starved; /* ... because there was no memory for it: the dump may be as good as any */
    uint64_t files_left;
    uint32_t gateways_left;
    uint32_t tokens_left;
};

struct store {
    struct files files;
    struct gateways gateways;
    struct tokens tokens;
    uint64_t value_max_bytes;
    uint64_t memory_max_bytes;
    uint64_t applied;
    uint64_t revision;
    uint64_t time_ms;
    uint16_t level;        /* the cluster's: protocol/level.h */
    uint64_t copied_bytes; /* since the store was opened; no part of the state */
    struct dump dump;
    struct loading load;
};

static inline uint64_t store_next_revision(struct store *store)
{
    ensure(store->revision < UINT64_MAX);
    return ++store->revision;
}

#endif
