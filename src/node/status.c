/* What `status` answers: lines of key=value for people and scripts. O(1), whatever the node holds. */
#include "base/ensure.h"
#include "node/state.h"

#define STATUS_NEW_DIRECTORY "this data directory is new to the cluster: it holds a copy and does not vote"

static const char *role_name(const struct node *node)
{
    if (node->peers.identity.directory.configuration.count == 0)
        return "forming";
    if (raft_role(node->raft) == RAFT_LEADER)
        return "leader";
    if (!raft_is_voter(node->raft))
        return "learner";
    return raft_role(node->raft) == RAFT_FOLLOWER ? "follower" : "candidate";
}

static void text(struct buffer *out, const char *key, const char *value)
{
    if (buffer_size(out) > 0)
        buffer_append_text(out, "\r\n");
    buffer_append_text(out, key);
    buffer_append_text(out, "=");
    buffer_append_text(out, value);
}

static void number(struct buffer *out, const char *key, uint64_t value)
{
    text(out, key, "");
    buffer_append_number(out, value);
}

static void member_number(struct buffer *out, const char *key, uint64_t value)
{
    buffer_append_text(out, " ");
    buffer_append_text(out, key);
    buffer_append_text(out, "=");
    buffer_append_number(out, value);
}

static void member_text(struct buffer *out, const char *key, const char *value)
{
    buffer_append_text(out, " ");
    buffer_append_text(out, key);
    buffer_append_text(out, "=");
    buffer_append_text(out, value);
}

/* "HERE/NEEDED" */
static void write_quorum(const struct node *node, struct buffer *out)
{
    struct quorum quorum = quorum_of(&node->peers, &node->env, node->raft);
    number(out, "quorum", quorum.here);
    buffer_append_text(out, "/");
    buffer_append_number(out, quorum.needed);
}

/* A voter whose data directory is a new or an older one is a learner, whatever the configuration still says. No MEMBER:
 * --cluster alone names it. */
static const char *member_role(const struct node *node, const struct raft_member *member)
{
    if (node->peers.identity.directory.configuration.count == 0)
        return "unknown";
    if (!member)
        return "stranger";
    bool self = member->id == node->env.options.id;
    return (self ? raft_is_voter(node->raft) : raft_peer_counts(node->raft, member->id)) ? "voter" : "learner";
}

/* One line for each node, as this one sees it. */
static void write_members(const struct node *node, struct buffer *out)
{
    static const char *const states[] = {"probe", "replicate", "snapshot"};
    const struct raft_configuration *members = peers_members(&node->peers, node->raft);
    for (uint32_t i = 0; i < node->peers.count; i++) {
        const struct peer *peer = &node->peers.list[i];
        const struct raft_member *member = raft_configuration_member(members, peer->id);
        bool self = peer->id == node->env.options.id;
        struct raft_peer_view view;
        number(out, "node", peer->id);
        member_text(out, "address", peer->address);
        member_text(out, "role", member_role(node, member));
        member_text(out, "link", self ? "self" : peer->links[NODE_LINK_CONSENSUS] ? "up" : "down");
        if (raft_leader(node->raft) == peer->id)
            member_text(out, "leader", "yes");
        if (self || !peer->links[NODE_LINK_CONSENSUS] || raft_role(node->raft) != RAFT_LEADER ||
            !raft_peer(node->raft, peer->id, &view))
            continue;
        member_number(out, "match", view.match);
        member_text(out, "state", states[view.state]);
        member_number(out, "heard_ms", view.heard_ms <= node->env.now_ms ? node->env.now_ms - view.heard_ms : 0);
        member_text(out, "disk", peer->has_room ? "ok" : "full");
    }
}

void status_write(const struct node *node, struct buffer *out)
{
    struct disk_sizes sizes;
    disk_sizes(node->disk, &sizes);
    ensure(node->env.options.peer_count > 0);
    number(out, "id", node->env.options.id);
    text(out, "role", role_name(node));
    if (node->peers.identity.directory.configuration.count > 0 && !raft_is_voter(node->raft))
        text(out, "learner_reason", raft_rolled_back(node->raft) ? PEERS_ROLLED_BACK : STATUS_NEW_DIRECTORY);
    number(out, "term", raft_term(node->raft));
    number(out, "leader", raft_leader(node->raft));
    write_quorum(node, out);
    number(out, "commit", raft_commit(node->raft));
    number(out, "applied", store_applied(node->store));
    number(out, "revision", store_revision(node->store));
    number(out, "files", store_file_count(node->store));
    number(out, "memory_bytes", store_memory_bytes(node->store));
    number(out, "log_bytes", raft_log_bytes(node->raft));
    number(out, "wal_bytes", sizes.wal_bytes);
    number(out, "snapshot_bytes", sizes.snapshot_bytes);
    number(out, "snapshot_index", sizes.snapshot_index);
    text(out, "disk", node->peers.room ? "ok" : "full");
    number(out, "wal_batches", node->persist.batches);
    number(out, "wal_sync_us", node->persist.sync_us);
    number(out, "connections", node->client_count);
    number(out, "uptime_s", (node->env.now_ms - node->env.started_ms) / 1000);
    text(out, "version", CLEAT_VERSION);
    text(out, "cluster_id", "");
    buffer_append_hex(out, node->peers.identity.directory.configuration.cluster_id);
    write_members(node, out);
}
