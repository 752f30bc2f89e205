#include "node/node.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "node/handover.h"
#include "node/parts.h"

struct node {
    struct parts parts; /* first: whole.h */
    /* What the last turn saw, for the log and for what a change brings about. */
    enum raft_role seen_role;
    uint64_t seen_term;
    uint32_t seen_leader;
};

_Static_assert(offsetof(struct node, parts) == 0, "whole.h finds them where it begins");

void node_options_default(struct node_options *options)
{
    *options = (struct node_options){
        .election_min_ms = 150,
        .election_max_ms = 300,
        .heartbeat_ms = 30,
        .command_timeout_ms = 5000,
        .connections_max = 10000,
        .snapshot_every_bytes = 64 * 1024 * 1024,
        .value_max_bytes = 1024 * 1024,
        .memory_max_bytes = (uint64_t)4 * 1024 * 1024 * 1024,
        .window_max = LIMIT_WINDOW,
        .catchup_entries = LIMIT_CATCHUP_ENTRIES,
        .catchup_bytes = LIMIT_CATCHUP_BYTES,
        .snapshot_block_bytes = LIMIT_SNAPSHOT_BLOCK,
        .frame_bytes = FRAME_BODY_MAX,
        .append_bytes = LIMIT_APPEND_BYTES,
        .inflight_count = LIMIT_INFLIGHT,
        .repeats_max = STORE_TOKENS_MAX,
        .agreement_every = LIMIT_AGREEMENT_EVERY,
    };
}

struct buffer *node_log(struct node *node)
{
    return &node->parts.env.log;
}

const char *node_stop_reason(const struct node *node)
{
    const struct parts *parts = &node->parts;
    return parts->env.stopping ? parts->env.stop_reason : NULL;
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

static void open_raft(struct parts *parts, const struct disk_recovered *recovered)
{
    const struct node_options *options = &parts->env.options;
    const struct raft_options raft_options = {
        .id = options->id,
        .incarnation = parts->peers.identity.directory.incarnation,
        .election_min_ms = options->election_min_ms,
        .election_max_ms = options->election_max_ms,
        .heartbeat_ms = options->heartbeat_ms,
        .gone_min_ms = 5,
        .gone_max_ms = 30,
        .append_bytes_max = parts->env.options.append_bytes,
        .inflight_bytes_max = 4 * 1024 * 1024,
        .inflight_count_max = parts->env.options.inflight_count,
        .hold_count = NODE_HOLD_COUNT,
        .seed = random_u64(&parts->env.random),
    };
    const struct raft_start start = {
        .term = recovered->term,
        .vote = recovered->vote,
        .base_index = recovered->snapshot_index,
        .base_term = recovered->snapshot_term,
        .configuration = recovered->snapshot_configuration,
        .commit = recovered->commit,
        .rolled_back = recovered->rolled_back,
    };
    parts->raft = raft_open(&raft_options, &start);
    uint64_t time_ms = store_time_ms(parts->store);
    for (uint64_t i = 0; i < recovered->entry_count; i++) {
        raft_load(parts->raft, &recovered->entries[i]);
        time_ms = recovered->entries[i].time_ms > time_ms ? recovered->entries[i].time_ms : time_ms;
    }
    parts->env.clock = (struct clock){.known_ms = time_ms, .at_ms = parts->env.now_ms};
    raft_begin(parts->raft, parts->env.now_ms);
}

struct node *node_open(const struct node_options *options, const struct disk *disk,
                       const struct disk_recovered *recovered, struct store *store, uint64_t now_ms,
                       char reason[DISK_REASON_MAX])
{
    if (!membership_fits(options, recovered, reason))
        return NULL;
    struct node *node = memory_get(sizeof *node);
    struct parts *parts = &node->parts;
    parts->env.options = *options;
    parts->disk = disk;
    parts->store = store;
    feed_init(&parts->feed, options->feed_entries_max, options->feed_names_bytes);
    feed_reset(&parts->feed, store_revision(store));
    parts->env.now_ms = parts->env.started_ms = now_ms;
    parts->env.random.state = options->seed;
    parts->env.limits = (struct limits){
        .value_max_bytes = options->value_max_bytes,
        .memory_max_bytes = options->memory_max_bytes,
        .window_max = options->window_max,
        .window_max_bytes = LIMIT_WINDOW_BYTES,
        .level = LEVEL_BASE,
    };
    parts->env.levels.reached = store_level(store);
    peers_init(&parts->peers, &parts->env, recovered);
    persist_init(&parts->persist, &parts->env, disk, recovered);
    leader_init(&parts->leader);
    transfers_init(&parts->transfers, &parts->env, recovered);
    open_raft(parts, recovered);
    session_init(&parts->session, &parts->env, parts->raft, parts->store);
    bool formed = identity_formed(&parts->peers.identity);
    if (formed)
        bootstrap_log(&parts->peers.identity, parts->raft, options->id);
    gateway_init(&parts->gateway, options->id, random_u64(&parts->env.random) | 1, parts->env.limits.window_max,
                 parts->env.limits.window_max_bytes);
    if (formed) {
        if (!replication_limits(parts)) /* those of the identity were looked at above; the log may have others */
            env_stop(&parts->env, LOG_UNKNOWN_LIMITS, MEMBERSHIP_LIMITS_REASON);
        membership_say(&parts->env, &parts->peers.identity.directory.configuration);
    }
    /* Who asks for a stale answer is not to get an older one than before the start. */
    while (store_applied(parts->store) < recovered->commit && !parts->env.stopping)
        commands_apply(parts);
    return node;
}

void node_close(struct node *node)
{
    struct parts *parts = &node->parts;
    persist_close(&parts->persist);
    transfers_close(&parts->transfers);
    commands_forget_all(parts);
    session_end(&parts->session);
    peers_close(&parts->peers);
    leader_close(&parts->leader);
    gateway_close(&parts->gateway);
    raft_close(parts->raft);
    feed_close(&parts->feed);
    store_close(parts->store);
    buffer_close(&parts->env.log);
    free(node);
}

const char *node_busy_line(void)
{
    return "ERR_BUSY too many connections; try another node\r\n";
}

/* --- a turn ----------------------------------------------------------------------------------------------------- */

void node_time(struct node *node, uint64_t now_ms)
{
    struct parts *parts = &node->parts;
    ensure(now_ms >= parts->env.now_ms);
    if (now_ms == parts->env.now_ms)
        return;
    parts->env.now_ms = now_ms;
    raft_tick(parts->raft, now_ms);
}

static enum log_event role_event(const struct node *node)
{
    const struct parts *parts = &node->parts;
    switch (raft_role(parts->raft)) {
    case RAFT_LEADER:
        return LOG_LEADER;
    case RAFT_CANDIDATE:
        return LOG_CANDIDATE;
    case RAFT_PRECANDIDATE:
        return LOG_PRECANDIDATE;
    case RAFT_FOLLOWER:
        break;
    }
    return raft_is_voter(parts->raft) ? LOG_FOLLOWER : LOG_LEARNER;
}

/* Says what became of role, term and leader since the last turn. */
static void say_changes(struct node *node)
{
    struct parts *parts = &node->parts;
    enum raft_role role = raft_role(parts->raft);
    uint64_t term = raft_term(parts->raft);
    uint32_t leader = raft_leader(parts->raft);
    if (role == node->seen_role && term == node->seen_term && leader == node->seen_leader)
        return;
    ensure(term >= node->seen_term && (role != RAFT_LEADER || leader == parts->env.options.id));
    event_begin(&parts->env, role_event(node));
    event_number(&parts->env, "term", term);
    event_number(&parts->env, "leader", leader);
    event_number(&parts->env, "last", raft_last_index(parts->raft));
    event_number(&parts->env, "commit", raft_commit(parts->raft));
    event_end(&parts->env);
    parts->env.meter.elections += term != node->seen_term && (role == RAFT_CANDIDATE || role == RAFT_LEADER);
    parts->env.meter.leader_changes += leader != 0 && leader != node->seen_leader;
    if (leader != 0)
        parts->session.gate.leaderless_ms = UINT64_MAX;
    else if (node->seen_leader != 0)
        parts->session.gate.leaderless_ms = parts->env.now_ms;
    node->seen_role = role;
    node->seen_term = term;
    node->seen_leader = leader;
}

/* What came on LINK, one message after the other, each to the part that it is for. */
void node_link_bytes(struct node *node, struct node_link *link, const uint8_t *bytes, size_t size)
{
    struct parts *parts = &node->parts;
    struct arrival arrival;
    while (size > 0 && peers_take(&parts->peers, &parts->env, parts->raft, link, &bytes, &size, &arrival)) {
        if (peers_has_lost(&parts->peers))
            replication_lost(parts);
        switch ((unsigned)arrival.kind) {
        case ARRIVAL_OPEN:
            commands_opens(parts, arrival.from, &arrival.body);
            break;
        case ARRIVAL_FORWARD:
            commands_forwarded(parts, arrival.from, &arrival.body);
            break;
        case ARRIVAL_CREDIT:
            commands_credited(parts, arrival.from, &arrival.body);
            break;
        default:
            replication_take(parts, &arrival);
        }
    }
    if (peers_has_lost(&parts->peers))
        replication_lost(parts);
}

/* The new state takes the old one's place: store, log, gateway and waiting clients in one turn. */
static void install_snapshot(struct node *node)
{
    struct parts *parts = &node->parts;
    if (!replication_install(parts))
        return;
    commands_jumped(parts);
    if (!replication_limits(parts))
        env_stop(&parts->env, LOG_UNKNOWN_LIMITS, MEMBERSHIP_LIMITS_REASON);
}

void node_turn(struct node *node)
{
    struct parts *parts = &node->parts;
    parts->env.more = false;
    parts->session.answered_bytes = 0;
    if (parts->env.stopping)
        return;
    if (raft_met_newer(parts->raft)) {
        env_stop(&parts->env, LOG_UNKNOWN_CONFIGURATION,
                 "the leader's log has a configuration that this version cannot read: " NODE_NEWER);
        return;
    }
    replication_follow(parts);
    bootstrap_tick(&parts->peers, &parts->env);
    peers_tick(&parts->peers, &parts->env);
    peers_tell_room(&parts->peers, parts->raft, persist_has_room(&parts->persist, &parts->env, parts->raft));
    persist_tick(&parts->persist, &parts->env, parts->raft);
    commands_apply(parts);
    commands_of_leader(parts);
    reads_confirm(&parts->session);
    commands_expire(parts);
    commands_parse(parts);
    commands_forward(parts);
    commands_refuse(parts);
    commands_propose(parts);
    commands_send_credits(parts);
    reads_ask(&parts->session);
    raft_set_time(parts->raft, clock_now_ms(&parts->env.clock, parts->env.now_ms));
    raft_flush(parts->raft);
    peers_send_raft(&parts->peers, parts->raft);
    /* A cluster of one confirms its reads on the spot. */
    reads_confirm(&parts->session);
    install_snapshot(node);
    replication_transfers(parts);
    say_changes(node);
    quorum_tick(&parts->peers, &parts->env, parts->raft);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t node_deadline_ms(const struct node *node)
{
    const struct parts *parts = &node->parts;
    if (parts->env.more)
        return parts->env.now_ms;
    uint64_t deadline_ms = raft_deadline_ms(parts->raft);
    if (!parts->transfers.bulk.busy)
        deadline_ms = sooner(deadline_ms, bootstrap_deadline_ms(&parts->peers.identity));
    deadline_ms = sooner(deadline_ms, commands_deadline_ms(parts));
    deadline_ms = sooner(deadline_ms, leader_deadline_ms(&parts->leader, &parts->env, parts->raft, parts->store));
    deadline_ms = sooner(deadline_ms, reads_deadline_ms(&parts->session));
    deadline_ms = sooner(deadline_ms, peers_deadline_ms(&parts->peers));
    deadline_ms = sooner(deadline_ms, persist_deadline_ms(&parts->persist, &parts->env, parts->raft,
                                                          transfers_long_work(&parts->transfers),
                                                          parts->transfers.bulk.busy));
    deadline_ms = sooner(deadline_ms, transfers_deadline_ms(&parts->transfers, &parts->env, parts->store));
    deadline_ms = sooner(deadline_ms, session_refusal_ms(&parts->session, parts->gateway.writable));
    deadline_ms = sooner(deadline_ms, quorum_deadline_ms(&parts->peers, &parts->env, parts->raft));
    deadline_ms = sooner(deadline_ms, session_deadline_ms(&parts->session));
    if (parts->env.shutting_down)
        deadline_ms = sooner(deadline_ms, parts->env.shutdown_ms + NODE_SHUTDOWN_MS);
    return deadline_ms;
}

void node_shutdown(struct node *node)
{
    struct parts *parts = &node->parts;
    if (parts->env.shutting_down)
        return;
    parts->env.shutting_down = true;
    parts->env.shutdown_ms = parts->env.now_ms;
    commands_shutdown(parts);
    event_begin(&parts->env, LOG_SHUTDOWN);
    event_end(&parts->env);
}

bool node_shutdown_done(const struct node *node)
{
    const struct parts *parts = &node->parts;
    if (!parts->env.shutting_down)
        return false;
    ensure(parts->env.now_ms >= parts->env.shutdown_ms);
    if (parts->env.now_ms - parts->env.shutdown_ms >= NODE_SHUTDOWN_MS || parts->env.stopping)
        return true;
    bool alone = raft_configuration_quorum(raft_members(parts->raft)) <= 1;
    bool leads = raft_role(parts->raft) == RAFT_LEADER && !alone;
    bool rests = !parts->persist.busy && !persist_owes(&parts->persist, parts->raft) && !parts->transfers.bulk.busy;
    return !leads && list_empty(&parts->session.ages) && rests;
}

const struct raft *node_raft(const struct node *node)
{
    return node->parts.raft;
}

const struct feed *node_feed(const struct node *node)
{
    return &node->parts.feed;
}

const struct store *node_store(const struct node *node)
{
    return node->parts.store;
}

struct node_parts node_parts(struct node *node)
{
    struct parts *parts = &node->parts;
    return (struct node_parts){
        .env = &parts->env,
        .raft = parts->raft,
        .store = &parts->store,
        .peers = &parts->peers,
        .session = &parts->session,
        .gateway = &parts->gateway,
        .leader = &parts->leader,
        .persist = &parts->persist,
        .transfers = &parts->transfers,
        .state_check = &parts->state_check,
    };
}
