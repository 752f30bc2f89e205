/* What a follower's disk was told to keep: term and vote, the log as entries came, were taken back and came anew, and
 * snapshots of its own and of leaders. What is under way may be there or not after a crash; what is done must be. */
#ifndef CLEAT_TESTS_CRASHPOINTS_FOLLOWER_H
#define CLEAT_TESTS_CRASHPOINTS_FOLLOWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crashpoints/world.h"
#include "disk/disk.h"
#include "disk_fs/log_model.h"

struct follower {
    bool formed;
    uint64_t term;
    uint32_t vote;
    uint64_t snapshot;
    struct log_model log;

    /* Under way. */
    bool vote_next;
    uint64_t term_next;
    uint32_t vote_for_next;
    uint64_t first_next;     /* entries from here on; 0: none */
    uint64_t count_next;
    uint64_t entry_term_next;
    uint64_t snapshot_next;  /* 0: none */
    uint64_t reset_next;     /* the log is to start anew after it; 0: no */
    uint64_t reset_term_next;
};

/* Whether RECOVERED is what was kept, or that with some of what was under way. */
enum result follower_check(const struct follower *follower, struct world *world,
                           const struct disk_recovered *recovered);
/* RECOVERED was there after a start that succeeded: from now on it is what is kept. */
void follower_adopt(struct follower *follower, const struct disk_recovered *recovered);
/* All that was under way is done: of the log and the vote, and of snapshots. */
void follower_settle_log(struct follower *follower);
void follower_settle_snapshot(struct follower *follower);

/* The payload of an entry, or a snapshot's block, at INDEX of TERM. */
enum { FOLLOWER_BLOCK = 700, FOLLOWER_BLOCKS = 3 };
void follower_payload(uint64_t index, uint64_t term, uint8_t *bytes, size_t size);

#endif
