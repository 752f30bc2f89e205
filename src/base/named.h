/* What a thing must embed to be found by name: in the hash table (table.h) and in the ordered names (names.h).
 *
 * The name's bytes belong to whoever owns the thing, and must stay the same while it is in a table or an order; the
 * pointer may be changed to other bytes that are equal. */
#ifndef CLEAT_BASE_NAMED_H
#define CLEAT_BASE_NAMED_H

#include <stdint.h>

struct named {
    struct named *next;   /* in its bucket; the table's */
    const uint8_t *name;  /* borrowed */
    uint32_t hash;        /* the table's */
    uint16_t name_size;
};

#endif
