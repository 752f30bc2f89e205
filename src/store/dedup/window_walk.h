/* A dump's way over the outcomes of one gateway, as they were when it began.
 *
 *      was.lowest ... | next ... | ... was.applied
 *       in the dump   | dropped  | still in the gateway's ring
 *
 * An outcome that is kept does not change, so the only preimages are outcomes that the gateway drops before the walk
 * has come to them. Where all go at once, with a new epoch or with the gateway, the walk takes over the ring. */
#ifndef CLEAT_STORE_WINDOW_WALK_H
#define CLEAT_STORE_WINDOW_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/outcome.h"

/* What an outcome takes in a gateway's ring: its hash lies behind the ring (gateways.h). */
enum { WINDOW_OUTCOME_BYTES = sizeof(struct decision) + sizeof(uint64_t) };

struct window_edges {
    uint32_t id;
    uint64_t nonce;
    uint64_t epoch;
    uint64_t applied;
    uint64_t lowest;
};

struct window_walk {
    struct window_edges was;
    bool begun;                 /* the edges are in the dump */
    uint64_t next;              /* the first number whose outcome is not in it yet */
    struct decision *preimages; /* owned, NULL where there were none: of the numbers from `preimages_first` on */
    uint64_t preimages_first;
    uint64_t preimages_end;     /* behind the last one */
    size_t preimages_capacity;
    struct decision *ring;      /* owned: the gateway's, which it has given up; NULL: it has it */
    size_t ring_capacity;
};

/* Nothing is copied but the edges. */
void window_walk_begin(struct window_walk *walk, const struct window_edges *was);
void window_walk_end(struct window_walk *walk);

/* The gateway drops the outcome of NUMBER, its lowest. */
void window_walk_drop(struct window_walk *walk, uint64_t number, const struct decision *outcome);
/* The gateway gives up all of its outcomes: RING is the walk's now, with the hashes behind it, to be freed
 * with free(). */
void window_walk_detach(struct window_walk *walk, struct decision *ring, size_t capacity);

/* Outcomes, and the edges, that are not in the dump yet. */
uint64_t window_walk_left(const struct window_walk *walk);
/* The next outcome; RING is the gateway's, and of no matter where it was given up. */
struct decision window_walk_next(struct window_walk *walk, const struct decision *ring, size_t capacity);

size_t window_walk_memory_bytes(const struct window_walk *walk);

#endif
