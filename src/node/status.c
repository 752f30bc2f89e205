#include "node/status.h"

#include "base/ensure.h"

static const char *role_name(const struct status *status)
{
    if (!status->formed)
        return "forming";
    if (status->role == RAFT_LEADER)
        return "leader";
    if (!status->votes)
        return "learner";
    return status->role == RAFT_FOLLOWER ? "follower" : "candidate";
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
static void write_quorum(const struct status *status, struct buffer *out)
{
    number(out, "quorum", status->voters_here);
    buffer_append_text(out, "/");
    buffer_append_number(out, status->voters_needed);
}

static const char *node_role(const struct status *status, const struct status_node *node)
{
    if (!status->formed)
        return "unknown";
    if (!node->member)
        return "stranger";
    return node->votes ? "voter" : "learner";
}

/* One line for each node. */
static void write_nodes(const struct status *status, struct buffer *out)
{
    static const char *const states[] = {"probe", "replicate", "snapshot"};
    for (uint32_t i = 0; i < status->node_count; i++) {
        const struct status_node *node = &status->nodes[i];
        ensure(i == 0 || node->id > status->nodes[i - 1].id);
        ensure(!node->followed || (node->linked && !node->self));
        number(out, "node", node->id);
        member_text(out, "address", node->address);
        member_text(out, "role", node_role(status, node));
        member_text(out, "link", node->self ? "self" : node->linked ? "up" : "down");
        if (status->leader == node->id)
            member_text(out, "leader", "yes");
        if (!node->followed)
            continue;
        member_number(out, "match", node->view.match);
        member_text(out, "state", states[node->view.state]);
        member_number(out, "heard_ms", node->heard_ms);
        member_text(out, "disk", node->has_room ? "ok" : "full");
    }
}

void status_print(const struct status *status, struct buffer *out)
{
    ensure(status->id != 0 && status->node_count > 0 && status->node_count <= STATUS_NODES_MAX);
    number(out, "id", status->id);
    text(out, "role", role_name(status));
    if (status->formed && !status->votes)
        text(out, "learner_reason", status->learner_reason);
    number(out, "term", status->term);
    number(out, "leader", status->leader);
    write_quorum(status, out);
    number(out, "commit", status->commit);
    number(out, "applied", status->applied);
    number(out, "revision", status->revision);
    number(out, "level", status->level);
    number(out, "files", status->files);
    number(out, "memory_bytes", status->memory_bytes);
    number(out, "log_bytes", status->log_bytes);
    number(out, "wal_bytes", status->sizes.wal_bytes);
    number(out, "snapshot_bytes", status->sizes.snapshot_bytes);
    number(out, "snapshot_index", status->sizes.snapshot_index);
    text(out, "disk", status->has_room ? "ok" : "full");
    number(out, "wal_batches", status->wal_batches);
    number(out, "wal_sync_us", status->wal_sync_us);
    number(out, "connections", status->connections);
    number(out, "uptime_s", status->uptime_s);
    text(out, "version", CLEAT_VERSION);
    text(out, "cluster_id", "");
    buffer_append_hex(out, status->cluster_id);
    write_nodes(status, out);
}
