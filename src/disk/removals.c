#include "disk/removals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "disk/fs.h"
#include "disk/pace.h"
#include "disk/reason.h"

void removals_init(struct removals *removals, const struct directory *directory, const struct disk_options *options)
{
    *removals = (struct removals){.directory = directory, .options = options};
}

void removals_close(struct removals *removals)
{
    free(removals->items);
    removals->items = NULL;
    removals->count = removals->capacity = 0;
}

static uint64_t removals_step_bytes(const struct removals *removals)
{
    return removals->options->removal_bytes > 0 ? removals->options->removal_bytes : DISK_REMOVAL_BYTES;
}

static void removals_push(struct removals *removals, const char *name, uint64_t snapshot_index)
{
    if (removals->count == removals->capacity) {
        removals->capacity = removals->capacity > 0 ? removals->capacity * 2 : 16;
        removals->items = memory_resize(removals->items, removals->capacity, sizeof *removals->items);
    }
    struct removals_item *item = &removals->items[removals->count++];
    *item = (struct removals_item){.snapshot_index = snapshot_index};
    ensure(strlen(name) < sizeof item->name);
    strcpy(item->name, name);
}

static void removals_drop(struct removals *removals, size_t place)
{
    ensure(place < removals->count);
    memmove(removals->items + place, removals->items + place + 1,
            (--removals->count - place) * sizeof *removals->items);
}

enum disk_status removals_add(struct removals *removals, const char *name, uint64_t snapshot_index, char *reason)
{
    char path[DISK_PATH_MAX];
    char gone[DIRECTORY_NAME_MAX];
    directory_path(removals->directory, name, path);
    uint64_t bytes = 0;
    int file = fs_open(path);
    int error = file < 0 ? file : fs_size(file, &bytes);
    if (file >= 0)
        (void)fs_close(file);
    if (error < 0 && error != -ENOENT)
        return reason_failed(reason, "open", path, error);
    if (bytes <= removals_step_bytes(removals))
        return directory_remove(removals->directory, name, reason);
    if (directory_is_gone(name)) {
        removals_push(removals, name, snapshot_index);
        return DISK_OK;
    }
    directory_gone_name(removals->options->random(removals->options->random_context), gone);
    enum disk_status status = directory_rename(removals->directory, name, gone, reason);
    if (status == DISK_FULL)
        return DISK_OK; /* there is no room for another name: then it is gone */
    if (status == DISK_OK)
        removals_push(removals, gone, snapshot_index);
    return status;
}

/* The first file that nobody reads; the count where there is none. */
static size_t removals_next(const struct removals *removals, const struct removals_held *held)
{
    size_t i = 0;
    for (; i < removals->count; i++) {
        uint64_t index = removals->items[i].snapshot_index;
        if (index == 0 || (index != held->index[0] && index != held->index[1]))
            break;
    }
    return i;
}

bool removals_due(const struct removals *removals, const struct removals_held *held)
{
    return removals_next(removals, held) < removals->count;
}

/* Cuts the file at PATH by one step; *LEFT: what it has then, 0 where that is not worth a step. */
static enum disk_status removals_cut(const struct removals *removals, const char *path, uint64_t *left, char *reason)
{
    uint64_t step = removals_step_bytes(removals), bytes = 0;
    const char *call = "open";
    int file = fs_open(path);
    int error = file < 0 ? file : fs_size(file, &bytes);
    *left = bytes > step ? bytes - step : 0;
    if (error == 0 && *left > 0) {
        call = "truncate";
        error = fs_truncate(file, *left);
        if (error == 0)
            error = pace_sync(file);
    }
    if (file >= 0)
        (void)fs_close(file);
    return error < 0 ? reason_failed(reason, call, path, error) : DISK_OK;
}

enum disk_status removals_step(struct removals *removals, const struct removals_held *held, char *reason)
{
    size_t place = removals_next(removals, held);
    if (place == removals->count)
        return DISK_OK;
    char path[DISK_PATH_MAX];
    uint64_t left;
    const char *name = removals->items[place].name;
    directory_path(removals->directory, name, path);
    enum disk_status status = removals_cut(removals, path, &left, reason);
    if (status != DISK_OK || left > 0)
        return status;
    status = directory_remove(removals->directory, name, reason);
    if (status == DISK_OK)
        removals_drop(removals, place);
    return status;
}

enum disk_status removals_finish(struct removals *removals, size_t *count, char *reason)
{
    *count = 0;
    while (removals->count > 0) {
        enum disk_status status = directory_remove(removals->directory, removals->items[0].name, reason);
        if (status != DISK_OK)
            return status;
        removals_drop(removals, 0);
        ++*count;
    }
    return DISK_OK;
}
