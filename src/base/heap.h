/* A binary min-heap of things with a deadline, each of which knows its place, so that any can be taken out. It owns no
 * things. */
#ifndef CLEAT_BASE_HEAP_H
#define CLEAT_BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/ensure.h"

struct heap_item {
    uint64_t key;   /* the smallest comes first */
    uint64_t tie;   /* among equal keys, the smallest comes first */
    uint32_t place; /* in the heap's array, from 1; 0: not in a heap */
    uint32_t mark;  /* whatever its owner likes: there is room for it */
};

struct heap {
    struct heap_item **items;
    size_t count;
    size_t capacity;
    int (*compare)(const struct heap_item *a, const struct heap_item *b); /* <0, 0, >0 among those with equal key and
                                                                             tie; NULL: there are none such */
};

/* A zeroed struct heap is empty. */
void heap_close(struct heap *heap);
/* Adds ITEM, whose key and tie are set and whose place is 0. */
void heap_insert(struct heap *heap, struct heap_item *item);
/* Takes out ITEM, which is in the heap; its place is 0 then. */
void heap_remove(struct heap *heap, struct heap_item *item);
/* The item that comes first, or NULL. Where no two are equal, the order in which items come out does not
 * depend on how the heap was built. */
static inline struct heap_item *heap_first(const struct heap *heap)
{
    if (heap->count == 0)
        return NULL;
    ensure(heap->items[0]->place == 1);
    return heap->items[0];
}

#endif
