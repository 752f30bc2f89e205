/* The gateways: nodes that propose their clients' commands, each command of an epoch under the next number.
 *
 *      1 ... lowest-1 | lowest ... applied | applied+1 | ...
 *        answered     | outcomes kept      | expected  | a gap: never applied over
 *
 * Outcomes are kept in a ring, at number modulo its capacity. */
#ifndef CLEAT_STORE_GATEWAYS_H
#define CLEAT_STORE_GATEWAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

struct gateway_state {
    uint32_t id;
    uint64_t nonce;
    uint64_t epoch;
    uint64_t applied;
    uint64_t lowest;               /* 1 <= lowest <= applied + 1 */
    struct decision *outcomes; /* the ring; owned */
    size_t capacity;               /* of the ring: 0 or a power of two */
    uint64_t outcomes_hash;        /* the sum of the hashes of the outcomes that are kept */
};

struct gateways {
    struct gateway_state *items; /* owned */
    size_t count;          /* at most STORE_GATEWAYS_MAX */
};

/* A zeroed struct gateways is empty. */
void gateways_close(struct gateways *gateways);

/* NULL if it never opened. Borrowed until a gateway is added. */
struct gateway_state *gateways_find(const struct gateways *gateways, uint32_t id);
/* Adds a gateway that is not there yet, as it is before number LOWEST. NULL: there are too many. */
struct gateway_state *gateways_add(struct gateways *gateways, uint32_t id, uint64_t nonce, uint64_t epoch,
                                   uint64_t lowest);
/* Begins the epoch EPOCH, unless NONCE has begun one already or there are too many gateways: then false. */
bool gateways_open(struct gateways *gateways, uint32_t id, uint64_t nonce, uint64_t epoch);
/* The sum of the gateways' hashes: the order in which they came does not matter. */
uint64_t gateways_hash(const struct gateways *gateways);

/* True if NUMBER of EPOCH is the one to be applied next. */
bool gateway_expects(const struct gateway_state *gateway, uint64_t epoch, uint64_t number);
/* The expected number is applied, with this outcome. */
void gateway_keep(struct gateway_state *gateway, struct decision decision);
/* Everything below LOWEST has been answered. What cannot be (a LOWEST above the newest number) is ignored. */
void gateway_drop_below(struct gateway_state *gateway, uint64_t lowest);
/* Outcomes that are kept: numbers lowest to applied. */
size_t gateway_outcome_count(const struct gateway_state *gateway);
/* The outcome of NUMBER, or NULL where it is not kept. */
const struct decision *gateway_outcome(const struct gateway_state *gateway, uint64_t number);

#endif
