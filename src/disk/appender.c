#include "disk/appender.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "disk/fs.h"

_Static_assert(APPENDER_BYTES % FS_BLOCK_BYTES == 0, "full means whole blocks");

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

int appender_begin(struct appender *appender, int file, uint64_t end)
{
    ensure(file >= 0);
    appender->file = file;
    appender->size = end % FS_BLOCK_BYTES;
    appender->offset = end - appender->size;
    if (appender->size == 0)
        return 0;
    size_t got = 0;
    int error = fs_read(file, appender->offset, appender->bytes, FS_BLOCK_BYTES, &got);
    if (error == 0 && got < appender->size)
        error = -EIO; /* it is not as long as it was made */
    return error;
}

int appender_flush(struct appender *appender)
{
    ensure(appender->file >= 0);
    size_t part = appender->size % FS_BLOCK_BYTES;
    size_t padding = part > 0 ? FS_BLOCK_BYTES - part : 0;
    memset(appender->bytes + appender->size, 0, padding);
    int error = fs_write(appender->file, appender->offset, appender->bytes, appender->size + padding);
    if (error < 0)
        return error;
    size_t whole = appender->size - part;
    if (whole > 0)
        memmove(appender->bytes, appender->bytes + whole, part);
    appender->offset += whole;
    appender->size = part;
    return 0;
}

int appender_add(struct appender *appender, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    while (size > 0) {
        size_t room = APPENDER_BYTES - appender->size;
        size_t step = size < room ? size : room;
        memcpy(appender->bytes + appender->size, from, step);
        appender->size += step;
        from += step;
        size -= step;
        int error = appender->size == APPENDER_BYTES ? appender_flush(appender) : 0;
        if (error < 0)
            return error;
    }
    return 0;
}
