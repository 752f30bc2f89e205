/* How a cluster comes to be, and who this node is in it.
 *
 * A data directory has a random incarnation. Only when all nodes of --cluster are up and empty does the one with the
 * lowest id fix a random cluster id and the members' incarnations; every node stores that before its first vote, and it
 * is entry 1 of every log. A node with an empty directory that meets a formed cluster in which its id has another
 * incarnation lost its disk: it may have forgotten votes and entries, so it is a learner. */
#include "base/ensure.h"
#include "node/peers/membership.h"
#include "node/state.h"

enum { FORM_AGAIN_MS = 500 };

bool formation_limits(struct node *node)
{
    const struct raft_configuration *configuration = raft_members(node->raft);
    if (configuration->count == 0)
        configuration = &node->identity.configuration;
    struct limits limits;
    if (!limits_decode(configuration, &limits))
        return false;
    node->env.limits = limits;
    store_limit(node->store, limits.value_max_bytes, limits.memory_max_bytes);
    store_limit_tokens(node->store, node->env.options.repeats_max);
    gateway_limit(&node->gateway, limits.window_max, limits.window_max_bytes);
    return true;
}

static bool is_voter(const struct node *node, const struct raft_configuration *configuration)
{
    const struct raft_member *member = raft_configuration_member(configuration, node->env.options.id);
    return member && member->role == RAFT_VOTER && member->incarnation == node->identity.incarnation;
}

static void adopt(struct node *node, const struct raft_configuration *configuration)
{
    ensure(node->identity.configuration.count == 0);
    node->identity.configuration = *configuration;
    node->identity_due = true;
    node->bootstrap_due = is_voter(node, configuration);
}

/* All nodes of --cluster are linked to this one, without a cluster, and empty. */
static bool all_empty(const struct node *node)
{
    for (uint32_t i = 0; i < node->env.options.peer_count; i++) {
        const struct peer *peer = &node->peers[i];
        if (peer->id == node->env.options.id)
            continue;
        const struct node_link *link = peer->links[NODE_LINK_CONSENSUS];
        if (!link || link->formed || !link->fresh)
            return false;
    }
    return node->identity.fresh;
}

static void form(struct node *node)
{
    struct raft_configuration configuration = {.count = node->env.options.peer_count};
    configuration.cluster_id = random_u64(&node->env.random) | 1;
    for (uint32_t i = 0; i < configuration.count; i++) {
        struct raft_member *member = &configuration.members[i];
        *member = node->env.options.peers[i];
        member->role = RAFT_VOTER;
        member->incarnation =
            member->id == node->env.options.id ? node->identity.incarnation : node->peers[i].incarnation;
    }
    limits_encode(&node->env.limits, &configuration);
    event_begin(&node->env, LOG_FORMING);
    event_number(&node->env, "members", configuration.count);
    event_end(&node->env);
    adopt(node, &configuration);
}

bool formation_settled(const struct node *node)
{
    return node->identity.configuration.count > 0 && !node->identity_due && !node->identity_busy;
}

void formation_send(struct node *node, struct node_link *link)
{
    struct buffer body = {0};
    raft_configuration_encode(&node->identity.configuration, &body);
    link_send_bytes(link, FRAME_FORM, true, &body);
    buffer_close(&body);
}

/* To those who do not speak raft yet: what they were told may be lost, and without it they take no part. */
static void tell_again(struct node *node)
{
    if (node->env.now_ms < node->form_again_ms)
        return;
    node->form_again_ms = node->env.now_ms + FORM_AGAIN_MS;
    for (uint32_t i = 0; i < node->env.options.peer_count; i++) {
        struct node_link *link = node->peers[i].links[NODE_LINK_CONSENSUS];
        if (link && !link->formed)
            formation_send(node, link);
    }
}

void formation_tick(struct node *node)
{
    if (formation_settled(node))
        tell_again(node);
    else if (node->identity.configuration.count == 0 && node->env.options.peers[0].id == node->env.options.id &&
             all_empty(node))
        form(node);
}

/* It comes again and again: said once. */
static void say_bad_form(struct node *node, uint32_t from)
{
    if (node->bad_form_said)
        return;
    node->bad_form_said = true;
    event_begin(&node->env, LOG_BAD_FORM);
    event_number(&node->env, "peer", from);
    event_text(&node->env, "reason",
               "what it tells of its cluster cannot be read here: run the same version of cleatd on all nodes");
    event_end(&node->env);
}

void formation_received(struct node *node, uint32_t from, const uint8_t *bytes, size_t size)
{
    struct raft_configuration configuration;
    struct limits limits;
    if (node->identity.configuration.count > 0 || !node->identity.fresh)
        return;
    if (raft_configuration_is_newer(bytes, size)) {
        env_stop(&node->env, LOG_UNKNOWN_CONFIGURATION,
                  "a node tells of a cluster that this version cannot read: " NODE_NEWER);
        return;
    }
    if (!raft_configuration_decode(bytes, size, &configuration) || configuration.cluster_id == 0) {
        say_bad_form(node, from);
        return;
    }
    if (!limits_decode(&configuration, &limits)) {
        env_stop(&node->env, LOG_UNKNOWN_LIMITS, FORMATION_LIMITS_REASON);
        return;
    }
    if (limits.value_max_bytes > node->env.options.value_max_bytes) {
        env_stop(&node->env, LOG_VALUE_MAX, FORMATION_VALUE_MAX_REASON);
        return;
    }
    if (!raft_configuration_member(&configuration, node->env.options.id)) {
        env_stop(&node->env, LOG_NOT_A_MEMBER,
                  "the cluster formed without a node of this id, and it cannot join: take it out of --cluster on all "
                  "nodes, or begin anew with all of them wiped");
        return;
    }
    char reason[DISK_REASON_MAX];
    if (!membership_named(&node->env.options, &configuration, reason)) {
        env_stop(&node->env, LOG_CLUSTER_DIFFERS, reason);
        return;
    }
    adopt(node, &configuration);
}

bool formation_next(struct node *node, struct disk_bulk *request)
{
    if (!node->identity_due || node->env.now_ms < node->identity_retry_ms)
        return false;
    node->identity_due = false;
    node->identity_busy = true;
    request->kind = DISK_IDENTITY;
    request->configuration = node->identity.configuration;
    return true;
}

void formation_done(struct node *node, struct disk_bulk *request)
{
    node->identity_busy = false;
    if (request->status == DISK_FULL) {
        node->identity_due = true; /* nothing was promised yet: tried again with the next turn that has a bulk slot */
        node->identity_retry_ms = node->env.now_ms + NODE_FULL_RETRY_MS;
        return;
    }
    node->identity.fresh = false;
    event_begin(&node->env, LOG_FORMED);
    event_hex(&node->env, "cluster", node->identity.configuration.cluster_id);
    event_text(&node->env, "role", node->bootstrap_due ? "voter" : "learner");
    event_end(&node->env);
    if (node->bootstrap_due)
        raft_bootstrap(node->raft, &node->identity.configuration, 0);
    node->bootstrap_due = false;
    ensure(formation_limits(node));
    membership_say(node);
    node->form_again_ms = node->env.now_ms;
    tell_again(node);
}

uint64_t formation_deadline_ms(const struct node *node)
{
    return node->identity_due && !node->bulk.busy ? node->identity_retry_ms : UINT64_MAX;
}
