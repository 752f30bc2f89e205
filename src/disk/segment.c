#include "disk/segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "disk/block.h"
#include "disk/fs.h"
#include "disk/pace.h"
#include "disk/reason.h"

enum {
    AT_NODE_ID = BLOCK_FIELDS,
    AT_BYTES = AT_NODE_ID + 4,
    AT_INCARNATION = AT_BYTES + 4,
    AT_ID = AT_INCARNATION + 8,
    AT_SEQUENCE = AT_ID + 8,
    AT_BEGUN = AT_SEQUENCE + 8,
    SEGMENT_ZEROS = 64 * 1024, /* written in one piece */
    SEGMENT_PIECES = 8,
};

static void segment_encode(const struct segment *segment, uint8_t block[BLOCK_SIZE])
{
    ensure(segment->id != 0 && segment->sequence > 0 && segment->incarnation != 0);
    memset(block, 0, BLOCK_SIZE);
    bytes_put_u32(block + AT_NODE_ID, segment->node_id);
    bytes_put_u32(block + AT_BYTES, segment->bytes);
    bytes_put_u64(block + AT_INCARNATION, segment->incarnation);
    bytes_put_u64(block + AT_ID, segment->id);
    bytes_put_u64(block + AT_SEQUENCE, segment->sequence);
    block[AT_BEGUN] = segment->begun;
    block_seal(block, block_magic_segment, 0);
}

/* Zeros from OFFSET up to BYTES. Returns 0 or -errno. */
static int segment_fill_zeros(int file, uint64_t offset, uint64_t bytes)
{
    static _Alignas(FS_BLOCK_BYTES) uint8_t zeros[SEGMENT_ZEROS]; /* const would put them into the program's file */
    int error = 0;
    struct pace pace = {0};
    while (error == 0 && offset < bytes) {
        struct iovec pieces[SEGMENT_PIECES];
        uint64_t at = offset;
        size_t count = 0;
        while (count < SEGMENT_PIECES && at < bytes) {
            size_t step = bytes - at < sizeof zeros ? (size_t)(bytes - at) : sizeof zeros;
            pieces[count++] = (struct iovec){.iov_base = zeros, .iov_len = step};
            at += step;
        }
        error = fs_writev(file, offset, pieces, count);
        if (error == 0)
            error = pace_wrote(&pace, file, (size_t)(at - offset));
        offset = at;
    }
    return error;
}

/* Header, and the records in sectors: *WRITTEN bytes. Returns 0 or -errno. */
static int segment_start(int file, const struct segment *segment, const uint8_t *records, size_t size, size_t *written)
{
    _Alignas(FS_BLOCK_BYTES) uint8_t block[BLOCK_SIZE];
    segment_encode(segment, block);
    size_t sectors_size = 0;
    uint8_t *sectors = size > 0 ? sector_stream_encode(records, size, segment->id, &sectors_size) : NULL;
    struct iovec start[] = {{.iov_base = block, .iov_len = sizeof block},
                            {.iov_base = sectors, .iov_len = sectors_size}};
    int error = fs_writev(file, 0, start, 2);
    free(sectors);
    *written = sizeof block + sectors_size;
    return error;
}

static void segment_unfinished_name(const char *name, char unfinished[DIRECTORY_NAME_MAX])
{
    ensure(strlen(name) + sizeof ".tmp" <= DIRECTORY_NAME_MAX);
    strcpy(unfinished, name);
    strcat(unfinished, ".tmp");
}

/* What was MADE, filled with ERROR, gets its NAME; it stays open where that goes well. */
static enum disk_status segment_finish(const struct directory *directory, int made, int error, const char *unfinished,
                                       const char *name, char *reason)
{
    char path[DISK_PATH_MAX];
    directory_path(directory, unfinished, path);
    if (error < 0)
        return directory_abandon(directory, made, unfinished, reason_no_room(reason, "write", path, error), reason);
    error = fs_sync(made);
    if (error < 0)
        return directory_abandon(directory, made, unfinished, reason_no_room(reason, "sync", path, error), reason);
    enum disk_status status = directory_rename(directory, unfinished, name, reason);
    if (status != DISK_OK)
        (void)fs_close(made);
    return status;
}

static enum disk_status segment_make(const struct directory *directory, const char *unfinished, int *made, char *reason)
{
    char path[DISK_PATH_MAX];
    directory_path(directory, unfinished, path);
    *made = fs_create(path);
    if (*made >= 0)
        return DISK_OK;
    return directory_abandon(directory, -1, unfinished, reason_no_room(reason, "create", path, *made), reason);
}

enum disk_status segment_create(const struct directory *directory, const struct segment *segment,
                                const uint8_t *records, size_t size, int *file, char *reason)
{
    ensure(segment->bytes >= SEGMENT_BYTES_MIN && segment->bytes <= SEGMENT_BYTES_MAX);
    ensure(segment->bytes % SEGMENT_HEADER == 0 && size <= segment_stream_bytes(segment->bytes));
    ensure(segment->begun == (size > 0));
    char name[DIRECTORY_NAME_MAX];
    char unfinished[DIRECTORY_NAME_MAX];
    directory_segment_name(segment->sequence, name);
    segment_unfinished_name(name, unfinished);
    int made;
    enum disk_status status = segment_make(directory, unfinished, &made, reason);
    if (status != DISK_OK)
        return status;
    if (size == 0)
        fs_bypass_cache(made); /* megabytes of zeros are of no use there */
    size_t written;
    int error = segment_start(made, segment, records, size, &written);
    if (error == 0)
        error = segment_fill_zeros(made, written, segment->bytes);
    status = segment_finish(directory, made, error, unfinished, name, reason);
    if (status == DISK_OK)
        *file = made;
    return status;
}

enum disk_status segment_blank(const struct directory *directory, const char *name, uint32_t bytes, char *reason)
{
    char unfinished[DIRECTORY_NAME_MAX];
    segment_unfinished_name(name, unfinished);
    int made;
    enum disk_status status = segment_make(directory, unfinished, &made, reason);
    if (status != DISK_OK)
        return status;
    fs_bypass_cache(made);
    int error = segment_fill_zeros(made, 0, bytes);
    status = segment_finish(directory, made, error, unfinished, name, reason);
    if (status == DISK_OK)
        (void)fs_close(made);
    return status;
}

bool segment_size_fits(uint64_t bytes)
{
    return bytes >= SEGMENT_BYTES_MIN && bytes <= SEGMENT_BYTES_MAX && bytes % SEGMENT_HEADER == 0;
}

enum disk_status segment_begin_in(const struct directory *directory, const struct segment *segment, const char *from,
                                  const uint8_t *records, size_t size, int *file, char *reason)
{
    ensure(segment->begun && size > 0 && size <= segment_stream_bytes(segment->bytes));
    char name[DIRECTORY_NAME_MAX];
    char path[DISK_PATH_MAX];
    char to[DISK_PATH_MAX];
    directory_segment_name(segment->sequence, name);
    directory_path(directory, name, to);
    directory_path(directory, from, path);
    int opened = fs_open(path);
    if (opened < 0)
        return reason_failed(reason, "open", path, opened);
    const char *call = "write";
    size_t written;
    int error = segment_start(opened, segment, records, size, &written);
    if (error == 0) {
        call = "sync";
        error = fs_sync(opened);
    }
    enum disk_status status = error < 0 ? reason_no_room(reason, call, path, error) : DISK_OK;
    if (status == DISK_OK)
        status = directory_check(directory, reason);
    if (status == DISK_OK && (error = fs_rename(path, to)) < 0)
        status = reason_no_room(reason, "rename", path, error);
    if (status == DISK_OK && (error = fs_sync_dir(directory->path)) < 0)
        status = reason_failed(reason, "sync", directory->path, error);
    if (status == DISK_OK)
        *file = opened;
    else
        (void)fs_close(opened);
    return status;
}

/* The header alone is new: with it the id, and so no sector behind it is this segment's. Returns 0 or -errno. */
static int segment_overwrite(int file, const struct segment *segment)
{
    _Alignas(FS_BLOCK_BYTES) uint8_t block[BLOCK_SIZE];
    segment_encode(segment, block);
    fs_bypass_cache(file);
    int error = fs_write(file, 0, block, sizeof block);
    return error < 0 ? error : fs_sync(file);
}

enum disk_status segment_recycle(const struct directory *directory, const struct segment *segment, const char *from,
                                 int *file, char *reason)
{
    ensure(!segment->begun);
    char name[DIRECTORY_NAME_MAX];
    char path[DISK_PATH_MAX];
    directory_path(directory, from, path);
    int opened = fs_open(path);
    if (opened < 0)
        return directory_abandon(directory, -1, from, reason_no_room(reason, "open", path, opened), reason);
    uint64_t bytes = 0;
    enum disk_status status = DISK_OK;
    int error = fs_size(opened, &bytes);
    if (error < 0)
        status = reason_failed(reason, "size", path, error);
    else if (bytes != segment->bytes)
        status = reason_refused(reason, path, bytes, "has the size of another kind of segment");
    else if ((error = segment_overwrite(opened, segment)) < 0)
        status = directory_abandon(directory, -1, from, reason_no_room(reason, "write", path, error), reason);
    if (status == DISK_OK) {
        directory_segment_name(segment->sequence, name);
        status = directory_rename(directory, from, name, reason);
    }
    if (status == DISK_OK)
        *file = opened;
    else
        (void)fs_close(opened);
    return status;
}

static enum disk_status segment_check(const uint8_t block[BLOCK_SIZE], uint64_t sequence, uint64_t file_bytes,
                                      const struct segment *expected, struct segment *segment, const char *path,
                                      char *reason)
{
    enum disk_status status = block_check(block, block_magic_segment, 0, path, reason);
    if (status != DISK_OK)
        return status;
    *segment = (struct segment){
        .node_id = bytes_u32(block + AT_NODE_ID),
        .bytes = bytes_u32(block + AT_BYTES),
        .incarnation = bytes_u64(block + AT_INCARNATION),
        .id = bytes_u64(block + AT_ID),
        .sequence = bytes_u64(block + AT_SEQUENCE),
        .begun = block[AT_BEGUN] == 1,
    };
    if (block[AT_BEGUN] > 1 || !block_is_zero(block, AT_BEGUN + 1, BLOCK_END))
        return reason_refused(reason, path, AT_BEGUN, BLOCK_BAD_FIELDS);
    if (segment->node_id != expected->node_id || segment->incarnation != expected->incarnation)
        return reason_refused(reason, path, 0, "belongs to another data directory");
    if (segment->sequence != sequence)
        return reason_refused(reason, path, 0, "is another segment than its name says");
    if (segment->bytes > SEGMENT_BYTES_MAX || segment->bytes < SEGMENT_BYTES_MIN ||
        segment->bytes % SEGMENT_HEADER != 0)
        return reason_refused(reason, path, 0, "damaged: no size for a segment");
    if (segment->bytes != file_bytes) {
        uint64_t end = segment->bytes < file_bytes ? segment->bytes : file_bytes;
        return reason_refused(reason, path, end, "damaged: the file is not as long as it was made");
    }
    return DISK_OK;
}

enum disk_status segment_open(const struct directory *directory, uint64_t sequence, const struct segment *expected,
                              struct segment *segment, int *file, char *reason)
{
    char name[DIRECTORY_NAME_MAX];
    char path[DISK_PATH_MAX];
    directory_segment_name(sequence, name);
    directory_path(directory, name, path);
    int opened = fs_open(path);
    if (opened < 0)
        return reason_failed(reason, "open", path, opened);
    uint8_t block[BLOCK_SIZE];
    uint64_t file_bytes = 0;
    size_t got = 0;
    enum disk_status status = DISK_OK;
    /* Synced before it is believed: what another process wrote may be in the page cache alone. */
    int error = fs_sync(opened);
    if (error < 0)
        status = reason_failed(reason, "sync", path, error);
    else if ((error = fs_size(opened, &file_bytes)) < 0)
        status = reason_failed(reason, "size", path, error);
    else if ((error = fs_read(opened, 0, block, sizeof block, &got)) < 0)
        status = reason_failed(reason, "read", path, error);
    else if (got < sizeof block)
        status = reason_refused(reason, path, got, "damaged: the file ends before its header does");
    else
        status = segment_check(block, sequence, file_bytes, expected, segment, path, reason);
    if (status == DISK_OK)
        *file = opened;
    else
        (void)fs_close(opened);
    return status;
}

enum disk_status segment_read(const struct directory *directory, const struct segment *segment, int file, uint64_t size,
                              struct sector_stream *stream, char *reason)
{
    ensure(size > 0 && size <= segment_stream_bytes(segment->bytes));
    char name[DIRECTORY_NAME_MAX];
    char path[DISK_PATH_MAX];
    directory_segment_name(segment->sequence, name);
    directory_path(directory, name, path);
    size_t sectors_size = (size_t)sector_file_bytes(size);
    uint8_t *sectors = malloc(sectors_size);
    if (!sectors)
        return reason_failed(reason, "memory for", path, -ENOMEM);
    size_t got = 0;
    int error = fs_read(file, SEGMENT_HEADER, sectors, sectors_size, &got);
    if (error == 0 && got == sectors_size) {
        sector_stream_decode(stream, sectors, sectors_size, segment->id);
        return DISK_OK;
    }
    free(sectors);
    if (error < 0)
        return reason_failed(reason, "read", path, error);
    return reason_refused(reason, path, SEGMENT_HEADER + got, "damaged: the file is not as long as it was made");
}
