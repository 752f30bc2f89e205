#include "base/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/hash.h"
#include "base/memory.h"

enum {
    TABLE_CACHE_LINE = 64,
    TABLE_BITS_MIN = 4,
    TABLE_BITS_MAX = 31,     /* of the 32 bits that a thing remembers of its hash */
    TABLE_SHRINK_BELOW = 8,  /* fewer things than an eighth of the buckets: half as many buckets */
    TABLE_MOVES = 8,         /* slots moved over at each call: two would be enough to be done before the next growth */
};

static size_t table_size(uint32_t bits)
{
    return (size_t)1 << bits;
}

static uint32_t table_hash(const struct table *table, const void *name, size_t name_size)
{
    return (uint32_t)hash_bytes(name, name_size, table->seed);
}

/* While there are two arrays: how many slots the smaller has. Its slot s stands for the buckets s, and of the larger
 * array also s + slots: a thing's slot is the same in both, so slots move over independently of each other. */
static size_t table_slots(const struct table *table)
{
    return table_size(table->bits < table->old_bits ? table->bits : table->old_bits);
}

/* The bucket in which a thing of that hash is, or has to be put. */
static struct named **table_bucket(const struct table *table, uint32_t hash)
{
    ensure(table->buckets != NULL);
    if (table->old && (hash & (table_slots(table) - 1)) >= table->moved)
        return &table->old[hash & (table_size(table->old_bits) - 1)];
    return &table->buckets[hash & (table_size(table->bits) - 1)];
}

static void table_move_slot(struct table *table, size_t slot)
{
    size_t slots = table_slots(table);
    for (size_t i = slot; i < table_size(table->bits); i += slots)
        table->buckets[i] = NULL;
    for (size_t i = slot; i < table_size(table->old_bits); i += slots) {
        struct named *next;
        for (struct named *thing = table->old[i]; thing; thing = next) {
            next = thing->next;
            struct named **bucket = &table->buckets[thing->hash & (table_size(table->bits) - 1)];
            thing->next = *bucket;
            *bucket = thing;
        }
    }
}

/* A bounded part of what is left to move, empty slots counted too. */
static void table_move(struct table *table)
{
    if (!table->old)
        return;
    size_t slots = table_slots(table);
    ensure(table->moved < slots);
    for (int i = 0; i < TABLE_MOVES && table->moved < slots; i++)
        table_move_slot(table, table->moved++);
    if (table->moved == slots) {
        free(table->old);
        table->old = NULL;
        table->old_bits = 0;
        table->moved = 0;
    }
}

/* Begins to move to 2^BITS buckets. They are not zeroed here, which would take long for a large table: each is set when
 * its slot moves over, and not looked at before. */
static void table_resize(struct table *table, uint32_t bits)
{
    ensure(!table->old && table->moved == 0);
    ensure(bits >= TABLE_BITS_MIN && bits <= TABLE_BITS_MAX);
    struct named **buckets = malloc(table_size(bits) * sizeof *buckets);
    if (!buckets)
        return; /* it still works, with longer chains */
    table->old = table->buckets;
    table->old_bits = table->bits;
    table->buckets = buckets;
    table->bits = bits;
}

void table_init(struct table *table, uint64_t seed)
{
    *table = (struct table){.seed = seed};
}

void table_close(struct table *table)
{
    free(table->buckets);
    free(table->old);
    table_init(table, table->seed);
}

struct named *table_find(struct table *table, const void *name, size_t name_size)
{
    if (table->count == 0)
        return NULL;
    table_move(table);
    uint32_t hash = table_hash(table, name, name_size);
    for (struct named *thing = *table_bucket(table, hash); thing; thing = thing->next) {
        if (thing->hash == hash && thing->name_size == name_size && memcmp(thing->name, name, name_size) == 0)
            return thing;
    }
    return NULL;
}

void table_expect(const struct table *table, const struct table_name *names, size_t count)
{
    struct named **buckets[TABLE_EXPECT_MAX];
    ensure(count <= TABLE_EXPECT_MAX);
    if (table->count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        buckets[i] = table_bucket(table, table_hash(table, names[i].bytes, names[i].size));
        __builtin_prefetch(buckets[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (*buckets[i]) {
            __builtin_prefetch(*buckets[i]);
            __builtin_prefetch((const uint8_t *)*buckets[i] + TABLE_CACHE_LINE); /* more of whatever it is part of */
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (*buckets[i])
            __builtin_prefetch((*buckets[i])->name);
    }
}

void table_insert(struct table *table, struct named *thing)
{
    ensure(thing->name != NULL && thing->name_size > 0);
    if (!table->buckets) {
        ensure(table->count == 0);
        table->buckets = memory_get(table_size(TABLE_BITS_MIN) * sizeof(struct named *));
        table->bits = TABLE_BITS_MIN;
    }
    table_move(table);
    if (!table->old && table->count >= table_size(table->bits) && table->bits < TABLE_BITS_MAX)
        table_resize(table, table->bits + 1);
    thing->hash = table_hash(table, thing->name, thing->name_size);
    struct named **bucket = table_bucket(table, thing->hash);
    thing->next = *bucket;
    *bucket = thing;
    table->count++;
}

void table_remove(struct table *table, struct named *thing)
{
    ensure(table->count > 0);
    table_move(table);
    struct named **link = table_bucket(table, thing->hash);
    while (*link != thing) {
        ensure(*link != NULL); /* else the thing is not in this table */
        link = &(*link)->next;
    }
    *link = thing->next;
    thing->next = NULL;
    table->count--;
    if (!table->old && table->bits > TABLE_BITS_MIN && table->count < table_size(table->bits) / TABLE_SHRINK_BELOW)
        table_resize(table, table->bits - 1);
}

size_t table_memory_bytes(const struct table *table)
{
    size_t count = table->buckets ? table_size(table->bits) : 0;
    if (table->old)
        count += table_size(table->old_bits);
    return count * sizeof(struct named *);
}
