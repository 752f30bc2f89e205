/* Large files are written a little at a time: each part is synced, and then the disk rests for as long as that took, so
 * that the log's syncs never queue up behind much. Without this the system would collect everything and write it at
 * once, and every client would wait for it. */
#ifndef CLEAT_DISK_PACE_H
#define CLEAT_DISK_PACE_H

#include <stddef.h>

enum {
    PACE_BYTES = 512 * 1024,  /* written between two syncs */
    PACE_REST_MAX_US = 50000,
};

struct pace {
    size_t unsynced; /* bytes written since the last sync */
};

/* SIZE bytes more were written to FILE. Returns 0, or -errno of a sync that failed. */
int pace_wrote(struct pace *pace, int file, size_t size);
/* Syncs FILE, and rests. Likewise. */
int pace_sync(int file);

#endif
