#ifdef CLEAT_TEST_LEVEL

#include "store/marks/marks_part.h"

#include "base/hash.h"
#include "protocol/level.h"
#include "store/state.h"

enum { RECORD_MARKS = 1, RECORD_SIZE = 16 };

void marks_add(struct store *store, uint64_t note)
{
    ensure(store->level >= LEVEL_TEST); /* else an older program would be in the cluster */
    store->marks.count++;
    store->marks.sum += note;
}

static uint64_t marks_hash(const struct store *store)
{
    uint8_t state[RECORD_SIZE];
    bytes_put_u64(state, store->marks.count);
    bytes_put_u64(state + 8, store->marks.sum);
    return hash_bytes(state, sizeof state, 0);
}

static void marks_walk_begin(struct store *store)
{
    store->marks_walk = store->marks;
}

static uint64_t marks_walk_left(const struct store *store)
{
    return store->marks_walk.count > 0;
}

static void marks_walk(struct store *store, struct walk *walk)
{
    ensure(store->marks_walk.count <= store->marks.count);
    dump_record(walk->out, PART_MARKS, RECORD_MARKS, RECORD_SIZE);
    buffer_append_u64(walk->out, store->marks_walk.count);
    buffer_append_u64(walk->out, store->marks_walk.sum);
    store->marks_walk = (struct marks){0};
}

static void marks_walk_end(struct store *store)
{
    store->marks_walk = (struct marks){0};
}

static enum load_result marks_load(struct store *store, uint8_t type, struct reader *record)
{
    if (type != RECORD_MARKS)
        return LOAD_NEWER;
    store->marks = (struct marks){.count = reader_u64(record), .sum = reader_u64(record)};
    return !record->bad && store->marks.count > 0 && load_count(store, PART_MARKS, 1) ? LOAD_TAKEN : LOAD_BAD;
}

static bool marks_drain(struct store *store, size_t count)
{
    (void)store;
    (void)count;
    return true;
}

static size_t marks_memory_bytes(const struct store *store)
{
    (void)store;
    return 0;
}

const struct part marks_part = {
    .number = PART_MARKS,
    .name = "marks",
    .level = LEVEL_TEST,
    .hash = marks_hash,
    .walk_begin = marks_walk_begin,
    .walk_left = marks_walk_left,
    .walk = marks_walk,
    .walk_end = marks_walk_end,
    .load = marks_load,
    .drain = marks_drain,
    .memory_bytes = marks_memory_bytes,
};

#else

enum { NO_MARKS_IN_THIS_PROGRAM }; /* C wants something in every file */

#endif
