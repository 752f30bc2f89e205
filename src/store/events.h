/* What an entry did to files, for those who watch them: left by its apply, to be read until the next one.
 *
 * One event for each file that was changed or removed, in the order in which that was done; those of one revision stand
 * side by side, and all of them but the last say that more follow. What touches a file makes none, for it takes no
 * revision, and a setting makes none. */
#ifndef CLEAT_STORE_EVENTS_H
#define CLEAT_STORE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/ensure.h"
#include "protocol/command.h"
#include "protocol/transaction.h"
#include "store/limits.h"

/* A part of a transaction expires up to two files, and changes up to two. */
enum { STORE_EVENTS_MAX = 4 * TRANSACTION_PARTS_MAX + STORE_SWEEP_MAX };

enum store_event_kind { EVENT_CHANGED = 1, EVENT_REMOVED };
enum store_event_cause { EVENT_BY_COMMAND = 1, EVENT_BY_EXPIRY };

struct store_event {
    enum store_event_kind kind;
    enum store_event_cause cause;
    bool more;            /* the next one is of the same revision */
    uint16_t name_size;
    const uint8_t *name;  /* in the blob */
    struct blob *blob;    /* of the file as it is, or was: there until the next apply */
    uint64_t revision;
    uint64_t version;     /* changed: the revision; removed: the one that it had */
    uint64_t expires_ms;  /* 0: never; removed: 0 */
};

/* A changed file has the blob. Nobody else has it where the file was removed: then the outbox holds a reference. */
struct store_events {
    size_t count;
    size_t held; /* events that hold one */
    struct store_event items[STORE_EVENTS_MAX];
};

/* Gives up the references. */
void store_events_let_go(struct store_events *events);

/* They have been read. */
static inline void store_events_release(struct store_events *events)
{
    if (events->held > 0)
        store_events_let_go(events);
    ensure(events->held == 0);
    events->count = 0;
}

/* One event more, at REVISION, which is not below the last one's: the caller fills in all but that and `more`. */
static inline struct store_event *store_event_add(struct store_events *events, uint64_t revision)
{
    ensure(events->count < STORE_EVENTS_MAX);
    struct store_event *event = &events->items[events->count];
    if (events->count++ > 0) {
        ensure(event[-1].revision <= revision);
        event[-1].more = event[-1].revision == revision;
    }
    event->revision = revision;
    event->more = false;
    return event;
}

/* The contents' size; 0 where the file was removed. */
static inline size_t store_event_size(const struct store_event *event)
{
    if (event->kind == EVENT_CHANGED)
        return command_value_size(event->blob);
    ensure(event->kind == EVENT_REMOVED && event->expires_ms == 0);
    return 0;
}

#endif
