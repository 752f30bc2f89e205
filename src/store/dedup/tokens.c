#include "store/dedup/tokens.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/hash.h"
#include "base/memory.h"

enum { RING_CAPACITY_MIN = 16 };

_Static_assert((STORE_TOKENS_MAX & (STORE_TOKENS_MAX - 1)) == 0, "the ring can be exactly that large");
_Static_assert(offsetof(struct token, named) == 0, "a struct named of this table is a token");

void tokens_init(struct tokens *tokens, uint64_t seed)
{
    *tokens = (struct tokens){.max = STORE_TOKENS_MAX};
    table_init(&tokens->table, seed);
}

const struct token *tokens_at(const struct tokens *tokens, size_t place)
{
    ensure(place < tokens->count);
    ensure(tokens->first < tokens->capacity && tokens->count <= tokens->capacity);
    return tokens->ring[(tokens->first + place) & (tokens->capacity - 1)];
}

static uint64_t token_hash(const struct token *kept)
{
    uint8_t state[COMMAND_TOKEN_SIZE + 32];
    memcpy(state, kept->token, COMMAND_TOKEN_SIZE);
    bytes_put_u64(state + COMMAND_TOKEN_SIZE, kept->time_ms);
    bytes_put_u64(state + COMMAND_TOKEN_SIZE + 8, (uint64_t)kept->decision.code);
    bytes_put_u64(state + COMMAND_TOKEN_SIZE + 16, kept->decision.version);
    bytes_put_u64(state + COMMAND_TOKEN_SIZE + 24, (uint64_t)kept->decision.value);
    return hash_bytes(state, sizeof state, 0);
}

/* OLDEST was dropped: it is freed, or kept for the dump that has not come to it yet. */
static void keep_preimage(struct tokens *tokens, struct token *oldest)
{
    struct tokens_walk *walk = &tokens->walk;
    uint64_t number = tokens->dropped - 1;
    if (!walk->active || number < walk->next || number >= walk->end) {
        free(oldest);
        return;
    }
    ensure(number == walk->next + walk->preimages_count);
    oldest->named.next = NULL;
    if (walk->preimages)
        walk->newest->named.next = &oldest->named;
    else
        walk->preimages = oldest;
    walk->newest = oldest;
    walk->preimages_count++;
    ensure(walk->preimages_count <= walk->end - walk->next);
}

static void drop_oldest(struct tokens *tokens)
{
    ensure(tokens->count > 0);
    struct token *oldest = tokens->ring[tokens->first];
    tokens->first = (tokens->first + 1) & (tokens->capacity - 1);
    tokens->count--;
    tokens->dropped++;
    tokens->hash -= token_hash(oldest);
    table_remove(&tokens->table, &oldest->named);
    ensure(tokens->table.count == tokens->count && (tokens->count > 0 || tokens->hash == 0));
    keep_preimage(tokens, oldest);
}

static void drop_old(struct tokens *tokens, uint64_t time_ms)
{
    while (tokens->count > 0) {
        const struct token *oldest = tokens_at(tokens, 0);
        ensure(oldest->time_ms <= time_ms);
        if (time_ms - oldest->time_ms <= (uint64_t)STORE_TOKENS_S * 1000)
            return;
        drop_oldest(tokens);
    }
}

const struct decision *tokens_find(struct tokens *tokens, const uint8_t *token, uint64_t time_ms)
{
    drop_old(tokens, time_ms);
    const struct named *named = table_find(&tokens->table, token, COMMAND_TOKEN_SIZE);
    const struct token *kept = (const struct token *)named;
    ensure(!kept || kept->time_ms <= time_ms);
    return kept ? &kept->decision : NULL;
}

/* Doubles the ring, the oldest at its start. */
static void grow(struct tokens *tokens)
{
    size_t capacity = tokens->capacity > 0 ? 2 * tokens->capacity : RING_CAPACITY_MIN;
    ensure(tokens->count == tokens->capacity && capacity <= STORE_TOKENS_MAX);
    struct token **ring = memory_get(capacity * sizeof *ring);
    for (size_t place = 0; place < tokens->count; place++)
        ring[place] = tokens->ring[(tokens->first + place) & (tokens->capacity - 1)];
    free(tokens->ring);
    tokens->ring = ring;
    tokens->capacity = capacity;
    tokens->first = 0;
}

void tokens_keep(struct tokens *tokens, const uint8_t *token, uint64_t time_ms, struct decision decision)
{
    ensure(decision.code != OUTCOME_NONE);
    ensure(tokens->count <= tokens->max);
    ensure(tokens->count == 0 || tokens_at(tokens, tokens->count - 1)->time_ms <= time_ms);
    if (tokens->count == tokens->max)
        drop_oldest(tokens);
    if (tokens->count == tokens->capacity)
        grow(tokens);
    struct token *kept = memory_get(sizeof *kept);
    memcpy(kept->token, token, COMMAND_TOKEN_SIZE);
    kept->named.name = kept->token;
    kept->named.name_size = COMMAND_TOKEN_SIZE;
    kept->time_ms = time_ms;
    kept->decision = decision;
    table_insert(&tokens->table, &kept->named);
    tokens->ring[(tokens->first + tokens->count) & (tokens->capacity - 1)] = kept;
    tokens->count++;
    tokens->hash += token_hash(kept);
    ensure(tokens->table.count == tokens->count);
}

/* --- dump --------------------------------------------------------------------------------------------------------- */

void tokens_walk_begin(struct tokens *tokens)
{
    ensure(!tokens->walk.active && !tokens->walk.preimages);
    ensure(tokens->table.count == tokens->count && tokens->count <= tokens->capacity);
    tokens->walk = (struct tokens_walk){
        .active = true, .next = tokens->dropped, .end = tokens->dropped + tokens->count};
}

uint64_t tokens_walk_left(const struct tokens *tokens)
{
    ensure(tokens->walk.next <= tokens->walk.end);
    ensure(tokens->walk.preimages_count <= tokens->walk.end - tokens->walk.next);
    return tokens->walk.end - tokens->walk.next;
}

/* The oldest preimage, which is the caller's now. */
static struct token *take_preimage(struct tokens_walk *walk)
{
    struct token *oldest = walk->preimages;
    ensure(oldest && walk->preimages_count > 0);
    walk->preimages = (struct token *)oldest->named.next;
    walk->preimages_count--;
    ensure((walk->preimages != NULL) == (walk->preimages_count > 0));
    return oldest;
}

struct token tokens_walk_next(struct tokens *tokens)
{
    struct tokens_walk *walk = &tokens->walk;
    ensure(walk->active && walk->next < walk->end);
    struct token token;
    if (walk->preimages) {
        ensure(walk->next < tokens->dropped);
        struct token *oldest = take_preimage(walk);
        token = *oldest;
        free(oldest);
    } else {
        ensure(walk->next >= tokens->dropped);
        token = *tokens_at(tokens, (size_t)(walk->next - tokens->dropped));
    }
    walk->next++;
    return token;
}

void tokens_walk_end(struct tokens *tokens)
{
    while (tokens->walk.preimages)
        free(take_preimage(&tokens->walk));
    ensure(tokens->walk.preimages_count == 0);
    tokens->walk = (struct tokens_walk){0};
}

/* ------------------------------------------------------------------------------------------------------------------ */

bool tokens_drain(struct tokens *tokens, size_t count)
{
    ensure(!tokens->walk.active);
    for (; count > 0 && tokens->count > 0; count--)
        drop_oldest(tokens);
    ensure(tokens->count > 0 || tokens->hash == 0);
    return tokens->count == 0;
}

void tokens_close(struct tokens *tokens)
{
    if (tokens->walk.active)
        tokens_walk_end(tokens);
    ensure(tokens_drain(tokens, SIZE_MAX) && tokens->table.count == 0);
    free(tokens->ring);
    table_close(&tokens->table);
    *tokens = (struct tokens){0};
}

size_t tokens_memory_bytes(const struct tokens *tokens)
{
    ensure(tokens->count <= tokens->capacity);
    return (tokens->count + tokens->walk.preimages_count) * sizeof(struct token) +
           tokens->capacity * sizeof *tokens->ring + table_memory_bytes(&tokens->table);
}
