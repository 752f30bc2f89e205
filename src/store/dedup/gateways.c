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
    for (size_t i = 0; i < gateways->count; i++)
        free(gateways->items[i].outcomes);
    free(gateways->items);
    *gateways = (struct gateways){0};
}

struct gateway_state *gateways_find(const struct gateways *gateways, uint32_t id)
{
    ensure(gateways->count <= STORE_GATEWAYS_MAX);
    for (size_t i = 0; i < gateways->count; i++) {
        if (gateways->items[i].id == id)
            return &gateways->items[i];
    }
    return NULL;
}

/* GATEWAY, which holds no outcomes, as it is before number LOWEST of EPOCH. */
static void begin(struct gateway_state *gateway, uint64_t nonce, uint64_t epoch, uint64_t lowest)
{
    ensure(epoch > 0 && lowest > 0);
    ensure(!gateway->outcomes);
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
    return gateway;
}

bool gateways_open(struct gateways *gateways, uint32_t id, uint64_t nonce, uint64_t epoch)
{
    struct gateway_state *gateway = gateways_find(gateways, id);
    if (!gateway)
        return gateways_add(gateways, id, nonce, epoch, 1) != NULL;
    if (gateway->nonce == nonce)
        return false;
    ensure(epoch > gateway->epoch);
    free(gateway->outcomes);
    gateway->outcomes = NULL;
    begin(gateway, nonce, epoch, 1);
    return true;
}

bool gateway_expects(const struct gateway_state *gateway, uint64_t epoch, uint64_t number)
{
    ensure(gateway->lowest >= 1 && gateway->lowest - 1 <= gateway->applied);
    ensure(gateway->applied < UINT64_MAX);
    return epoch == gateway->epoch && number == gateway->applied + 1;
}

static struct decision *slot(const struct gateway_state *gateway, uint64_t number)
{
    ensure(gateway->capacity > 0);
    return &gateway->outcomes[number & (gateway->capacity - 1)];
}

static uint64_t outcome_hash(const struct gateway_state *gateway, uint64_t number)
{
    const struct decision *kept = slot(gateway, number);
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
    struct decision *outcomes = memory_get(capacity * sizeof *outcomes);
    for (uint64_t number = gateway->lowest; number <= gateway->applied; number++)
        outcomes[number & (capacity - 1)] = *slot(gateway, number);
    free(gateway->outcomes);
    gateway->outcomes = outcomes;
    gateway->capacity = capacity;
}

static void drop_lowest(struct gateway_state *gateway)
{
    ensure(gateway->lowest <= gateway->applied);
    gateway->outcomes_hash -= outcome_hash(gateway, gateway->lowest);
    gateway->lowest++;
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
    *slot(gateway, gateway->applied) = decision;
    gateway->outcomes_hash += outcome_hash(gateway, gateway->applied);
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
