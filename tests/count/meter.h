/* What is counted, for one node. Work is counted while a meter is in use: that of the node, not of the program around
 * it.
 *
 * meter.c stands before the file system (fs_write, fs_writev, fs_sync) when linked with --wrap; calls.c likewise before
 * malloc, calloc, realloc, free, memcpy, memmove and XXH3. Without calls.c what it counts stays 0. */
#ifndef CLEAT_TESTS_COUNT_METER_H
#define CLEAT_TESTS_COUNT_METER_H

#include <stdint.h>

struct meter {
    uint64_t turns;
    uint64_t allocations;     /* malloc, calloc, realloc of a new block, and realloc that moved one */
    uint64_t frees;           /* free, and realloc that moved a block */
    uint64_t allocated_bytes;
    uint64_t copied_bytes;    /* by calls of memcpy and memmove, and by realloc */
    uint64_t hashed_bytes;
    uint64_t requests;        /* batches for the log */
    uint64_t writes;          /* calls of the file system that write */
    uint64_t syncs;
    uint64_t written_bytes;
    uint64_t frames;          /* sent to other nodes */
    uint64_t sends;           /* how often a link had something to be written at the end of a turn */
    uint64_t link_bytes;
};

/* METER counts from here on; NULL: nothing is counted. */
void meter_use(struct meter *meter);
struct meter *meter_used(void);
/* What NOW counted since BEFORE was taken from it. */
struct meter meter_since(const struct meter *now, const struct meter *before);

#endif
