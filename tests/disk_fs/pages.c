#include "disk_fs/pages.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"

struct page {
    uint32_t references;
    struct page *next; /* while it is spare */
    uint8_t bytes[PAGE_BYTES];
};

enum { ALL_SECTORS = (1 << PAGE_SECTORS) - 1 };

/* Pages come and go by the million: those that went are kept. */
static struct page *pages_spare;

static const uint8_t pages_zeros[PAGE_BYTES];

static struct page *page_new(const uint8_t *bytes)
{
    struct page *page = pages_spare;
    if (page)
        pages_spare = page->next;
    else
        page = memory_get(sizeof *page);
    page->references = 1;
    memcpy(page->bytes, bytes, PAGE_BYTES);
    return page;
}

static struct page *page_share(struct page *page)
{
    if (page)
        page->references++;
    return page;
}

static void page_drop(struct page *page)
{
    if (!page || --page->references > 0)
        return;
    page->next = pages_spare;
    pages_spare = page;
}

/* The page at *PLACE, with no one else that has it. */
static struct page *page_own(struct page **place)
{
    struct page *page = *place;
    if (page && page->references == 1)
        return page;
    *place = page_new(page ? page->bytes : pages_zeros);
    page_drop(page);
    return *place;
}

static const uint8_t *page_bytes(const struct page *page)
{
    return page ? page->bytes : pages_zeros;
}

static void slot_drop(struct page_slot *slot)
{
    page_drop(slot->cache);
    page_drop(slot->disk);
    *slot = (struct page_slot){0};
}

/* --- files ------------------------------------------------------------------------------------------------------ */

void pages_free(struct pages *pages)
{
    for (size_t i = 0; i < pages->slot_count; i++)
        slot_drop(&pages->slots[i]);
    free(pages->slots);
    free(pages->dirty);
    free(pages->flat);
    *pages = (struct pages){0};
}

void pages_copy(struct pages *to, const struct pages *from)
{
    *to = *from;
    to->flat = NULL;
    to->dirty_capacity = from->dirty_count;
    to->slots = memory_resize(NULL, from->slot_count, sizeof *to->slots);
    to->dirty = memory_resize(NULL, from->dirty_count, sizeof *to->dirty);
    for (size_t i = 0; i < from->slot_count; i++) {
        to->slots[i] = from->slots[i];
        page_share(to->slots[i].cache);
        page_share(to->slots[i].disk);
    }
    if (from->dirty_count > 0)
        memcpy(to->dirty, from->dirty, from->dirty_count * sizeof *to->dirty);
}

static void reserve(struct pages *pages, uint64_t size)
{
    size_t count = (size_t)((size + PAGE_BYTES - 1) / PAGE_BYTES);
    if (count <= pages->slot_count)
        return;
    if (count < pages->slot_count * 2)
        count = pages->slot_count * 2;
    pages->slots = memory_resize(pages->slots, count, sizeof *pages->slots);
    memset(pages->slots + pages->slot_count, 0, (count - pages->slot_count) * sizeof *pages->slots);
    pages->slot_count = count;
}

static void mark(struct pages *pages, size_t place, unsigned sectors)
{
    struct page_slot *slot = &pages->slots[place];
    if (slot->dirty == 0) {
        if (pages->dirty_count == pages->dirty_capacity) {
            pages->dirty_capacity = pages->dirty_capacity > 0 ? pages->dirty_capacity * 2 : 16;
            pages->dirty = memory_resize(pages->dirty, pages->dirty_capacity, sizeof *pages->dirty);
        }
        pages->dirty[pages->dirty_count++] = place;
    }
    slot->dirty |= (uint8_t)sectors;
}

/* The bits of the sectors that FIRST to END - 1 of a page's bytes touch. */
static unsigned sectors_of(size_t first, size_t end)
{
    unsigned low = (unsigned)(first / PAGE_SECTOR), high = (unsigned)((end - 1) / PAGE_SECTOR);
    return ((2u << high) - 1) & ~((1u << low) - 1);
}

static void write_page(struct pages *pages, size_t place, size_t first, const uint8_t *bytes, size_t size)
{
    struct page_slot *slot = &pages->slots[place];
    bool zeros = !slot->cache && !slot->disk && memcmp(bytes, pages_zeros, size) == 0;
    if (zeros)
        return; /* as it was: a segment that is filled with zeros stays for free */
    if (size == PAGE_BYTES) {
        page_drop(slot->cache);
        slot->cache = page_new(bytes);
    } else {
        memcpy(page_own(&slot->cache)->bytes + first, bytes, size);
    }
    mark(pages, place, sectors_of(first, first + size));
}

void pages_write(struct pages *pages, uint64_t offset, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    reserve(pages, offset + size);
    if (size > 0 && offset + size > pages->size)
        pages->size = offset + size;
    while (size > 0) {
        size_t first = (size_t)(offset % PAGE_BYTES);
        size_t part = PAGE_BYTES - first < size ? PAGE_BYTES - first : size;
        write_page(pages, (size_t)(offset / PAGE_BYTES), first, from, part);
        offset += part;
        from += part;
        size -= part;
    }
}

void pages_read(const struct pages *pages, uint64_t offset, void *bytes, size_t size)
{
    uint8_t *to = bytes;
    ensure(offset + size <= pages->size);
    while (size > 0) {
        size_t first = (size_t)(offset % PAGE_BYTES);
        size_t part = PAGE_BYTES - first < size ? PAGE_BYTES - first : size;
        memcpy(to, page_bytes(pages->slots[offset / PAGE_BYTES].cache) + first, part);
        offset += part;
        to += part;
        size -= part;
    }
}

void pages_cut(struct pages *pages, uint64_t size)
{
    ensure(size <= pages->size);
    size_t whole = (size_t)(size / PAGE_BYTES), rest = (size_t)(size % PAGE_BYTES);
    for (size_t i = whole; i < pages->slot_count; i++) {
        struct page_slot *slot = &pages->slots[i];
        if (!slot->cache && !slot->disk)
            continue;
        if (i == whole && rest > 0) {
            memset(page_own(&slot->cache)->bytes + rest, 0, PAGE_BYTES - rest);
            mark(pages, i, sectors_of(rest, PAGE_BYTES));
            continue;
        }
        page_drop(slot->cache);
        slot->cache = NULL;
        mark(pages, i, ALL_SECTORS);
    }
    pages->size = size;
}

/* --- sync and loss ---------------------------------------------------------------------------------------------- */

/* SECTORS of the slot's cache go to its disk. */
static void keep_sectors(struct page_slot *slot, unsigned sectors)
{
    bool whole = sectors == ALL_SECTORS || ((slot->dirty & ~sectors) == 0 && !slot->differs);
    if (whole && (sectors == ALL_SECTORS || !slot->disk || slot->disk->references > 1)) {
        page_drop(slot->disk); /* all that differs goes: they become one, which saves the copy */
        slot->disk = page_share(slot->cache);
        slot->differs = false;
        return;
    }
    if (sectors == 0)
        return;
    struct page *disk = page_own(&slot->disk);
    for (unsigned i = 0; i < PAGE_SECTORS; i++) {
        if (sectors >> i & 1)
            memcpy(disk->bytes + (size_t)i * PAGE_SECTOR, page_bytes(slot->cache) + (size_t)i * PAGE_SECTOR,
                   PAGE_SECTOR);
    }
}

static bool coin(struct random *random)
{
    return random_u64(random) % 2 == 0;
}

/* Any of the sectors. */
static unsigned some_of(unsigned sectors, struct random *random)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < PAGE_SECTORS; i++)
        if (sectors >> i & 1 && coin(random))
            kept |= 1u << i;
    return kept;
}

/* The first of the sectors, as long as *LEFT lasts. */
static unsigned first_of(unsigned sectors, uint64_t *left)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < PAGE_SECTORS && *left > 0; i++)
        if (sectors >> i & 1) {
            kept |= 1u << i;
            --*left;
        }
    return kept;
}

void pages_sync(struct pages *pages, bool fails, struct random *random)
{
    if (pages->size != pages->disk_size && (!fails || coin(random)))
        pages->disk_size = pages->size;
    for (size_t i = 0; i < pages->dirty_count; i++) {
        struct page_slot *slot = &pages->slots[pages->dirty[i]];
        unsigned kept = fails ? some_of(slot->dirty, random) : slot->dirty;
        keep_sectors(slot, kept);
        slot->differs |= kept != slot->dirty;
        slot->dirty = 0;
    }
    pages->dirty_count = 0;
}

static int compare_places(const void *left, const void *right)
{
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    return a < b ? -1 : a > b;
}

/* The disk has nothing beyond its size, and the cache the same as the disk. */
static void forget_cache(struct pages *pages)
{
    uint64_t end = pages->disk_size;
    pages->size = end;
    for (size_t i = 0; i < pages->slot_count; i++) {
        struct page_slot *slot = &pages->slots[i];
        uint64_t begin = (uint64_t)i * PAGE_BYTES;
        if (begin >= end) {
            slot_drop(slot);
            continue;
        }
        if (end - begin < PAGE_BYTES && slot->disk)
            memset(page_own(&slot->disk)->bytes + (end - begin), 0, PAGE_BYTES - (size_t)(end - begin));
        slot->differs = false;
        if (slot->cache != slot->disk) {
            page_drop(slot->cache);
            slot->cache = page_share(slot->disk);
        }
    }
}

void pages_settle(struct pages *pages, enum pages_loss loss, struct random *random)
{
    uint64_t dirty = 0;
    if (pages->dirty_count > 0)
        qsort(pages->dirty, pages->dirty_count, sizeof *pages->dirty, compare_places);
    for (size_t i = 0; i < pages->dirty_count; i++)
        dirty += (uint64_t)__builtin_popcount(pages->slots[pages->dirty[i]].dirty);
    uint64_t left = dirty > 0 && loss == PAGES_TEAR ? random_between(random, 0, dirty) : 0;
    if (pages->size != pages->disk_size && (loss == PAGES_SOME ? coin(random) : left > 0))
        pages->disk_size = pages->size;
    for (size_t i = 0; i < pages->dirty_count; i++) {
        struct page_slot *slot = &pages->slots[pages->dirty[i]];
        unsigned kept = 0;
        if (loss == PAGES_SOME)
            kept = some_of(slot->dirty, random);
        else if (loss == PAGES_TEAR)
            kept = first_of(slot->dirty, &left);
        keep_sectors(slot, kept);
        slot->dirty = 0;
    }
    pages->dirty_count = 0;
    forget_cache(pages);
}

/* --- looking and spoiling --------------------------------------------------------------------------------------- */

const uint8_t *pages_content(struct pages *pages)
{
    pages->flat = memory_resize(pages->flat, (size_t)pages->size + 1, 1);
    pages_read(pages, 0, pages->flat, (size_t)pages->size);
    return pages->flat;
}

void pages_spoil(struct pages *pages, uint64_t offset, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    ensure(offset + size <= pages->size);
    for (size_t i = 0; i < size; i++) {
        struct page_slot *slot = &pages->slots[(offset + i) / PAGE_BYTES];
        page_own(&slot->cache)->bytes[(offset + i) % PAGE_BYTES] = from[i];
        page_own(&slot->disk)->bytes[(offset + i) % PAGE_BYTES] = from[i];
    }
}

void pages_resize(struct pages *pages, uint64_t size)
{
    reserve(pages, size);
    for (size_t i = 0; i < pages->slot_count; i++) {
        struct page_slot *slot = &pages->slots[i];
        uint64_t begin = (uint64_t)i * PAGE_BYTES;
        if (size >= begin + PAGE_BYTES || (!slot->cache && !slot->disk))
            continue;
        size_t rest = begin >= size ? 0 : (size_t)(size - begin);
        memset(page_own(&slot->cache)->bytes + rest, 0, PAGE_BYTES - rest);
        memset(page_own(&slot->disk)->bytes + rest, 0, PAGE_BYTES - rest);
    }
    pages->size = pages->disk_size = size;
}
