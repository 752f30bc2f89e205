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
    struct blob *blob;    /* of the file as it is, or was: the outbox holds a reference until the next apply */
    uint64_t revision;
    uint64_t version;     /* changed: the revision; removed: the one that it had */
    uint64_t size;        /* of the contents; removed: 0 */
    uint64_t expires_ms;  /* 0: never; removed: 0 */
};

struct store_events {
    size_t count;
    struct store_event items[STORE_EVENTS_MAX];
};

/* They have been read. */
void store_events_release(struct store_events *events);
/* Adds EVENT, whose blob gets a reference; its revision is not below the last one's. `more` is set here. */
void store_event_add(struct store_events *events, const struct store_event *event);

#endif
