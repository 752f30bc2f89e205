/* Whether the nodes of --cluster and the members of the cluster are the same. The members are what the cluster was
 * formed with; --cluster only says where they are to be found. A node that is told of other nodes than its cluster has
 * must not lead alone, nor wait for ever without a word. */
#ifndef CLEAT_NODE_MEMBERSHIP_H
#define CLEAT_NODE_MEMBERSHIP_H

#include <stdbool.h>

#include "disk/disk.h"
#include "node/env.h"

#define MEMBERSHIP_LIMITS_REASON "the cluster has limits that this version cannot read: " NODE_NEWER
#define MEMBERSHIP_VALUE_MAX_REASON \
    "the cluster takes larger values than this node's --value-max, for which its log has room: raise it"

/* Whether a node with OPTIONS may go on from what was recovered. False: REASON says why not, and what mends it. */
bool membership_fits(const struct node_options *options, const struct disk_recovered *recovered,
                     char reason[DISK_REASON_MAX]);

/* Whether OPTIONS name all members of CONFIGURATION, and more nodes than one that a cluster of one has. False: REASON
 * says which cluster it is, and what mends it. */
bool membership_named(const struct node_options *options, const struct raft_configuration *configuration,
                      char reason[DISK_REASON_MAX]);

/* Log lines of what in --cluster is none of the cluster's, which has MEMBERS: a line for each id. */
void membership_say(struct env *env, const struct raft_configuration *members);

#endif
