/* A WAL segment file: made at its full size and synced under a temporary name, so that appending never allocates.
 *
 *      0      a block (block.h): u32 node id, u32 bytes of the file, u64 incarnation, u64 id (random), u64 sequence,
 *             u8 begun: 1 if the records up to a MARK were in it before it got its name
 *      4096   sectors (sector.h) with the stream of records (record.h), then zeros to the end; in one that was another
 *             segment before, whatever it had there. A segment that is only prepared has no records */
#ifndef CLEAT_DISK_SEGMENT_H
#define CLEAT_DISK_SEGMENT_H

#include "disk/directory.h"
#include "disk/disk.h"
#include "disk/sector.h"

enum { SEGMENT_HEADER = 4096, SEGMENT_BYTES_MIN = 64 * 1024, SEGMENT_BYTES_MAX = 1024 * 1024 * 1024 };

struct segment {
    uint32_t node_id;
    uint32_t bytes; /* of the file */
    uint64_t incarnation;
    uint64_t id;
    uint64_t sequence;
    bool begun;
};

/* Bytes of the stream that a segment of BYTES can hold. */
static inline uint64_t segment_stream_bytes(uint32_t bytes)
{
    return sector_stream_bytes(bytes - SEGMENT_HEADER);
}
/* Makes the file: RECORDS, SIZE bytes of the stream, if any, at its start. *FILE stays open. DISK_FULL where there is
 * no room: nothing is left behind. */
enum disk_status segment_create(const struct directory *directory, const struct segment *segment,
                                const uint8_t *records, size_t size, int *file, char *reason);
/* A file of so many bytes, for whatever a segment of that size may have: zeros, durable, under NAME, which is new.
 * DISK_FULL where there is no room: nothing is left behind. */
enum disk_status segment_blank(const struct directory *directory, const char *name, uint32_t bytes, char *reason);
bool segment_size_fits(uint64_t bytes);
/* Makes the file FROM, of the segment's size and with anything in it, this one: with RECORDS, SIZE bytes of the
 * stream, at its start. *FILE stays open. Nothing is allocated; where it fails all the same, or is cut short, FROM is
 * as good as before. */
enum disk_status segment_begin_in(const struct directory *directory, const struct segment *segment, const char *from,
                                  const uint8_t *records, size_t size, int *file, char *reason);
/* Makes the file FROM, which has another segment of the same size that nobody needs, this one. As segment_create
 * otherwise (where there is no room, FROM is gone); DISK_REFUSED where it is of another size. */
enum disk_status segment_recycle(const struct directory *directory, const struct segment *segment, const char *from,
                                 int *file, char *reason);
/* Opens an existing one, syncs it, and reads and checks its header. *FILE stays open where DISK_OK. */
enum disk_status segment_open(const struct directory *directory, uint64_t sequence, const struct segment *expected,
                              struct segment *segment, int *file, char *reason);
/* Reads the sectors that hold the first SIZE bytes of the stream. The caller closes STREAM where DISK_OK. */
enum disk_status segment_read(const struct directory *directory, const struct segment *segment, int file, uint64_t size,
                              struct sector_stream *stream, char *reason);

#endif
