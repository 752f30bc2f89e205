#include "store/files/dropping.h"

#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "store/files/file_state.h"

enum { RING_CAPACITY_MIN = 64 };

static struct dropped *ring_at(const struct dropped_ring *ring, size_t place)
{
    ensure(place < ring->count);
    return &ring->items[(ring->first + place) & (ring->capacity - 1)];
}

static void ring_grow(struct dropped_ring *ring)
{
    ensure(ring->count == ring->capacity && ring->capacity <= SIZE_MAX / 2 / sizeof *ring->items);
    size_t capacity = ring->capacity > 0 ? 2 * ring->capacity : RING_CAPACITY_MIN;
    struct dropped *items = memory_get(capacity * sizeof *items);
    for (size_t place = 0; place < ring->count; place++)
        items[place] = *ring_at(ring, place);
    free(ring->items);
    *ring = (struct dropped_ring){.items = items, .capacity = capacity, .count = ring->count};
}

static void ring_push(struct dropped_ring *ring, struct dropped dropped)
{
    if (ring->count == ring->capacity)
        ring_grow(ring);
    ensure(ring->count < ring->capacity && (ring->capacity & (ring->capacity - 1)) == 0);
    ring->count++;
    *ring_at(ring, ring->count - 1) = dropped;
}

static struct dropped ring_pop(struct dropped_ring *ring)
{
    struct dropped oldest = *ring_at(ring, 0);
    ensure(oldest.blob && oldest.blob->references > 0);
    ensure(ring->first < ring->capacity && ring->count <= ring->capacity);
    ring->first = (ring->first + 1) & (ring->capacity - 1);
    ring->count--;
    return oldest;
}

static void release(struct dropping *dropping, struct blob *blob)
{
    size_t bytes = file_blob_memory_bytes(blob);
    ensure(dropping->bytes >= bytes);
    dropping->bytes -= bytes;
    blob_release(blob);
}

void dropping_add(struct dropping *dropping, struct blob *blob, uint64_t hash)
{
    ensure(blob->references > 0);
    dropping->bytes += file_blob_memory_bytes(blob);
    dropping->hash += hash;
    ring_push(&dropping->ring, (struct dropped){blob, hash});
    /* It is none of a dump's that began before. */
    ensure(!dropping->walking || dropping->released + dropping->ring.count > dropping->walk_end);
}

void dropping_sweep(struct dropping *dropping, size_t count)
{
    ensure(dropping->spent <= count);
    count -= dropping->spent;
    dropping->spent = 0;
    if (count < dropping->ring.count / 2)
        count = dropping->ring.count / 2;
    for (; count > 0 && dropping->ring.count > 0; count--) {
        struct dropped oldest = ring_pop(&dropping->ring);
        uint64_t number = dropping->released++;
        dropping->hash -= oldest.hash;
        if (dropping->walking && number >= dropping->walk_next && number < dropping->walk_end) {
            ensure(number == dropping->walk_next + dropping->preimages.count);
            ring_push(&dropping->preimages, oldest);
        } else {
            release(dropping, oldest.blob);
        }
    }
    ensure(dropping->ring.count > 0 || dropping->hash == 0);
    ensure((dropping->bytes > 0) == (dropping->ring.count + dropping->preimages.count > 0));
}

void dropping_close(struct dropping *dropping)
{
    if (dropping->walking)
        dropping_walk_end(dropping);
    dropping_sweep(dropping, SIZE_MAX);
    ensure(dropping->bytes == 0 && dropping->preimages.count == 0);
    ensure(dropping->ring.count == 0);
    free(dropping->ring.items);
    *dropping = (struct dropping){0};
}

/* --- dump --------------------------------------------------------------------------------------------------------- */

void dropping_walk_begin(struct dropping *dropping)
{
    ensure(!dropping->walking && dropping->preimages.count == 0);
    dropping->walking = true;
    dropping->walk_next = dropping->released;
    dropping->walk_end = dropping->released + dropping->ring.count;
    ensure(dropping->spent == 0); /* no entry is being applied */
}

uint64_t dropping_walk_left(const struct dropping *dropping)
{
    ensure(dropping->walk_next <= dropping->walk_end);
    ensure(dropping->preimages.count <= dropping->walk_end - dropping->walk_next);
    return dropping->walk_end - dropping->walk_next;
}

struct dropped dropping_walk_next(struct dropping *dropping)
{
    struct dropped next;
    ensure(dropping->walking && dropping->walk_next < dropping->walk_end);
    if (dropping->preimages.count > 0) {
        ensure(dropping->walk_next < dropping->released);
        next = ring_pop(&dropping->preimages);
        blob_hold(next.blob);
        release(dropping, next.blob);
    } else {
        ensure(dropping->walk_next >= dropping->released);
        next = *ring_at(&dropping->ring, (size_t)(dropping->walk_next - dropping->released));
        blob_hold(next.blob);
    }
    dropping->walk_next++;
    return next;
}

void dropping_walk_end(struct dropping *dropping)
{
    ensure(dropping->walking);
    ensure(dropping->preimages.count <= dropping->walk_end - dropping->walk_next);
    while (dropping->preimages.count > 0)
        release(dropping, ring_pop(&dropping->preimages).blob);
    free(dropping->preimages.items);
    dropping->preimages = (struct dropped_ring){0};
    dropping->walking = false;
    dropping->walk_next = dropping->walk_end = 0;
}
