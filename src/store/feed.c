#include "store/feed.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"

void feed_init(struct feed *feed, size_t entries_max, size_t names_max)
{
    ensure(entries_max == 0 || names_max >= UINT8_MAX);
    *feed = (struct feed){.entries_max = entries_max, .names_max = names_max};
    if (entries_max > 0) {
        feed->entries = memory_get(entries_max * sizeof *feed->entries);
        feed->names = memory_get(names_max);
    }
}

void feed_close(struct feed *feed)
{
    ensure(feed->first <= feed->end && feed->end - feed->first <= feed->entries_max);
    ensure(feed->names_first <= feed->names_end && feed->names_end - feed->names_first <= feed->names_max);
    free(feed->entries);
    free(feed->names);
    *feed = (struct feed){0};
}

void feed_reset(struct feed *feed, uint64_t revision)
{
    feed->first = feed->end = 0;
    feed->names_first = feed->names_end = 0;
    feed->since = revision;
    ensure(feed->first == feed->end);
}

static struct feed_entry *place_of(const struct feed *feed, uint64_t number)
{
    ensure(number >= feed->first && number < feed->end);
    return &feed->entries[number % feed->entries_max];
}

const struct feed_entry *feed_at(const struct feed *feed, uint64_t number)
{
    const struct feed_entry *entry = place_of(feed, number);
    ensure(entry->revision > feed->since);
    return entry;
}

/* The oldest revision goes, with all of its entries. */
static void drop_oldest(struct feed *feed)
{
    ensure(place_of(feed, feed->first)->revision > feed->since);
    feed->since = place_of(feed, feed->first)->revision;
    while (feed->first < feed->end && place_of(feed, feed->first)->revision == feed->since)
        feed->first++;
    /* Whole revisions go, but for the newest, of which more may be on its way. */
    ensure(feed->first == feed->end || !feed->entries[(feed->first - 1) % feed->entries_max].more);
    if (feed->first == feed->end)
        feed->names_end = 0;
    feed->names_first = feed->first < feed->end ? place_of(feed, feed->first)->name_at : 0;
    ensure(feed->names_first <= feed->names_end);
}

/* Where SIZE bytes of a name begin, in one piece: here or at the ring's start. */
static uint64_t name_begin(const struct feed *feed, size_t size)
{
    uint64_t at = feed->names_end % feed->names_max;
    return at + size <= feed->names_max ? feed->names_end : feed->names_end - at + feed->names_max;
}

/* False: there is none, even where all older revisions are gone. What is there of this one goes, too. */
static bool make_room(struct feed *feed, uint64_t revision, size_t name_size)
{
    while (feed->end - feed->first == feed->entries_max ||
           name_begin(feed, name_size) + name_size - feed->names_first > feed->names_max) {
        if (feed->first == feed->end)
            return false;
        drop_oldest(feed);
        if (feed->since == revision)
            return false;
    }
    ensure(feed->end - feed->first < feed->entries_max && feed->since < revision);
    return true;
}

static void add_one(struct feed *feed, const struct store_event *event)
{
    if (event->revision == feed->since)
        return; /* the others of its revision had no room */
    if (!make_room(feed, event->revision, event->name_size)) {
        feed_reset(feed, event->revision);
        return;
    }
    ensure(event->revision > feed->since && event->name_size <= feed->names_max);
    uint64_t begin = name_begin(feed, event->name_size);
    uint8_t *name = feed->names + begin % feed->names_max;
    memcpy(name, event->name, event->name_size);
    ensure(begin >= feed->names_end && begin % feed->names_max + event->name_size <= feed->names_max);
    feed->names_end = begin + event->name_size;
    feed->end++;
    *place_of(feed, feed->end - 1) = (struct feed_entry){
        .revision = event->revision,
        .version = event->version,
        .size = store_event_size(event),
        .expires_ms = event->expires_ms,
        .name = name,
        .name_at = begin,
        .name_size = event->name_size,
        .kind = (uint8_t)event->kind,
        .cause = (uint8_t)event->cause,
        .more = event->more,
    };
}

void feed_add(struct feed *feed, const struct store_event *events, size_t count)
{
    if (!feed_is_on(feed))
        return;
    ensure(count == 0 || !events[count - 1].more);
    for (size_t i = 0; i < count; i++) {
        ensure(events[i].revision >= feed->since);
        add_one(feed, &events[i]);
    }
}

bool feed_find(const struct feed *feed, uint64_t revision, uint64_t *number)
{
    if (revision < feed->since)
        return false;
    uint64_t low = feed->first, high = feed->end;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (feed_at(feed, middle)->revision <= revision)
            low = middle + 1;
        else
            high = middle;
    }
    ensure(low == feed->first || feed_at(feed, low - 1)->revision <= revision);
    ensure(low == feed->first || !feed_at(feed, low - 1)->more); /* between revisions, never in one */
    ensure(low == feed->end || feed_at(feed, low)->revision > revision);
    *number = low;
    return true;
}
