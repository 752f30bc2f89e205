/* Appends to a file in whole blocks, so that the system's cache can be left out (fs_bypass_cache): one copy from where
 * the bytes are to here, none in the kernel, and one write for a whole batch.
 *
 *      file    | full blocks, written ............. | part of a block | zeros
 *      here                                         | part of a block | new bytes ... | zeros to the block's end
 *                                                   ^ offset                          ^ offset + size
 *
 * The last block is written again, with more in it, by the next batch. What is in it already was written with the same
 * bytes before, so no order in which its sectors reach the disk can harm it. */
#ifndef CLEAT_DISK_APPENDER_H
#define CLEAT_DISK_APPENDER_H

#include <stddef.h>
#include <stdint.h>

enum { APPENDER_BYTES = 1024 * 1024 /* a batch that is larger takes several writes */ };

struct appender {
    uint8_t *bytes;   /* APPENDER_BYTES, aligned to a block */
    size_t size;
    uint64_t offset;  /* of the first one in the file: a block's beginning */
    int file;         /* borrowed; < 0: none yet */
};

void appender_init(struct appender *appender);
void appender_close(struct appender *appender);
/* Goes on at END of FILE, which stays the caller's. The block that END lies in is read. Returns 0 or -errno. */
int appender_begin(struct appender *appender, int file, uint64_t end);
/* Adds a copy of BYTES; writes when there is no more room here. Returns 0 or -errno. */
int appender_add(struct appender *appender, const void *bytes, size_t size);
/* Writes what was added; does not sync. Returns 0 or -errno. */
int appender_flush(struct appender *appender);

#endif
