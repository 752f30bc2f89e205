/* A snapshot from the leader: its file chunk by chunk to the disk, verified there, loaded block by block into a new
 * store while heartbeats go on, and then put in the place of the old state at once. */
#ifndef CLEAT_NODE_TRANSFER_RECEIVE_H
#define CLEAT_NODE_TRANSFER_RECEIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "disk/disk.h"
#include "node/env.h"
#include "node/transfer/message.h"
#include "raft/raft.h"
#include "store/store.h"

enum {
    RECEIVE_MOVE_MS = 10000,    /* one that does not move for this long is given up */
    RECEIVE_DRAIN_FILES = 1000, /* of a replaced store, freed in one turn */
    RECEIVE_CHUNK_KEPT = 256 * 1024, /* bytes of memory that the chunk keeps from one to the next */
};

struct receiving {
    enum {
        RECEIVE_IDLE,
        RECEIVE_BEGIN,          /* a file is to be made for it */
        RECEIVE_WRITE,          /* `chunk` is to be written */
        RECEIVE_WAIT,           /* for the next chunk */
        RECEIVE_END,            /* all is there: to be verified, and named */
        RECEIVE_OPEN,
        RECEIVE_LOAD,           /* into `store`, block by block */
        RECEIVE_INSTALL,        /* once the store that was replaced last is freed */
    } state;
    bool cancel_due;            /* one was given up: what the disk has of it is to go */
    uint64_t dropped_index;     /* one whose contents do not load: the disk is to drop it; 0: none */
    uint64_t dropped_term;
    uint32_t peer;
    uint64_t index;
    uint64_t term;
    uint64_t size;
    uint64_t offset;
    struct buffer chunk;
    struct raft_configuration configuration;
    struct store *store;        /* being filled */
    struct store *drained;      /* the replaced one, being freed */
    uint64_t moved_ms;
    uint64_t count;             /* installed */
    struct transfer_message message;
};

void receive_close(struct receiving *receiving);
/* One is on its way here, in any state. */
static inline bool receive_busy(const struct receiving *receiving)
{
    return receiving->state != RECEIVE_IDLE;
}

/* An OFFER, a CHUNK came from that peer. */
void receive_offer(struct receiving *receiving, const struct env *env, const struct raft *raft, uint32_t from,
                   struct reader *reader);
void receive_chunk(struct receiving *receiving, const struct env *env, uint32_t from, struct reader *reader);
/* The link on which it travels, to PEER, is gone. */
void receive_link_closed(struct receiving *receiving, uint32_t peer);

bool receive_next(struct receiving *receiving, struct disk_bulk *request);
void receive_done(struct receiving *receiving, struct env *env, const struct disk_bulk *request);

/* True: one is to be put in the place of the state now (receive_install). */
bool receive_tick(struct receiving *receiving, struct env *env);
/* Puts it there, and in RAFT's log. Returns the new store, which is the caller's now; OLD is freed in steps. NULL: it
 * is not what it must be, and was given up: OLD goes on. */
struct store *receive_install(struct receiving *receiving, struct env *env, struct raft *raft, struct store *old);
uint64_t receive_deadline_ms(const struct receiving *receiving);

#endif
