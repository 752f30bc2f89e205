/* How a stream of records lies in a segment behind its first block: in sectors of 512 bytes, the unit that disks write
 * as a whole.
 *
 *      0     496 bytes of the stream; zeros behind its end
 *      496   u64  id of the segment
 *      504   u64  XXH3 of bytes 0..503, XOR the sector's offset in the file (a seed costs more)
 *
 * So each sector tells by itself what it is. After a crash one is as it was before or as it was written: the stream may
 * lack sectors, but what is there is true. One that is neither was changed afterwards, by whatever it was: no crash
 * leaves it like that. All offsets of records are offsets in the stream, which begins at 0. */
#ifndef CLEAT_DISK_SECTOR_H
#define CLEAT_DISK_SECTOR_H

#include <stddef.h>
#include <stdint.h>

enum { SECTOR_BYTES = 512, SECTOR_STREAM = 496 /* bytes of the stream in each */ };

enum sector_state {
    SECTOR_OURS,
    SECTOR_OLD,     /* never written in this life of the file: zeros, or a sector of an earlier segment in this place */
    SECTOR_DAMAGED,
};

/* The offset in the file of the stream's byte at OFFSET. */
uint64_t sector_file_offset(uint64_t offset);
/* Bytes of the stream that SIZE bytes of sectors hold. */
static inline uint64_t sector_stream_bytes(uint64_t size)
{
    return size / SECTOR_BYTES * SECTOR_STREAM;
}
/* Bytes of the sectors that SIZE bytes of the stream take. */
static inline uint64_t sector_file_bytes(uint64_t size)
{
    return (size + SECTOR_STREAM - 1) / SECTOR_STREAM * SECTOR_BYTES;
}

/* Closes the sector at FILE_OFFSET, whose bytes of the stream are in place. */
void sector_seal(uint8_t sector[SECTOR_BYTES], uint64_t segment_id, uint64_t file_offset);
enum sector_state sector_state(const uint8_t sector[SECTOR_BYTES], uint64_t segment_id, uint64_t file_offset);

/* What is in a segment's sectors, or its first ones. */
struct sector_stream {
    uint8_t *bytes;   /* zeros for sectors that are not ours; owned */
    size_t size;
    size_t whole;     /* offset of the first sector that is not ours; `size`: all are */
    size_t damaged;   /* offset of the first damaged one; `size`: none is */
};

/* Takes over BYTES, SIZE bytes of sectors from the first one on. */
void sector_stream_decode(struct sector_stream *stream, uint8_t *bytes, size_t size, uint64_t segment_id);
void sector_stream_close(struct sector_stream *stream);
/* The SIZE bytes of a stream from its beginning on, in sectors: *OUT_SIZE bytes, which the caller frees. */
uint8_t *sector_stream_encode(const uint8_t *bytes, size_t size, uint64_t segment_id, size_t *out_size);

#endif
