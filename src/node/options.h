/* What a node is started with. */
#ifndef CLEAT_NODE_OPTIONS_H
#define CLEAT_NODE_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "raft/configuration.h"

/* What a cluster of one that nobody calls has in place of an address. */
#define NODE_ALONE_ADDRESS "self"

struct node_options {
    uint32_t id;
    /* Where the members are looked for, from --cluster: ids and addresses, by ascending id. Count 1: a cluster of
     * one. */
    uint32_t peer_count;
    struct raft_member peers[RAFT_MEMBERS_MAX];
    uint32_t election_min_ms;
    uint32_t election_max_ms;
    uint32_t heartbeat_ms;
    uint32_t command_timeout_ms;   /* a command that waits is answered after this at the latest */
    uint32_t connections_max;      /* client connections */
    uint64_t snapshot_every_bytes; /* of log between two snapshots, at least */
    uint64_t seed;                 /* of everything random: timeouts, nonces, the cluster id */
    /* Cluster-wide limits, fixed when the cluster forms: afterwards those of the cluster rule, not these. */
    uint64_t value_max_bytes;
    uint64_t memory_max_bytes;     /* of the store: writes are refused above */
    uint64_t window_max;           /* numbered commands of one gateway, at most LIMIT_WINDOW */
    /* Sizes that no one but tests changes (limits.h has the defaults): small ones make rare paths common. */
    uint64_t catchup_entries;      /* of log kept behind a snapshot */
    uint64_t catchup_bytes;
    size_t snapshot_block_bytes;
    size_t frame_bytes;            /* of a frame's body on a link: 1024 to FRAME_BODY_MAX */
    uint32_t append_bytes;         /* of entries in one message, and such messages under way to one node */
    uint32_t inflight_count;
    size_t feed_entries_max;       /* changes that are kept for whoever watches; 0: none */
    size_t feed_names_bytes;       /* ... and of their names */
    uint64_t repeats_max;          /* changes with a token whose outcome is kept; the same on all nodes */
    uint64_t agreement_every;      /* entries between two comparisons of states; the same on all nodes */
};

/* Defaults for all but id and peers. */
void node_options_default(struct node_options *options);

#endif
