/* The data directory: its locks, the names in it, and the making and removing of files so that power loss keeps either
 * the old state or the new one: written under a temporary name, synced, renamed, directory synced.
 *
 * A process holds three locks: on the directory itself, which nothing takes away; on the file "lock", which anybody can
 * remove; and on the vote (vote.h). The latter two are for file systems that do not lock directories, such as NFS.
 * Files are opened by their path, so what is at the path must be what is locked: that is looked at again and again. */
#ifndef CLEAT_DISK_DIRECTORY_H
#define CLEAT_DISK_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk/disk.h"
#include "disk/fs.h"

enum { DIRECTORY_NAME_MAX = 64 };

struct directory {
    char path[DISK_PATH_MAX];
    int place; /* the directory itself, locked; < 0: it cannot be */
    int lock;  /* the file "lock"; < 0: not locked */
    char lock_path[DISK_PATH_MAX];
    struct fs_identity identity; /* of the file "lock" */
};

/* Makes the directory if it is not there, and locks it. */
enum disk_status directory_open(struct directory *directory, const char *path, char *reason);
void directory_close(struct directory *directory);
/* DISK_FAILED: the path no longer leads to the file "lock" that is held here, since that was removed, or the directory
 * was moved, removed or replaced. From then on nothing may be believed to be written, and nothing be renamed or
 * removed: the files may be another process's. */
enum disk_status directory_check(const struct directory *directory, char *reason);

void directory_path(const struct directory *directory, const char *name, char path[DISK_PATH_MAX]);
void directory_segment_name(uint64_t sequence, char name[DIRECTORY_NAME_MAX]);
/* Of a segment that waits to be used again: a start removes it. */
void directory_recycled_name(uint64_t sequence, char name[DIRECTORY_NAME_MAX]);
/* Of a file that is cut down, and lost its name (removals.h): a start goes on with it. */
void directory_gone_name(uint64_t number, char name[DIRECTORY_NAME_MAX]);
bool directory_is_gone(const char *name);
/* Of the room that is set aside (reserve.h), from 0. */
void directory_reserve_name(unsigned number, char name[DIRECTORY_NAME_MAX]);
void directory_snapshot_name(uint64_t index, uint64_t term, char name[DIRECTORY_NAME_MAX]);

enum disk_status directory_sync(const struct directory *directory, char *reason);
/* Syncs the directory above, so that this one is certain to be found again. */
enum disk_status directory_sync_parent(const struct directory *directory, char *reason);
/* Gives FROM the name TO, durably. DISK_FULL where there is no room: then neither name is left, unless TO was there
 * before: only for names that are new. */
enum disk_status directory_rename(const struct directory *directory, const char *from, const char *to, char *reason);
/* Removes NAME, durably. No error where it is not there. */
enum disk_status directory_remove(const struct directory *directory, const char *name, char *reason);
/* After a failure with STATUS: closes FILE (unless < 0) and, if the status is DISK_FULL, removes NAME. Returns the
 * status to report: STATUS, or DISK_FAILED where the removal failed. */
enum disk_status directory_abandon(const struct directory *directory, int file, const char *name,
                                   enum disk_status status, char *reason);

/* What is in the directory. */
struct directory_listing {
    bool identity;
    bool vote;
    unsigned reserves;  /* a bit for each */
    uint64_t *segments; /* sequences, ascending */
    size_t segment_count;
    struct listing_snapshot {
        uint64_t index;
        uint64_t term;
    } *snapshots;       /* ascending */
    size_t snapshot_count;
    char (*unfinished)[DIRECTORY_NAME_MAX]; /* temporary files */
    size_t unfinished_count;
};

enum disk_status directory_list(const struct directory *directory, struct directory_listing *listing, char *reason);
void directory_listing_close(struct directory_listing *listing);

#endif
