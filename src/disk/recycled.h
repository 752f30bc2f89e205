/* Segments whose records nobody needs any more, kept to be used again: that saves writing megabytes of zeros for each
 * new one. They have the name of unfinished files, so that a start removes them. */
#ifndef CLEAT_DISK_RECYCLED_H
#define CLEAT_DISK_RECYCLED_H

#include "disk/directory.h"
#include "disk/disk.h"

enum { RECYCLED_MAX = 16 };

struct recycled {
    uint64_t sequences[RECYCLED_MAX]; /* under which they were in use */
    size_t count;
};

/* Enough wait. */
bool recycled_enough(const struct recycled *recycled);
/* Takes the segment SEQUENCE, which is closed and not needed, where not enough wait yet. Where there is no room for its
 * new name it is deleted, and not counted: *KEPT tells. */
enum disk_status recycled_add(struct recycled *recycled, const struct directory *directory, uint64_t sequence,
                              bool *kept, char *reason);
/* Gives one away: its NAME. False: there is none. */
bool recycled_take(struct recycled *recycled, char name[DIRECTORY_NAME_MAX]);

#endif
