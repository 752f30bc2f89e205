/* One record of a WAL segment, to and from bytes. Records lie back to back in the segment's stream (sector.h), each at
 * a multiple of 8:
 *
 *      0   u64  checksum of bytes 8..47, seeded with (segment id, offset of this record in the stream)
 *      8   u64  term
 *      16  u64  index
 *      24  u64  ENTRY: time in ms. COMMIT, MARK: up to this index entries are known to be committed
 *      32  u32  payload size
 *      36  u32  offset in the stream where this record's batch began
 *      40  u8   type
 *      41  u8   type of the entry
 *      42  6 zeros
 *      48  payload, and zeros up to the next multiple of 8
 *
 *      type      term, index                     payload
 *      1 BEGIN   of the last entry before        u64 sequence, u64 id of the segment before this one, u64 offset
 *                this segment                    where its records end. First in every segment that is in use
 *      2 ENTRY   the entry's                     the entry's
 *      3 RESET   the log starts anew after it    -
 *      4 MARK    of the last entry               -; what is before it is on the disk for certain. A batch of its own
 *      5 COMMIT  of the last entry               -; the last record of its batch: where it is, all of the batch is
 *
 * The header's checksum tells where a record begins: ids are random, so no bytes of another place or chosen by a client
 * can be a valid one. That the payload is what was written is known from its sectors, which have checksums. */
#ifndef CLEAT_DISK_RECORD_H
#define CLEAT_DISK_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/ensure.h"
#include "disk/segment.h"

enum record_type { RECORD_BEGIN = 1, RECORD_ENTRY, RECORD_RESET, RECORD_MARK, RECORD_COMMIT };

enum { RECORD_HEADER = 48, RECORD_ALIGN = 8, RECORD_BEGIN_PAYLOAD = 24 };

struct record {
    enum record_type type;
    uint8_t entry_type;
    uint64_t term;
    uint64_t index;
    uint64_t time_ms;      /* of an ENTRY */
    uint64_t commit;       /* of a COMMIT or MARK */
    uint32_t batch;        /* offset where its batch began */
    uint32_t payload_size;
    const uint8_t *payload; /* borrowed */
};

/* Where the records of a segment end. */
struct record_place {
    uint64_t sequence; /* 0: there is no segment */
    uint64_t id;
    uint64_t offset;
};

/* Bytes of a record with a payload of SIZE, padding included. */
static inline size_t record_bytes(size_t payload_size)
{
    ensure(payload_size <= SEGMENT_BYTES_MAX);
    return RECORD_HEADER + (payload_size + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
}

void record_encode(const struct record *record, uint64_t segment_id, uint64_t offset, uint8_t header[RECORD_HEADER]);
/* Appends the whole record: header, payload, padding. */
void record_append(const struct record *record, uint64_t segment_id, uint64_t offset, struct buffer *out);
/* The record at OFFSET of a stream's first SIZE bytes; its payload is borrowed from there. False: not a valid one. */
bool record_decode(const uint8_t *stream, size_t size, uint64_t segment_id, uint64_t offset, struct record *record);
/* Whether a record's header is at OFFSET, whatever became of its payload, of which RECORD gets the size alone. */
bool record_header_at(const uint8_t *stream, size_t size, uint64_t segment_id, uint64_t offset, struct record *record);

void record_begin_encode(const struct record_place *previous, uint8_t payload[RECORD_BEGIN_PAYLOAD]);
struct record_place record_begin_decode(const struct record *record);

#endif
