#include "disk/appender.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "disk/block.h"
#include "disk/fs.h"

enum { BLOCK_SECTORS = FS_BLOCK_BYTES / SECTOR_BYTES };

_Static_assert(APPENDER_BYTES % FS_BLOCK_BYTES == 0, "full means whole blocks");
_Static_assert(BLOCK_SIZE % FS_BLOCK_BYTES == 0, "the stream begins with a block");

void appender_init(struct appender *appender)
{
    *appender = (struct appender){.file = -1};
    appender->bytes = aligned_alloc(FS_BLOCK_BYTES, APPENDER_BYTES);
    if (!appender->bytes)
        memory_out(APPENDER_BYTES, __func__);
}

void appender_close(struct appender *appender)
{
    free(appender->bytes);
    *appender = (struct appender){.file = -1};
}

uint64_t appender_end(const struct appender *appender)
{
    return sector_stream_bytes(appender->offset - BLOCK_SIZE) + appender->full * SECTOR_STREAM + appender->part;
}

int appender_begin(struct appender *appender, int file, uint64_t segment_id, uint64_t end)
{
    ensure(file >= 0);
    uint64_t sector = end / SECTOR_STREAM;
    appender->file = file;
    appender->segment_id = segment_id;
    appender->full = appender->sealed = (size_t)(sector % BLOCK_SECTORS);
    appender->part = (size_t)(end % SECTOR_STREAM);
    appender->offset = BLOCK_SIZE + (sector - appender->full) * SECTOR_BYTES;
    size_t used = appender->full + (appender->part > 0);
    if (used == 0)
        return 0;
    size_t got = 0;
    int error = fs_read(file, appender->offset, appender->bytes, FS_BLOCK_BYTES, &got);
    if (error == 0 && got < FS_BLOCK_BYTES)
        error = -EIO; /* it is not as long as it was made */
    /* What is damaged must not get a good checksum by being written again. */
    for (size_t at = 0; error == 0 && at < used * SECTOR_BYTES; at += SECTOR_BYTES) {
        if (sector_state(appender->bytes + at, segment_id, appender->offset + at) != SECTOR_OURS)
            error = -EIO;
    }
    return error;
}

/* Ends the sectors that have got more; returns how many there are in all. */
static size_t appender_seal(struct appender *appender)
{
    size_t count = appender->full + (appender->part > 0);
    if (appender->part > 0)
        memset(appender->bytes + appender->full * SECTOR_BYTES + appender->part, 0, SECTOR_STREAM - appender->part);
    for (size_t i = appender->sealed; i < count; i++)
        sector_seal(appender->bytes + i * SECTOR_BYTES, appender->segment_id, appender->offset + i * SECTOR_BYTES);
    appender->sealed = appender->full;
    return count;
}

int appender_flush(struct appender *appender)
{
    ensure(appender->file >= 0);
    size_t used = appender_seal(appender) * SECTOR_BYTES;
    size_t padding = used % FS_BLOCK_BYTES > 0 ? FS_BLOCK_BYTES - used % FS_BLOCK_BYTES : 0;
    memset(appender->bytes + used, 0, padding);
    int error = fs_write(appender->file, appender->offset, appender->bytes, used + padding);
    if (error < 0)
        return error;
    size_t done = appender->full - appender->full % BLOCK_SECTORS; /* in whole blocks */
    if (done > 0)
        memmove(appender->bytes, appender->bytes + done * SECTOR_BYTES, used - done * SECTOR_BYTES);
    appender->offset += done * SECTOR_BYTES;
    appender->full = appender->sealed = appender->full - done;
    return 0;
}

int appender_add(struct appender *appender, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    while (size > 0) {
        size_t room = SECTOR_STREAM - appender->part;
        size_t step = size < room ? size : room;
        memcpy(appender->bytes + appender->full * SECTOR_BYTES + appender->part, from, step);
        from += step;
        size -= step;
        appender->part += step;
        if (step < room)
            break;
        appender->part = 0;
        appender->full++;
        int error = appender->full == APPENDER_SECTORS ? appender_flush(appender) : 0;
        if (error < 0)
            return error;
    }
    return 0;
}
