/* A snapshot to a peer whose next entry is no longer in the log: the file as it is, a chunk at a time, the next when
 * the last was taken. One peer after the other. */
#ifndef CLEAT_NODE_TRANSFER_SEND_H
#define CLEAT_NODE_TRANSFER_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "disk/disk.h"
#include "node/env.h"
#include "node/transfer/message.h"
#include "raft/raft.h"

enum { SEND_MOVE_MS = 10000 /* one that does not move for this long is given up */ };

struct sending {
    uint32_t wanted[RAFT_MEMBERS_MAX]; /* by peers with these ids */
    uint32_t wanted_count;
    enum { SEND_IDLE, SEND_OPEN, SEND_READ, SEND_WAIT, SEND_CLOSE } state;
    uint32_t peer;
    uint64_t index;
    uint64_t term;
    uint64_t size;
    uint64_t offset;
    uint64_t moved_ms;
    uint64_t retry_ms;          /* after one that failed: not before */
    struct transfer_message message;
};

/* Notes who needs one, and gives up what does not move. The peer whose turn it is, or 0: for send_begin. */
uint32_t send_tick(struct sending *sending, struct env *env, struct raft *raft);
/* LINKED: the link for bulk to that peer is up. */
void send_begin(struct sending *sending, struct raft *raft, uint32_t peer, bool linked);
uint64_t send_deadline_ms(const struct sending *sending);
/* The first entry behind the snapshot that is on its way; UINT64_MAX: none is. */
uint64_t send_needs(const struct sending *sending);

bool send_next(const struct sending *sending, const struct env *env, struct disk_bulk *request);
/* LINKED: the link for bulk to sending->peer is up. */
void send_done(struct sending *sending, struct env *env, struct raft *raft, const struct disk_bulk *request,
               bool linked);
/* A TAKEN came from that peer. */
void send_taken(struct sending *sending, struct env *env, struct raft *raft, uint32_t from, struct reader *reader);
/* The link for bulk to PEER is gone; PEER itself is. */
void send_link_closed(struct sending *sending, struct env *env, struct raft *raft, uint32_t peer);
void send_forget(struct sending *sending, struct env *env, struct raft *raft, uint32_t peer);

#endif
