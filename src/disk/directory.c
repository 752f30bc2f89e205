#include "disk/directory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "disk/reason.h"

static const char directory_segment_prefix[] = "wal-";
static const char directory_snapshot_prefix[] = "snapshot-";
static const char directory_reserve_prefix[] = "reserve-";
static const char directory_gone_prefix[] = "gone-";
static const char directory_unfinished_suffix[] = ".tmp";

enum { DIRECTORY_HEX = 16 };

/* The directory first: where another process has that, no file is made. Returns 0 or -errno. */
static int directory_lock(struct directory *directory)
{
    int error = fs_lock_dir(directory->path, &directory->place);
    if (error == -ENOTSUP)
        directory->place = -1;
    else if (error < 0)
        return error;
    directory_path(directory, "lock", directory->lock_path);
    error = fs_lock(directory->lock_path, &directory->lock);
    return error < 0 ? error : fs_identify(directory->lock_path, &directory->identity);
}

enum disk_status directory_open(struct directory *directory, const char *path, char *reason)
{
    directory->place = directory->lock = -1;
    size_t size = strlen(path);
    if (size == 0 || size >= DISK_PATH_MAX - DIRECTORY_NAME_MAX - 1)
        return reason_unfit(reason, path, "the directory's path is empty or too long; give another with --data");
    memcpy(directory->path, path, size + 1);
    int error = fs_make_dir(directory->path);
    if (error < 0)
        return reason_no_room(reason, "mkdir", directory->path, error);
    error = directory_lock(directory);
    if (error == 0)
        return DISK_OK;
    directory_close(directory);
    if (error == -EWOULDBLOCK)
        return reason_unfit(reason, directory->path,
                            "another process runs on it; end that one first, or give this one a --data of its own");
    return reason_no_room(reason, "lock", directory->path, error);
}

void directory_close(struct directory *directory)
{
    if (directory->lock >= 0)
        (void)fs_close(directory->lock);
    if (directory->place >= 0)
        (void)fs_close(directory->place);
    directory->place = directory->lock = -1;
}

enum disk_status directory_check(const struct directory *directory, char *reason)
{
    ensure(directory->lock >= 0);
    const char *lock = directory->lock_path;
    struct fs_identity now;
    int error = fs_identify(lock, &now);
    if (error < 0 && error != -ENOENT && error != -ENOTDIR)
        return reason_failed(reason, "look at", lock, error);
    if (error == 0 && now.device == directory->identity.device && now.number == directory->identity.number)
        return DISK_OK;
    (void)reason_unfit(reason, lock, error < 0 ? "is gone: it was removed, or the directory was moved, while this node "
                                                 "ran on it; put the directory back, and start again"
                                               : "is another file: it or the directory was replaced while this node "
                                                 "ran on it; see which directory is the right one, and start again");
    return DISK_FAILED;
}

void directory_path(const struct directory *directory, const char *name, char path[DISK_PATH_MAX])
{
    int size = snprintf(path, DISK_PATH_MAX, "%s/%s", directory->path, name);
    ensure(size > 0 && size < DISK_PATH_MAX);
}

void directory_segment_name(uint64_t sequence, char name[DIRECTORY_NAME_MAX])
{
    int size = snprintf(name, DIRECTORY_NAME_MAX, "%s%016" PRIx64, directory_segment_prefix, sequence);
    ensure(size > 0 && size < DIRECTORY_NAME_MAX);
}

void directory_recycled_name(uint64_t sequence, char name[DIRECTORY_NAME_MAX])
{
    int size = snprintf(name, DIRECTORY_NAME_MAX, "%s%016" PRIx64 ".old%s", directory_segment_prefix, sequence,
                        directory_unfinished_suffix);
    ensure(size > 0 && size < DIRECTORY_NAME_MAX);
}

void directory_gone_name(uint64_t number, char name[DIRECTORY_NAME_MAX])
{
    int size = snprintf(name, DIRECTORY_NAME_MAX, "%s%016" PRIx64 "%s", directory_gone_prefix, number,
                        directory_unfinished_suffix);
    ensure(size > 0 && size < DIRECTORY_NAME_MAX);
}

bool directory_is_gone(const char *name)
{
    return strncmp(name, directory_gone_prefix, sizeof directory_gone_prefix - 1) == 0;
}

void directory_reserve_name(unsigned number, char name[DIRECTORY_NAME_MAX])
{
    ensure(number <= 8);
    int size = snprintf(name, DIRECTORY_NAME_MAX, "%s%u", directory_reserve_prefix, number + 1);
    ensure(size > 0 && size < DIRECTORY_NAME_MAX);
}

void directory_snapshot_name(uint64_t index, uint64_t term, char name[DIRECTORY_NAME_MAX])
{
    int size =
        snprintf(name, DIRECTORY_NAME_MAX, "%s%016" PRIx64 "-%016" PRIx64, directory_snapshot_prefix, index, term);
    ensure(size > 0 && size < DIRECTORY_NAME_MAX);
}

enum disk_status directory_sync(const struct directory *directory, char *reason)
{
    ensure(directory->lock >= 0);
    int error = fs_sync_dir(directory->path);
    return error < 0 ? reason_no_room(reason, "sync", directory->path, error) : DISK_OK;
}

enum disk_status directory_sync_parent(const struct directory *directory, char *reason)
{
    char parent[DISK_PATH_MAX];
    memcpy(parent, directory->path, sizeof parent);
    size_t size = strlen(parent);
    while (size > 1 && parent[size - 1] == '/')
        size--;
    while (size > 0 && parent[size - 1] != '/')
        size--;
    while (size > 1 && parent[size - 1] == '/')
        size--;
    if (size == 0)
        parent[size++] = '.';
    parent[size] = '\0';
    int error = fs_sync_dir(parent);
    return error < 0 ? reason_no_room(reason, "sync", parent, error) : DISK_OK;
}

enum disk_status directory_rename(const struct directory *directory, const char *from, const char *to, char *reason)
{
    char from_path[DISK_PATH_MAX];
    char to_path[DISK_PATH_MAX];
    directory_path(directory, from, from_path);
    directory_path(directory, to, to_path);
    enum disk_status status = directory_check(directory, reason);
    if (status != DISK_OK)
        return status;
    int error = fs_rename(from_path, to_path);
    if (error < 0)
        return directory_abandon(directory, -1, from, reason_no_room(reason, "rename", from_path, error), reason);
    return directory_abandon(directory, -1, to, directory_sync(directory, reason), reason);
}

enum disk_status directory_remove(const struct directory *directory, const char *name, char *reason)
{
    char path[DISK_PATH_MAX];
    directory_path(directory, name, path);
    enum disk_status status = directory_check(directory, reason);
    if (status != DISK_OK)
        return status;
    int error = fs_unlink(path);
    if (error < 0 && error != -ENOENT)
        return reason_failed(reason, "unlink", path, error);
    error = fs_sync_dir(directory->path);
    return error < 0 ? reason_failed(reason, "sync", directory->path, error) : DISK_OK;
}

enum disk_status directory_abandon(const struct directory *directory, int file, const char *name,
                                   enum disk_status status, char *reason)
{
    if (file >= 0)
        (void)fs_close(file);
    if (status != DISK_FULL)
        return status;
    char removal[DISK_REASON_MAX];
    if (directory_remove(directory, name, removal) == DISK_OK)
        return DISK_FULL;
    memcpy(reason, removal, sizeof removal);
    return DISK_FAILED;
}

/* Exactly 16 lower-case hex digits. */
static bool directory_hex(const char *text, uint64_t *number)
{
    *number = 0;
    for (int i = 0; i < DIRECTORY_HEX; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9')
            *number = *number << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *number = *number << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    return true;
}

static bool directory_is_segment(const char *name, uint64_t *sequence)
{
    size_t prefix = sizeof directory_segment_prefix - 1;
    return strlen(name) == prefix + DIRECTORY_HEX && memcmp(name, directory_segment_prefix, prefix) == 0 &&
           directory_hex(name + prefix, sequence) && *sequence > 0;
}

static bool directory_is_snapshot(const char *name, struct listing_snapshot *snapshot)
{
    size_t prefix = sizeof directory_snapshot_prefix - 1;
    return strlen(name) == prefix + 2 * DIRECTORY_HEX + 1 && memcmp(name, directory_snapshot_prefix, prefix) == 0 &&
           directory_hex(name + prefix, &snapshot->index) && name[prefix + DIRECTORY_HEX] == '-' &&
           directory_hex(name + prefix + DIRECTORY_HEX + 1, &snapshot->term) && snapshot->index > 0;
}

/* One of ours only: what else lies in the directory is left alone. */
static bool directory_is_unfinished(const char *name)
{
    static const char *const beginnings[] = {"wal-", "snapshot-", "identity", "vote", "gone-", "reserve-"};
    size_t size = strlen(name);
    size_t suffix = sizeof directory_unfinished_suffix - 1;
    if (size >= DIRECTORY_NAME_MAX || size < suffix || strcmp(name + size - suffix, directory_unfinished_suffix) != 0)
        return false;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    }
    return false;
}

static bool directory_is_reserve(const char *name, unsigned *number)
{
    for (*number = 0; *number <= 8; ++*number) {
        char own[DIRECTORY_NAME_MAX];
        directory_reserve_name(*number, own);
        if (strcmp(name, own) == 0)
            return true;
    }
    return false;
}

static int directory_compare_segments(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static int directory_compare_snapshots(const void *a, const void *b)
{
    const struct listing_snapshot *left = a;
    const struct listing_snapshot *right = b;
    if (left->index != right->index)
        return left->index < right->index ? -1 : 1;
    return left->term < right->term ? -1 : left->term > right->term;
}

enum disk_status directory_list(const struct directory *directory, struct directory_listing *listing, char *reason)
{
    ensure(directory->lock >= 0);
    *listing = (struct directory_listing){0};
    char **names;
    size_t count;
    int error = fs_list(directory->path, &names, &count);
    if (error < 0)
        return reason_failed(reason, "list", directory->path, error);
    listing->segments = memory_resize(NULL, count, sizeof *listing->segments);
    listing->snapshots = memory_resize(NULL, count, sizeof *listing->snapshots);
    listing->unfinished = memory_resize(NULL, count, sizeof *listing->unfinished);
    for (size_t i = 0; i < count; i++) {
        const char *name = names[i];
        unsigned number;
        if (strcmp(name, "identity") == 0)
            listing->identity = true;
        else if (strcmp(name, "vote") == 0)
            listing->vote = true;
        else if (directory_is_reserve(name, &number))
            listing->reserves |= 1u << number;
        else if (directory_is_segment(name, &listing->segments[listing->segment_count]))
            listing->segment_count++;
        else if (directory_is_snapshot(name, &listing->snapshots[listing->snapshot_count]))
            listing->snapshot_count++;
        else if (directory_is_unfinished(name))
            memcpy(listing->unfinished[listing->unfinished_count++], name, strlen(name) + 1);
    }
    fs_list_free(names, count);
    qsort(listing->segments, listing->segment_count, sizeof *listing->segments, directory_compare_segments);
    qsort(listing->snapshots, listing->snapshot_count, sizeof *listing->snapshots, directory_compare_snapshots);
    return DISK_OK;
}

void directory_listing_close(struct directory_listing *listing)
{
    free(listing->segments);
    free(listing->snapshots);
    free(listing->unfinished);
    *listing = (struct directory_listing){0};
}
