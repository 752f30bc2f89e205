#include "disk/sector.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/hash.h"
#include "base/memory.h"
#include "disk/block.h"

enum { AT_SEGMENT_ID = SECTOR_STREAM, AT_CHECKSUM = AT_SEGMENT_ID + 8 };

_Static_assert(AT_CHECKSUM + 8 == SECTOR_BYTES, "a sector is full");
_Static_assert(BLOCK_SIZE % SECTOR_BYTES == 0, "sectors are not misaligned by the first block");

uint64_t sector_file_offset(uint64_t offset)
{
    return BLOCK_SIZE + offset / SECTOR_STREAM * SECTOR_BYTES + offset % SECTOR_STREAM;
}

static uint64_t sector_checksum(const uint8_t sector[SECTOR_BYTES], uint64_t file_offset)
{
    return hash_bytes(sector, AT_CHECKSUM, 0) ^ file_offset;
}

void sector_seal(uint8_t sector[SECTOR_BYTES], uint64_t segment_id, uint64_t file_offset)
{
    ensure(segment_id != 0 && file_offset >= BLOCK_SIZE && file_offset % SECTOR_BYTES == 0);
    bytes_put_u64(sector + AT_SEGMENT_ID, segment_id);
    bytes_put_u64(sector + AT_CHECKSUM, sector_checksum(sector, file_offset));
}

static bool sector_zeros(const uint8_t sector[SECTOR_BYTES])
{
    return sector[0] == 0 && memcmp(sector, sector + 1, SECTOR_BYTES - 1) == 0;
}

enum sector_state sector_state(const uint8_t sector[SECTOR_BYTES], uint64_t segment_id, uint64_t file_offset)
{
    if (sector_zeros(sector))
        return SECTOR_OLD;
    if (bytes_u64(sector + AT_CHECKSUM) != sector_checksum(sector, file_offset))
        return SECTOR_DAMAGED;
    return bytes_u64(sector + AT_SEGMENT_ID) == segment_id ? SECTOR_OURS : SECTOR_OLD;
}

void sector_stream_decode(struct sector_stream *stream, uint8_t *bytes, size_t size, uint64_t segment_id)
{
    ensure(size % SECTOR_BYTES == 0);
    *stream = (struct sector_stream){.bytes = bytes, .size = (size_t)sector_stream_bytes(size)};
    stream->whole = stream->damaged = stream->size;
    for (size_t at = 0, offset = 0; at < size; at += SECTOR_BYTES, offset += SECTOR_STREAM) {
        enum sector_state state = sector_state(bytes + at, segment_id, BLOCK_SIZE + at);
        if (state == SECTOR_OURS) {
            memmove(bytes + offset, bytes + at, SECTOR_STREAM); /* all behind is still to be looked at */
            continue;
        }
        memset(bytes + offset, 0, SECTOR_STREAM);
        if (stream->whole == stream->size)
            stream->whole = offset;
        if (state == SECTOR_DAMAGED && stream->damaged == stream->size)
            stream->damaged = offset;
    }
}

void sector_stream_close(struct sector_stream *stream)
{
    free(stream->bytes);
    *stream = (struct sector_stream){0};
}

uint8_t *sector_stream_encode(const uint8_t *bytes, size_t size, uint64_t segment_id, size_t *out_size)
{
    *out_size = (size_t)sector_file_bytes(size);
    uint8_t *out = memory_get(*out_size);
    for (size_t at = 0; at < *out_size; at += SECTOR_BYTES) {
        size_t part = size < SECTOR_STREAM ? size : SECTOR_STREAM;
        memcpy(out + at, bytes, part);
        sector_seal(out + at, segment_id, BLOCK_SIZE + at);
        bytes += part;
        size -= part;
    }
    return out;
}
