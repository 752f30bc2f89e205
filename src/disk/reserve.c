#include "disk/reserve.h"

#include <errno.h>
#include <string.h>

#include "base/ensure.h"
#include "disk/fs.h"
#include "disk/reason.h"
#include "disk/record.h"
#include "disk/segment.h"

void reserve_init(struct reserve *reserve, const struct directory *directory, const struct disk_options *options)
{
    *reserve = (struct reserve){.directory = directory, .options = options};
}

enum disk_status reserve_find(struct reserve *reserve, const struct directory_listing *listing, char *reason)
{
    for (unsigned i = 0; i < RESERVE_COUNT; i++) {
        char name[DIRECTORY_NAME_MAX];
        char path[DISK_PATH_MAX];
        reserve->bytes[i] = 0;
        if (!(listing->reserves >> i & 1))
            continue;
        directory_reserve_name(i, name);
        directory_path(reserve->directory, name, path);
        int file = fs_open(path);
        int error = file < 0 ? file : fs_size(file, &reserve->bytes[i]);
        if (file >= 0)
            (void)fs_close(file);
        if (error < 0)
            return reason_failed(reason, "open", path, error);
        if (!segment_size_fits(reserve->bytes[i]))
            reserve->bytes[i] = 1; /* of no use; it is made anew when there is room */
    }
    return DISK_OK;
}

uint32_t reserve_file_bytes(const struct reserve *reserve)
{
    uint64_t room = record_bytes(reserve->options->record_max_bytes) + RESERVE_ROOM_BYTES;
    uint64_t bytes = reserve->options->segment_bytes + sector_file_bytes(room);
    bytes = (bytes + SEGMENT_HEADER - 1) / SEGMENT_HEADER * SEGMENT_HEADER;
    return bytes < SEGMENT_BYTES_MAX ? (uint32_t)bytes : SEGMENT_BYTES_MAX;
}

static bool reserve_lacks(const struct reserve *reserve, unsigned i)
{
    return reserve->bytes[i] != reserve_file_bytes(reserve);
}

bool reserve_whole(const struct reserve *reserve)
{
    for (unsigned i = 0; i < RESERVE_COUNT; i++) {
        if (reserve_lacks(reserve, i))
            return false;
    }
    return true;
}

uint64_t reserve_offer(const struct reserve *reserve, uint64_t bytes, char name[DIRECTORY_NAME_MAX])
{
    for (unsigned i = 0; i < RESERVE_COUNT; i++) {
        if (!segment_size_fits(reserve->bytes[i]) || reserve->bytes[i] < bytes)
            continue;
        directory_reserve_name(i, name);
        return reserve->bytes[i];
    }
    return 0;
}

void reserve_taken(struct reserve *reserve, const char *name)
{
    for (unsigned i = 0; i < RESERVE_COUNT; i++) {
        char own[DIRECTORY_NAME_MAX];
        directory_reserve_name(i, own);
        if (strcmp(own, name) == 0)
            reserve->bytes[i] = 0;
    }
}

enum disk_status reserve_keep(struct reserve *reserve, const char *name, uint64_t bytes, bool *kept, char *reason)
{
    *kept = false;
    for (unsigned i = 0; i < RESERVE_COUNT && bytes == reserve_file_bytes(reserve); i++) {
        if (reserve->bytes[i] != 0)
            continue;
        char own[DIRECTORY_NAME_MAX];
        directory_reserve_name(i, own);
        enum disk_status status = directory_rename(reserve->directory, name, own, reason);
        *kept = status == DISK_OK || status == DISK_FULL;
        if (status == DISK_OK)
            reserve->bytes[i] = bytes;
        return status == DISK_FULL ? DISK_OK : status; /* no room for another name: then it is gone */
    }
    return DISK_OK;
}

enum disk_status reserve_make(struct reserve *reserve, struct removals *removals, char *reason)
{
    unsigned i = 0;
    while (i < RESERVE_COUNT && !reserve_lacks(reserve, i))
        i++;
    if (i == RESERVE_COUNT)
        return DISK_OK;
    char name[DIRECTORY_NAME_MAX];
    directory_reserve_name(i, name);
    enum disk_status status = DISK_OK;
    if (reserve->bytes[i] != 0)
        status = removals_add(removals, name, 0, reason); /* of a size that is not in use any longer */
    if (status != DISK_OK)
        return status;
    reserve->bytes[i] = 0;
    status = segment_blank(reserve->directory, name, reserve_file_bytes(reserve), reason);
    if (status == DISK_OK)
        reserve->bytes[i] = reserve_file_bytes(reserve);
    return status;
}
