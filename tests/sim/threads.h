/* A machine's two disk threads. A request runs whole at one moment, or rests for a while before some of its calls of
 * the file system: then the other thread, the loop, the network and all that breaks go on, and the machine may die.
 *
 *      log    ......create  write | ............... | sync ......        | : it rests
 *      bulk   ..................... rename   sync_dir ...........
 *
 * So any order of what both call can come about, and a crash between any two calls of either. */
#ifndef CLEAT_TESTS_SIM_THREADS_H
#define CLEAT_TESTS_SIM_THREADS_H

#include <stdint.h>

#include "disk/disk.h"
#include "sim/events.h"

struct machine;
struct strand;
struct world;

struct thread {
    struct strand *strand; /* NULL: no request ever rested */
    uint32_t rests;        /* how often the one under way may yet rest */
    uint64_t calls;        /* it makes so many calls before the next time */
};

/* What the log's request is about to write: it must be the same until it is done, though the node goes on. */
uint64_t threads_log_hash(const struct disk_log *log);
/* Events: MACHINE's request is executed, or goes on. */
void threads_log_execute(struct world *world, const struct event *event);
void threads_bulk_execute(struct world *world, const struct event *event);
/* The process is dead: what rests never does anything any more. Before its disk is closed, and storage_crash. */
void threads_abandon(struct world *world, struct machine *machine);
void threads_close(struct machine *machine);
/* Their disks are those that are in use now. */
void threads_watch(struct world *world);

#endif
