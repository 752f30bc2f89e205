/* What a leader knows of one peer, and what a candidate knows of its vote.
 *
 *      PROBE       it is not known where the logs part: one message, then wait for its answer
 *      REPLICATE   it is: messages follow each other without waiting, within a window
 *      SNAPSHOT    what it needs is compacted: heartbeats alone until a snapshot has reached it
 *
 * match < next. `match` never falls within a term, unless the peer turns out to have another data directory. */
#ifndef CLEAT_RAFT_PROGRESS_H
#define CLEAT_RAFT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "raft/raft.h"

enum raft_vote { RAFT_VOTE_OPEN, RAFT_VOTE_GRANTED, RAFT_VOTE_REFUSED };

/* A message with entries that was sent and is not acknowledged. */
struct raft_inflight {
    uint64_t last;
    uint64_t bytes;
};

struct raft_progress {
    uint32_t id;
    bool counts;          /* a voter whose data directory is, for all that is known, the member's */
    enum raft_vote vote;

    enum raft_peer_state state;
    uint64_t match;       /* up to where its durable log is known to equal this one */
    uint64_t next;        /* the next entry to send */
    uint64_t round;       /* the newest confirmation round it answered */
    uint64_t commit_told; /* the highest commit index it was told in a message that confirms so much */
    bool commit_wanted;   /* somebody there waits for what is committed: it is told at the next flush */
    uint64_t heard_ms;    /* when it was last heard of; at first when this node became leader */
    bool heard;           /* it was heard of in this term, and since a snapshot to it failed */
    uint64_t moved_ms;    /* REPLICATE: when it last acknowledged something, or had nothing to acknowledge */
    uint32_t setbacks;    /* how often lately what was sent seemed lost: it gets less at once, and more time */
    uint64_t setback_ms;  /* when that was last so, or counted down */
    bool probe_sent;      /* PROBE: an answer is due, or the next heartbeat */
    bool probe_full;      /* PROBE: the next one takes entries along: it answered the last one, or it is the first */
    bool snapshot_wanted; /* SNAPSHOT: not handed out yet */

    struct raft_inflight inflight[RAFT_INFLIGHT_MAX]; /* a ring */
    uint64_t sent_ms;     /* when the last one was */
    bool held;            /* REPLICATE: more is there, but little, and waits for an answer or a moment (HOLD_MS) */
    uint32_t inflight_first;
    uint32_t inflight_count;
    uint64_t inflight_bytes;
};

/* Nothing known of it: probe at NEXT. */
void raft_progress_init(struct raft_progress *progress, uint64_t next, uint64_t now_ms);

/* Into PROBE at NEXT, which is more than match. */
void raft_progress_probe(struct raft_progress *progress, uint64_t next);
/* Into REPLICATE from NEXT on, which is more than match. */
void raft_progress_replicate(struct raft_progress *progress, uint64_t next, uint64_t now_ms);
/* Into SNAPSHOT. */
void raft_progress_snapshot(struct raft_progress *progress);

/* A message with entries up to LAST was sent. */
void raft_progress_sent(struct raft_progress *progress, uint64_t last, uint64_t bytes, uint64_t now_ms);
/* It acknowledged everything up to MATCH. False: that is nothing new. */
bool raft_progress_matched(struct raft_progress *progress, uint64_t match, uint64_t now_ms);
/* It has everything up to HELD, durable or not: that is no longer on its way, and the window moves on. A peer whose
 * disk is slow or full goes on hearing what is committed; how much it takes without a disk is its own affair. */
void raft_progress_held(struct raft_progress *progress, uint64_t held, uint64_t now_ms);

#endif
