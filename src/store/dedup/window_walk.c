#include "store/dedup/window_walk.h"

#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"

void window_walk_begin(struct window_walk *walk, const struct window_edges *was)
{
    ensure(was->lowest >= 1 && was->lowest - 1 <= was->applied);
    ensure(!walk->preimages && !walk->ring);
    *walk = (struct window_walk){.was = *was, .next = was->lowest};
}

void window_walk_end(struct window_walk *walk)
{
    ensure((walk->preimages != NULL) == (walk->preimages_capacity > 0));
    ensure(walk->preimages_end - walk->preimages_first <= walk->preimages_capacity);
    free(walk->preimages);
    free(walk->ring);
    *walk = (struct window_walk){0};
}

void window_walk_drop(struct window_walk *walk, uint64_t number, const struct decision *outcome)
{
    ensure(!walk->ring && outcome->code != OUTCOME_NONE);
    if (number < walk->next || number > walk->was.applied)
        return;
    if (walk->preimages_end <= walk->next) {
        ensure(number == walk->next); /* none waits: whatever was dropped before is in the dump */
        walk->preimages_first = walk->preimages_end = number;
    }
    if (!walk->preimages) {
        /* All that may come: the pages are the system's until they are written to, and nothing ever moves. */
        walk->preimages_capacity = (size_t)(walk->was.applied + 1 - number);
        walk->preimages = memory_get(walk->preimages_capacity * sizeof *walk->preimages);
    }
    ensure(number == walk->preimages_end && number - walk->preimages_first < walk->preimages_capacity);
    walk->preimages[number - walk->preimages_first] = *outcome;
    walk->preimages_end++;
}

void window_walk_detach(struct window_walk *walk, struct decision *ring, size_t capacity)
{
    ensure(!walk->ring && walk->was.epoch > 0);
    if (walk->next > walk->was.applied || walk->preimages_end > walk->was.applied) {
        free(ring); /* nothing more will be looked for there */
        ring = NULL;
        capacity = 0;
    }
    ensure(!ring || capacity > 0);
    walk->ring = ring;
    walk->ring_capacity = capacity;
}

uint64_t window_walk_left(const struct window_walk *walk)
{
    if (walk->was.epoch == 0)
        return 0; /* it has ended */
    ensure(walk->next >= walk->was.lowest && walk->next <= walk->was.applied + 1);
    return walk->was.applied + 1 - walk->next + !walk->begun;
}

struct decision window_walk_next(struct window_walk *walk, const struct decision *ring, size_t capacity)
{
    ensure(walk->begun && walk->next <= walk->was.applied);
    uint64_t number = walk->next++;
    if (number < walk->preimages_end) {
        ensure(number >= walk->preimages_first && walk->preimages[number - walk->preimages_first].code != OUTCOME_NONE);
        return walk->preimages[number - walk->preimages_first];
    }
    if (walk->ring) {
        ring = walk->ring;
        capacity = walk->ring_capacity;
    }
    ensure(ring && capacity > 0);
    struct decision outcome = ring[number & (capacity - 1)];
    ensure(outcome.code != OUTCOME_NONE);
    return outcome;
}

size_t window_walk_memory_bytes(const struct window_walk *walk)
{
    ensure((walk->ring != NULL) == (walk->ring_capacity > 0));
    return walk->preimages_capacity * sizeof *walk->preimages + walk->ring_capacity * WINDOW_OUTCOME_BYTES;
}
