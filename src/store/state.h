/* What a store is made of. For src/store alone. */
#ifndef CLEAT_STORE_STATE_H
#define CLEAT_STORE_STATE_H

#include "base/ensure.h"
#include "protocol/request.h"
#include "store/dedup/gateways.h"
#include "store/dedup/tokens.h"
#include "store/events.h"
#include "store/files/files.h"
#include "store/files/settings.h"
#include "store/limits.h"
#ifdef CLEAT_TEST_LEVEL
#include "store/marks/marks_part.h"
#endif
#include "store/outcome.h"
#include "store/part.h"

/* The core part's of a dump under way: what its one record will say. */
struct core_walk {
    bool left; /* it is not in the dump yet */
    uint64_t applied;
    uint64_t time_ms;
    uint64_t revision;
    uint16_t level;
    uint8_t part_count;           /* of the others that are in the state, by ascending number */
    enum part_number parts[PART_NUMBERS];
    uint64_t items[PART_NUMBERS]; /* likewise: what each holds */
};

struct dump {
    bool active;
    size_t part; /* the one that the walk is in; its place in the table */
};

/* What a load still waits for. */
struct loading {
    bool active; /* from the first block to store_load_end */
    bool begun;  /* the core's record has come */
    enum load_result result; /* of the records so far; once it is not LOAD_TAKEN nothing more is taken */
    uint64_t left[PART_NUMBERS]; /* things that it announced and that have not come yet, by part */
    uint64_t outcomes_left[STORE_GATEWAYS_MAX]; /* of the gateways, by their places */
};

struct store {
    /* The core part. */
    uint64_t applied;
    uint64_t revision;
    uint64_t time_ms;
    uint16_t level; /* protocol/level.h */
    struct core_walk core_walk;
    /* The others. */
    struct files files;
    struct gateways gateways;
    struct tokens tokens;
#ifdef CLEAT_TEST_LEVEL
    struct marks marks, marks_walk;
#endif
    /* No part of the state. */
    uint64_t value_max_bytes;
    uint64_t memory_max_bytes;
    uint16_t level_known;           /* the highest that this program can follow */
    const struct setting *settings; /* that it knows */
    uint64_t copied_bytes; /* since the store was opened */
    struct store_events events;  /* of the last entry */
    struct dump dump;
    struct loading load;
};

static inline uint64_t store_next_revision(struct store *store)
{
    ensure(store->revision < UINT64_MAX);
    return ++store->revision;
}

/* COUNT things of PART came in. False where fewer were announced. */
static inline bool load_count(struct store *store, enum part_number part, uint64_t count)
{
    ensure(store->load.begun && part < PART_NUMBERS);
    ensure(store->load.active && part != PART_CORE); /* its one record announces, and is not announced */
    if (count > store->load.left[part])
        return false;
    store->load.left[part] -= count;
    return true;
}

/* Counters in a dump leave room to count on. */
#define COUNTER_MAX (UINT64_MAX / 2)

#endif
