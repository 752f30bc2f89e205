/* The log and the vote to the WAL thread, one batch at a time; and room for them, prepared ahead.
 *
 * It fills a disk_log request from what raft wants to be durable, and asks for segments and for room that is set aside
 * for starts. That there is no room for the largest command any more, or again, shows in persist_has_room. */
#ifndef CLEAT_NODE_REPLICA_PERSIST_H
#define CLEAT_NODE_REPLICA_PERSIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk/disk.h"
#include "node/env.h"
#include "raft/raft.h"

enum {
    PERSIST_MARK_MS = 50,          /* of rest, after which the last WAL batch is closed by a mark */
    PERSIST_COMMIT_MS = 50,        /* under load the log is told what is committed so often, at the most */
    PERSIST_MARK_LATE_MS = 500,    /* likewise, where it is not known to be committed: that may still be heard */
    PERSIST_FULL_RETRY_MS = 500,   /* a disk without room is tried again */
    PERSIST_RESERVE_RETRY_MS = 30000, /* room for starts: to find out that there is none takes megabytes of writes */
    PERSIST_STALL_MS = 1000,       /* a leader whose disk does not answer for this long hands over */
};

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
    uint64_t segment_room_bytes; /* that a further segment adds */
    size_t wal_spares;          /* in the WAL when it was last at rest */
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

void persist_init(struct persist *persist, const struct env *env, const struct disk *disk,
                  const struct disk_recovered *recovered);
/* No batch may be under way. */
void persist_close(struct persist *persist);

/* Whether a record with a payload of SIZE has room, beside what is in the log and not yet written. */
bool persist_fits(const struct persist *persist, const struct raft *raft, size_t size, bool may_use_reserve);
/* Whether there is room for the largest command. */
bool persist_has_room(const struct persist *persist, const struct env *env, const struct raft *raft);
/* The disk has been full for so long that this node takes no more of the log: it cannot serve clients. */
bool persist_is_behind(const struct persist *persist, const struct env *env, const struct raft *raft);
/* Hands MESSAGE, which a peer sent, to raft: of its entries as many as this node may hold without having them on its
 * disk. The leader's time is learned from it. */
void persist_step(const struct persist *persist, struct env *env, struct raft *raft, struct raft_message *message);

/* True: REQUEST is to prepare what is missing. LONG_WORK: the bulk thread has such to do, and may not come in time. */
bool persist_next(const struct persist *persist, const struct env *env, bool long_work, struct disk_bulk *request);
void persist_prepared(struct persist *persist, struct env *env, bool long_work, const struct disk_bulk *request);

/* The next batch; NULL: there is none, or one is under way. */
struct disk_log *persist_take(struct persist *persist, const struct env *env, struct raft *raft);
/* It was executed. What DISK says of its room is read. Where it failed, nothing is written any more, and the node shuts
 * down, or stops. */
void persist_done(struct persist *persist, struct env *env, struct raft *raft, const struct disk *disk,
                  struct disk_log *request);
/* The log is to be told of something before this node ends. */
bool persist_owes(const struct persist *persist, const struct raft *raft);

/* A leader whose disk does not answer, or has failed, goes. */
void persist_tick(struct persist *persist, struct env *env, struct raft *raft);
/* BULK_BUSY: the bulk thread has a request, and is asked again when that is done. */
uint64_t persist_deadline_ms(const struct persist *persist, const struct env *env, const struct raft *raft,
                             bool long_work, bool bulk_busy);

#endif
