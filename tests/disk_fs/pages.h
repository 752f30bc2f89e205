/* The content of a file in memory, twice: as the page cache has it, and as the disk has it. It is kept by pages of
 * 4096 bytes, each shared by cache, disk and copies of the file until one of them is written to; pages of zeros cost
 * nothing. So a sync and a copy of a whole disk cost as much as was written since, not as much as there is.
 *
 *      pages_write --> cache, sectors of 512 bytes dirty --> pages_sync --> disk
 *                                                        --> pages_settle (power loss): some of them --> disk
 *
 * A sector that is not dirty is the same in both, until a sync fails. */
#ifndef CLEAT_TESTS_PAGES_H
#define CLEAT_TESTS_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"

enum { PAGE_BYTES = 4096, PAGE_SECTOR = 512, PAGE_SECTORS = PAGE_BYTES / PAGE_SECTOR };

struct page;

struct page_slot {
    struct page *cache;   /* NULL: zeros */
    struct page *disk;
    uint8_t dirty;        /* a bit for each sector */
    bool differs;         /* a sync failed: sectors that are not dirty differ too */
};

struct pages {
    struct page_slot *slots;
    size_t slot_count;
    size_t *dirty;        /* slots with dirty sectors, each once */
    size_t dirty_count;
    size_t dirty_capacity;
    uint64_t size;        /* as the cache has it */
    uint64_t disk_size;
    uint8_t *flat;        /* for pages_content */
};

enum pages_loss {
    PAGES_LOSE, /* all that is dirty is gone */
    PAGES_SOME, /* any dirty sectors are kept */
    PAGES_TEAR, /* the first few dirty sectors are kept */
};

void pages_free(struct pages *pages);
/* TO is overwritten without a look. */
void pages_copy(struct pages *to, const struct pages *from);

void pages_write(struct pages *pages, uint64_t offset, const void *bytes, size_t size);
/* All of SIZE bytes must be within the file. */
void pages_read(const struct pages *pages, uint64_t offset, void *bytes, size_t size);
/* Cuts the cache to SIZE, which is no more than it has. */
void pages_cut(struct pages *pages, uint64_t size);
/* What is dirty goes to the disk; where FAILS, any part of it, and the cache believes all did, as kernels do. */
void pages_sync(struct pages *pages, bool fails, struct random *random);
/* Power loss: what LOSS says, and the cache is what the disk has. */
void pages_settle(struct pages *pages, enum pages_loss loss, struct random *random);

/* The cache's content in one piece, borrowed until the next call that takes these pages. */
const uint8_t *pages_content(struct pages *pages);
/* Bytes within the file changed, or its size (with zeros where it grows), on cache and disk alike. */
void pages_spoil(struct pages *pages, uint64_t offset, const void *bytes, size_t size);
void pages_resize(struct pages *pages, uint64_t size);

#endif
