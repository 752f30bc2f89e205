/* A thread that does one kind of disk work, a request at a time: the WAL thread and the bulk thread.
 *
 * The loop's thread hands a request over and is woken when it is done; in between the request belongs to the worker.
 * Each way is one wake-up and nothing else: no lock that the one who wakes could find taken. */
#ifndef CLEAT_NET_WORKER_H
#define CLEAT_NET_WORKER_H

#include <ev.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "disk/disk.h"

struct worker {
    struct disk *disk;
    struct ev_loop *loop;
    struct ev_async *wake; /* sent when a request is done */
    int nice;              /* how far behind the others the thread steps when processors are short */
    pthread_t thread;
    sem_t work;            /* posted for each request, and to quit */
    /* Set by the loop's thread before it posts, and not touched by it until done. At most one of log and bulk is set,
     * by what kind of worker it is. */
    struct disk_log *log;
    struct disk_bulk *bulk;
    bool quit;
    atomic_bool done;      /* set by the worker: what it wrote before is seen by whoever sees this */
};

/* Starts the thread, NICE steps (as of nice(1)) behind the others; the program ends where it cannot be started. */
void worker_start(struct worker *worker, struct disk *disk, struct ev_loop *loop, struct ev_async *wake, int nice);
void worker_submit_log(struct worker *worker, struct disk_log *request);
void worker_submit_bulk(struct worker *worker, struct disk_bulk *request);
/* The request that is done, given back; NULL: none is. */
struct disk_log *worker_take_log(struct worker *worker);
struct disk_bulk *worker_take_bulk(struct worker *worker);
/* Ends the thread after the request under way. */
void worker_stop(struct worker *worker);

#endif
