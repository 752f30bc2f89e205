#include "store/dedup/gateways.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/hash.h"
#include "base/memory.h"

enum { RING_CAPACITY_MIN = 16 };

_Static_assert((STORE_OUTCOMES_MAX & (STORE_OUTCOMES_MAX - 1)) == 0, "a ring can be exactly that large");

void gateways_close(struct gateways *gateways)
{
    ensure(gateways->count <= STORE_GATEWAYS_MAX);
    gateways_walk_end(gateways);
    for (size_t i = 0; i < gateways->count; i++)
        free(gateways->items[i].outcomes);
    free(gateways->items);
    *gateways = (struct gateways){0};
}

/* GATEWAY, which holds no outcomes, as it is before number LOWEST of EPOCH. */
static void begin(struct gateway_state *gateway, uint64_t nonce, uint64_t epoch, uint64_t lowest)
{
    ensure(epoch > 0 && lowest > 0);
    ensure(!gateway->outcomes && !gateway->walk);
    *gateway = (struct gateway_state){
        .id = gateway->id, .nonce = nonce, .epoch = epoch, .applied = lowest - 1, .lowest = lowest};
}

struct gateway_state *gateways_add(struct gateways *gateways, uint32_t id, uint64_t nonce, uint64_t epoch,
                                   uint64_t lowest)
{
    ensure(!gateways_find(gateways, id));
    if (gateways->count == STORE_GATEWAYS_MAX)
        return NULL;
    gateways->items = memory_resize(gateways->items, gateways->count + 1, sizeof *gateways->items);
    struct gateway_state *gateway = &gateways->items[gateways->count++];
    *gateway = (struct gateway_state){.id = id};
    begin(gateway, nonce, epoch, lowest);
    ensure(gateway_outcome_count(gateway) == 0 && gateways_find(gateways, id) == gateway);
    return gateway;
}

/* Its outcomes go; a dump that has not come to all of them yet takes them over. */
static void give_up_outcomes(struct gateway_state *gateway)
{
    ensure((gateway->outcomes != NULL) == (gateway->capacity > 0));
    ensure(!gateway->walk || (gateway->walk->was.id == gateway->id && gateway->walk->was.epoch == gateway->epoch));
    if (gateway->walk)
        window_walk_detach(gateway->walk, gateway->outcomes, gateway->capacity);
    else
        free(gateway->outcomes);
    gateway->walk = NULL;
    gateway->outcomes = NULL;
}

bool gateways_open(struct gateways *gateways, uint32_t id, uint64_t nonce, uint64_t epoch)
{
    struct gateway_state *gateway = gateways_find(gateways, id);
    if (!gateway)
        return gateways_add(gateways, id, nonce, epoch, 1) != NULL;
    if (gateway->nonce == nonce)
        return false;
    ensure(epoch > gateway->epoch);
    give_up_outcomes(gateway);
    begin(gateway, nonce, epoch, 1);
    return true;
}

static bool is_among(uint32_t id, const uint32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

void gateways_retain(struct gateways *gateways, const uint32_t *ids, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < gateways->count; i++) {
        struct gateway_state *gateway = &gateways->items[i];
        if (is_among(gateway->id, ids, count))
            gateways->items[kept++] = *gateway;
        else
            give_up_outcomes(gateway);
    }
    ensure(kept <= gateways->count && kept <= count);
    gateways->count = kept;
}

static struct decision *slot(const struct gateway_state *gateway, uint64_t number)
{
    ensure(gateway->capacity > 0);
    ensure(number >= gateway->lowest && number <= gateway->applied);
    return &gateway->outcomes[number & (gateway->capacity - 1)];
}

/* An outcome is hashed once, when it is kept: the hash is needed again when it goes. */
static uint64_t *hash_slot(const struct gateway_state *gateway, uint64_t number)
{
    return (uint64_t *)(gateway->outcomes + gateway->capacity) + (number & (gateway->capacity - 1));
}

static uint64_t outcome_hash(uint64_t number, const struct decision *kept)
{
    uint8_t state[32];
    bytes_put_u64(state, number);
    bytes_put_u64(state + 8, (uint64_t)kept->code);
    bytes_put_u64(state + 16, kept->version);
    bytes_put_u64(state + 24, (uint64_t)kept->value);
    return hash_bytes(state, sizeof state, 0);
}

size_t gateway_outcome_count(const struct gateway_state *gateway)
{
    uint64_t count = gateway->applied + 1 - gateway->lowest;
    ensure(count <= STORE_OUTCOMES_MAX && count <= gateway->capacity);
    return (size_t)count;
}

/* Doubles the ring: every outcome moves to the place that its number has in the larger one. */
static void grow(struct gateway_state *gateway)
{
    size_t capacity = gateway->capacity > 0 ? 2 * gateway->capacity : RING_CAPACITY_MIN;
    ensure(capacity <= STORE_OUTCOMES_MAX);
    ensure(gateway_outcome_count(gateway) == gateway->capacity);
    struct gateway_state grown = *gateway;
    grown.outcomes = memory_get(capacity * WINDOW_OUTCOME_BYTES);
    grown.capacity = capacity;
    for (uint64_t number = gateway->lowest; number <= gateway->applied; number++) {
        *slot(&grown, number) = *slot(gateway, number);
        *hash_slot(&grown, number) = *hash_slot(gateway, number);
    }
    free(gateway->outcomes);
    *gateway = grown;
}

static void drop_lowest(struct gateway_state *gateway)
{
    ensure(gateway->lowest <= gateway->applied);
    if (gateway->walk)
        window_walk_drop(gateway->walk, gateway->lowest, slot(gateway, gateway->lowest));
    gateway->outcomes_hash -= *hash_slot(gateway, gateway->lowest);
    gateway->lowest++;
    ensure(gateway->lowest <= gateway->applied || gateway->outcomes_hash == 0);
}

void gateway_keep(struct gateway_state *gateway, struct decision decision)
{
    ensure(decision.code != OUTCOME_NONE && decision.code != OUTCOME_OPENED);
    ensure(gateway->applied < UINT64_MAX);
    if (gateway_outcome_count(gateway) == STORE_OUTCOMES_MAX)
        drop_lowest(gateway);
    if (gateway_outcome_count(gateway) == gateway->capacity)
        grow(gateway);
    gateway->applied++;
    uint64_t hash = outcome_hash(gateway->applied, &decision);
    *slot(gateway, gateway->applied) = decision;
    *hash_slot(gateway, gateway->applied) = hash;
    gateway->outcomes_hash += hash;
}

void gateway_drop_below(struct gateway_state *gateway, uint64_t lowest)
{
    if (lowest > gateway->applied)
        return;
    while (gateway->lowest < lowest)
        drop_lowest(gateway);
    ensure(gateway_outcome_count(gateway) > 0);
}

const struct decision *gateway_outcome(const struct gateway_state *gateway, uint64_t number)
{
    ensure(gateway->lowest >= 1 && gateway->lowest - 1 <= gateway->applied);
    if (number < gateway->lowest || number > gateway->applied)
        return NULL;
    return slot(gateway, number);
}

uint64_t gateways_hash(const struct gateways *gateways)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < gateways->count; i++) {
        const struct gateway_state *gateway = &gateways->items[i];
        ensure(gateway->epoch > 0 && gateway->lowest >= 1 && gateway->lowest - 1 <= gateway->applied);
        ensure(gateway_outcome_count(gateway) > 0 || gateway->outcomes_hash == 0);
        uint8_t state[48];
        bytes_put_u64(state, gateway->id);
        bytes_put_u64(state + 8, gateway->nonce);
        bytes_put_u64(state + 16, gateway->epoch);
        bytes_put_u64(state + 24, gateway->applied);
        bytes_put_u64(state + 32, gateway->lowest);
        bytes_put_u64(state + 40, gateway->outcomes_hash);
        sum += hash_bytes(state, sizeof state, 0);
    }
    return sum;
}

/* --- dump --------------------------------------------------------------------------------------------------------- */

void gateways_walk_begin(struct gateways *gateways)
{
    ensure(gateways->walk_count == 0 && gateways->count <= STORE_GATEWAYS_MAX);
    for (size_t i = 0; i < gateways->count; i++) {
        struct gateway_state *gateway = &gateways->items[i];
        const struct window_edges was = {gateway->id, gateway->nonce, gateway->epoch, gateway->applied,
                                         gateway->lowest};
        ensure(!gateway->walk);
        gateway->walk = &gateways->walks[i];
        window_walk_begin(gateway->walk, &was);
    }
    gateways->walk_count = gateways->count;
    gateways->walk_at = 0;
}

void gateways_walk_end(struct gateways *gateways)
{
    ensure(gateways->walk_at <= gateways->walk_count);
    for (size_t i = 0; i < gateways->count; i++)
        gateways->items[i].walk = NULL;
    for (size_t i = 0; i < gateways->walk_count; i++)
        window_walk_end(&gateways->walks[i]);
    gateways->walk_count = gateways->walk_at = 0;
}

uint64_t gateways_walk_left(const struct gateways *gateways)
{
    uint64_t left = 0;
    ensure(gateways->walk_count <= STORE_GATEWAYS_MAX);
    ensure(gateways->walk_at <= gateways->walk_count);
    for (size_t i = gateways->walk_at; i < gateways->walk_count; i++)
        left += window_walk_left(&gateways->walks[i]);
    return left;
}

struct window_walk *gateways_walk(struct gateways *gateways)
{
    ensure(gateways_walk_left(gateways) > 0);
    while (window_walk_left(&gateways->walks[gateways->walk_at]) == 0)
        gateways->walk_at++;
    ensure(gateways->walk_at < gateways->walk_count);
    return &gateways->walks[gateways->walk_at];
}

struct decision gateways_walk_outcome(struct gateways *gateways)
{
    ensure(gateways->walk_at < gateways->walk_count);
    struct window_walk *walk = &gateways->walks[gateways->walk_at];
    const struct gateway_state *gateway = gateways_find(gateways, walk->was.id);
    if (!gateway || gateway->walk != walk)
        return window_walk_next(walk, NULL, 0);
    ensure(gateway->epoch == walk->was.epoch && gateway->applied >= walk->was.applied);
    return window_walk_next(walk, gateway->outcomes, gateway->capacity);
}

size_t gateways_memory_bytes(const struct gateways *gateways)
{
    size_t bytes = gateways->count * sizeof *gateways->items;
    ensure(gateways->count <= STORE_GATEWAYS_MAX && gateways->walk_count <= STORE_GATEWAYS_MAX);
    for (size_t i = 0; i < gateways->count; i++)
        bytes += gateways->items[i].capacity * WINDOW_OUTCOME_BYTES;
    for (size_t i = 0; i < gateways->walk_count; i++)
        bytes += window_walk_memory_bytes(&gateways->walks[i]);
    return bytes;
}
