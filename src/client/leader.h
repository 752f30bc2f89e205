/* Which of the endpoints leads. */
#ifndef CLEAT_CLIENT_LEADER_H
#define CLEAT_CLIENT_LEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/endpoint.h"

/* What a `status` says of the node that gave it, as far as it matters here. */
struct leader_claim {
    bool leads;
    uint64_t term;
};

/* Reads it out of the lines of a status. False: it has no role or no term. */
bool leader_claim_parse(struct leader_claim *claim, const char *text, size_t size);

/* Asks all of them, one after the other, each for TIMEOUT_MS at most: the index of the one that leads, in the highest
 * term if several say so, or -1. `status` tells clients' addresses of no other node: the leader is found only if it is
 * among the endpoints. */
int leader_find(const struct endpoints *endpoints, uint32_t timeout_ms);

#endif
