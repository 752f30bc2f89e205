/* struct follower: what must be there. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "crashpoints/follower.h"

void follower_payload(uint64_t index, uint64_t term, uint8_t *bytes, size_t size)
{
    struct random random = {.state = index * 1000003 + term * 31 + size};
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)random_u64(&random);
}

static bool entry_fits(const struct raft_entry *entry)
{
    size_t size = entry->payload ? entry->payload->size : 0;
    uint8_t *expected = memory_get(size + 1);
    follower_payload(entry->index, entry->term, expected, size);
    bool fits = entry->time_ms == entry->index * 10 && entry->type == RAFT_ENTRY_COMMAND &&
                (size == 0 || memcmp(expected, entry->payload->bytes, size) == 0);
    free(expected);
    return fits;
}

/* --- the log ----------------------------------------------------------------------------------------------------- */

static bool log_fits_somehow(const struct follower *follower, const struct disk_recovered *recovered)
{
    if (log_model_fits(&follower->log, recovered))
        return true;
    struct log_model log = follower->log;
    if (follower->reset_next > 0) {
        log_model_reset(&log, follower->reset_next, follower->reset_term_next);
        if (log_model_fits(&log, recovered))
            return true;
    }
    for (uint64_t count = 1; count <= follower->count_next; count++) {
        log = follower->log;
        log_model_append(&log, follower->first_next, count, follower->entry_term_next);
        if (log_model_fits(&log, recovered))
            return true;
    }
    return false;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

enum result follower_check(const struct follower *follower, struct world *world, const struct disk_recovered *recovered)
{
    bool vote_kept = recovered->term == follower->term && recovered->vote == follower->vote;
    bool vote_new = follower->vote_next && recovered->term == follower->term_next &&
                    recovered->vote == follower->vote_for_next;
    if (!vote_kept && !vote_new)
        return world_wrong(world, "term %" PRIu64 " and vote %u were never to be kept, or are old", recovered->term,
                           recovered->vote);
    if (recovered->snapshot_index != follower->snapshot &&
        (follower->snapshot_next == 0 || recovered->snapshot_index != follower->snapshot_next))
        return world_wrong(world, "snapshot %" PRIu64 " instead of %" PRIu64, recovered->snapshot_index,
                           follower->snapshot);
    if (follower->formed && recovered->identity.configuration.count == 0)
        return world_wrong(world, "its cluster is forgotten");
    for (uint64_t i = 0; i < recovered->entry_count; i++) {
        const struct raft_entry *entry = &recovered->entries[i];
        if (entry->index != recovered->snapshot_index + 1 + i || !entry_fits(entry))
            return world_wrong(world, "entry %" PRIu64 " is not what was written", entry->index);
    }
    if (!log_fits_somehow(follower, recovered))
        return world_wrong(world, "snapshot %" PRIu64 " and entries up to %" PRIu64 " are not the log that was kept",
                           recovered->snapshot_index, recovered->snapshot_index + recovered->entry_count);
    return DONE;
}

void follower_adopt(struct follower *follower, const struct disk_recovered *recovered)
{
    follower->term = recovered->term;
    follower->vote = recovered->vote;
    follower->snapshot = recovered->snapshot_index;
    follower->formed = recovered->identity.configuration.count > 0;
    log_model_reset(&follower->log, recovered->snapshot_index, recovered->snapshot_term);
    for (uint64_t i = 0; i < recovered->entry_count; i++)
        log_model_append(&follower->log, recovered->entries[i].index, 1, recovered->entries[i].term);
    follower->vote_next = false;
    follower->first_next = follower->count_next = follower->reset_next = follower->snapshot_next = 0;
}

void follower_settle_log(struct follower *follower)
{
    if (follower->vote_next) {
        follower->term = follower->term_next;
        follower->vote = follower->vote_for_next;
    }
    if (follower->count_next > 0)
        log_model_append(&follower->log, follower->first_next, follower->count_next, follower->entry_term_next);
    if (follower->reset_next > 0)
        log_model_reset(&follower->log, follower->reset_next, follower->reset_term_next);
    follower->vote_next = false;
    follower->first_next = follower->count_next = follower->reset_next = 0;
}

void follower_settle_snapshot(struct follower *follower)
{
    if (follower->snapshot_next > follower->snapshot)
        follower->snapshot = follower->snapshot_next;
    follower->snapshot_next = 0;
}
