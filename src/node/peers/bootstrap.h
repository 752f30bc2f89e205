/* How a cluster comes to be.
 *
 * A data directory has a random incarnation. Only when all nodes of --cluster are up and empty does the one with the
 * lowest id fix a random cluster id and the members' incarnations; every node stores that before its first vote, and it
 * is entry 1 of every log. A node with an empty directory that meets a formed cluster in which its id has another
 * incarnation lost its disk: it may have forgotten votes and entries, so it is a learner. */
#ifndef CLEAT_NODE_PEERS_BOOTSTRAP_H
#define CLEAT_NODE_PEERS_BOOTSTRAP_H

#include "node/peers/peers.h"

/* Forms the cluster, where it is this node's to do; tells those of it who do not know it. */
void bootstrap_tick(struct peers *peers, struct env *env);
/* FROM tells of its cluster. */
void bootstrap_received(struct peers *peers, struct env *env, uint32_t from, const uint8_t *bytes, size_t size);
/* The cluster's configuration to a peer that may not have it yet. */
void bootstrap_send(const struct identity *identity, struct node_link *link);

/* A voter's log begins with the configuration, where it has not begun. */
void bootstrap_log(const struct identity *identity, struct raft *raft, uint32_t id);
/* REQUEST, which was to write the configuration, was executed. True: this node is of that cluster now, and whoever
 * depends on its limits must hear of them. */
bool bootstrap_written(struct peers *peers, struct env *env, struct raft *raft, const struct disk_bulk *request);
uint64_t bootstrap_deadline_ms(const struct identity *identity);

#endif
