#include "store/events.h"

void store_events_let_go(struct store_events *events)
{
    ensure(events->held <= events->count && events->count <= STORE_EVENTS_MAX);
    for (size_t i = 0; events->held > 0; i++) {
        ensure(i < events->count);
        if (events->items[i].kind != EVENT_REMOVED)
            continue;
        ensure(events->items[i].version < events->items[i].revision);
        blob_release(events->items[i].blob);
        events->held--;
    }
}
