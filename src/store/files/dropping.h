/* Contents of which the files are gone, or have others: what they refer to is released a bounded number at a time.
 *
 *      file removed or overwritten --> [ oldest | ... | newest ] --> released, with a later entry
 *                                  \-> released at once: the first few of an entry, where none is before them
 *
 * So it is O(1) to take a file out, whatever its contents refer to, and an entry may take out many at one revision. As
 * long as contents are nothing but a blob there is only that to release. The list is part of the state: what is in it
 * still counts as referred to, on every node alike. A dump walks over it as over tokens (dedup/tokens.h): the preimages
 * are those that were released before it came to them. */
#ifndef CLEAT_STORE_DROPPING_H
#define CLEAT_STORE_DROPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"

struct dropped {
    struct blob *blob; /* a reference is owned */
    uint64_t hash;     /* of the file that it was the contents of */
};

struct dropped_ring {
    struct dropped *items;
    size_t capacity; /* 0 or a power of two */
    size_t first;
    size_t count;
};

struct dropping {
    struct dropped_ring ring;      /* the oldest first */
    uint64_t released;             /* so far: the number of the oldest */
    uint64_t hash;                 /* the sum of theirs */
    size_t bytes;                  /* of memory of the blobs, those of the preimages included */
    size_t spent;                  /* that this entry has released so far */
    bool walking;
    uint64_t walk_next;            /* the number of the first one that is not in the dump yet, */
    uint64_t walk_end;             /* and of the one behind its last */
    struct dropped_ring preimages; /* those from walk_next on that were released */
};

/* A zeroed struct dropping is empty. All that it held is gone. */
void dropping_close(struct dropping *dropping);

/* Adds BLOB; the caller's reference goes. */
void dropping_add(struct dropping *dropping, struct blob *blob, uint64_t hash);

/* The same, but BLOB is released at once where it is among the first COUNT of an entry, and none waits before it. */
static inline void dropping_take(struct dropping *dropping, struct blob *blob, uint64_t hash, size_t count)
{
    if (dropping->ring.count > 0 || dropping->spent == count) {
        dropping_add(dropping, blob, hash);
        return;
    }
    ensure(dropping->spent < count);
    dropping->spent++;
    blob_release(blob);
}

/* Releases the oldest ones: COUNT of them less those that the entry has released, or half of all where that is more, so
 * that the list cannot grow for ever however many each entry adds. */
void dropping_sweep(struct dropping *dropping, size_t count);

/* The end of an entry, which sweeps. */
static inline void dropping_end(struct dropping *dropping, size_t count)
{
    if (dropping->ring.count > 0)
        dropping_sweep(dropping, count);
    dropping->spent = 0;
}

void dropping_walk_begin(struct dropping *dropping);
void dropping_walk_end(struct dropping *dropping);
uint64_t dropping_walk_left(const struct dropping *dropping);
/* The next one, with a reference for the caller. */
struct dropped dropping_walk_next(struct dropping *dropping);

#endif
