/* Who this node is: its data directory, the life it is in, and the cluster it is of. It is told to every other node
 * (hello.h), and nothing counts before it is on the disk. */
#ifndef CLEAT_NODE_PEERS_IDENTITY_H
#define CLEAT_NODE_PEERS_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "disk/disk.h"

struct identity {
    struct disk_identity directory;
    uint64_t life;              /* of the data directory: counts the starts on it */
    uint64_t processes[RAFT_LIVES_MAX]; /* this one's number, those of the lives before */
    uint64_t start_term;        /* durable when it began */
    uint64_t start_index;
    bool due;                   /* directory.configuration is to be written */
    uint64_t retry_ms;          /* not before: there was no room for it */
    bool busy;
    bool bootstrap_due;         /* once it is written: this node is a voter of that cluster, and its log begins */
};

void identity_init(struct identity *identity, const struct disk_recovered *recovered);

/* This node knows a cluster, on its disk or on the way there. */
static inline bool identity_formed(const struct identity *identity)
{
    return identity->directory.configuration.count > 0;
}
/* ... and it is on its disk. */
static inline bool identity_settled(const struct identity *identity)
{
    return identity_formed(identity) && !identity->due && !identity->busy;
}
/* Whether this data directory is a voter of CONFIGURATION, under ID. */
bool identity_votes(const struct identity *identity, const struct raft_configuration *configuration, uint32_t id);

/* This node, ID, is of the cluster with CONFIGURATION: to be written. Once only. */
void identity_adopt(struct identity *identity, const struct raft_configuration *configuration, uint32_t id);
/* True: REQUEST is to write it. */
bool identity_next(struct identity *identity, uint64_t now_ms, struct disk_bulk *request);
/* That was done. False: there was no room for it, and it is asked for again at RETRY_MS. */
bool identity_written(struct identity *identity, enum disk_status status, uint64_t retry_ms);

#endif
