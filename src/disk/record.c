#include "disk/record.h"

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/hash.h"
#include "disk/segment.h"

enum {
    AT_CHECKSUM = 0,
    AT_TERM = 8,
    AT_INDEX = 16,
    AT_TIME = 24,
    AT_COMMIT = AT_TIME,
    AT_SIZE = 32,
    AT_BATCH = 36,
    AT_TYPE = 40,
    AT_ENTRY_TYPE = 41,
    AT_ZEROS = 42,
};

/* The factor is odd, so that no two offsets of a stream share a seed. */
static uint64_t record_seed(uint64_t segment_id, uint64_t offset)
{
    return segment_id ^ offset * 0x9e3779b97f4a7c15u;
}

static bool record_has_commit(enum record_type type)
{
    return type == RECORD_COMMIT || type == RECORD_MARK;
}

static uint64_t record_checksum(const uint8_t header[RECORD_HEADER], uint64_t segment_id, uint64_t offset)
{
    return hash_bytes(header + AT_TERM, RECORD_HEADER - AT_TERM, record_seed(segment_id, offset));
}

void record_encode(const struct record *record, uint64_t segment_id, uint64_t offset, uint8_t header[RECORD_HEADER])
{
    ensure(offset % RECORD_ALIGN == 0 && offset <= SEGMENT_BYTES_MAX && record->batch <= offset);
    ensure(record->type != RECORD_BEGIN || (offset == 0 && record->payload_size == RECORD_BEGIN_PAYLOAD));
    memset(header, 0, RECORD_HEADER);
    bytes_put_u64(header + AT_TERM, record->term);
    bytes_put_u64(header + AT_INDEX, record->index);
    ensure(record->commit == 0 || record_has_commit(record->type));
    bytes_put_u64(header + AT_TIME, record_has_commit(record->type) ? record->commit : record->time_ms);
    bytes_put_u32(header + AT_SIZE, record->payload_size);
    bytes_put_u32(header + AT_BATCH, record->batch);
    header[AT_TYPE] = (uint8_t)record->type;
    header[AT_ENTRY_TYPE] = record->entry_type;
    bytes_put_u64(header + AT_CHECKSUM, record_checksum(header, segment_id, offset));
}

void record_append(const struct record *record, uint64_t segment_id, uint64_t offset, struct buffer *out)
{
    static const uint8_t zeros[RECORD_ALIGN];
    uint8_t header[RECORD_HEADER];
    record_encode(record, segment_id, offset, header);
    buffer_append(out, header, sizeof header);
    buffer_append(out, record->payload, record->payload_size);
    buffer_append(out, zeros, record_bytes(record->payload_size) - RECORD_HEADER - record->payload_size);
    ensure(buffer_size(out) % RECORD_ALIGN == 0);
}

static bool record_type_fits(uint8_t type, uint32_t payload_size, uint64_t offset)
{
    switch (type) {
    case RECORD_BEGIN:
        return payload_size == RECORD_BEGIN_PAYLOAD && offset == 0;
    case RECORD_ENTRY:
        return offset > 0;
    case RECORD_RESET:
    case RECORD_MARK:
    case RECORD_COMMIT:
        return payload_size == 0 && offset > 0;
    default:
        return false;
    }
}

static bool record_zeros(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

bool record_header_at(const uint8_t *stream, size_t size, uint64_t segment_id, uint64_t offset, struct record *record)
{
    ensure(offset % RECORD_ALIGN == 0);
    if (offset > size || size - offset < RECORD_HEADER)
        return false;
    /* The cheap looks come first: recovery tries every boundary behind a record that is bad. */
    const uint8_t *header = stream + offset;
    uint32_t batch = bytes_u32(header + AT_BATCH);
    uint32_t payload_size = bytes_u32(header + AT_SIZE);
    if (!record_type_fits(header[AT_TYPE], payload_size, offset) || batch > offset || batch % RECORD_ALIGN != 0 ||
        bytes_u64(header + AT_CHECKSUM) != record_checksum(header, segment_id, offset))
        return false;
    *record = (struct record){
        .type = (enum record_type)header[AT_TYPE],
        .entry_type = header[AT_ENTRY_TYPE],
        .term = bytes_u64(header + AT_TERM),
        .index = bytes_u64(header + AT_INDEX),
        .time_ms = record_has_commit(header[AT_TYPE]) ? 0 : bytes_u64(header + AT_TIME),
        .commit = record_has_commit(header[AT_TYPE]) ? bytes_u64(header + AT_COMMIT) : 0,
        .batch = batch,
        .payload_size = payload_size,
    };
    return true;
}

bool record_decode(const uint8_t *stream, size_t size, uint64_t segment_id, uint64_t offset, struct record *record)
{
    if (!record_header_at(stream, size, segment_id, offset, record))
        return false;
    const uint8_t *header = stream + offset;
    uint64_t room = size - offset - RECORD_HEADER;
    if (record->payload_size > room || record_bytes(record->payload_size) - RECORD_HEADER > room ||
        !record_zeros(header + AT_ZEROS, RECORD_HEADER - AT_ZEROS))
        return false;
    record->payload = header + RECORD_HEADER;
    return record_zeros(record->payload + record->payload_size,
                        record_bytes(record->payload_size) - RECORD_HEADER - record->payload_size);
}

void record_begin_encode(const struct record_place *previous, uint8_t payload[RECORD_BEGIN_PAYLOAD])
{
    ensure(previous->sequence > 0 || (previous->id == 0 && previous->offset == 0));
    ensure(previous->offset <= SEGMENT_BYTES_MAX);
    bytes_put_u64(payload, previous->sequence);
    bytes_put_u64(payload + 8, previous->id);
    bytes_put_u64(payload + 16, previous->offset);
}

struct record_place record_begin_decode(const struct record *record)
{
    ensure(record->type == RECORD_BEGIN && record->payload_size == RECORD_BEGIN_PAYLOAD);
    return (struct record_place){
        .sequence = bytes_u64(record->payload),
        .id = bytes_u64(record->payload + 8),
        .offset = bytes_u64(record->payload + 16),
    };
}
