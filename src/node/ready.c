/* Whether a node can serve its clients: for service managers, load balancers, and people who wait for one to come up.
 *
 * A node cannot tell by itself what was committed when it started: it knows its own log only. But it opened its gateway
 * in that life, by an entry of the log (forward.c). All that was committed before stands before that entry, so when the
 * entry is applied here, so is everything else. */
#include "node/state.h"

static const char starved[] = "the disk of this node is full: there is no room even for what a new leader writes; free "
                              "some room there";

static bool leaderless(const struct node *node)
{
    return node->peers.identity.directory.configuration.count == 0 || raft_leader(node->raft) == 0;
}

/* NULL, or what keeps the node from serving, in few words. */
static const char *hindrance(const struct node *node)
{
    if (node->env.stopping)
        return "this node has to stop";
    if (node->env.shutting_down)
        return "this node shuts down";
    bool no_room = node->persist.full && !persist_fits(&node->persist, node->raft, 0, true); /* it may yet follow */
    if (leaderless(node))
        return no_room ? starved : "no leader is known";
    if (receive_busy(&node->transfers.receiving))
        return "a copy of the files is on its way to this node";
    if (node->gateway.epoch == 0)
        return no_room ? starved : "this node has not caught up with the leader";
    if (persist_is_behind(&node->persist, &node->env, node->raft))
        return "the disk of this node is full";
    return NULL;
}

const char *node_unready(struct node *node)
{
    const char *what = hindrance(node);
    if (!what || what == starved || node->env.stopping || node->env.shutting_down || !leaderless(node))
        return what;
    quorum_text(&node->peers, &node->env, node->raft, node->unready);
    return node->unready;
}

bool node_ready(const struct node *node)
{
    return hindrance(node) == NULL;
}

bool node_has_room(const struct node *node)
{
    return node->peers.room;
}
