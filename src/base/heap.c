#include "base/heap.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"

enum { HEAP_CAPACITY_MIN = 64 };

static void heap_resize(struct heap *heap, size_t capacity)
{
    ensure(capacity >= heap->count);
    heap->items = memory_resize(heap->items, capacity, sizeof *heap->items);
    heap->capacity = capacity;
}

/* Places count from 1, so that the parent of place p is p / 2; the array counts from 0. */
static struct heap_item *heap_at(const struct heap *heap, size_t place)
{
    return heap->items[place - 1];
}

/* By key, by tie where keys are equal, and then as the owner compares them. */
static bool heap_before(const struct heap *heap, const struct heap_item *a, const struct heap_item *b)
{
    if (a->key != b->key)
        return a->key < b->key;
    if (a->tie != b->tie)
        return a->tie < b->tie;
    return heap->compare && heap->compare(a, b) < 0;
}

static void heap_put(struct heap *heap, size_t place, struct heap_item *item)
{
    heap->items[place - 1] = item;
    item->place = (uint32_t)place;
}

/* Puts ITEM in at PLACE, a hole, or above it. */
static void heap_rise(struct heap *heap, size_t place, struct heap_item *item)
{
    while (place > 1 && heap_before(heap, item, heap_at(heap, place / 2))) {
        heap_put(heap, place, heap_at(heap, place / 2));
        place /= 2;
    }
    heap_put(heap, place, item);
}

/* Puts ITEM in at PLACE, a hole, or below it. */
static void heap_sink(struct heap *heap, size_t place, struct heap_item *item)
{
    while (place <= heap->count / 2) {
        size_t child = place * 2;
        if (child < heap->count && heap_before(heap, heap_at(heap, child + 1), heap_at(heap, child)))
            child++;
        if (!heap_before(heap, heap_at(heap, child), item))
            break;
        heap_put(heap, place, heap_at(heap, child));
        place = child;
    }
    heap_put(heap, place, item);
}

void heap_close(struct heap *heap)
{
    free(heap->items);
    *heap = (struct heap){0};
}

void heap_insert(struct heap *heap, struct heap_item *item)
{
    ensure(item->place == 0 && heap->count < UINT32_MAX);
    ensure(heap->count <= heap->capacity);
    if (heap->count == heap->capacity)
        heap_resize(heap, heap->capacity > 0 ? heap->capacity * 2 : HEAP_CAPACITY_MIN);
    heap->count++;
    heap_rise(heap, heap->count, item);
}

void heap_remove(struct heap *heap, struct heap_item *item)
{
    size_t place = item->place;
    ensure(place > 0 && place <= heap->count);
    ensure(heap_at(heap, place) == item);
    struct heap_item *last = heap_at(heap, heap->count);
    heap->count--;
    item->place = 0;
    if (last != item) {
        /* The last item may come from another branch: it can belong above the hole as well as below it. */
        if (place > 1 && heap_before(heap, last, heap_at(heap, place / 2)))
            heap_rise(heap, place, last);
        else
            heap_sink(heap, place, last);
    }
    /* At a quarter, not at half: an insert and a remove in turn must not resize each time. */
    if (heap->capacity > HEAP_CAPACITY_MIN && heap->count < heap->capacity / 4)
        heap_resize(heap, heap->capacity / 2);
}

