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
#include "node/peers/hello.h"
#include "node/peers/link.h"
#include "node/peers/quorum.h"
#include "node/session/client.h"
#include "node/session/reads.h"
#include "raft/raft.h"

enum {
    NODE_RETRY_MS = 150,        /* a gateway without progress, or a read without an answer, asks again */
    NODE_HOLD_COUNT = 2,        /* appends to a follower that are not answered: above, a few new entries wait */
    NODE_MARK_MS = 50,          /* of rest, after which the last WAL batch is closed by a mark */
    NODE_COMMIT_MS = 50,        /* under load the log is told what is committed so often, at the most */
    NODE_MARK_LATE_MS = 500,    /* likewise, where it is not known to be committed: that may still be heard */
    NODE_FULL_RETRY_MS = 500,   /* a disk without room is tried again */
    NODE_RESERVE_RETRY_MS = 30000, /* room for starts: to find out that there is none takes megabytes of writes */
    NODE_CHECK_MS = 1000,       /* that the data directory is still the one that was opened is looked at this often */
    NODE_STALL_MS = 1000,       /* a leader whose disk does not answer for this long hands over */
    NODE_SHUTDOWN_MS = 1000,    /* a clean shutdown takes this long at the most */
    NODE_TRANSFER_MS = 10000,   /* a snapshot to or from a peer that does not move for this long is given up */
    NODE_TICK_MS = 10000,       /* while files expire, the log carries the time at least this often */
    PEER_TROUBLE_MAX = 200,
    NODE_DRAIN_FILES = 1000,    /* of a replaced store, freed in one turn */
};

/* The WAL and vote writes (persist.c). */
struct persist {
    struct disk_log request;
    bool busy;                  /* the driver or its thread has the request */
    bool from_raft;             /* the request holds a batch of raft's, not just a mark */
    bool failed;                /* a write failed: nothing is written any more */
    struct raft_entry *entries; /* the batch's, with a reference each */
    size_t capacity;
    uint64_t batch_bytes;       /* that the batch under way takes in the WAL */
    bool stall_said;            /* that the batch under way takes long */
    uint64_t begun_ms;
    uint64_t done_ms;
    uint64_t room_bytes;        /* in the WAL when it was last at rest */
    size_t wal_spares;          /* likewise */
    struct disk_segment spares[DISK_SPARES_MAX]; /* prepared, to go with the next batch */
    size_t spare_count;
    bool marked;
    uint64_t told_commit;       /* the log was told that entries up to here are committed */
    uint64_t told_ms;
    bool full;                  /* there was no room to prepare a segment, or the log is starved */
    bool starved;               /* it is in a segment made of the room for starts: that is for a leader's own entries,
                                 * and for nothing else until the like is set aside again, and a spare is there */
    bool reserved;              /* the room for starts is set aside */
    bool unreserved_said;       /* that it cannot be */
    uint64_t retry_ms;          /* full: when to try again */
    uint64_t reserve_retry_ms;  /* no room for that alone: likewise */
    uint64_t batches;           /* written since the start */
    uint64_t sync_us;           /* the last one's */
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

/* The comparison of state hashes (agreement.c). */
enum { AGREEMENT_KEPT = 8 };
struct agreement {
    struct agreement_report {
        uint64_t index;
        uint64_t hash;
    } reports[RAFT_MEMBERS_MAX][AGREEMENT_KEPT]; /* by place in options.peers; one's own too */
    size_t next[RAFT_MEMBERS_MAX];
};

/* What is known of another node, by its place in options.peers (link.c, exchange.c). */
struct peer {
    uint32_t id;
    struct node_link *links[3]; /* by enum node_link_kind; NULL: none is up */
    uint64_t missed_ms[3];      /* since when */
    uint64_t incarnation;       /* 0: never met */
    bool rolled_back;           /* its data directory is an older copy, as this node found: it is told so */
    bool has_room;              /* its disk's, as it last said */
    char trouble[PEER_TROUBLE_MAX]; /* why there is no link to it; empty: nothing is known (quorum.c) */
};

struct node {
    struct env env;
    const struct disk *disk;
    struct raft *raft;
    struct store *store;

    /* Who we are (formation.c). */
    struct disk_identity identity;
    uint64_t life;              /* of the data directory: counts the starts on it */
    uint64_t processes[RAFT_LIVES_MAX]; /* this one's number, those of the lives before */
    uint64_t start_term;        /* durable when it began */
    uint64_t start_index;
    bool identity_due;          /* identity.configuration is to be written */
    uint64_t identity_retry_ms; /* not before: there was no room for it */
    bool identity_busy;
    bool bootstrap_due;         /* once it is written */
    uint64_t leaderless_say_ms; /* when the log is to say what is missing; 0: nothing is, or it is not settled yet */
    char unready[QUORUM_TEXT_MAX]; /* what node_unready gave out last */
    bool bad_form_said;         /* that what a peer tells of its cluster cannot be read */
    uint64_t form_again_ms;     /* when peers without a cluster are told of it again */

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
    bool own_room;              /* what the peers were last told */
    struct reads reads;

    struct node_link *links[NODE_LINKS_MAX];
    size_t link_count;
    struct peer peers[RAFT_MEMBERS_MAX];
    struct raft_entry *decoded; /* room for one message's entries */

    struct persist persist;
    struct bulk_slot bulk;
    struct snapshots snapshots;
    struct sending sending;
    struct receiving receiving;
    struct agreement agreement;

    /* What the last turn saw, for the log and for what a change brings about. */
    enum raft_role seen_role;
    uint64_t seen_term;
    uint32_t seen_leader;
    uint64_t leaderless_ms;    /* none was seen since then, if none is */

    bool shutting_down;
    uint64_t shutdown_ms;
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

/* --- exchange.c: what peers say --- */
#define EXCHANGE_ROLLED_BACK \
    "an older copy of this data directory was put back: the node forgot what it acknowledged and does not vote; stop " \
    "it, wipe the directory, and it comes back as a learner"
/* The place in options.peers of the node with that id; -1: none. */
int exchange_place(const struct node *node, uint32_t id);
struct peer *exchange_peer(struct node *node, uint32_t id);
struct node_link *exchange_link(const struct node *node, uint32_t peer, enum node_link_kind kind);
void exchange_send_raft(struct node *node);
void exchange_tick(struct node *node);
uint64_t exchange_deadline_ms(const struct node *node);
/* Room on the disk, being formed, and the hash of the state at INDEX (0: none), to every peer that is linked. */
void exchange_tell_state(struct node *node, uint64_t index, uint64_t hash);

/* --- formation.c --- */
#define FORMATION_LIMITS_REASON "the cluster has limits that this version cannot read: " NODE_NEWER
#define FORMATION_VALUE_MAX_REASON \
    "the cluster takes larger values than this node's --value-max, for which its log has room: raise it"
void formation_tick(struct node *node);
/* FROM tells of its cluster. */
void formation_received(struct node *node, uint32_t from, const uint8_t *bytes, size_t size);
bool formation_next(struct node *node, struct disk_bulk *request);
void formation_done(struct node *node, struct disk_bulk *request);
uint64_t formation_deadline_ms(const struct node *node);
/* The cluster's limits, from the newest configuration. False: they are not ones that this program can keep. */
bool formation_limits(struct node *node);
/* This node knows a cluster, and it is on its disk. */
bool formation_settled(const struct node *node);
/* The cluster's configuration to a peer that may not have it yet. */
void formation_send(struct node *node, struct node_link *link);

/* --- persist.c --- */
/* Whether a record with a payload of SIZE has room, beside what is in the log and not yet written. */
bool persist_fits(const struct node *node, size_t size, bool may_use_reserve);
/* How many of a message's entries are taken: as many as this node may hold without having them on its disk. */
uint32_t persist_fitting(const struct node *node, const struct raft_message *message);
/* The disk has been full for so long that this node takes no more of the log: it cannot serve clients. */
bool persist_is_behind(const struct node *node);
bool persist_next(struct node *node, struct disk_bulk *request);
void persist_prepared(struct node *node, struct disk_bulk *request);
/* The log is to be told of something before this node ends. */
bool persist_owes(const struct node *node);
void persist_tick(struct node *node);
uint64_t persist_deadline_ms(const struct node *node);
uint64_t bulk_deadline_ms(const struct node *node);

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

/* --- agreement.c --- */
void agreement_applied(struct node *node);
void agreement_heard(struct node *node, uint32_t from, uint64_t index, uint64_t hash);

/* --- status.c --- */
void status_write(const struct node *node, struct buffer *out);

#endif
