#include "sim/events.h"

#include <stdlib.h>

#include "base/memory.h"

static struct event *event_of(struct heap_item *item)
{
    return (struct event *)(void *)((uint8_t *)item - offsetof(struct event, item));
}

void events_add(struct events *events, uint64_t at_us, const struct event *event)
{
    struct event *copy = memory_get(sizeof *copy);
    *copy = *event;
    copy->item = (struct heap_item){.key = at_us, .tie = ++events->planned};
    heap_insert(&events->heap, &copy->item);
}

bool events_take(struct events *events, struct event *event)
{
    struct heap_item *first = heap_first(&events->heap);
    if (!first)
        return false;
    heap_remove(&events->heap, first);
    *event = *event_of(first);
    free(event_of(first));
    return true;
}

void events_close(struct events *events)
{
    struct event event;
    while (events_take(events, &event))
        free(event.bytes);
    heap_close(&events->heap);
}
