#include "base/names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"

/* The tree, of height 2 here; level 1 are the leaves:
 *
 *                     [ -  | f   | m ]             level 2: separators and children
 *                     /    |       \
 *      [a b d e] -> [f h k] -> [m n q x]           level 1: things in order
 *
 * A separator is a thing that is greater than all to its left and not greater than any to its right: the first in the
 * child beside it. A node's first separator is not used, so each thing is a separator once at most. On every level,
 * nodes are linked to the right.
 *
 * Inserting and removing go down once: a full (or nearly empty) child is mended before it is entered, so that its
 * parent always has room for (or can spare) one entry. Siblings even out before they split, which keeps nodes more than
 * three quarters full under random names and nearly full under ascending ones. */
enum {
    LEAF_MAX = 64,
    INNER_MAX = LEAF_MAX / 2,
    ROOM_SHARE = 8,      /* a sibling with an eighth of its room free takes over entries of a full node */
    SPARSE_SHARE = 3,    /* a node that is at most a third full is mended before a removal enters it */
    HEIGHT_MAX = 24,
};

struct names_node {
    struct names_node *next; /* to the right, on the same level */
    size_t count;            /* of things, or of children */
    union {
        struct named *things[LEAF_MAX];
        struct {
            struct named *separators[INNER_MAX]; /* the first is not used */
            struct names_node *children[INNER_MAX];
        };
    };
};

static size_t node_max(uint32_t level)
{
    return level == 1 ? LEAF_MAX : INNER_MAX;
}

static struct names_node *names_node_new(struct names *names)
{
    struct names_node *node = memory_get(sizeof *node);
    names->memory_bytes += sizeof *node;
    return node;
}

static void names_node_free(struct names *names, struct names_node *node)
{
    ensure(names->memory_bytes >= sizeof *node);
    names->memory_bytes -= sizeof *node;
    free(node);
}

static int thing_compare(const struct named *thing, const void *name, size_t name_size)
{
    return names_compare(thing->name, thing->name_size, name, name_size);
}

/* How many of THINGS, from START on, are not greater than NAME; the START before are known not to be. */
static size_t things_upto(struct named *const *things, size_t start, size_t count, const void *name, size_t name_size)
{
    size_t low = start;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (thing_compare(things[middle], name, name_size) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The child in which NAME is, or would be. */
static size_t node_child(const struct names_node *node, const void *name, size_t name_size)
{
    ensure(node->count > 0);
    return things_upto(node->separators, 1, node->count, name, name_size) - 1;
}

/* Copies COUNT entries; the places may overlap. */
static void entries_move(uint32_t level, struct names_node *to, size_t to_index, const struct names_node *from,
                         size_t from_index, size_t count)
{
    ensure(to_index + count <= node_max(level) && from_index + count <= node_max(level));
    if (level == 1) {
        memmove(to->things + to_index, from->things + from_index, count * sizeof to->things[0]);
        return;
    }
    memmove(to->separators + to_index, from->separators + from_index, count * sizeof to->separators[0]);
    memmove(to->children + to_index, from->children + from_index, count * sizeof to->children[0]);
}

/* Moves entries between children INDEX and INDEX + 1 of PARENT, which are on LEVEL, so that the left has LEFT_COUNT. */
static void children_share(struct names_node *parent, size_t index, uint32_t level, size_t left_count)
{
    struct names_node *left = parent->children[index];
    struct names_node *right = parent->children[index + 1];
    size_t total = left->count + right->count;
    ensure(left_count <= total && left_count <= node_max(level) && total - left_count <= node_max(level));
    if (level > 1)
        right->separators[0] = parent->separators[index + 1]; /* while entries move, it is one like the others */
    if (left->count < left_count) {
        size_t moved = left_count - left->count;
        entries_move(level, left, left->count, right, 0, moved);
        entries_move(level, right, 0, right, moved, right->count - moved);
    } else {
        size_t moved = left->count - left_count;
        entries_move(level, right, moved, right, 0, right->count);
        entries_move(level, right, 0, left, left_count, moved);
    }
    left->count = left_count;
    right->count = total - left_count;
    if (right->count > 0)
        parent->separators[index + 1] = level == 1 ? right->things[0] : right->separators[0];
}

static void children_even(struct names_node *parent, size_t index, uint32_t level)
{
    children_share(parent, index, level, (parent->children[index]->count + parent->children[index + 1]->count) / 2);
}

/* Child INDEX of PARENT, on LEVEL, becomes two. */
static void child_split(struct names *names, struct names_node *parent, size_t index, uint32_t level)
{
    ensure(parent->count < INNER_MAX);
    struct names_node *left = parent->children[index];
    struct names_node *right = names_node_new(names);
    right->next = left->next;
    left->next = right;
    entries_move(level + 1, parent, index + 2, parent, index + 1, parent->count - index - 1);
    parent->children[index + 1] = right;
    parent->separators[index + 1] = NULL;
    parent->count++;
    children_even(parent, index, level);
}

/* Children INDEX and INDEX + 1 of PARENT, on LEVEL, become one. */
static void child_merge(struct names *names, struct names_node *parent, size_t index, uint32_t level)
{
    struct names_node *left = parent->children[index];
    struct names_node *right = parent->children[index + 1];
    children_share(parent, index, level, left->count + right->count);
    left->next = right->next;
    entries_move(level + 1, parent, index + 1, parent, index + 2, parent->count - index - 2);
    parent->count--;
    names_node_free(names, right);
}

/* Makes room in child INDEX of PARENT, which is on LEVEL, if it is full. */
static void child_make_room(struct names *names, struct names_node *parent, size_t index, uint32_t level)
{
    size_t max = node_max(level);
    size_t spare = max - max / ROOM_SHARE;
    if (parent->children[index]->count < max)
        return;
    if (index + 1 < parent->count && parent->children[index + 1]->count <= spare)
        children_even(parent, index, level);
    else if (index > 0 && parent->children[index - 1]->count <= spare)
        children_even(parent, index - 1, level);
    else
        child_split(names, parent, index, level);
}

/* Fills child INDEX of PARENT, which is on LEVEL, if it is sparse, from a sibling, or makes one of the two. */
static void child_make_spare(struct names *names, struct names_node *parent, size_t index, uint32_t level)
{
    size_t max = node_max(level);
    if (parent->children[index]->count > max / SPARSE_SHARE)
        return;
    ensure(parent->count > 1);
    size_t left = index > 0 ? index - 1 : 0;
    if (parent->children[left]->count + parent->children[left + 1]->count <= max)
        child_merge(names, parent, left, level);
    else
        children_even(parent, left, level);
}

void names_close(struct names *names)
{
    struct names_node *first = names->root;
    for (uint32_t level = names->height; level > 0; level--) {
        struct names_node *below = level > 1 ? first->children[0] : NULL;
        while (first) {
            struct names_node *next = first->next;
            names_node_free(names, first);
            first = next;
        }
        first = below;
    }
    ensure(names->memory_bytes == 0);
    *names = (struct names){0};
}

/* A new root above the present one, or the first. */
static void names_grow(struct names *names)
{
    ensure(names->height < HEIGHT_MAX);
    struct names_node *root = names_node_new(names);
    if (names->root) {
        root->children[0] = names->root;
        root->count = 1;
    }
    names->root = root;
    names->height++;
}

void names_insert(struct names *names, struct named *thing)
{
    if (!names->root || names->root->count == node_max(names->height))
        names_grow(names);
    struct names_node *node = names->root;
    for (uint32_t level = names->height; level > 1; level--) {
        size_t index = node_child(node, thing->name, thing->name_size);
        child_make_room(names, node, index, level - 1);
        node = node->children[node_child(node, thing->name, thing->name_size)];
    }
    ensure(node->count < LEAF_MAX);
    size_t index = things_upto(node->things, 0, node->count, thing->name, thing->name_size);
    ensure(index == 0 || thing_compare(node->things[index - 1], thing->name, thing->name_size) != 0);
    entries_move(1, node, index + 1, node, index, node->count - index);
    node->things[index] = thing;
    node->count++;
    names->count++;
}

/* Takes a root away that has one child only, or no thing. */
static void names_lower(struct names *names)
{
    struct names_node *root = names->root;
    if (root->count > (names->height > 1 ? 1 : 0))
        return;
    names->root = names->height > 1 ? root->children[0] : NULL;
    names->height--;
    names_node_free(names, root);
}

void names_remove(struct names *names, const struct named *thing)
{
    ensure(names->count > 0);
    struct named **separator = NULL; /* where THING is one */
    struct names_node *node = names->root;
    for (uint32_t level = names->height; level > 1; level--) {
        size_t index = node_child(node, thing->name, thing->name_size);
        child_make_spare(names, node, index, level - 1);
        index = node_child(node, thing->name, thing->name_size);
        if (index > 0 && node->separators[index] == thing)
            separator = &node->separators[index];
        node = node->children[index];
    }
    size_t index = things_upto(node->things, 0, node->count, thing->name, thing->name_size);
    ensure(index > 0 && node->things[index - 1] == thing);
    entries_move(1, node, index - 1, node, index, node->count - index);
    node->count--;
    names->count--;
    if (separator) {
        /* It may be freed after this. It was the leaf's first, and the leaf, made not to be sparse, has others. */
        ensure(index == 1 && node->count > 0);
        *separator = node->things[0];
    }
    names_lower(names);
}

struct named *names_first(const struct names *names)
{
    struct named *thing;
    return names_walk(names, NULL, 0, &thing, 1) > 0 ? thing : NULL;
}

struct named *names_after(const struct names *names, const void *name, size_t name_size)
{
    struct named *thing;
    ensure(name != NULL);
    return names_walk(names, name, name_size, &thing, 1) > 0 ? thing : NULL;
}

size_t names_walk(const struct names *names, const void *name, size_t name_size, struct named **things, size_t count)
{
    if (!names->root)
        return 0;
    const struct names_node *node = names->root;
    for (uint32_t level = names->height; level > 1; level--)
        node = node->children[name ? node_child(node, name, name_size) : 0];
    size_t index = name ? things_upto(node->things, 0, node->count, name, name_size) : 0;
    size_t filled = 0;
    while (node && filled < count) {
        size_t part = node->count - index < count - filled ? node->count - index : count - filled;
        memcpy(things + filled, node->things + index, part * sizeof *things);
        filled += part;
        node = node->next;
        index = 0;
    }
    return filled;
}

int names_compare(const void *a, size_t a_size, const void *b, size_t b_size)
{
    size_t size = a_size < b_size ? a_size : b_size;
    int order = size > 0 ? memcmp(a, b, size) : 0;
    if (order != 0)
        return order;
    return (a_size > b_size) - (a_size < b_size);
}
