/* Files that are to go. A large one that is unlinked gives back all of its blocks in one transaction of the file
 * system, behind which the log's syncs queue up; so it is cut down from its end, a step at a time, each synced, with a
 * rest behind it.
 *
 *      NAME -- rename, sync of the directory --> gone-RANDOM.tmp -- cut, sync, cut, sync, ... --> unlink
 *
 * Once it is cut it is not what its name said: so it loses that first, durably. As an unfinished file it is found by
 * the next start, which goes on with it. */
#ifndef CLEAT_DISK_REMOVALS_H
#define CLEAT_DISK_REMOVALS_H

#include "disk/directory.h"
#include "disk/disk.h"

struct removals {
    const struct directory *directory;
    const struct disk_options *options; /* for names, and for the size of a step */
    struct removals_item {
        char name[DIRECTORY_NAME_MAX];
        uint64_t snapshot_index; /* 0: no snapshot */
    } *items;
    size_t count;
    size_t capacity;
};

/* Indexes of the snapshots that are read at the moment, which may not be cut; 0: none. */
struct removals_held {
    uint64_t index[2];
};

void removals_init(struct removals *removals, const struct directory *directory, const struct disk_options *options);
void removals_close(struct removals *removals);
/* NAME loses its name, durably, and is gone if it is small; otherwise it waits. No error where it is not there.
 * SNAPSHOT_INDEX: of the finished snapshot that it is, or 0. */
enum disk_status removals_add(struct removals *removals, const char *name, uint64_t snapshot_index, char *reason);
/* Whether there is a file to be cut now. */
bool removals_due(const struct removals *removals, const struct removals_held *held);
/* One step of one file, and a rest. */
enum disk_status removals_step(struct removals *removals, const struct removals_held *held, char *reason);
/* Everything at once, for its room is needed. *COUNT: how many files that were. */
enum disk_status removals_finish(struct removals *removals, size_t *count, char *reason);

#endif
