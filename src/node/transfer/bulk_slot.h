/* The bulk thread's one request at a time: whose it is, and that the data directory is looked at now and then. Who goes
 * first is written in replication.c. */
#ifndef CLEAT_NODE_TRANSFER_BULK_SLOT_H
#define CLEAT_NODE_TRANSFER_BULK_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "disk/disk.h"
#include "node/env.h"

enum { BULK_CHECK_MS = 1000 /* that the data directory is still the one that was opened is looked at this often */ };

/* Who asks for work, and is told what came of it. */
enum bulk_class {
    BULK_OWN,      /* nobody: what is looked at and cut down here */
    BULK_IDENTITY,
    BULK_ROOM,     /* for the log */
    BULK_SNAPSHOT, /* this node's own */
    BULK_SEND,
    BULK_RECEIVE,
};

struct bulk_slot {
    struct disk_bulk request;
    bool busy;
    bool removals;     /* there are files to be cut down */
    bool removed;      /* the last request did some of that */
    uint64_t check_ms; /* when the directory is to be looked at again */
};

void bulk_slot_init(struct bulk_slot *bulk, const struct env *env);
/* No request may be under way. */
void bulk_slot_close(struct bulk_slot *bulk);

enum bulk_class bulk_class_of(enum disk_bulk_kind kind);

/* A request to be filled in and given; NULL: one is under way. */
struct disk_bulk *bulk_slot_begin(struct bulk_slot *bulk);
/* It is FILLED in: it goes to the driver. Else there is nothing to do: NULL. */
struct disk_bulk *bulk_slot_give(struct bulk_slot *bulk, bool filled);
/* The request was executed. False: it failed, and the node stops. */
bool bulk_slot_done(struct bulk_slot *bulk, struct env *env, const struct disk_bulk *request);

/* True: REQUEST is to look at the directory. */
bool bulk_slot_check_next(struct bulk_slot *bulk, const struct env *env, struct disk_bulk *request);
/* It is the turn of what is to be cut down: by turns, so that neither that nor what others want waits for the other,
 * which may take long. */
bool bulk_slot_removes_first(const struct bulk_slot *bulk);
/* True: REQUEST is to cut down a step of that. */
bool bulk_slot_remove_next(const struct bulk_slot *bulk, struct disk_bulk *request);
uint64_t bulk_slot_deadline_ms(const struct bulk_slot *bulk, const struct env *env);

#endif
