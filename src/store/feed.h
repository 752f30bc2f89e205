/* The feed: the changes of files in the order of their revisions, as far back as there is room, for whoever watches. It
 * is no part of the state: each node fills its own with what each apply leaves (store_events), and one that starts anew
 * has it again as far as its log goes back.
 *
 *      entries  [ oldest | ... | newest ]     a ring
 *      names    [ bytes of their names  ]     a ring beside it
 *
 * It keeps no contents. What is left of it are always whole revisions: all changes behind `since` are there. */
#ifndef CLEAT_STORE_FEED_H
#define CLEAT_STORE_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/events.h"

struct feed_entry {
    uint64_t revision;
    uint64_t version;
    uint64_t size;
    uint64_t expires_ms;
    const uint8_t *name; /* the feed's */
    uint64_t name_at;    /* its number among the bytes of names */
    uint16_t name_size;
    uint8_t kind;        /* enum store_event_kind */
    uint8_t cause;       /* enum store_event_cause */
    bool more;           /* the next entry is of the same revision */
};

struct feed {
    struct feed_entry *entries; /* owned; NULL: it is off */
    size_t entries_max;
    uint8_t *names;             /* owned */
    size_t names_max;
    uint64_t first;             /* entries are numbered: the oldest, */
    uint64_t end;               /* and the one behind the newest */
    uint64_t names_first;       /* so are bytes of names, those included that were passed over at the ring's end, */
    uint64_t names_end;         /* from 0 on whenever it is empty */
    uint64_t since;
};

/* Room for so many entries, and for so many bytes of names; 0 entries: it stays empty, and costs nothing. */
void feed_init(struct feed *feed, size_t entries_max, size_t names_max);
void feed_close(struct feed *feed);
/* A state took the place of the one before: nothing is known of how it came to be, up to REVISION. */
void feed_reset(struct feed *feed, uint64_t revision);

static inline bool feed_is_on(const struct feed *feed)
{
    return feed->entries_max > 0;
}

/* Adds what an apply left. Where there is no room the oldest revisions go. */
void feed_add(struct feed *feed, const struct store_event *events, size_t count);

/* The number of the first entry behind REVISION, feed->end if there is none yet. False: some that came behind it are
 * not there any more. */
bool feed_find(const struct feed *feed, uint64_t revision, uint64_t *number);
/* Entry NUMBER, from first to end - 1: until the next call that changes the feed. */
const struct feed_entry *feed_at(const struct feed *feed, uint64_t number);

#endif
