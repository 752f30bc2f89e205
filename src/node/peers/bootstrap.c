#include "node/peers/bootstrap.h"

#include "base/ensure.h"
#include "node/event.h"
#include "node/levels.h"
#include "node/peers/membership.h"

enum { FORM_AGAIN_MS = 500, WRITE_AGAIN_MS = 500 /* a disk without room is tried again */ };

/* All nodes of --cluster are linked to this one, without a cluster, and empty. */
static bool all_empty(const struct peers *peers, const struct env *env)
{
    ensure(!identity_formed(&peers->identity));
    for (uint32_t i = 0; i < env->options.peer_count; i++) {
        uint32_t id = env->options.peers[i].id;
        if (id == env->options.id)
            continue;
        const struct node_link *link = peers_link(peers, id, NODE_LINK_CONSENSUS);
        if (!link || link->formed || !link->fresh)
            return false;
    }
    return peers->identity.directory.fresh;
}

/* The highest level that all of them know. */
static unsigned lowest_level(const struct peers *peers, const struct env *env)
{
    unsigned known[RAFT_MEMBERS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < env->options.peer_count; i++) {
        const struct node_link *link = peers_link(peers, env->options.peers[i].id, NODE_LINK_CONSENSUS);
        if (link)
            known[count++] = link->level;
    }
    ensure(count + 1 == env->options.peer_count); /* all but this node */
    return levels_lowest(known, count);
}

static void form(struct peers *peers, struct env *env)
{
    struct raft_configuration configuration = {.count = env->options.peer_count};
    ensure(peers->identity.directory.fresh && configuration.count > 0); /* what is there is of no other cluster */
    configuration.cluster_id = random_u64(&env->random) | 1;
    for (uint32_t i = 0; i < configuration.count; i++) {
        struct raft_member *member = &configuration.members[i];
        *member = env->options.peers[i];
        member->role = RAFT_VOTER;
        member->incarnation = member->id == env->options.id ? peers->identity.directory.incarnation
                                                            : peers_look(peers, member->id)->incarnation;
        ensure(member->incarnation != 0); /* all of them have said hello */
    }
    struct limits limits = env->limits;
    limits.level = lowest_level(peers, env);
    limits_encode(&limits, &configuration);
    event_begin(env, LOG_FORMING);
    event_number(env, "members", configuration.count);
    event_end(env);
    identity_adopt(&peers->identity, &configuration, env->options.id);
}

void bootstrap_send(const struct identity *identity, struct node_link *link)
{
    struct buffer body = {0};
    ensure(identity_settled(identity)); /* what is told is never forgotten */
    raft_configuration_encode(&identity->directory.configuration, &body);
    link_send_bytes(link, FRAME_FORM, true, &body);
    buffer_close(&body);
}

/* To those who do not speak raft yet: what they were told may be lost, and without it they take no part. */
static void tell_again(struct peers *peers, const struct env *env)
{
    if (env->now_ms < peers->form_again_ms)
        return;
    peers->form_again_ms = env->now_ms + FORM_AGAIN_MS;
    for (uint32_t i = 0; i < peers->count; i++) {
        struct node_link *link = peers->list[i].links[NODE_LINK_CONSENSUS];
        if (link && !link->formed)
            bootstrap_send(&peers->identity, link);
    }
}

void bootstrap_tick(struct peers *peers, struct env *env)
{
    if (identity_settled(&peers->identity))
        tell_again(peers, env);
    else if (!identity_formed(&peers->identity) && env->options.peers[0].id == env->options.id &&
             all_empty(peers, env))
        form(peers, env);
}

/* It comes again and again: said once. */
static void say_bad_form(struct peers *peers, struct env *env, uint32_t from)
{
    if (peers->bad_form_said)
        return;
    peers->bad_form_said = true;
    event_begin(env, LOG_BAD_FORM);
    event_number(env, "peer", from);
    event_text(env, "reason",
               "what it tells of its cluster cannot be read here: run the same version of cleatd on all nodes");
    event_end(env);
}

void bootstrap_received(struct peers *peers, struct env *env, uint32_t from, const uint8_t *bytes, size_t size)
{
    struct raft_configuration configuration;
    struct limits limits;
    if (identity_formed(&peers->identity) || !peers->identity.directory.fresh)
        return;
    if (raft_configuration_is_newer(bytes, size)) {
        env_stop(env, LOG_UNKNOWN_CONFIGURATION,
                 "a node tells of a cluster that this version cannot read: " NODE_NEWER);
        return;
    }
    if (!raft_configuration_decode(bytes, size, &configuration) || configuration.cluster_id == 0) {
        say_bad_form(peers, env, from);
        return;
    }
    if (!limits_decode(&configuration, &limits)) {
        env_stop(env, LOG_UNKNOWN_LIMITS, MEMBERSHIP_LIMITS_REASON);
        return;
    }
    if (limits.value_max_bytes > env->options.value_max_bytes) {
        env_stop(env, LOG_VALUE_MAX, MEMBERSHIP_VALUE_MAX_REASON);
        return;
    }
    if (!raft_configuration_member(&configuration, env->options.id)) {
        env_stop(env, LOG_NOT_A_MEMBER,
                 "the cluster formed without a node of this id, and it cannot join: take it out of --cluster on all "
                 "nodes, or begin anew with all of them wiped");
        return;
    }
    char reason[DISK_REASON_MAX];
    if (!membership_named(&env->options, &configuration, reason)) {
        env_stop(env, LOG_CLUSTER_DIFFERS, reason);
        return;
    }
    identity_adopt(&peers->identity, &configuration, env->options.id);
}

void bootstrap_log(const struct identity *identity, struct raft *raft, uint32_t id)
{
    const struct raft_configuration *configuration = &identity->directory.configuration;
    ensure(identity_settled(identity));
    const struct raft_member *self = raft_configuration_member(configuration, id);
    if (raft_last_index(raft) == 0 && self && self->incarnation == identity->directory.incarnation)
        raft_bootstrap(raft, configuration, 0);
}

bool bootstrap_written(struct peers *peers, struct env *env, struct raft *raft, const struct disk_bulk *request)
{
    struct identity *identity = &peers->identity;
    ensure(request->kind == DISK_IDENTITY);
    if (!identity_written(identity, request->status, env->now_ms + WRITE_AGAIN_MS))
        return false;
    event_begin(env, LOG_FORMED);
    event_hex(env, "cluster", identity->directory.configuration.cluster_id);
    event_text(env, "role", identity->bootstrap_due ? "voter" : "learner");
    event_end(env);
    ensure(!identity->bootstrap_due || raft_last_index(raft) == 0); /* no message of raft's counted before */
    if (identity->bootstrap_due)
        raft_bootstrap(raft, &identity->directory.configuration, 0);
    identity->bootstrap_due = false;
    membership_say(env, &identity->directory.configuration);
    peers->form_again_ms = env->now_ms;
    tell_again(peers, env);
    return true;
}

uint64_t bootstrap_deadline_ms(const struct identity *identity)
{
    ensure(!identity->due || !identity->busy);
    return identity->due ? identity->retry_ms : UINT64_MAX;
}
