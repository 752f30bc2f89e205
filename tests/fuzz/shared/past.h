/* A data directory with a past, to be spoilt by fuzzers: made once, copied for every try. Its log was written in
 * several segments, taken back in places and written anew; the front was cut behind the older of two snapshots.
 *
 *      snapshot 22                snapshot 30
 *      log ... 18 ... 22 ........ 30 ............ 41 */
#ifndef CLEAT_TESTS_FUZZ_PAST_H
#define CLEAT_TESTS_FUZZ_PAST_H

#include "disk/disk.h"
#include "disk_fs/fs_memory.h"

#define PAST_DIRECTORY "/m/data"

enum { PAST_TERM = 7, PAST_VOTE = 2, PAST_FILES_MAX = 16, PAST_SNAPSHOT_OLDER = 22, PAST_SNAPSHOT = 30 };

enum past_end {
    PAST_CLOSED,   /* the last batch is closed by a mark */
    PAST_KILLED,   /* it is not */
    PAST_VOTING,   /* power failed between the vote's two blocks: the term is PAST_TERM or one more */
    PAST_ENDS,
};

/* A copy of the directory, which is the current disk then. fs_memory_close frees it. */
struct fs_memory *past_copy(enum past_end end);
/* The paths of its files whose names begin with PREFIX, in order of the names. */
size_t past_files(const char *prefix, char paths[PAST_FILES_MAX][DISK_PATH_MAX]);

/* Opens the current disk's directory. Anything but DISK_OK must be a refusal with a reason. */
enum disk_status past_open(struct disk **disk, struct disk_recovered *recovered);
/* The log is one that was there at some time: in order, nothing that was not written. */
void past_check_log(const struct disk_recovered *recovered);
/* The recovered snapshot holds what was written into it. */
void past_check_snapshot(struct disk *disk, const struct disk_recovered *recovered);
/* It can be written to, and that is there after another start, with all that was there before. Closes DISK. */
void past_go_on(struct disk *disk, const struct disk_recovered *recovered);

/* The bytes of the newest snapshot, borrowed for good. */
const uint8_t *past_snapshot(size_t *size);

#endif
