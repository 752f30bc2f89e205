/* Nodes compare the hash of their state at the same index now and then. One that differs from a majority stops, so that
 * it cannot mislead clients; where all have spoken and no value has a majority, all stop. All are the members of the
 * configuration, learners too; whoever else --cluster names has no part in it. */
#ifndef CLEAT_NODE_REPLICA_STATE_CHECK_H
#define CLEAT_NODE_REPLICA_STATE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/env.h"
#include "raft/raft.h"

enum {
    STATE_CHECK_KEPT = 8,                         /* reports of each node */
    STATE_CHECK_NODES_MAX = 2 * RAFT_MEMBERS_MAX, /* members, and others that --cluster names */
};

struct state_check {
    struct state_reports {
        uint32_t id;
        size_t next;
        struct state_report {
            uint64_t index; /* 0: none */
            uint64_t hash;
        } kept[STATE_CHECK_KEPT];
    } nodes[STATE_CHECK_NODES_MAX]; /* this one too */
    size_t count;
};

/* Whether the states at INDEX, just applied, are to be compared. Asked after each entry. */
static inline bool state_check_due(const struct env *env, const struct raft *raft, uint64_t index)
{
    return index % env->options.agreement_every == 0 && raft_members(raft)->count != 1;
}
/* The state of the node with that id has HASH at INDEX: what follows from that for this node. */
void state_check_heard(struct state_check *check, struct env *env, const struct raft *raft, uint32_t id, uint64_t index,
                       uint64_t hash);
/* That node is none any more: what it said does not count if it comes back. */
void state_check_forget(struct state_check *check, uint32_t id);

#endif
