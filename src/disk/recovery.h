/* A start: reads all that is in the data directory, decides, and only then changes anything.
 *
 *      identity -> vote -> newest good snapshot -> log -> do they fit together? -> mend -> a new segment
 *
 * - The log must reach from the snapshot on without a gap. Where it ends before the snapshot, or has another entry at
 *   its index, the snapshot stands for it: the log is dropped, by a RESET in the new segment.
 * - A damaged newest snapshot is passed over only if the log holds everything from the older one up to it.
 * - Where the tip has little in it, all of that is written anew, and the tip goes: many starts in a row leave one
 *   segment, not one each. A start that finds no room makes its segment of the reserve (reserve.h), and the tip goes
 *   there where what it has fits in the new one.
 * - The last batch, unless a mark closed it, is written anew, since what a process that died wrote may be in the page
 *   cache alone; all before it was synced. */
#ifndef CLEAT_DISK_RECOVERY_H
#define CLEAT_DISK_RECOVERY_H

#include "disk/archive.h"
#include "disk/directory.h"
#include "disk/disk.h"
#include "disk/removals.h"
#include "disk/replay.h"
#include "disk/reserve.h"
#include "disk/segments.h"
#include "disk/snapshot.h"
#include "disk/trail.h"
#include "disk/vote.h"
#include "disk/wal.h"

struct recovery {
    const struct disk_options *options;
    const struct directory *directory;
    uint32_t block_max_bytes;
    struct buffer *notes;
    struct removals *removals;
    struct reserve *reserve;
    bool full;                    /* there was no room for a new segment */
    bool starved;                 /* ... so that it is made of what was set aside */

    struct directory_listing listing;
    struct disk_identity identity;
    bool made;                    /* there was nothing: identity and vote are to be made */
    struct vote vote;             /* handed over to the caller where it succeeds */
    struct snapshot snapshot;     /* index 0: none */
    struct archive archive;
    uint64_t passed_index;        /* the newest snapshot, damaged and passed over; 0: none */
    uint64_t passed_term;
    char passed_reason[DISK_REASON_MAX];
    struct trail trail;
    struct replay replay;
    bool drop;                    /* the log gives way to the snapshot */
    uint64_t next_sequence;
    uint64_t wal_bytes;
};

/* Reads and decides. Changes nothing on the disk. The vote is open where DISK_OK. */
enum disk_status recovery_read(struct recovery *recovery, char *reason);
/* Mends, and begins a new segment. WAL is initialised; SEGMENTS gets the log's segments. */
enum disk_status recovery_mend(struct recovery *recovery, struct wal *wal, struct segments *segments, char *reason);
/* Frees all but the vote. */
void recovery_close(struct recovery *recovery);

#endif
