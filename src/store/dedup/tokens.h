/* Changes that came with a token, and what became of them: one that comes again is not done again.
 *
 * Kept in the order in which they were decided: the last STORE_TOKENS_MAX (`max`), and none for longer than
 * STORE_TOKENS_S of cluster time, so that it is the same on every node. */
#ifndef CLEAT_STORE_TOKENS_H
#define CLEAT_STORE_TOKENS_H

#include "base/table.h"
#include "store/store.h"

struct token {
    struct named named; /* first: in the table by its token */
    uint8_t token[COMMAND_TOKEN_SIZE];
    uint64_t time_ms;
    struct decision decision;
};

struct tokens {
    struct table table;
    struct token **ring; /* the oldest at `first`; owned, and so are the items */
    size_t capacity;      /* 0 or a power of two */
    size_t first;
    size_t count;
    size_t max;           /* of count */
    uint64_t hash;        /* the sum of the items' hashes */
};

/* SEED seeds the hash table alone. */
void tokens_init(struct tokens *tokens, uint64_t seed);
void tokens_close(struct tokens *tokens);

/* What became of TOKEN's change, or NULL. Borrowed until the next call. What is too old at TIME_MS is dropped first. */
const struct decision *tokens_find(struct tokens *tokens, const uint8_t *token, uint64_t time_ms);
/* Keeps the outcome of a change whose token is not kept yet. TIME_MS never goes back. */
void tokens_keep(struct tokens *tokens, const uint8_t *token, uint64_t time_ms, struct decision decision);
/* Those that are kept, the oldest first: PLACE from 0 to count - 1. */
const struct token *tokens_at(const struct tokens *tokens, size_t place);

#endif
