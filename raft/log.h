/* The log in memory: the entries that follow a base, and how far they are durable.
 *
 *                 base        durable      handed         last
 *      (snapshot)  |  entries    |   batch    |   entries   |
 *                  |  on disk    |  under way |   waiting   |
 *
 * base <= durable <= handed <= last. Entries lie in one piece of memory, so that a message borrows a run of them. */
#ifndef CLEAT_RAFT_LOG_H
#define CLEAT_RAFT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ensure.h"
#include "raft/configuration.h"
#include "raft/message.h"

/* A configuration and the entry that holds it (or the base, for the first). */
struct raft_log_configuration {
    uint64_t index;
    struct raft_configuration configuration;
};

struct raft_log {
    struct raft_entry *entries; /* those in use: start .. start + count */
    size_t start;
    size_t count;
    size_t capacity;
    uint64_t base_index;
    uint64_t base_term;
    uint64_t base_time_ms;    /* of the last entry that left at the front */
    uint64_t durable;
    uint64_t handed;
    bool reset;               /* the log on disk must start anew after the base; nothing after the base is handed */
    uint64_t bytes;           /* of payload */
    uint64_t unwritten_bytes; /* of payload after `durable` */
    /* The one as of the base, then every one in the entries: the last one counts (dissertation 4.1). */
    struct raft_log_configuration *configurations;
    size_t configuration_count;
    size_t configuration_capacity;
    uint64_t configuration_changes; /* how often the newest one became another, or may have */
};

void raft_log_init(struct raft_log *log, uint64_t index, uint64_t term, const struct raft_configuration *configuration);
void raft_log_close(struct raft_log *log);

static inline uint64_t raft_log_last(const struct raft_log *log)
{
    return log->base_index + log->count;
}

uint64_t raft_log_last_term(const struct raft_log *log);
uint64_t raft_log_last_time_ms(const struct raft_log *log);
/* 0 where the log does not know it. */
uint64_t raft_log_term(const struct raft_log *log, uint64_t index);
/* base < INDEX <= last. */
static inline const struct raft_entry *raft_log_entry(const struct raft_log *log, uint64_t index)
{
    ensure(index > log->base_index && index <= raft_log_last(log));
    const struct raft_entry *entry = &log->entries[log->start + (size_t)(index - log->base_index - 1)];
    ensure(entry->index == index);
    return entry;
}

/* The largest index up to INDEX (at most last) whose term is at most TERM; base - 1 where there is none. */
uint64_t raft_log_find(const struct raft_log *log, uint64_t index, uint64_t term);
/* The newest configuration; and the one that held at INDEX (at least base). Borrowed until the log changes. */
const struct raft_configuration *raft_log_configuration(const struct raft_log *log);
const struct raft_configuration *raft_log_configuration_at(const struct raft_log *log, uint64_t index);

/* These two return whether the newest configuration became another one. */
/* ENTRY follows the last one; a reference to its payload is taken. A payload that is no configuration changes none. */
bool raft_log_append(struct raft_log *log, const struct raft_entry *entry);
/* Drops the entries from INDEX on. */
bool raft_log_truncate(struct raft_log *log, uint64_t index);

/* A snapshot takes the place of everything up to INDEX; entries after it stay if KEEP. */
void raft_log_restore(struct raft_log *log, uint64_t index, uint64_t term, bool keep,
                      const struct raft_configuration *configuration);

/* Entries up to INDEX, which are durable, need not stay in memory. */
void raft_log_compact(struct raft_log *log, uint64_t index);

/* The entries up to INDEX go to the disk now, and a reset if one was due. */
void raft_log_hand(struct raft_log *log, uint64_t index);
/* What was handed, and is still there, is durable. */
void raft_log_written(struct raft_log *log);

#endif
