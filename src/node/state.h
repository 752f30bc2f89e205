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
#include "node/transfer/transfers.h"
#include "node/session/client.h"
#include "node/session/reads.h"
#include "raft/raft.h"

enum {
    NODE_RETRY_MS = 150,        /* a gateway without progress, or a read without an answer, asks again */
    NODE_HOLD_COUNT = 2,        /* appends to a follower that are not answered: above, a few new entries wait */
    NODE_SHUTDOWN_MS = 1000,    /* a clean shutdown takes this long at the most */
    NODE_TICK_MS = 10000,       /* while files expire, the log carries the time at least this often */
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
    struct transfers transfers; /* transfer/ */
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

/* --- replication.c --- */
/* The limits of the newest configuration, to all who keep them. False: they are not ones that this program can keep. */
bool replication_limits(struct node *node);
/* Who is a peer, from the newest configuration. */
void replication_follow(struct node *node);
/* One more entry is applied: now and then the states of all nodes are compared. */
void replication_applied(struct node *node);
/* Snapshots: one that has come whole becomes the state; one that is asked for, or due here, is begun. */
void replication_transfers(struct node *node);

/* --- facts.c: what the node is like, for `status` --- */
void facts_status(const struct node *node, struct buffer *out);

#endif
