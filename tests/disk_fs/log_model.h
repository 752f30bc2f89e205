/* What a log on disk should be, by its terms alone: to compare with what a recovery finds. */
#ifndef CLEAT_TESTS_LOG_MODEL_H
#define CLEAT_TESTS_LOG_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ensure.h"
#include "disk/disk.h"

enum { LOG_MODEL_MAX = 256 };

struct log_model {
    uint64_t base;                 /* what is at or below it is only in a snapshot */
    uint64_t last;
    uint64_t terms[LOG_MODEL_MAX]; /* by index */
};

/* COUNT entries of TERM from FIRST on, in place of what was there. */
static inline void log_model_append(struct log_model *log, uint64_t first, uint64_t count, uint64_t term)
{
    ensure(first > 0 && first <= log->last + 1 && first + count <= LOG_MODEL_MAX);
    log->last = first + count - 1;
    for (uint64_t i = first; i <= log->last; i++)
        log->terms[i] = term;
}

static inline void log_model_reset(struct log_model *log, uint64_t index, uint64_t term)
{
    log->base = log->last = index;
    log->terms[index] = term;
}

/* Whether what was recovered is the snapshot and what LOG has behind it. A log that does not hold the snapshot's last
 * entry gives way to it. */
static inline bool log_model_fits(const struct log_model *log, const struct disk_recovered *recovered)
{
    uint64_t snapshot = recovered->snapshot_index;
    uint64_t last = log->last;
    if (last < snapshot || (snapshot > log->base && log->terms[snapshot] != recovered->snapshot_term))
        last = snapshot;
    if (snapshot + recovered->entry_count != last)
        return false;
    for (uint64_t i = 0; i < recovered->entry_count; i++) {
        if (recovered->entries[i].term != log->terms[snapshot + 1 + i])
            return false;
    }
    return true;
}

#endif
