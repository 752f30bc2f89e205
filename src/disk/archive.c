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

enum disk_status archive_trim(struct archive *archive, struct removals *removals, char *reason)
{
    while (archive->count > ARCHIVE_KEPT) {
        char name[DIRECTORY_NAME_MAX];
        directory_snapshot_name(archive->items[0].index, archive->items[0].term, name);
        enum disk_status status = removals_add(removals, name, archive->items[0].index, reason);
        if (status != DISK_OK)
            return status;
        memmove(archive->items, archive->items + 1, --archive->count * sizeof *archive->items);
    }
    return DISK_OK;
}
