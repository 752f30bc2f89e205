/* Named things in the order of their names (bytewise, as memcmp; a prefix comes first): a B+ tree whose leaves are
 * linked. About twelve bytes a name. For walks: listings, and snapshots that take many small steps while names come
 * and go. It owns no things. */
#ifndef CLEAT_BASE_NAMES_H
#define CLEAT_BASE_NAMES_H

#include <stddef.h>

#include "base/named.h"

struct names_node;

struct names {
    struct names_node *root;
    uint32_t height;
    size_t count;
    size_t memory_bytes;
};

/* A zeroed struct names is empty. */
void names_close(struct names *names);

/* Adds THING, whose name is not in the order yet. */
void names_insert(struct names *names, struct named *thing);
/* Takes out THING, which is in the order. */
void names_remove(struct names *names, const struct named *thing);

/* The first thing, or NULL. */
struct named *names_first(const struct names *names);
/* The things whose names are greater than NAME (NULL: all), in order, up to COUNT of them into THINGS; returns how
 * many. NAME need not be there. */
size_t names_walk(const struct names *names, const void *name, size_t name_size, struct named **things, size_t count);
/* The first of them, or NULL. For tests. */
struct named *names_after(const struct names *names, const void *name, size_t name_size);

/* <0, 0, >0 as memcmp, a prefix first. */
int names_compare(const void *a, size_t a_size, const void *b, size_t b_size);

#endif
