#include "raft/log.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"

enum { CAPACITY_MIN = 64 };

static uint64_t payload_bytes(const struct raft_entry *entry)
{
    return entry->payload ? entry->payload->size : 0;
}

static struct raft_entry *entry_at(const struct raft_log *log, uint64_t index)
{
    ensure(index > log->base_index && index <= raft_log_last(log));
    return &log->entries[log->start + (size_t)(index - log->base_index - 1)];
}

static void check(const struct raft_log *log)
{
    ensure(log->base_index <= log->durable && log->durable <= log->handed && log->handed <= raft_log_last(log));
    ensure(log->start + log->count <= log->capacity && log->configuration_count > 0);
}

/* --- configurations --------------------------------------------------------------------------------------------- */

static void configuration_push(struct raft_log *log, uint64_t index, const struct raft_configuration *configuration)
{
    if (log->configuration_count == log->configuration_capacity) {
        log->configuration_capacity = log->configuration_capacity * 2 + 1;
        log->configurations =
            memory_resize(log->configurations, log->configuration_capacity, sizeof *log->configurations);
    }
    log->configurations[log->configuration_count].index = index;
    log->configurations[log->configuration_count].configuration = *configuration;
    log->configuration_count++;
    log->configuration_changes++;
}

/* Those that a newer one at or below INDEX has replaced are forgotten. */
static void configurations_compact(struct raft_log *log, uint64_t index)
{
    size_t drop = 0;
    while (drop + 1 < log->configuration_count && log->configurations[drop + 1].index <= index)
        drop++;
    log->configuration_count -= drop;
    memmove(log->configurations, log->configurations + drop, log->configuration_count * sizeof *log->configurations);
}

const struct raft_configuration *raft_log_configuration(const struct raft_log *log)
{
    ensure(log->configuration_count > 0);
    return &log->configurations[log->configuration_count - 1].configuration;
}

const struct raft_configuration *raft_log_configuration_at(const struct raft_log *log, uint64_t index)
{
    ensure(index >= log->base_index && log->configuration_count > 0);
    size_t at = log->configuration_count - 1;
    while (log->configurations[at].index > index) {
        ensure(at > 0);
        at--;
    }
    return &log->configurations[at].configuration;
}

/* --- the entries' memory ---------------------------------------------------------------------------------------- */

static void make_room(struct raft_log *log)
{
    if (log->start + log->count < log->capacity)
        return;
    if (log->start > log->capacity / 2) { /* each entry moves a bounded number of times */
        memmove(log->entries, log->entries + log->start, log->count * sizeof *log->entries);
        log->start = 0;
        return;
    }
    log->capacity = log->capacity > 0 ? log->capacity * 2 : CAPACITY_MIN;
    log->entries = memory_resize(log->entries, log->capacity, sizeof *log->entries);
}

/* Gives memory back after a burst. */
static void shrink(struct raft_log *log)
{
    if (log->count == 0)
        log->start = 0;
    if (log->capacity <= CAPACITY_MIN * 16 || log->count > log->capacity / 8)
        return;
    if (log->start > 0)
        memmove(log->entries, log->entries + log->start, log->count * sizeof *log->entries);
    log->start = 0;
    log->capacity /= 4;
    log->entries = memory_resize(log->entries, log->capacity, sizeof *log->entries);
}

static void release(struct raft_log *log, struct raft_entry *entry)
{
    uint64_t bytes = payload_bytes(entry);
    ensure(log->bytes >= bytes);
    log->bytes -= bytes;
    if (entry->index > log->durable) {
        ensure(log->unwritten_bytes >= bytes);
        log->unwritten_bytes -= bytes;
    }
    blob_release(entry->payload);
    entry->payload = NULL;
}

/* Drops COUNT entries at the front; the base moves there. */
static void drop_front(struct raft_log *log, size_t count)
{
    ensure(count <= log->count);
    if (count == 0)
        return;
    const struct raft_entry *last = &log->entries[log->start + count - 1];
    uint64_t index = last->index;
    uint64_t term = last->term;
    log->base_time_ms = last->time_ms;
    for (size_t i = 0; i < count; i++)
        release(log, &log->entries[log->start + i]);
    log->start += count;
    log->count -= count;
    log->base_index = index;
    log->base_term = term;
}

static void set_durable(struct raft_log *log, uint64_t index)
{
    ensure(index >= log->durable && index <= raft_log_last(log));
    for (uint64_t i = log->durable + 1; i <= index; i++)
        log->unwritten_bytes -= payload_bytes(entry_at(log, i));
    log->durable = index;
}

/* --- life ------------------------------------------------------------------------------------------------------- */

void raft_log_init(struct raft_log *log, uint64_t index, uint64_t term, const struct raft_configuration *configuration)
{
    ensure((index == 0) == (term == 0));
    *log = (struct raft_log){.base_index = index, .base_term = term, .durable = index, .handed = index};
    configuration_push(log, index, configuration);
    check(log);
}

void raft_log_close(struct raft_log *log)
{
    for (size_t i = 0; i < log->count; i++)
        blob_release(log->entries[log->start + i].payload);
    free(log->entries);
    free(log->configurations);
    *log = (struct raft_log){0};
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

uint64_t raft_log_last_term(const struct raft_log *log)
{
    return raft_log_term(log, raft_log_last(log));
}

uint64_t raft_log_last_time_ms(const struct raft_log *log)
{
    return log->count > 0 ? log->entries[log->start + log->count - 1].time_ms : log->base_time_ms;
}

uint64_t raft_log_term(const struct raft_log *log, uint64_t index)
{
    if (index == log->base_index)
        return log->base_term;
    if (index < log->base_index || index > raft_log_last(log))
        return 0;
    return entry_at(log, index)->term;
}

uint64_t raft_log_find(const struct raft_log *log, uint64_t index, uint64_t term)
{
    if (log->base_term > term || index < log->base_index)
        return log->base_index > 0 ? log->base_index - 1 : 0;
    /* Terms never fall along the log, so halving finds it. */
    uint64_t low = log->base_index; /* its term is at most TERM */
    uint64_t high = index < raft_log_last(log) ? index : raft_log_last(log);
    while (low < high) {
        uint64_t middle = high - (high - low) / 2;
        if (raft_log_term(log, middle) <= term)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* --- changing --------------------------------------------------------------------------------------------------- */

bool raft_log_append(struct raft_log *log, const struct raft_entry *entry)
{
    ensure(entry->index == raft_log_last(log) + 1);
    ensure(entry->term > 0 && entry->term >= raft_log_last_term(log));
    make_room(log);
    log->entries[log->start + log->count++] = *entry;
    if (entry->payload)
        blob_hold(entry->payload);
    log->bytes += payload_bytes(entry);
    log->unwritten_bytes += payload_bytes(entry);
    if (entry->type != RAFT_ENTRY_CONFIGURATION || !entry->payload)
        return false;
    struct raft_configuration configuration;
    if (!raft_configuration_decode(entry->payload->bytes, entry->payload->size, &configuration))
        return false;
    configuration_push(log, entry->index, &configuration);
    return true;
}

bool raft_log_truncate(struct raft_log *log, uint64_t index)
{
    ensure(index > log->base_index && index <= raft_log_last(log));
    for (uint64_t last = raft_log_last(log); last >= index; last--) {
        release(log, entry_at(log, last));
        log->count--;
    }
    if (log->durable >= index)
        log->durable = index - 1;
    /* What is being written of the dropped entries does not become durable when the batch completes: whatever takes
     * these indexes later is another entry, and must be handed out itself. */
    if (log->handed >= index)
        log->handed = index - 1;
    bool changed = false;
    while (log->configuration_count > 1 && log->configurations[log->configuration_count - 1].index >= index) {
        log->configuration_count--;
        changed = true;
    }
    log->configuration_changes += changed;
    check(log);
    return changed;
}

void raft_log_restore(struct raft_log *log, uint64_t index, uint64_t term, bool keep,
                      const struct raft_configuration *configuration)
{
    ensure(index > log->base_index && term > 0);
    ensure(!keep || raft_log_term(log, index) == term);
    if (keep) {
        drop_front(log, (size_t)(index - log->base_index));
    } else {
        drop_front(log, log->count);
        log->configuration_count = 1;
    }
    log->base_index = index;
    log->base_term = term;
    if (!keep || log->handed < index) {
        /* On disk there is something else, or too little: it starts anew after the snapshot. */
        log->reset = true;
        log->handed = index;
        log->durable = index;
    } else if (log->durable < index) {
        log->durable = index; /* by the snapshot; a batch is under way that goes beyond it */
    }
    configurations_compact(log, index);
    ensure(log->configurations[0].index <= index);
    log->configurations[0].index = index;
    log->configurations[0].configuration = *configuration;
    log->configuration_changes++;
    shrink(log);
    check(log);
}

void raft_log_compact(struct raft_log *log, uint64_t index)
{
    ensure(index <= log->durable);
    if (index <= log->base_index)
        return;
    drop_front(log, (size_t)(index - log->base_index));
    configurations_compact(log, index);
    shrink(log);
    check(log);
}

void raft_log_hand(struct raft_log *log, uint64_t index)
{
    ensure(index >= log->handed && index <= raft_log_last(log));
    log->handed = index;
    log->reset = false;
}

void raft_log_written(struct raft_log *log)
{
    set_durable(log, log->handed);
    check(log);
}
