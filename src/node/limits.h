/* Limits of the node: those that hold in the whole cluster (they are in its configuration, so that nodes with different
 * flags cannot differ), and those of one node. SPEC.md lists them all. */
#ifndef CLEAT_NODE_LIMITS_H
#define CLEAT_NODE_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "raft/configuration.h"

/* Cluster-wide. In the configuration's `extra`: u8 format, 2; these, as u64 but for u32 window_max and u16
 * level; u8 open, 1: nobody needs to be a user (there are no users yet). */
struct limits {
    uint64_t value_max_bytes;
    uint64_t memory_max_bytes; /* of the store */
    uint64_t window_max;       /* numbered commands of one gateway that are not applied yet */
    uint64_t window_max_bytes;
    unsigned level;            /* at which the cluster formed: where its state begins, and of no meaning afterwards */
};

void limits_encode(const struct limits *limits, struct raft_configuration *configuration);
/* False where the configuration has no limits that this program can keep. */
bool limits_decode(const struct raft_configuration *configuration, struct limits *limits);

enum {
    LIMIT_VALUE_MAX = 8 * 1024 * 1024,       /* the largest that --value-max can be */
    LIMIT_WINDOW = 16384,                    /* numbered commands of one gateway */
    LIMIT_WINDOW_BYTES = 16 * 1024 * 1024,   /* likewise, bytes */
    PAYLOAD_ALLOWANCE = 4096,                /* bytes that an entry may have beside a value, or without one */
    TXN_ALLOWANCE = 2048,                    /* bytes of a transaction's lines beside one value of the largest size */
    LIMIT_PIPELINE = 1024,                   /* commands of one connection that are not answered */
    LIMIT_PIPELINE_BYTES = 4 * 1024 * 1024,  /* likewise, their contents */
    LIMIT_OUTPUT_BYTES = 4 * 1024 * 1024,    /* replies that a client has not read: no more is taken from it */
    LIMIT_HELD_BYTES = 256 * 1024 * 1024,    /* contents, and listings, held for a node's clients: ERR_BUSY above */
    LIMIT_ANSWER_BYTES = 4 * 1024 * 1024,    /* of stale answers in one turn, and of what stat hashes for them */
    LIMIT_LIST_LINE = 300,                   /* bytes that a line of a listing that is asked for counts as held */
    LIMIT_UNWRITTEN_BYTES = 16 * 1024 * 1024, /* log that is not durable here: the leader admits no more */
    LIMIT_BEHIND_BYTES = 64 * 1024 * 1024,   /* likewise: a follower takes no more (its disk is full, or too slow) */
    LIMIT_BATCH_BYTES = 4 * 1024 * 1024,     /* of one WAL batch */
    LIMIT_APPLY = 2048,                      /* entries applied in one turn */
    LIMIT_APPLY_BYTES = 8 * 1024 * 1024,     /* of contents copied by them: none is applied after so many */
    LIMIT_APPEND_BYTES = 256 * 1024,         /* of entries in one message to a follower; one larger entry goes alone */
    LIMIT_INFLIGHT = 64,                     /* such messages that it has not answered */
    LIMIT_SNAPSHOT_BLOCK = 256 * 1024,
    LIMIT_CATCHUP_BYTES = 8 * 1024 * 1024,   /* of log kept behind a snapshot for followers */
    LIMIT_CATCHUP_ENTRIES = 32768,
    LIMIT_NEEDED_BYTES = 64 * 1024 * 1024,   /* likewise, while a follower that is heard of needs it */
    LIMIT_AGREEMENT_EVERY = 1024,            /* entries between two comparisons of the nodes' states */
    LIMIT_RESERVE_BYTES = 64 * 1024,         /* of prepared WAL that only no-ops, opens and expiry may use */
};

#endif
