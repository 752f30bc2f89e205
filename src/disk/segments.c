#include "disk/segments.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"

void segments_init(struct segments *segments)
{
    *segments = (struct segments){0};
    ensure(pthread_mutex_init(&segments->lock, NULL) == 0);
}

void segments_close(struct segments *segments)
{
    ensure(pthread_mutex_destroy(&segments->lock) == 0);
    free(segments->items);
    *segments = (struct segments){0};
}

void segments_add(struct segments *segments, struct segments_item item)
{
    ensure(pthread_mutex_lock(&segments->lock) == 0);
    ensure(segments->count == 0 || segments->items[segments->count - 1].sequence < item.sequence);
    if (segments->count == segments->capacity) {
        segments->capacity = segments->capacity > 0 ? segments->capacity * 2 : 16;
        segments->items = memory_resize(segments->items, segments->capacity, sizeof *segments->items);
    }
    segments->items[segments->count++] = item;
    ensure(pthread_mutex_unlock(&segments->lock) == 0);
}

bool segments_oldest_before(struct segments *segments, uint64_t index, struct segments_item *item)
{
    ensure(pthread_mutex_lock(&segments->lock) == 0);
    /* The newest one always stays: the next one's first record refers to it. */
    bool found = segments->count >= 2 && segments->items[1].base_index <= index;
    if (found)
        *item = segments->items[0];
    ensure(pthread_mutex_unlock(&segments->lock) == 0);
    return found;
}

void segments_drop_oldest(struct segments *segments)
{
    ensure(pthread_mutex_lock(&segments->lock) == 0);
    ensure(segments->count >= 2);
    memmove(segments->items, segments->items + 1, --segments->count * sizeof *segments->items);
    ensure(pthread_mutex_unlock(&segments->lock) == 0);
}
