/* A doubly linked ring through the things themselves: in and out in constant time, in the order of adding.
 *
 *      ring.next -> first -> second -> ... -> ring      (an empty ring points at itself)
 *
 * A thing that may be in a ring or not has its link zeroed while it is in none. */
#ifndef CLEAT_BASE_LIST_H
#define CLEAT_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ensure.h"

struct list {
    struct list *previous;
    struct list *next;
};

/* The TYPE that has LINK as its MEMBER. */
#define list_item(link, type, member) ((type *)(void *)((uint8_t *)(link) - offsetof(type, member)))

static inline void list_init(struct list *ring)
{
    ring->previous = ring->next = ring;
}

static inline bool list_empty(const struct list *ring)
{
    return ring->next == ring;
}

static inline bool list_linked(const struct list *link)
{
    return link->next != NULL;
}

static inline void list_add_last(struct list *ring, struct list *link)
{
    ensure(!list_linked(link));
    link->previous = ring->previous;
    link->next = ring;
    ring->previous->next = link;
    ring->previous = link;
}

static inline void list_remove(struct list *link)
{
    ensure(list_linked(link));
    link->previous->next = link->next;
    link->next->previous = link->previous;
    link->previous = link->next = NULL;
}

/* Moves everything in FROM to the end of RING, in order. */
static inline void list_move(struct list *ring, struct list *from)
{
    if (list_empty(from))
        return;
    from->next->previous = ring->previous;
    ring->previous->next = from->next;
    from->previous->next = ring;
    ring->previous = from->previous;
    list_init(from);
}

#endif
