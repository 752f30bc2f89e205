#include "base/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"

enum { CHUNK_BYTES = 16 * 1024, HEADER_BYTES = 64 };

struct chunk {
    struct list open;   /* in pool->open while it has room */
    void *free;         /* items that were given back, each holding the next one's address */
    uint32_t used;      /* items that are out */
    uint32_t fresh;     /* items from here on were never out */
};

_Static_assert(sizeof(struct chunk) <= HEADER_BYTES, "the items begin behind it");

static uint32_t chunk_items(const struct pool *pool)
{
    return (uint32_t)((CHUNK_BYTES - HEADER_BYTES) / pool->item_size);
}

void pool_init(struct pool *pool, size_t size)
{
    ensure(size >= sizeof(void *) && size % 8 == 0 && size <= CHUNK_BYTES / 16);
    *pool = (struct pool){.item_size = size};
    list_init(&pool->open);
}

void pool_close(struct pool *pool)
{
    ensure(pool->chunk_count == 0 && list_empty(&pool->open));
    *pool = (struct pool){0};
}

static struct chunk *add_chunk(struct pool *pool)
{
    struct chunk *chunk = aligned_alloc(CHUNK_BYTES, CHUNK_BYTES);
    if (!chunk)
        memory_out(CHUNK_BYTES, __func__);
    *chunk = (struct chunk){0};
    list_add_last(&pool->open, &chunk->open);
    pool->chunk_count++;
    return chunk;
}

void *pool_get(struct pool *pool)
{
    struct chunk *chunk =
        list_empty(&pool->open) ? add_chunk(pool) : list_item(pool->open.next, struct chunk, open);
    void *item = chunk->free;
    if (item)
        memcpy(&chunk->free, item, sizeof chunk->free);
    else
        item = (uint8_t *)chunk + HEADER_BYTES + chunk->fresh++ * pool->item_size;
    chunk->used++;
    if (chunk->used == chunk_items(pool))
        list_remove(&chunk->open);
    memset(item, 0, pool->item_size);
    return item;
}

void pool_put(struct pool *pool, void *item)
{
    struct chunk *chunk = (struct chunk *)((uintptr_t)item & ~(uintptr_t)(CHUNK_BYTES - 1));
    ensure(chunk->used > 0);
    if (chunk->used-- == chunk_items(pool))
        list_add_last(&pool->open, &chunk->open);
    memcpy(item, &chunk->free, sizeof chunk->free);
    chunk->free = item;
    if (chunk->used > 0)
        return;
    list_remove(&chunk->open);
    pool->chunk_count--;
    free(chunk);
}

size_t pool_memory_bytes(const struct pool *pool)
{
    return pool->chunk_count * CHUNK_BYTES;
}
