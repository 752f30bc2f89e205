/* What a node is like, gathered from its parts: for `status`, for metrics, and for who waits until it can serve. */
#include "base/ensure.h"
#include "node/ready.h"
#include "node/handover.h"
#include "node/status.h"

#define STATUS_NEW_DIRECTORY "this data directory is new to the cluster: it holds a copy and does not vote"

/* --- status ------------------------------------------------------------------------------------------------------ */

/* A voter whose data directory is a new or an older one is a learner, whatever the configuration still says. */
static void gather_node(const struct node *node, const struct peer *peer, struct status_node *found)
{
    const struct raft *raft = node->raft;
    ensure(peer->id != node->env.options.id || !peer->links[NODE_LINK_CONSENSUS]);
    bool self = peer->id == node->env.options.id, linked = peer->links[NODE_LINK_CONSENSUS] != NULL;
    *found = (struct status_node){
        .id = peer->id,
        .address = peer->address,
        .self = self,
        .member = raft_configuration_member(peers_members(&node->peers, raft), peer->id) != NULL,
        .votes = self ? raft_is_voter(raft) : raft_peer_counts(raft, peer->id),
        .linked = linked,
        .has_room = peer->has_room,
    };
    found->followed = !self && linked && raft_role(raft) == RAFT_LEADER && raft_peer(raft, peer->id, &found->view);
    if (found->followed && found->view.heard_ms <= node->env.now_ms)
        found->heard_ms = node->env.now_ms - found->view.heard_ms;
}

static void gather_raft(const struct node *node, struct status *status)
{
    const struct raft *raft = node->raft;
    const struct quorum quorum = quorum_of(&node->peers, &node->env, raft);
    status->role = raft_role(raft);
    status->votes = raft_is_voter(raft);
    status->learner_reason = raft_rolled_back(raft) ? PEERS_ROLLED_BACK : STATUS_NEW_DIRECTORY;
    status->term = raft_term(raft);
    status->leader = raft_leader(raft);
    status->voters_here = quorum.here;
    status->voters_needed = quorum.needed;
    status->commit = raft_commit(raft);
    status->log_bytes = raft_log_bytes(raft);
}

void facts_status(const struct node *node, struct buffer *out)
{
    struct status status = {
        .id = node->env.options.id,
        .formed = identity_formed(&node->peers.identity),
        .applied = store_applied(node->store),
        .revision = store_revision(node->store),
        .level = store_level(node->store),
        .files = store_file_count(node->store),
        .memory_bytes = store_memory_bytes(node->store),
        .has_room = node->peers.room,
        .wal_batches = node->persist.batches,
        .wal_sync_us = node->persist.sync_us,
        .connections = node->session.client_count,
        .uptime_s = (node->env.now_ms - node->env.started_ms) / 1000,
        .cluster_id = node->peers.identity.directory.configuration.cluster_id,
        .node_count = node->peers.count,
    };
    gather_raft(node, &status);
    ensure(status.applied <= status.commit);
    disk_sizes(node->disk, &status.sizes);
    for (uint32_t i = 0; i < node->peers.count; i++)
        gather_node(node, &node->peers.list[i], &status.nodes[i]);
    status_print(&status, out);
}

/* --- readiness --------------------------------------------------------------------------------------------------- */

static struct ready_facts readiness(const struct node *node)
{
    const struct persist *persist = &node->persist;
    return (struct ready_facts){
        .stopping = node->env.stopping,
        .shutting_down = node->env.shutting_down,
        .leaderless = !identity_formed(&node->peers.identity) || raft_leader(node->raft) == 0,
        .starved = persist->full && !persist_fits(persist, node->raft, 0, true),
        .receiving = receive_busy(&node->transfers.receiving),
        .gateway_open = node->gateway.epoch != 0,
        .behind = persist_is_behind(persist, &node->env, node->raft),
    };
}

bool node_ready(const struct node *node)
{
    const struct ready_facts facts = readiness(node);
    return ready_hindrance(&facts) == NULL;
}

const char *node_unready(struct node *node)
{
    const struct ready_facts facts = readiness(node);
    if (!ready_lacks_leader(&facts))
        return ready_hindrance(&facts);
    quorum_text(&node->peers, &node->env, node->raft, node->unready);
    return node->unready;
}

bool node_has_room(const struct node *node)
{
    return node->peers.room;
}

/* --- metrics ----------------------------------------------------------------------------------------------------- */

const struct meter *node_meter(const struct node *node)
{
    return &node->env.meter;
}

void node_levels(const struct node *node, struct meter_levels *levels)
{
    const struct quorum quorum = quorum_of(&node->peers, &node->env, node->raft);
    ensure(node->gateway.next >= node->gateway.first);
    *levels = (struct meter_levels){
        .window = node->gateway.next - node->gateway.first,
        .window_bytes = node->gateway.bytes,
        .held_bytes = node->session.held_bytes,
        .unsynced_bytes = raft_unwritten_bytes(node->raft),
        .snapshots = node->transfers.snapshots.count,
        .snapshots_installed = node->transfers.receiving.count,
        .role = raft_role(node->raft),
        .ready = node_ready(node),
        .voters_here = quorum.here,
        .voters_needed = quorum.needed,
    };
}
