/* The inside of a node, for the files of src/node alone: each of them owns one part of it, named here. */
#ifndef CLEAT_NODE_STATE_H
#define CLEAT_NODE_STATE_H

#include "base/bytes.h"
#include "base/list.h"
#include "base/random.h"
#include "node/clock.h"
#include "node/env.h"
#include "node/event.h"
#include "node/gateway/gateway.h"
#include "node/leader/admission.h"
#include "node/limits.h"
#include "node/meter.h"
#include "node/node.h"
#include "node/peers/bootstrap.h"
#include "node/peers/dispatch.h"
#include "node/peers/membership.h"
#include "node/peers/quorum.h"
#include "node/replica/persist.h"
#include "node/replica/state_check.h"
#include "node/session/client.h"
#include "node/session/reads.h"
#include "raft/raft.h"

enum {
    NODE_RETRY_MS = 150,        /* a gateway without progress, or a read without an answer, asks again */
    NODE_HOLD_COUNT = 2,        /* appends to a follower that are not answered: above, a few new entries wait */
    NODE_FULL_RETRY_MS = 500,   /* a disk without room is tried again */
    NODE_CHECK_MS = 1000,       /* that the data directory is still the one that was opened is looked at this often */
    NODE_SHUTDOWN_MS = 1000,    /* a clean shutdown takes this long at the most */
    NODE_TRANSFER_MS = 10000,   /* a snapshot to or from a peer that does not move for this long is given up */
    NODE_TICK_MS = 10000,       /* while files expire, the log carries the time at least this often */
    NODE_DRAIN_FILES = 1000,    /* of a replaced store, freed in one turn */
};

/* The bulk thread's request (bulk.c), one at a time. */
struct bulk_slot {
    struct disk_bulk request;
    bool busy;
    bool removals;              /* there are files to be cut down */
    bool removed;               /* the last request did some of that */
    uint64_t check_ms;          /* when the directory is to be looked at again */
};

/* Own snapshots (snapshots.c). */
struct snapshots {
    enum { SNAPSHOT_IDLE, SNAPSHOT_BEGIN, SNAPSHOT_BLOCKS, SNAPSHOT_END, SNAPSHOT_CANCEL } state;
    uint64_t index;             /* of the one under way */
    uint64_t term;
    bool complete;              /* the last block is with the disk */
    uint64_t bytes;             /* written of the one under way */
    uint64_t done_index;        /* the newest finished one */
    uint64_t log_bytes;         /* applied since the newest began */
    uint64_t every_bytes;       /* this node's own distance: no two nodes have the same */
    bool clean_due;             /* old WAL segments may be deleted */
    uint64_t retry_ms;          /* after a disk without room */
    uint64_t count;
};

/* A snapshot on its way to a peer (send.c). One at a time. */
struct sending {
    bool wanted[RAFT_MEMBERS_MAX]; /* by place in options.peers */
    enum { SEND_IDLE, SEND_OPEN, SEND_READ, SEND_WAIT, SEND_CLOSE } state;
    uint32_t peer;
    uint64_t index;
    uint64_t term;
    uint64_t size;
    uint64_t offset;
    uint64_t moved_ms;
    uint64_t retry_ms;          /* after one that failed: not before */
};

/* A snapshot on its way here (receive.c). */
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
};

struct node {
    struct env env;
    const struct disk *disk;
    struct raft *raft;
    struct store *store;

    struct peers peers;         /* peers/ */
    char unready[QUORUM_TEXT_MAX]; /* what node_unready gave out last */

    /* Clients (client.c). */
    struct list clients;
    struct list outputs;
    struct list stalled;
    struct list ages;
    struct list waiting;
    uint32_t client_count;
    uint64_t answered_bytes;   /* of stale answers since the last turn began; what stat hashed too */
    uint64_t held_bytes;

    struct gateway gateway;     /* forward.c */
    uint64_t open_asked_ms;
    struct admission admission; /* leader.c */
    bool cluster_writable;      /* leader: a majority has room */
    uint64_t handover_retry_ms; /* leader without room: not before */
    uint64_t tick_retry_ms;     /* leader: an entry for the time could not be proposed, try again then */
    struct reads reads;

    struct persist persist;
    struct bulk_slot bulk;
    struct snapshots snapshots;
    struct sending sending;
    struct receiving receiving;
    struct state_check state_check;

    /* What the last turn saw, for the log and for what a change brings about. */
    enum raft_role seen_role;
    uint64_t seen_term;
    uint32_t seen_leader;
    uint64_t leaderless_ms;    /* none was seen since then, if none is */
};

/* --- forward.c: the gateway's side --- */
void forward_pump(struct node *node);
void forward_credit(struct node *node, uint32_t from, struct reader *reader);
uint64_t forward_deadline_ms(const struct node *node);

/* --- leader.c: the leader's side --- */
void leader_open(struct node *node, uint32_t gateway, uint64_t nonce);
void leader_forward(struct node *node, uint32_t from, struct reader *reader);
void leader_pump(struct node *node);
void leader_credits(struct node *node);
void leader_changed(struct node *node);
/* Leaves the time in the log, and hands over. */
void leader_shutdown(struct node *node);
uint64_t leader_deadline_ms(const struct node *node);

/* --- apply.c --- */
void apply_committed(struct node *node);
/* After the state jumped ahead by a snapshot: answers what it has answers for. */
void apply_jumped(struct node *node);

uint64_t bulk_deadline_ms(const struct node *node);
/* See node.c: the limits of the newest configuration, to all who keep them. */
bool node_limits(struct node *node);
void node_applied(struct node *node);
void node_bootstrapped(struct node *node, const struct disk_bulk *request);
bool node_long_work(const struct node *node);

/* --- snapshots.c, send.c, receive.c: users of the bulk thread --- */
void snapshots_tick(struct node *node);
uint64_t snapshots_deadline_ms(const struct node *node);
bool snapshots_next(struct node *node, struct disk_bulk *request);
void snapshots_done(struct node *node, struct disk_bulk *request);
/* Gives up the snapshot under way, if any: its state is about to be replaced. */
void snapshots_abandon(struct node *node);
void send_tick(struct node *node);
uint64_t send_deadline_ms(const struct node *node);
bool send_next(struct node *node, struct disk_bulk *request);
void send_done(struct node *node, struct disk_bulk *request);
void send_taken(struct node *node, uint32_t from, struct reader *reader);
/* The link on which they travel is gone. */
void send_link_closed(struct node *node, uint32_t peer);
void receive_link_closed(struct node *node, uint32_t peer);
void receive_offer(struct node *node, uint32_t from, struct reader *reader);
void receive_chunk(struct node *node, uint32_t from, struct reader *reader);
void receive_tick(struct node *node);
uint64_t receive_deadline_ms(const struct node *node);
bool receive_next(struct node *node, struct disk_bulk *request);
void receive_done(struct node *node, struct disk_bulk *request);

/* --- status.c --- */
void status_write(const struct node *node, struct buffer *out);

#endif
