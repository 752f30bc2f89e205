/* The finished snapshots of a data directory: the two newest are kept. */
#ifndef CLEAT_DISK_ARCHIVE_H
#define CLEAT_DISK_ARCHIVE_H

#include "disk/directory.h"
#include "disk/disk.h"
#include "disk/removals.h"

enum { ARCHIVE_KEPT = 2 };

struct archive {
    struct archive_item {
        uint64_t index;
        uint64_t term;
        uint64_t bytes;
    } items[ARCHIVE_KEPT + 1]; /* ascending */
    size_t count;
};

/* The newest one, or NULL. */
const struct archive_item *archive_newest(const struct archive *archive);
bool archive_has(const struct archive *archive, uint64_t index, uint64_t term);
/* The log is kept from here: the index of the older of two; 0 where there are fewer. */
uint64_t archive_log_index(const struct archive *archive);
uint64_t archive_bytes(const struct archive *archive);
/* Adds a finished one, whose index is above all before; archive_trim must follow. */
void archive_add(struct archive *archive, struct archive_item item);
/* The one of INDEX and TERM goes, if it is there. */
enum disk_status archive_drop(struct archive *archive, uint64_t index, uint64_t term, struct removals *removals,
                              char *reason);
/* The files of all but the newest two go. */
enum disk_status archive_trim(struct archive *archive, struct removals *removals, char *reason);

#endif
