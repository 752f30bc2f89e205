#include "node/peers/membership.h"

#include <string.h>

#include "base/buffer.h"
#include "base/ensure.h"
#include "node/event.h"

static const struct raft_member *listed(const struct node_options *options, uint32_t id)
{
    for (uint32_t i = 0; i < options->peer_count; i++)
        if (options->peers[i].id == id)
            return &options->peers[i];
    return NULL;
}

/* TEXT into REASON; what is too long ends in dots. */
static bool refuse(char reason[DISK_REASON_MAX], const struct buffer *text)
{
    size_t size = buffer_size(text);
    ensure(size > 0); /* who is refused is told why */
    bool cut = size >= DISK_REASON_MAX;
    if (cut)
        size = DISK_REASON_MAX - 1;
    memcpy(reason, buffer_start(text), size);
    if (cut)
        memcpy(reason + size - 3, "...", 3);
    reason[size] = '\0';
    return false;
}

static bool refuse_text(char reason[DISK_REASON_MAX], const char *text)
{
    struct buffer copy = {0};
    buffer_append_text(&copy, text);
    refuse(reason, &copy);
    buffer_close(&copy);
    return false;
}

/* The members as --cluster has them. */
static void append_members(struct buffer *out, const struct raft_configuration *configuration)
{
    for (uint32_t i = 0; i < configuration->count; i++) {
        buffer_append_text(out, i > 0 ? "," : "");
        buffer_append_number(out, configuration->members[i].id);
        buffer_append_text(out, "=");
        buffer_append_text(out, configuration->members[i].address);
    }
}

/* A node that ran alone: no other can join it, and it would go on alone. */
static bool refuse_alone(const struct raft_configuration *configuration, char reason[DISK_REASON_MAX])
{
    struct buffer text = {0};
    ensure(configuration->count == 1);
    buffer_append_text(&text, "this data directory belongs to a cluster of node ");
    buffer_append_number(&text, configuration->members[0].id);
    buffer_append_text(&text, " alone, which no other node can join: start it without --cluster");
    if (strcmp(configuration->members[0].address, NODE_ALONE_ADDRESS) != 0) {
        buffer_append_text(&text, ", or with --cluster ");
        append_members(&text, configuration);
        buffer_append_text(&text, ",");
    }
    buffer_append_text(&text, " to keep its files, or wipe the directory to begin anew with the nodes in --cluster");
    refuse(reason, &text);
    buffer_close(&text);
    return false;
}

static bool refuse_unnamed(const struct raft_configuration *configuration, uint32_t id, char reason[DISK_REASON_MAX])
{
    struct buffer text = {0};
    ensure(raft_configuration_member(configuration, id));
    buffer_append_text(&text, "the cluster has a node ");
    buffer_append_number(&text, id);
    buffer_append_text(&text, " that --cluster does not name: name every node that it formed with, each at its present "
                              "address, or wipe the data directory to join another cluster. It formed with ");
    append_members(&text, configuration);
    refuse(reason, &text);
    buffer_close(&text);
    return false;
}

bool membership_named(const struct node_options *options, const struct raft_configuration *configuration,
                      char reason[DISK_REASON_MAX])
{
    for (uint32_t i = 0; i < configuration->count; i++)
        if (!listed(options, configuration->members[i].id))
            return refuse_unnamed(configuration, configuration->members[i].id, reason);
    if (configuration->count == 1 && options->peer_count > 1)
        return refuse_alone(configuration, reason);
    return true;
}

/* False: the log has a configuration that another version wrote. */
static bool configurations_readable(const struct disk_recovered *recovered)
{
    struct raft_configuration configuration;
    for (uint64_t i = 0; i < recovered->entry_count; i++) {
        const struct raft_entry *entry = &recovered->entries[i];
        if (entry->type == RAFT_ENTRY_CONFIGURATION &&
            (!entry->payload ||
             !raft_configuration_decode(entry->payload->bytes, entry->payload->size, &configuration)))
            return false;
    }
    return true;
}

bool membership_fits(const struct node_options *options, const struct disk_recovered *recovered,
                     char reason[DISK_REASON_MAX])
{
    const struct raft_configuration *configuration = &recovered->identity.configuration;
    struct limits limits;
    if (!configurations_readable(recovered))
        return refuse_text(reason, "the log has a configuration that this version cannot read: " NODE_NEWER);
    if (!listed(options, options->id))
        return refuse_text(reason, "--cluster does not name this node's --id: it lists all nodes, this one too");
    if (configuration->count == 0)
        return recovered->identity.fresh ||
               refuse_text(reason, "the data directory holds a log but no cluster, so a part is gone: " DISK_MEND);
    if (!membership_named(options, configuration, reason))
        return false;
    if (!limits_decode(configuration, &limits))
        return refuse_text(reason, MEMBERSHIP_LIMITS_REASON);
    if (limits.value_max_bytes > options->value_max_bytes)
        return refuse_text(reason, MEMBERSHIP_VALUE_MAX_REASON);
    const struct raft_member *self = raft_configuration_member(configuration, options->id);
    bool log_gone = recovered->entry_count == 0 && recovered->snapshot_index == 0;
    if (self && self->incarnation == recovered->identity.incarnation && log_gone &&
        (recovered->term > 1 || recovered->vote != 0))
        return refuse_text(reason, "the data directory has voted but its log is gone: " DISK_MEND);
    return true;
}

static void say(struct env *env, const struct raft_member *peer, const char *reason)
{
    event_begin(env, LOG_CLUSTER_DIFFERS);
    event_number(env, "peer", peer->id);
    event_text(env, "address", peer->address);
    event_text(env, "reason", reason);
    event_end(env);
}

/* The member with another id than PEER's that was at PEER's address when the cluster formed; NULL: none. */
static const struct raft_member *other_there(const struct raft_configuration *members, const struct raft_member *peer)
{
    for (uint32_t i = 0; i < members->count; i++)
        if (members->members[i].id != peer->id && strcmp(members->members[i].address, peer->address) == 0)
            return &members->members[i];
    return NULL;
}

void membership_say(struct env *env, const struct raft_configuration *members)
{
    ensure(members->count > 0);
    for (uint32_t i = 0; i < env->options.peer_count; i++) {
        const struct raft_member *peer = &env->options.peers[i];
        const struct raft_member *other = other_there(members, peer);
        const struct raft_member *member = raft_configuration_member(members, peer->id);
        struct buffer text = {0};
        if (!member)
            buffer_append_text(&text, "the cluster formed without a node of this id, and it cannot join: take it out "
                                      "of --cluster");
        if (other) {
            buffer_append_text(&text, member ? "" : "; ");
            buffer_append_text(&text, "node ");
            buffer_append_number(&text, other->id);
            buffer_append_text(&text, " was at this address when the cluster formed: are the ids in --cluster right?");
        }
        buffer_append_u8(&text, '\0');
        if (!member || other)
            say(env, peer, (const char *)buffer_start(&text));
        buffer_close(&text);
    }
}
