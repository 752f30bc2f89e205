#include "store/events.h"

#include "base/ensure.h"

void store_events_release(struct store_events *events)
{
    ensure(events->count <= STORE_EVENTS_MAX);
    for (size_t i = 0; i < events->count; i++)
        blob_release(events->items[i].blob);
    events->count = 0;
}

void store_event_add(struct store_events *events, const struct store_event *event)
{
    ensure(events->count < STORE_EVENTS_MAX);
    ensure(event->version > 0 && event->version <= event->revision);
    struct store_event *place = &events->items[events->count];
    *place = *event;
    place->more = false;
    blob_hold(place->blob);
    if (events->count > 0) {
        ensure(place[-1].revision <= place->revision);
        place[-1].more = place[-1].revision == place->revision;
    }
    events->count++;
}
