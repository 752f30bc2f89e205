/* What a node is like, gathered from its parts: for `status`, for metrics, and for who waits until it can serve. */
#include "base/ensure.h"
#include "node/ready.h"
#include "node/handover.h"
#include "node/status.h"

#define STATUS_NEW_DIRECTORY "this data directory is new to the cluster: it holds a copy and does not vote"

/* --- status ------------------------------------------------------------------------------------------------------ */

/* A voter whose data directory is a new or an older one is a learner, whatever the configuration still says. */
static void gather_node(const struct parts *parts, const struct peer *peer, struct status_node *found)
{
    const struct raft *raft = parts->raft;
    ensure(peer->id != parts->env.options.id || !peer->links[NODE_LINK_CONSENSUS]);
    bool self = peer->id == parts->env.options.id, linked = peer->links[NODE_LINK_CONSENSUS] != NULL;
    *found = (struct status_node){
        .id = peer->id,
        .address = peer->address,
        .self = self,
        .member = raft_configuration_member(peers_members(&parts->peers, raft), peer->id) != NULL,
        .votes = self ? raft_is_voter(raft) : raft_peer_counts(raft, peer->id),
        .linked = linked,
        .has_room = peer->has_room,
    };
    found->followed = !self && linked && raft_role(raft) == RAFT_LEADER && raft_peer(raft, peer->id, &found->view);
    if (found->followed && found->view.heard_ms <= parts->env.now_ms)
        found->heard_ms = parts->env.now_ms - found->view.heard_ms;
}

static void gather_raft(const struct parts *parts, struct status *status)
{
    const struct raft *raft = parts->raft;
    const struct quorum quorum = quorum_of(&parts->peers, &parts->env, raft);
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

void facts_status(const struct parts *parts, struct buffer *out)
{
    struct status status = {
        .id = parts->env.options.id,
        .formed = identity_formed(&parts->peers.identity),
        .applied = store_applied(parts->store),
        .revision = store_revision(parts->store),
        .level = store_level(parts->store),
        .files = store_file_count(parts->store),
        .memory_bytes = store_memory_bytes(parts->store),
        .has_room = parts->peers.room,
        .wal_batches = parts->persist.batches,
        .wal_sync_us = parts->persist.sync_us,
        .connections = parts->session.client_count,
        .uptime_s = (parts->env.now_ms - parts->env.started_ms) / 1000,
        .cluster_id = parts->peers.identity.directory.configuration.cluster_id,
        .node_count = parts->peers.count,
    };
    gather_raft(parts, &status);
    ensure(status.applied <= status.commit);
    disk_sizes(parts->disk, &status.sizes);
    for (uint32_t i = 0; i < parts->peers.count; i++)
        gather_node(parts, &parts->peers.list[i], &status.nodes[i]);
    status_print(&status, out);
}

/* --- readiness --------------------------------------------------------------------------------------------------- */

static struct ready_facts readiness(const struct parts *parts)
{
    const struct persist *persist = &parts->persist;
    return (struct ready_facts){
        .stopping = parts->env.stopping,
        .shutting_down = parts->env.shutting_down,
        .leaderless = !identity_formed(&parts->peers.identity) || raft_leader(parts->raft) == 0,
        .starved = persist->full && !persist_fits(persist, parts->raft, 0, true),
        .receiving = receive_busy(&parts->transfers.receiving),
        .gateway_open = parts->gateway.epoch != 0,
        .behind = persist_is_behind(persist, &parts->env, parts->raft),
    };
}

bool node_ready(const struct node *node)
{
    const struct ready_facts facts = readiness(node_whole(node));
    return ready_hindrance(&facts) == NULL;
}

const char *node_unready(struct node *node)
{
    struct parts *parts = node_all(node);
    const struct ready_facts facts = readiness(parts);
    if (!ready_lacks_leader(&facts))
        return ready_hindrance(&facts);
    quorum_text(&parts->peers, &parts->env, parts->raft, parts->unready);
    return parts->unready;
}

bool node_has_room(const struct node *node)
{
    return node_whole(node)->peers.room;
}

/* --- metrics ----------------------------------------------------------------------------------------------------- */

const struct meter *node_meter(const struct node *node)
{
    return &node_whole(node)->env.meter;
}

void node_levels(const struct node *node, struct meter_levels *levels)
{
    const struct parts *parts = node_whole(node);
    const struct quorum quorum = quorum_of(&parts->peers, &parts->env, parts->raft);
    ensure(parts->gateway.next >= parts->gateway.first);
    *levels = (struct meter_levels){
        .window = parts->gateway.next - parts->gateway.first,
        .window_bytes = parts->gateway.bytes,
        .held_bytes = parts->session.held_bytes,
        .unsynced_bytes = raft_unwritten_bytes(parts->raft),
        .snapshots = parts->transfers.snapshots.count,
        .snapshots_installed = parts->transfers.receiving.count,
        .role = raft_role(parts->raft),
        .ready = node_ready(node),
        .voters_here = quorum.here,
        .voters_needed = quorum.needed,
    };
}
