#include "disk/archive.h"

#include <string.h>

#include "base/ensure.h"

const struct archive_item *archive_newest(const struct archive *archive)
{
    ensure(archive->count <= ARCHIVE_KEPT);
    return archive->count > 0 ? &archive->items[archive->count - 1] : NULL;
}

bool archive_has(const struct archive *archive, uint64_t index, uint64_t term)
{
    for (size_t i = 0; i < archive->count; i++) {
        if (archive->items[i].index == index && archive->items[i].term == term)
            return true;
    }
    return false;
}

uint64_t archive_log_index(const struct archive *archive)
{
    ensure(archive->count <= ARCHIVE_KEPT);
    return archive->count == ARCHIVE_KEPT ? archive->items[0].index : 0;
}

uint64_t archive_bytes(const struct archive *archive)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < archive->count; i++)
        bytes += archive->items[i].bytes;
    return bytes;
}

void archive_add(struct archive *archive, struct archive_item item)
{
    ensure(archive->count <= ARCHIVE_KEPT);
    ensure(archive->count == 0 || archive->items[archive->count - 1].index < item.index);
    archive->items[archive->count++] = item;
}

/* The one at PLACE goes. */
static enum disk_status remove_at(struct archive *archive, size_t place, struct removals *removals, char *reason)
{
    ensure(place < archive->count);
    struct archive_item *item = &archive->items[place];
    char name[DIRECTORY_NAME_MAX];
    directory_snapshot_name(item->index, item->term, name);
    enum disk_status status = removals_add(removals, name, item->index, reason);
    if (status == DISK_OK)
        memmove(item, item + 1, (--archive->count - place) * sizeof *item);
    return status;
}

enum disk_status archive_drop(struct archive *archive, uint64_t index, uint64_t term, struct removals *removals,
                              char *reason)
{
    for (size_t i = 0; i < archive->count; i++)
        if (archive->items[i].index == index && archive->items[i].term == term)
            return remove_at(archive, i, removals, reason);
    return DISK_OK;
}

enum disk_status archive_trim(struct archive *archive, struct removals *removals, char *reason)
{
    enum disk_status status = DISK_OK;
    while (status == DISK_OK && archive->count > ARCHIVE_KEPT)
        status = remove_at(archive, 0, removals, reason);
    return status;
}
