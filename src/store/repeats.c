#include "store/repeats.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/hash.h"
#include "base/memory.h"

enum { RING_CAPACITY_MIN = 16 };

_Static_assert((STORE_REPEATS_MAX & (STORE_REPEATS_MAX - 1)) == 0, "the ring can be exactly that large");
_Static_assert(offsetof(struct repeat, named) == 0, "a struct named of this table is a repeat");

void repeats_init(struct repeats *repeats, uint64_t seed)
{
    *repeats = (struct repeats){.max = STORE_REPEATS_MAX};
    table_init(&repeats->table, seed);
}

void repeats_close(struct repeats *repeats)
{
    for (size_t place = 0; place < repeats->count; place++)
        free(repeats->ring[(repeats->first + place) & (repeats->capacity - 1)]);
    free(repeats->ring);
    table_close(&repeats->table);
    *repeats = (struct repeats){0};
}

const struct repeat *repeats_at(const struct repeats *repeats, size_t place)
{
    ensure(place < repeats->count);
    return repeats->ring[(repeats->first + place) & (repeats->capacity - 1)];
}

static uint64_t repeat_hash(const struct repeat *repeat)
{
    uint8_t state[COMMAND_TOKEN_SIZE + 32];
    memcpy(state, repeat->token, COMMAND_TOKEN_SIZE);
    bytes_put_u64(state + COMMAND_TOKEN_SIZE, repeat->time_ms);
    bytes_put_u64(state + COMMAND_TOKEN_SIZE + 8, (uint64_t)repeat->decision.code);
    bytes_put_u64(state + COMMAND_TOKEN_SIZE + 16, repeat->decision.version);
    bytes_put_u64(state + COMMAND_TOKEN_SIZE + 24, (uint64_t)repeat->decision.value);
    return hash_bytes(state, sizeof state, 0);
}

static void drop_oldest(struct repeats *repeats)
{
    ensure(repeats->count > 0);
    struct repeat *oldest = repeats->ring[repeats->first];
    repeats->first = (repeats->first + 1) & (repeats->capacity - 1);
    repeats->count--;
    repeats->hash -= repeat_hash(oldest);
    table_remove(&repeats->table, &oldest->named);
    free(oldest);
}

static void drop_old(struct repeats *repeats, uint64_t time_ms)
{
    while (repeats->count > 0) {
        const struct repeat *oldest = repeats_at(repeats, 0);
        ensure(oldest->time_ms <= time_ms);
        if (time_ms - oldest->time_ms <= (uint64_t)STORE_REPEATS_S * 1000)
            return;
        drop_oldest(repeats);
    }
}

const struct decision *repeats_find(struct repeats *repeats, const uint8_t *token, uint64_t time_ms)
{
    drop_old(repeats, time_ms);
    const struct named *named = table_find(&repeats->table, token, COMMAND_TOKEN_SIZE);
    return named ? &((const struct repeat *)named)->decision : NULL;
}

/* Doubles the ring, the oldest at its start. */
static void grow(struct repeats *repeats)
{
    size_t capacity = repeats->capacity > 0 ? 2 * repeats->capacity : RING_CAPACITY_MIN;
    struct repeat **ring = memory_get(capacity * sizeof *ring);
    for (size_t place = 0; place < repeats->count; place++)
        ring[place] = repeats->ring[(repeats->first + place) & (repeats->capacity - 1)];
    free(repeats->ring);
    repeats->ring = ring;
    repeats->capacity = capacity;
    repeats->first = 0;
}

void repeats_keep(struct repeats *repeats, const uint8_t *token, uint64_t time_ms, struct decision decision)
{
    ensure(decision.code != OUTCOME_NONE);
    if (repeats->count == repeats->max)
        drop_oldest(repeats);
    if (repeats->count == repeats->capacity)
        grow(repeats);
    struct repeat *repeat = memory_get(sizeof *repeat);
    memcpy(repeat->token, token, COMMAND_TOKEN_SIZE);
    repeat->named.name = repeat->token;
    repeat->named.name_size = COMMAND_TOKEN_SIZE;
    repeat->time_ms = time_ms;
    repeat->decision = decision;
    table_insert(&repeats->table, &repeat->named);
    repeats->ring[(repeats->first + repeats->count) & (repeats->capacity - 1)] = repeat;
    repeats->count++;
    repeats->hash += repeat_hash(repeat);
}
