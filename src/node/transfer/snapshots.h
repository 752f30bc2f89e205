/* Own snapshots: begun after so much log, walked in small steps, a block at a time on its way to the disk; then the log
 * before it goes, but for what a follower that is a little behind may still need. */
#ifndef CLEAT_NODE_TRANSFER_SNAPSHOTS_H
#define CLEAT_NODE_TRANSFER_SNAPSHOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "disk/disk.h"
#include "node/env.h"
#include "raft/raft.h"
#include "store/store.h"

enum { SNAPSHOTS_RETRY_MS = 5000 /* after a disk without room */ };

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

/* So many BYTES of log more are applied. */
void snapshots_applied(struct snapshots *snapshots, uint64_t bytes);
/* RECEIVING: a newer state is on its way here; none is begun then. */
void snapshots_tick(struct snapshots *snapshots, struct env *env, const struct raft *raft, struct store *store,
                    bool receiving);
uint64_t snapshots_deadline_ms(const struct snapshots *snapshots, const struct env *env, const struct store *store,
                               bool receiving);
/* Gives up the one under way, if any: the STORE that it is of is about to be replaced. */
void snapshots_abandon(struct snapshots *snapshots, struct store *store);
/* A snapshot up to INDEX came from elsewhere, and is the state. */
void snapshots_installed(struct snapshots *snapshots, uint64_t index);

bool snapshots_next(struct snapshots *snapshots, const struct env *env, const struct raft *raft, struct store *store,
                    struct disk_bulk *request);
/* True: one is finished, and the log in memory can be compacted. */
bool snapshots_done(struct snapshots *snapshots, struct env *env, struct store *store,
                    const struct disk_bulk *request);
/* The log in memory up to the finished snapshot goes, but for what lies shortly before it, and what is needed soon:
 * from SENT on, which follows what is on its way to a peer (UINT64_MAX: nothing is), and by those COUNT peers in LINKED
 * that follow from afar. Without it each would be overtaken, and need the next snapshot, for ever. One that is not
 * linked, or heard of, is not waited for. */
void snapshots_compact(const struct snapshots *snapshots, const struct env *env, struct raft *raft, uint64_t sent,
                       const uint32_t *linked, uint32_t count);

#endif
