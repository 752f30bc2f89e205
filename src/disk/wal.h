/* The write-ahead log's end: the segment that is being filled and the spare ones behind it.
 *
 *      active  | header | BEGIN | batch | batch | MARK | batch | zeros ........ | room for a MARK |
 *      spare   | header | zeros ..................................................................|
 *
 * - One request is one batch: one write, one sync. Where it does not fit, what fits is one batch and the rest, behind
 *   a BEGIN in the next segment, another.
 * - The last bytes of a segment are for a MARK alone, so that the last batch can always be closed.
 * - A batch ends with what is known to be committed, if that is news and has room.
 * - The log is never cut: a later ENTRY with the same or a lower index, or a RESET, supersedes what was there.
 * - After one failure nothing is ever written again: the disk may hold anything between the old and the new. */
#ifndef CLEAT_DISK_WAL_H
#define CLEAT_DISK_WAL_H

#include "disk/appender.h"
#include "disk/directory.h"
#include "disk/disk.h"
#include "disk/record.h"
#include "disk/segments.h"

enum { WAL_SPARES_MAX = 4 * DISK_SPARES_MAX };

struct wal {
    const struct directory *directory;
    struct segments *segments;
    uint32_t segment_bytes;    /* of the spares */
    uint32_t record_max_bytes;

    int file;                  /* the active segment's; < 0: there is none, for want of room when it was opened */
    uint32_t active_bytes;
    bool active_listed;        /* its first batch is durable, and it is in `segments` */
    uint64_t active_base;      /* the log's last index before it */
    struct record_place end;   /* where the log's valid records end: in the active segment, or in the last one before */
    uint64_t index;            /* the log's last entry, or what a RESET put in its place */
    uint64_t term;
    bool marked;
    uint64_t commit;           /* what the log says is committed */
    bool reset_pending;        /* the log was dropped, and there is no segment yet to write that down in */
    uint64_t reset_index;
    uint64_t reset_term;

    struct disk_segment spares[WAL_SPARES_MAX]; /* by ascending sequence */
    size_t spare_count;

    /* The batch that is being put together. */
    bool batching;             /* it has a record */
    uint32_t batch;            /* offset of its first one */
    struct appender appender;  /* at the end of the active segment, once anything was added */

    bool failed;
    char failure[DISK_REASON_MAX];
};

/* Takes what recovery left: file, active_bytes, end, index, term, marked, commit, reset_*. */
void wal_init(struct wal *wal, const struct directory *directory, struct segments *segments,
              const struct disk_options *options);
/* Closes the last batch with a mark where that can be done, and closes the files. */
void wal_close(struct wal *wal);
/* REQUEST's spares, reset, entries, commit and mark. The vote is written by then. */
enum disk_status wal_execute(struct wal *wal, const struct disk_log *request, char *reason);
/* From now on every request fails with REASON. */
void wal_poison(struct wal *wal, const char *reason);

uint64_t wal_room_bytes(const struct wal *wal);
uint64_t wal_segment_room_bytes(const struct wal *wal);

#endif
