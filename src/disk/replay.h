/* What the log's records say, one after the other: which entries there are in the end.
 *
 *      ENTRY (i, t)   i <= last: all from i on are superseded. i > last + 1: cannot be
 *      RESET (i, t)   the log is empty, and goes on after (i, t)
 *      COMMIT, MARK   entries up to its commit are committed, if the log has them; what it cannot mean is passed over
 *
 * Only entries above `after` (the snapshot's index) are kept in memory. */
#ifndef CLEAT_DISK_REPLAY_H
#define CLEAT_DISK_REPLAY_H

#include "disk/disk.h"
#include "disk/record.h"

struct replay {
    uint64_t after;
    uint64_t after_term; /* of the log's entry there, while there is one */
    uint64_t base_index; /* the log holds what is after it */
    uint64_t base_term;  /* 0: not known */
    uint64_t last_index;
    uint64_t last_term;
    uint64_t commit; /* base_index <= commit <= last_index */
    struct raft_entry *entries; /* without a gap, the last one at last_index */
    size_t count;
    size_t capacity;
};

/* A log that goes on after (BASE_INDEX, BASE_TERM). */
void replay_init(struct replay *replay, uint64_t after, uint64_t base_index, uint64_t base_term);
void replay_close(struct replay *replay);
/* NULL, or what is wrong with the record. */
const char *replay_apply(struct replay *replay, const struct record *record);
/* The log's term at INDEX; 0 where that is not known. */
uint64_t replay_term_at(const struct replay *replay, uint64_t index);
/* Forgets the entries: the log goes on after (INDEX, TERM). */
void replay_reset(struct replay *replay, uint64_t index, uint64_t term);

#endif
