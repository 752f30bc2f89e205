/* Where a search has been: a set of 128-bit numbers, each standing for one configuration. Two configurations that share
 * a number would be taken for one; among 10^8 of them the odds of that are below 10^-22. */
#ifndef CLEAT_TESTS_TORTURE_MEMO_H
#define CLEAT_TESTS_TORTURE_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memo_key {
    uint64_t low;
    uint64_t high;
};

/* A zeroed struct memo is empty. */
struct memo {
    struct memo_key *keys; /* open addressing; {0, 0}: free */
    size_t capacity;       /* a power of 2, or 0 */
    size_t count;
};

void memo_close(struct memo *memo);
/* False where KEY was there already. */
bool memo_add(struct memo *memo, struct memo_key key);

#endif
