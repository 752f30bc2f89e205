#include "sim/oracle_feed.h"

#include <string.h>

#include "base/memory.h"
#include "sim/oracle_files.h"

static struct oracle_event *tell(struct oracle *oracle, const struct oracle_file *file)
{
    if (oracle->event_count == oracle->event_capacity) {
        oracle->event_capacity = oracle->event_capacity > 0 ? 2 * oracle->event_capacity : 256;
        oracle->events = memory_resize(oracle->events, oracle->event_capacity, sizeof *oracle->events);
    }
    struct oracle_event *event = &oracle->events[oracle->event_count++];
    *event = (struct oracle_event){.revision = oracle->entries[oracle->count].revision,
                                   .file = (uint32_t)(file - oracle->files)};
    return event;
}

void oracle_tell_changed(struct oracle *oracle, const struct oracle_file *file)
{
    struct oracle_state state = oracle_last(file);
    struct oracle_event *event = tell(oracle, file);
    event->version = state.version;
    event->size = state.size;
    event->expires_ms = state.expires_ms;
}

void oracle_tell_removed(struct oracle *oracle, const struct oracle_file *file, uint64_t version, bool expired)
{
    struct oracle_event *event = tell(oracle, file);
    event->version = version;
    event->removed = true;
    event->expired = expired;
}

/* The number of the first event behind REVISION. */
static size_t first_behind(const struct oracle *oracle, uint64_t revision)
{
    size_t low = 0, high = oracle->event_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (oracle->events[middle].revision <= revision)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const char *compare(const struct oracle *oracle, size_t number, const struct feed_entry *entry)
{
    const struct oracle_event *event = &oracle->events[number];
    const struct oracle_file *file = &oracle->files[event->file];
    bool more = number + 1 < oracle->event_count && oracle->events[number + 1].revision == event->revision;
    if (entry->revision != event->revision)
        return "its feed lacks a revision that was committed";
    if (entry->name_size != file->name_size || memcmp(entry->name, file->name, file->name_size) != 0)
        return "its feed tells of another file";
    if ((entry->kind == EVENT_REMOVED) != event->removed || (entry->cause == EVENT_BY_EXPIRY) != event->expired)
        return "its feed does not tell what became of a file";
    if (entry->version != event->version || entry->size != event->size || entry->expires_ms != event->expires_ms)
        return "its feed does not tell what a file is";
    return entry->more == more ? NULL : "its feed does not tell where a revision ends";
}

const char *oracle_compare_feed(const struct oracle *oracle, const struct feed *feed, uint64_t revision,
                                uint64_t *checked)
{
    if (*checked < feed->since)
        *checked = feed->since;
    uint64_t number;
    if (!feed_find(feed, *checked, &number))
        return "its feed has lost what it says that it has";
    size_t expected = first_behind(oracle, *checked);
    for (; number < feed->end; number++, expected++) {
        if (expected == oracle->event_count)
            return "its feed tells what was never committed";
        const char *wrong = compare(oracle, expected, feed_at(feed, number));
        if (wrong)
            return wrong;
    }
    if (expected < oracle->event_count && oracle->events[expected].revision <= revision)
        return "its feed lacks what was committed last";
    *checked = revision > *checked ? revision : *checked;
    return NULL;
}
