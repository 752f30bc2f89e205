#include "disk/snapshot.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/hash.h"
#include "disk/block.h"
#include "disk/fs.h"
#include "disk/reason.h"

enum {
    AT_CLUSTER_ID = BLOCK_FIELDS + 4,
    AT_ID = AT_CLUSTER_ID + 8,
    AT_INDEX = AT_ID + 8,
    AT_TERM = AT_INDEX + 8,
    AT_SIZE = AT_TERM + 8,
    AT_CONFIGURATION = AT_SIZE + 4,

    PART_HEADER = 16,
    PART_DATA = 1,
    PART_END = 2,
    PART_END_SIZE = 24,
};

_Static_assert((int)AT_CONFIGURATION + (int)RAFT_CONFIGURATION_BYTES_MAX <= (int)BLOCK_END, "the largest fits");

static uint64_t snapshot_part_checksum(uint64_t id, uint64_t offset, uint32_t kind, const uint8_t *bytes, uint32_t size)
{
    uint8_t place[24];
    bytes_put_u64(place, id);
    bytes_put_u64(place + 8, offset);
    bytes_put_u32(place + 16, size);
    bytes_put_u32(place + 20, kind);
    return hash_bytes(bytes, size, hash_bytes(place, sizeof place, 0));
}

static void snapshot_sum_add(struct snapshot_sum *sum, uint64_t checksum, size_t size)
{
    uint8_t bytes[8];
    bytes_put_u64(bytes, checksum);
    sum->hash = hash_bytes(bytes, sizeof bytes, sum->hash);
    sum->count++;
    sum->bytes += size;
}

static void snapshot_sum_encode(const struct snapshot_sum *sum, uint8_t bytes[PART_END_SIZE])
{
    bytes_put_u64(bytes, sum->count);
    bytes_put_u64(bytes + 8, sum->bytes);
    bytes_put_u64(bytes + 16, sum->hash);
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

static void snapshot_encode(const struct snapshot *snapshot, uint8_t block[BLOCK_SIZE])
{
    ensure(snapshot->index > 0 && snapshot->configuration.count > 0);
    memset(block, 0, BLOCK_SIZE);
    bytes_put_u64(block + AT_CLUSTER_ID, snapshot->cluster_id);
    bytes_put_u64(block + AT_ID, snapshot->id);
    bytes_put_u64(block + AT_INDEX, snapshot->index);
    bytes_put_u64(block + AT_TERM, snapshot->term);
    struct buffer bytes = {0};
    raft_configuration_encode(&snapshot->configuration, &bytes);
    ensure(buffer_size(&bytes) <= BLOCK_END - AT_CONFIGURATION);
    bytes_put_u32(block + AT_SIZE, (uint32_t)buffer_size(&bytes));
    memcpy(block + AT_CONFIGURATION, buffer_start(&bytes), buffer_size(&bytes));
    buffer_close(&bytes);
    block_seal(block, block_magic_snapshot, 0);
}

enum disk_status snapshot_begin(struct snapshot_writer *writer, const char *path, const struct snapshot *snapshot,
                                char *reason)
{
    ensure(strlen(path) < DISK_PATH_MAX);
    *writer = (struct snapshot_writer){.file = -1, .snapshot = *snapshot, .offset = BLOCK_SIZE};
    memcpy(writer->path, path, strlen(path) + 1);
    uint8_t block[BLOCK_SIZE];
    snapshot_encode(snapshot, block);
    int file = fs_create(path);
    if (file < 0)
        return reason_no_room(reason, "create", path, file);
    writer->file = file;
    int error = fs_write(file, 0, block, sizeof block);
    return error < 0 ? reason_no_room(reason, "write", path, error) : DISK_OK;
}

static enum disk_status snapshot_put(struct snapshot_writer *writer, uint32_t kind, const uint8_t *bytes, size_t size,
                                     uint64_t *checksum, char *reason)
{
    ensure(writer->file >= 0 && size <= UINT32_MAX);
    uint8_t header[PART_HEADER];
    *checksum = snapshot_part_checksum(writer->snapshot.id, writer->offset, kind, bytes, (uint32_t)size);
    bytes_put_u32(header, (uint32_t)size);
    bytes_put_u32(header + 4, kind);
    bytes_put_u64(header + 8, *checksum);
    struct iovec pieces[] = {{.iov_base = header, .iov_len = sizeof header},
                             {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size}};
    int error = fs_writev(writer->file, writer->offset, pieces, 2);
    if (error < 0)
        return reason_no_room(reason, "write", writer->path, error);
    writer->offset += sizeof header + size;
    error = pace_wrote(&writer->pace, writer->file, sizeof header + size);
    return error < 0 ? reason_no_room(reason, "sync", writer->path, error) : DISK_OK;
}

enum disk_status snapshot_block(struct snapshot_writer *writer, const uint8_t *bytes, size_t size, char *reason)
{
    uint64_t checksum;
    enum disk_status status = snapshot_put(writer, PART_DATA, bytes, size, &checksum, reason);
    if (status == DISK_OK)
        snapshot_sum_add(&writer->sum, checksum, size);
    return status;
}

enum disk_status snapshot_end(struct snapshot_writer *writer, char *reason)
{
    uint8_t content[PART_END_SIZE];
    snapshot_sum_encode(&writer->sum, content);
    uint64_t checksum;
    enum disk_status status = snapshot_put(writer, PART_END, content, sizeof content, &checksum, reason);
    if (status != DISK_OK)
        return status;
    int error = fs_sync(writer->file);
    return error < 0 ? reason_no_room(reason, "sync", writer->path, error) : DISK_OK;
}

void snapshot_writer_close(struct snapshot_writer *writer)
{
    if (writer->file >= 0)
        (void)fs_close(writer->file);
    writer->file = -1;
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static enum disk_status snapshot_decode(struct snapshot_reader *reader, const uint8_t block[BLOCK_SIZE], bool *newer,
                                        char *reason)
{
    enum disk_status status = block_check(block, block_magic_snapshot, 0, reader->path, reason);
    if (status != DISK_OK) {
        *newer = block_state(block, block_magic_snapshot, 0) == BLOCK_NEWER;
        return status;
    }
    reader->snapshot = (struct snapshot){
        .cluster_id = bytes_u64(block + AT_CLUSTER_ID),
        .id = bytes_u64(block + AT_ID),
        .index = bytes_u64(block + AT_INDEX),
        .term = bytes_u64(block + AT_TERM),
    };
    uint32_t size = bytes_u32(block + AT_SIZE);
    *newer = size <= BLOCK_END - AT_CONFIGURATION && raft_configuration_is_newer(block + AT_CONFIGURATION, size);
    if (*newer)
        return reason_newer(reason, reader->path, AT_CONFIGURATION);
    if (size > BLOCK_END - AT_CONFIGURATION || reader->snapshot.index == 0 ||
        !raft_configuration_decode(block + AT_CONFIGURATION, size, &reader->snapshot.configuration))
        return reason_refused(reason, reader->path, 0, "damaged: no valid snapshot header");
    if (!block_is_zero(block, BLOCK_FIELDS, AT_CLUSTER_ID) ||
        !block_is_zero(block, AT_CONFIGURATION + size, BLOCK_END))
        return reason_refused(reason, reader->path, 0, BLOCK_BAD_FIELDS);
    return DISK_OK;
}

static enum disk_status snapshot_start(struct snapshot_reader *reader, bool *newer, char *reason)
{
    /* Synced before it is believed: what another process wrote may be in the page cache alone. */
    int error = fs_sync(reader->file);
    if (error < 0)
        return reason_failed(reason, "sync", reader->path, error);
    error = fs_size(reader->file, &reader->file_bytes);
    if (error < 0)
        return reason_failed(reason, "size", reader->path, error);
    uint8_t block[BLOCK_SIZE];
    size_t got = 0;
    error = fs_read(reader->file, 0, block, sizeof block, &got);
    if (error < 0)
        return reason_failed(reason, "read", reader->path, error);
    if (got < sizeof block)
        return reason_refused(reason, reader->path, got, "damaged: the file ends before its header does");
    return snapshot_decode(reader, block, newer, reason);
}

enum disk_status snapshot_open(struct snapshot_reader *reader, const char *path, uint32_t block_max_bytes,
                               bool *newer, char *reason)
{
    ensure(strlen(path) < DISK_PATH_MAX && block_max_bytes > 0);
    *reader = (struct snapshot_reader){.file = -1, .block_max_bytes = block_max_bytes, .offset = BLOCK_SIZE};
    memcpy(reader->path, path, strlen(path) + 1);
    *newer = false;
    int file = fs_open(path);
    if (file < 0)
        return reason_no_room(reason, "open", path, file);
    reader->file = file;
    enum disk_status status = snapshot_start(reader, newer, reason);
    if (status != DISK_OK)
        snapshot_reader_close(reader);
    return status;
}

/* The next part's content into reader->block. */
static enum disk_status snapshot_read_part(struct snapshot_reader *reader, uint32_t *kind, uint64_t *checksum,
                                           char *reason)
{
    uint8_t header[PART_HEADER];
    size_t got = 0;
    int error = fs_read(reader->file, reader->offset, header, sizeof header, &got);
    if (error < 0)
        return reason_failed(reason, "read", reader->path, error);
    if (got < sizeof header)
        return reason_refused(reason, reader->path, reader->offset, "damaged: the file ends before its last part");
    uint32_t size = bytes_u32(header);
    *kind = bytes_u32(header + 4);
    *checksum = bytes_u64(header + 8);
    /* Both bounds before memory is asked for. */
    if (size > reader->block_max_bytes || size > reader->file_bytes - reader->offset - PART_HEADER)
        return reason_refused(reason, reader->path, reader->offset, "damaged: no size for a part");
    buffer_clear(&reader->block, reader->block_max_bytes);
    uint8_t *content = buffer_reserve(&reader->block, size > 0 ? size : 1);
    if (!content)
        return reason_failed(reason, "memory for", reader->path, -ENOMEM);
    error = fs_read(reader->file, reader->offset + PART_HEADER, content, size, &got);
    if (error < 0)
        return reason_failed(reason, "read", reader->path, error);
    if (got < size || snapshot_part_checksum(reader->snapshot.id, reader->offset, *kind, content, size) != *checksum)
        return reason_refused(reason, reader->path, reader->offset, "damaged: the part's checksum does not fit");
    buffer_added(&reader->block, size);
    return DISK_OK;
}

enum disk_status snapshot_next(struct snapshot_reader *reader, const uint8_t **bytes, size_t *size, bool *end,
                               char *reason)
{
    ensure(reader->file >= 0 && reader->offset >= BLOCK_SIZE);
    uint32_t kind = 0;
    uint64_t checksum = 0;
    enum disk_status status = snapshot_read_part(reader, &kind, &checksum, reason);
    if (status != DISK_OK)
        return status;
    *bytes = buffer_start(&reader->block);
    *size = buffer_size(&reader->block);
    *end = kind == PART_END;
    if (kind == PART_DATA) {
        snapshot_sum_add(&reader->sum, checksum, *size);
        reader->offset += PART_HEADER + *size;
        return DISK_OK;
    }
    uint8_t expected[PART_END_SIZE];
    snapshot_sum_encode(&reader->sum, expected);
    if (kind != PART_END || *size != sizeof expected || memcmp(*bytes, expected, sizeof expected) != 0)
        return reason_refused(reason, reader->path, reader->offset, "damaged: the end does not fit what is before it");
    if (reader->offset + PART_HEADER + *size != reader->file_bytes)
        return reason_refused(reason, reader->path, reader->offset + PART_HEADER + *size,
                              "damaged: bytes behind the end");
    return DISK_OK;
}

void snapshot_reader_close(struct snapshot_reader *reader)
{
    if (reader->file >= 0)
        (void)fs_close(reader->file);
    reader->file = -1;
    buffer_close(&reader->block);
}

enum disk_status snapshot_verify(const char *path, uint32_t block_max_bytes, struct snapshot *snapshot, uint64_t *bytes,
                                 bool *newer, char *reason)
{
    struct snapshot_reader reader;
    enum disk_status status = snapshot_open(&reader, path, block_max_bytes, newer, reason);
    if (status != DISK_OK)
        return status;
    bool end = false;
    while (status == DISK_OK && !end) {
        const uint8_t *block;
        size_t size;
        status = snapshot_next(&reader, &block, &size, &end, reason);
    }
    *snapshot = reader.snapshot;
    *bytes = reader.file_bytes;
    snapshot_reader_close(&reader);
    return status;
}
