/* Room that is set aside for starting, while there is room: files written full of zeros, that nothing else is ever made
 * of.
 *
 *      DIR/reserve-1, DIR/reserve-2
 *
 * A start that finds no room for its segment makes it of one of these, in place: nothing is allocated. Each is larger
 * than a segment, so that it takes the last batch of one, whatever its size, and a new leader's entries. There are two,
 * since the first such start leaves a full segment behind, and gives back nothing; the next one takes over what the
 * first one's segment has (recovery.h), whose file then is a reserve again. From there on they take turns, for any
 * number of starts. */
#ifndef CLEAT_DISK_RESERVE_H
#define CLEAT_DISK_RESERVE_H

#include "disk/directory.h"
#include "disk/disk.h"
#include "disk/removals.h"

enum {
    RESERVE_COUNT = 2,
    RESERVE_ROOM_BYTES = 128 * 1024, /* of each, for records of other than the last batch */
};

struct reserve {
    const struct directory *directory;
    const struct disk_options *options;
    uint64_t bytes[RESERVE_COUNT]; /* of each; 0: it is not there */
};

void reserve_init(struct reserve *reserve, const struct directory *directory, const struct disk_options *options);
/* Looks which of LISTING's there are. */
enum disk_status reserve_find(struct reserve *reserve, const struct directory_listing *listing, char *reason);
/* The size that each ought to have. */
uint32_t reserve_file_bytes(const struct reserve *reserve);
/* All are there, and of that size. */
bool reserve_whole(const struct reserve *reserve);
/* One of at least BYTES: its NAME, and its size. 0: there is none. */
uint64_t reserve_offer(const struct reserve *reserve, uint64_t bytes, char name[DIRECTORY_NAME_MAX]);
/* NAME has become something else. */
void reserve_taken(struct reserve *reserve, const char *name);
/* Makes a reserve of the file NAME of so many BYTES, which nobody needs any longer, where that is its size and one is
 * lacking: *KEPT tells. NAME's file loses that name durably. */
enum disk_status reserve_keep(struct reserve *reserve, const char *name, uint64_t bytes, bool *kept, char *reason);
/* Makes one that is lacking. DISK_FULL where there is no room: nothing is left behind. */
enum disk_status reserve_make(struct reserve *reserve, struct removals *removals, char *reason);

#endif
