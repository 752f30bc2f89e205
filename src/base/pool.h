/* Items of one size, many of them, without the allocator's overhead for each.
 *
 *      chunk, 16 KiB and aligned to it: [header][item][free][item][item]...
 *
 * An item finds its chunk by its address. Free items of a chunk are chained; chunks with free items are in a list. A
 * chunk without items is given back to the system. */
#ifndef CLEAT_BASE_POOL_H
#define CLEAT_BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct pool {
    size_t item_size;
    struct list open;    /* chunks with room */
    size_t chunk_count;
};

/* Items of SIZE bytes: at least a pointer, a multiple of 8, small beside a chunk. */
void pool_init(struct pool *pool, size_t size);
/* All items have been given back. */
void pool_close(struct pool *pool);

/* Zeroed. Stops the program where memory fails. */
void *pool_get(struct pool *pool);
void pool_put(struct pool *pool, void *item);

/* Of all chunks. */
size_t pool_memory_bytes(const struct pool *pool);

#endif
