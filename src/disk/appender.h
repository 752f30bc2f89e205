/* Appends a stream to a segment, in sectors (sector.h) and whole blocks, so that the system's cache can be left out
 * (fs_bypass_cache): one copy from where the bytes are to here, none in the kernel, and one write for a whole batch.
 *
 *      file    | full blocks, written ........ | sectors | part of one | zeros
 *      here                                    | sectors | part of one + new bytes ... | zeros to the block's end
 *                                              ^ offset
 *
 * The last block is written again, with more in it, by the next batch. What is in it already was written with the same
 * bytes before, and of a sector that gets more the disk has one whole version or the other, so no order in which they
 * reach the disk can harm it. */
#ifndef CLEAT_DISK_APPENDER_H
#define CLEAT_DISK_APPENDER_H

#include <stddef.h>
#include <stdint.h>

#include "disk/sector.h"

enum {
    APPENDER_BYTES = 1024 * 1024, /* a batch that is larger takes several writes */
    APPENDER_SECTORS = APPENDER_BYTES / SECTOR_BYTES,
};

struct appender {
    uint8_t *bytes;      /* APPENDER_BYTES, aligned to a block */
    uint64_t offset;     /* of the first one in the file: a block's beginning */
    size_t full;         /* sectors that are here and full */
    size_t part;         /* bytes of the stream in the one behind them; less than full */
    size_t sealed;       /* of the full ones, the first so many have their end */
    uint64_t segment_id;
    int file;            /* borrowed; < 0: none yet */
};

void appender_init(struct appender *appender);
void appender_close(struct appender *appender);
/* Goes on at END of the stream in FILE, which stays the caller's. The block that END lies in is read. Returns 0, or
 * -errno: -EIO also where that block is not what was written. */
int appender_begin(struct appender *appender, int file, uint64_t segment_id, uint64_t end);
/* Adds a copy of BYTES; writes when there is no more room here. Returns 0 or -errno. */
int appender_add(struct appender *appender, const void *bytes, size_t size);
/* Writes what was added; does not sync. Returns 0 or -errno. */
int appender_flush(struct appender *appender);
/* Where the stream ends. */
uint64_t appender_end(const struct appender *appender);

#endif
