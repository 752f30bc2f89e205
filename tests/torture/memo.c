#include "torture/memo.h"

#include <stdlib.h>

#include "base/memory.h"

enum { MEMO_FIRST_CAPACITY = 1024 };

void memo_close(struct memo *memo)
{
    free(memo->keys);
    *memo = (struct memo){0};
}

/* The key's place, or the free one where it belongs. */
static struct memo_key *find(const struct memo *memo, struct memo_key key)
{
    size_t at = (size_t)key.low & (memo->capacity - 1);
    for (;; at = (at + 1) & (memo->capacity - 1)) {
        struct memo_key *there = &memo->keys[at];
        if ((there->low == 0 && there->high == 0) || (there->low == key.low && there->high == key.high))
            return there;
    }
}

static void grow(struct memo *memo)
{
    struct memo old = *memo;
    memo->capacity = old.capacity > 0 ? old.capacity * 2 : MEMO_FIRST_CAPACITY;
    memo->keys = memory_get(memo->capacity * sizeof *memo->keys);
    for (size_t i = 0; i < old.capacity; i++)
        if (old.keys[i].low != 0 || old.keys[i].high != 0)
            *find(memo, old.keys[i]) = old.keys[i];
    free(old.keys);
}

bool memo_add(struct memo *memo, struct memo_key key)
{
    if (key.low == 0 && key.high == 0)
        key.low = 1;
    if (memo->count * 2 >= memo->capacity)
        grow(memo);
    struct memo_key *there = find(memo, key);
    if (there->low != 0 || there->high != 0)
        return false;
    *there = key;
    memo->count++;
    return true;
}
