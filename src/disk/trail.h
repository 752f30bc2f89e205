/* The WAL's segments as a start finds them, and how they follow each other.
 *
 *      wal-5          wal-6          wal-9 (tip)              wal-10     wal-11
 *      [BEGIN ... ]<--[BEGIN ... ]<--[BEGIN ... batch ?????]  [zeros]    [zeros]
 *                 ^previous      ^previous      ^last batch   prepared, or their first batch was cut short; in
 *                                                             used ones old sectors instead of zeros
 *
 * - The tip is the newest segment with a valid BEGIN. Each BEGIN says which segment came before, and where that one's
 *   records end: up to there all must be valid, behind it nothing counts.
 * - In the tip the valid records end where a sector lacks what follows: it was never written, or is as it was before
 *   the last batch. That is a torn tail, if no record of a later batch follows, in the tip or in the prepared segments.
 *   One batch is written at a time, and the next only after its sync: nothing can follow one that was cut short.
 * - All else is damage, and the log is refused: a damaged sector where the next record is or ought to be, for no crash
 *   leaves one; and a record that is no valid one though all its sectors are there. Damaged sectors further back are
 *   of no account: what they held was not all written, or nothing.
 * - A segment between two that follow each other was written anew by a start that was interrupted: it counts no
 *   more. */
#ifndef CLEAT_DISK_TRAIL_H
#define CLEAT_DISK_TRAIL_H

#include "disk/directory.h"
#include "disk/disk.h"
#include "disk/record.h"
#include "disk/replay.h"
#include "disk/sector.h"
#include "disk/segment.h"

struct trail_item {
    struct segment segment;
    bool begins;                  /* it has a valid BEGIN; what that says: */
    struct record_place previous;
    uint64_t base_index;
    uint64_t base_term;
    bool counts;                  /* it is one of those that make up the log */
};

struct trail {
    const struct directory *directory;
    struct trail_item *items;     /* by ascending sequence */
    size_t count;
    size_t tip;                   /* `count` where no segment has a BEGIN */
    struct sector_stream stream;  /* the tip's; all offsets are in it */
    uint32_t last_batch;          /* where the tip's last batch began */
    uint64_t valid_end;           /* behind its last valid record */
    bool torn;                    /* something was written behind that */
    /* The log without the last batch, which may be in the page cache alone: where it ends, and its last entry. */
    struct record_place end;
    uint64_t end_index;
    uint64_t end_term;
};

/* Opens and checks all segments of LISTING and finds the tip. EXPECTED: node id and incarnation. */
enum disk_status trail_open(struct trail *trail, const struct directory *directory,
                            const struct directory_listing *listing, const struct segment *expected, char *reason);
/* Replays the log into REPLAY, which it initialises, keeping entries above AFTER. */
enum disk_status trail_replay(struct trail *trail, uint64_t after, struct replay *replay, struct buffer *notes,
                              char *reason);
/* The RESET and ENTRY records of the last batch, encoded for segment ID after the bytes that are already in OUT. */
void trail_last_batch(const struct trail *trail, uint64_t id, struct buffer *out);
/* Whether the last batch must be written anew: it has such records, or it holds the tip's BEGIN. */
bool trail_must_rewrite(const struct trail *trail);
/* From now on the tip's records count as the last batch, all of them: what is written anew takes the tip's place. */
void trail_absorb(struct trail *trail);
void trail_close(struct trail *trail);

#endif
