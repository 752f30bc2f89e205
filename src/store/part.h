/* A part of the state: what it must be able to do so that the store can hash, dump, load, expire and free it without
 * knowing what it holds. Parts are rows of the table in parts.c, in the order of their numbers, and the store walks
 * over that: a new part is a folder and a row.
 *
 * A dump fixes the state of the moment at which it begins, while the state goes on changing. So every part has the
 * walk: from walk_begin to walk_end whatever changes something that is not in the dump yet first keeps how it was, a
 * preimage; walk takes from these and from what has not changed. No step of it does more than a bounded amount, the
 * beginning included: nothing is copied there but numbers. */
#ifndef CLEAT_STORE_PART_H
#define CLEAT_STORE_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/ensure.h"

struct store;

/* In snapshots. 4 sessions, 5 locks, 6 quotas, 7 pieces, 8 past versions, 9 lineage are reserved (docs/FORMATS.md). */
enum part_number {
    PART_CORE = 1,
    PART_FILES,
    PART_DEDUP,
#ifdef CLEAT_TEST_LEVEL
    PART_MARKS, /* of a program for tests of upgrades, whose snapshots no other loads */
#endif
    PART_NUMBERS,
};

/* What came of a record. */
enum load_result {
    LOAD_TAKEN,
    LOAD_BAD,     /* no program writes such a thing */
    LOAD_NEWER,   /* a newer one may: it is of a part, type or level that this one does not know */
    LOAD_STARVED, /* there is no memory for it; it may be as good as any */
};

/* One step of a dump. */
struct walk {
    struct buffer *out;
    size_t block_bytes; /* no more records once OUT holds so much */
    size_t passed;      /* things looked at that were not needed: others want to work, too */
};

enum {
    DUMP_RECORD_HEADER = 6,        /* u8 part, u8 type, u32 size of what follows */
    WALK_PASSED_MAX = 4096,
};

static inline bool walk_is_over(const struct walk *walk)
{
    return buffer_size(walk->out) >= walk->block_bytes || walk->passed >= WALK_PASSED_MAX;
}

/* The header of a record of SIZE bytes, which the caller appends. Returns the size of OUT when they are there. */
static inline size_t dump_record(struct buffer *out, enum part_number part, uint8_t type, size_t size)
{
    ensure(part < PART_NUMBERS && type > 0);
    ensure(size <= UINT32_MAX);
    buffer_append_u8(out, (uint8_t)part);
    buffer_append_u8(out, type);
    buffer_append_u32(out, (uint32_t)size);
    return buffer_size(out) + size;
}

/* What is NULL where it says so does not happen to this part. */
struct part {
    enum part_number number;
    const char *name;
    /* The cluster's level from which on it is in the state: below, there is nothing in it, and it is neither hashed nor
     * dumped, so that nodes which do not know it come to the same. */
    unsigned level;
    /* Kept up with every change: O(1). */
    uint64_t (*hash)(const struct store *store);
    /* The earliest moment at which something in it falls due, in cluster time; 0: none will. NULL */
    uint64_t (*due_ms)(const struct store *store);
    /* With every entry, behind its command: ends what is due, a bounded number of things. NULL */
    void (*expire)(struct store *store);
    /* A dump begins: from here on changes keep preimages. */
    void (*walk_begin)(struct store *store);
    /* Things of the dump under way that are not in it yet. Right behind walk_begin: all that it will hold. */
    uint64_t (*walk_left)(const struct store *store);
    /* Appends records until walk_is_over(), or nothing is left; there is something left. One record may go beyond. */
    void (*walk)(struct store *store, struct walk *walk);
    /* The dump is complete, or given up: what it kept is released. */
    void (*walk_end)(struct store *store);
    /* One record's content. Takes what it holds from load_left(). */
    enum load_result (*load)(struct store *store, uint8_t type, struct reader *record);
    /* All that was announced has come: whether it fits together. NULL */
    bool (*load_end)(struct store *store);
    /* Frees up to COUNT things of a store that is no longer used; true when none is left. */
    bool (*drain)(struct store *store, size_t count);
    size_t (*memory_bytes)(const struct store *store);
};

#endif
