/* Changes that came with a token, and what became of them: one that comes again is not done again.
 *
 * Kept in the order in which they were decided: the last STORE_TOKENS_MAX (`max`), and none for longer than
 * STORE_TOKENS_S of cluster time, so that it is the same on every node.
 *
 * A dump walks over them, the oldest first. What is kept does not change any more, so its only preimages are tokens
 * that are dropped before the walk has come to them: they wait in a list of their own. */
#ifndef CLEAT_STORE_TOKENS_H
#define CLEAT_STORE_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/table.h"
#include "protocol/command.h"
#include "store/limits.h"
#include "store/outcome.h"

struct token {
    struct named named; /* first: in the table by its token */
    uint8_t token[COMMAND_TOKEN_SIZE];
    uint64_t time_ms;
    struct decision decision;
};

/* Tokens are numbered as they are kept. */
struct tokens_walk {
    bool active;
    uint64_t next;           /* the first one that is not in the dump yet, */
    uint64_t end;            /* and the one behind its last */
    struct token *preimages; /* owned; chained by named.next: those from `next` on that were dropped, in order */
    struct token *newest;    /* of them */
    size_t preimages_count;
};

struct tokens {
    struct table table;
    struct token **ring; /* the oldest at `first`; owned, and so are the items */
    size_t capacity;      /* 0 or a power of two */
    size_t first;
    size_t count;
    size_t max;           /* of count */
    uint64_t dropped;     /* so far: the number of the oldest */
    uint64_t hash;        /* the sum of the items' hashes */
    struct tokens_walk walk;
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

/* A dump begins: until tokens_walk_end() the tokens that there are now can be taken, each once, the oldest first. */
void tokens_walk_begin(struct tokens *tokens);
void tokens_walk_end(struct tokens *tokens);
/* How many are still to be taken. */
uint64_t tokens_walk_left(const struct tokens *tokens);
/* Takes the next one: a copy, of use but for its `named`. One must be left. */
struct token tokens_walk_next(struct tokens *tokens);

/* Frees up to COUNT tokens of those that nobody will ask for any more; true when none is left. */
bool tokens_drain(struct tokens *tokens, size_t count);
size_t tokens_memory_bytes(const struct tokens *tokens);

#endif
