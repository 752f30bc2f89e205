/* The gateways: nodes that propose their clients' commands, each command of an epoch under the next number.
 *
 *      1 ... lowest-1 | lowest ... applied | applied+1 | ...
 *        answered     | outcomes kept      | expected  | a gap: never applied over
 *
 * Outcomes are kept in a ring, at number modulo its capacity; behind the ring, in the same memory, lie their hashes
 * in the same order. */
#ifndef CLEAT_STORE_GATEWAYS_H
#define CLEAT_STORE_GATEWAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ensure.h"
#include "store/dedup/window_walk.h"
#include "store/limits.h"
#include "store/outcome.h"

struct gateway_state {
    uint32_t id;
    uint64_t nonce;
    uint64_t epoch;
    uint64_t applied;
    uint64_t lowest;               /* 1 <= lowest <= applied + 1 */
    struct decision *outcomes; /* the ring, and the hashes; owned */
    size_t capacity;               /* of the ring: 0 or a power of two */
    uint64_t outcomes_hash;        /* the sum of the hashes of the outcomes that are kept */
    struct window_walk *walk;      /* of the dump under way that this window is in, or NULL; of struct gateways */
};

struct gateways {
    struct gateway_state *items; /* owned */
    size_t count;          /* at most STORE_GATEWAYS_MAX */
    struct window_walk walks[STORE_GATEWAYS_MAX]; /* of the dump under way: one for each gateway at its beginning */
    size_t walk_count;
    size_t walk_at;        /* the one that it is in */
};

/* A zeroed struct gateways is empty. */
void gateways_close(struct gateways *gateways);

/* NULL if it never opened. Borrowed until a gateway is added. */
static inline struct gateway_state *gateways_find(const struct gateways *gateways, uint32_t id)
{
    ensure(gateways->count <= STORE_GATEWAYS_MAX);
    for (size_t i = 0; i < gateways->count; i++) {
        if (gateways->items[i].id == id)
            return &gateways->items[i];
    }
    return NULL;
}
/* Adds a gateway that is not there yet, as it is before number LOWEST. NULL: there are too many. */
struct gateway_state *gateways_add(struct gateways *gateways, uint32_t id, uint64_t nonce, uint64_t epoch,
                                   uint64_t lowest);
/* Begins the epoch EPOCH, unless NONCE has begun one already or there are too many gateways: then false. */
bool gateways_open(struct gateways *gateways, uint32_t id, uint64_t nonce, uint64_t epoch);
/* Those whose ids are not among the COUNT IDS go, with all that is kept for them. */
void gateways_retain(struct gateways *gateways, const uint32_t *ids, size_t count);
/* The sum of the gateways' hashes: the order in which they came does not matter. */
uint64_t gateways_hash(const struct gateways *gateways);

/* True if NUMBER of EPOCH is the one to be applied next. */
static inline bool gateway_expects(const struct gateway_state *gateway, uint64_t epoch, uint64_t number)
{
    ensure(gateway->lowest >= 1 && gateway->lowest - 1 <= gateway->applied);
    ensure(gateway->applied < UINT64_MAX);
    return epoch == gateway->epoch && number == gateway->applied + 1;
}
/* The expected number is applied, with this outcome. */
void gateway_keep(struct gateway_state *gateway, struct decision decision);
/* Everything below LOWEST has been answered. What cannot be (a LOWEST above the newest number) is ignored. */
void gateway_drop_below(struct gateway_state *gateway, uint64_t lowest);
/* Outcomes that are kept: numbers lowest to applied. */
size_t gateway_outcome_count(const struct gateway_state *gateway);
/* The outcome of NUMBER, or NULL where it is not kept. */
const struct decision *gateway_outcome(const struct gateway_state *gateway, uint64_t number);

/* A dump begins: of each gateway its edges are noted, and its outcomes are there to be taken as they are now. */
void gateways_walk_begin(struct gateways *gateways);
void gateways_walk_end(struct gateways *gateways);
/* Gateways and outcomes that are not in the dump yet. */
uint64_t gateways_walk_left(const struct gateways *gateways);
/* The gateway that the walk is in; something of it is left. */
struct window_walk *gateways_walk(struct gateways *gateways);
/* Its next outcome. */
struct decision gateways_walk_outcome(struct gateways *gateways);

size_t gateways_memory_bytes(const struct gateways *gateways);

#endif
