/* Term and vote, twice, so that one bad block or a write cut short loses nothing:
 *
 *      0     a block (block.h): u32 node id, u64 incarnation, u64 sequence, u64 term, u32 vote, u64 life,
 *            u8 1: rolled back, then from byte 64 on the processes of the newest DISK_LIVES_MAX lives, a u64 each, the
 *            newest first, 0: none
 *      4096  the same again
 *
 * A change is written to the first block, synced, written to the second, synced. Of two that differ the one with the
 * higher sequence holds. */
#ifndef CLEAT_DISK_VOTE_H
#define CLEAT_DISK_VOTE_H

#include "disk/directory.h"
#include "disk/disk.h"

struct vote {
    int file; /* locked; < 0: not open */
    char path[DISK_PATH_MAX];
    uint32_t node_id;
    uint64_t incarnation;
    uint64_t sequence; /* rises with every change */
    uint64_t term;
    uint32_t vote;
    uint64_t life;     /* counts the starts of a node here */
    uint64_t processes[DISK_LIVES_MAX];
    bool rolled_back;  /* the directory is an older copy of what it was: the node has no vote */
    bool good[2];      /* as found on loading */
    bool equal;
};

/* Makes the file at its full size, with term 0, in the directory's first life, that of PROCESS. */
enum disk_status vote_create(const struct directory *directory, uint32_t node_id, uint64_t incarnation,
                             uint64_t process, struct vote *vote, char *reason);
/* Opens and reads it; changes nothing. */
enum disk_status vote_load(const struct directory *directory, uint32_t node_id, uint64_t incarnation,
                           struct vote *vote, char *reason);
/* After vote_load, before anything else is written: makes both blocks equal, and sure to be on the disk. */
enum disk_status vote_repair(struct vote *vote, char *reason);
/* Both blocks, durable on return. Never DISK_FULL: it is written in place. What was rolled back stays so. */
enum disk_status vote_write(struct vote *vote, uint64_t term, uint32_t candidate, bool rolled_back, char *reason);
/* Another life begins, that of PROCESS: likewise. */
enum disk_status vote_begin_life(struct vote *vote, uint64_t process, char *reason);
void vote_close(struct vote *vote);

#endif
