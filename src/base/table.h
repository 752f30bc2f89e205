/* A hash table of named things: XXH3 with a seed, buckets chained through the things themselves.
 *
 *      old:  [ ][ ][>][*]                  emptied from the left, a few slots at each call
 *      new:  [ ][*][.][.][*][ ][.][.]      twice as many buckets; those of a slot are set when it is moved over
 *
 * It grows and shrinks without a pause: while two bucket arrays exist, every insert, remove and find moves a bounded
 * number of slots over. Slot s is bucket s of the smaller array, and buckets s and s + slots of the larger: its things
 * are all in the old array, or all in the new one. The seed keeps a client from choosing names that collide. It owns no
 * things. */
#ifndef CLEAT_BASE_TABLE_H
#define CLEAT_BASE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/named.h"

struct table {
    struct named **buckets; /* 2^bits; NULL while the table is empty and new */
    struct named **old;     /* NULL unless it is growing or shrinking */
    uint32_t bits;
    uint32_t old_bits;
    size_t moved;           /* slots, from the left, whose things are in the new array */
    size_t count;           /* things */
    uint64_t seed;
};

void table_init(struct table *table, uint64_t seed);
/* Frees the buckets; the things are not touched. */
void table_close(struct table *table);

/* The thing of that name, or NULL. */
struct named *table_find(struct table *table, const void *name, size_t name_size);
/* COUNT names, TABLE_EXPECT_MAX at most, will be looked up soon: what table_find will then look at is fetched into the
 * processor's caches, for all at a time rather than for one after another. Changes nothing. */
struct table_name {
    const uint8_t *bytes;
    size_t size;
};
enum { TABLE_EXPECT_MAX = 16 };
void table_expect(const struct table *table, const struct table_name *names, size_t count);
/* Adds THING, whose name is set and not in the table yet. */
void table_insert(struct table *table, struct named *thing);
/* Takes out THING, which is in the table. */
void table_remove(struct table *table, struct named *thing);

/* Bytes of memory in bucket arrays. */
size_t table_memory_bytes(const struct table *table);

#endif
