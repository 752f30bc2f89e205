#include "node/node.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "node/handover.h"
#include "node/parts.h"

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
    return &node->env.log;
}

const char *node_stop_reason(const struct node *node)
{
    return node->env.stopping ? node->env.stop_reason : NULL;
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

static void open_raft(struct node *node, const struct disk_recovered *recovered)
{
    const struct node_options *options = &node->env.options;
    const struct raft_options raft_options = {
        .id = options->id,
        .incarnation = node->peers.identity.directory.incarnation,
        .election_min_ms = options->election_min_ms,
        .election_max_ms = options->election_max_ms,
        .heartbeat_ms = options->heartbeat_ms,
        .gone_min_ms = 5,
        .gone_max_ms = 30,
        .append_bytes_max = node->env.options.append_bytes,
        .inflight_bytes_max = 4 * 1024 * 1024,
        .inflight_count_max = node->env.options.inflight_count,
        .hold_count = NODE_HOLD_COUNT,
        .seed = random_u64(&node->env.random),
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
    node->raft = raft_open(&raft_options, &start);
    uint64_t time_ms = store_time_ms(node->store);
    for (uint64_t i = 0; i < recovered->entry_count; i++) {
        raft_load(node->raft, &recovered->entries[i]);
        time_ms = recovered->entries[i].time_ms > time_ms ? recovered->entries[i].time_ms : time_ms;
    }
    node->env.clock = (struct clock){.known_ms = time_ms, .at_ms = node->env.now_ms};
    raft_begin(node->raft, node->env.now_ms);
}

struct node *node_open(const struct node_options *options, const struct disk *disk,
                       const struct disk_recovered *recovered, struct store *store, uint64_t now_ms,
                       char reason[DISK_REASON_MAX])
{
    if (!membership_fits(options, recovered, reason))
        return NULL;
    struct node *node = memory_get(sizeof *node);
    node->env.options = *options;
    node->disk = disk;
    node->store = store;
    feed_init(&node->feed, options->feed_entries_max, options->feed_names_bytes);
    feed_reset(&node->feed, store_revision(store));
    node->env.now_ms = node->env.started_ms = now_ms;
    node->env.random.state = options->seed;
    node->env.limits = (struct limits){
        .value_max_bytes = options->value_max_bytes,
        .memory_max_bytes = options->memory_max_bytes,
        .window_max = options->window_max,
        .window_max_bytes = LIMIT_WINDOW_BYTES,
        .level = LEVEL_BASE,
    };
    node->env.levels.reached = store_level(store);
    peers_init(&node->peers, &node->env, recovered);
    persist_init(&node->persist, &node->env, disk, recovered);
    leader_init(&node->leader);
    transfers_init(&node->transfers, &node->env, recovered);
    open_raft(node, recovered);
    session_init(&node->session, &node->env, node->raft, node->store);
    bool formed = identity_formed(&node->peers.identity);
    if (formed)
        bootstrap_log(&node->peers.identity, node->raft, options->id);
    gateway_init(&node->gateway, options->id, random_u64(&node->env.random) | 1, node->env.limits.window_max,
                 node->env.limits.window_max_bytes);
    if (formed) {
        if (!replication_limits(node)) /* those of the identity were looked at above; the log may have others */
            env_stop(&node->env, LOG_UNKNOWN_LIMITS, MEMBERSHIP_LIMITS_REASON);
        membership_say(&node->env, &node->peers.identity.directory.configuration);
    }
    /* Who asks for a stale answer is not to get an older one than before the start. */
    while (store_applied(node->store) < recovered->commit && !node->env.stopping)
        commands_apply(node);
    return node;
}

void node_close(struct node *node)
{
    persist_close(&node->persist);
    transfers_close(&node->transfers);
    commands_forget_all(node);
    session_end(&node->session);
    peers_close(&node->peers);
    leader_close(&node->leader);
    gateway_close(&node->gateway);
    raft_close(node->raft);
    feed_close(&node->feed);
    store_close(node->store);
    buffer_close(&node->env.log);
    free(node);
}

/* --- a turn ----------------------------------------------------------------------------------------------------- */

void node_time(struct node *node, uint64_t now_ms)
{
    ensure(now_ms >= node->env.now_ms);
    if (now_ms == node->env.now_ms)
        return;
    node->env.now_ms = now_ms;
    raft_tick(node->raft, now_ms);
}

static enum log_event role_event(const struct node *node)
{
    switch (raft_role(node->raft)) {
    case RAFT_LEADER:
        return LOG_LEADER;
    case RAFT_CANDIDATE:
        return LOG_CANDIDATE;
    case RAFT_PRECANDIDATE:
        return LOG_PRECANDIDATE;
    case RAFT_FOLLOWER:
        break;
    }
    return raft_is_voter(node->raft) ? LOG_FOLLOWER : LOG_LEARNER;
}

/* Says what became of role, term and leader since the last turn. */
static void say_changes(struct node *node)
{
    enum raft_role role = raft_role(node->raft);
    uint64_t term = raft_term(node->raft);
    uint32_t leader = raft_leader(node->raft);
    if (role == node->seen_role && term == node->seen_term && leader == node->seen_leader)
        return;
    ensure(term >= node->seen_term && (role != RAFT_LEADER || leader == node->env.options.id));
    event_begin(&node->env, role_event(node));
    event_number(&node->env, "term", term);
    event_number(&node->env, "leader", leader);
    event_number(&node->env, "last", raft_last_index(node->raft));
    event_number(&node->env, "commit", raft_commit(node->raft));
    event_end(&node->env);
    node->env.meter.elections += term != node->seen_term && (role == RAFT_CANDIDATE || role == RAFT_LEADER);
    node->env.meter.leader_changes += leader != 0 && leader != node->seen_leader;
    if (leader != 0)
        node->session.gate.leaderless_ms = UINT64_MAX;
    else if (node->seen_leader != 0)
        node->session.gate.leaderless_ms = node->env.now_ms;
    node->seen_role = role;
    node->seen_term = term;
    node->seen_leader = leader;
}

/* What came on LINK, one message after the other, each to the part that it is for. */
void node_link_bytes(struct node *node, struct node_link *link, const uint8_t *bytes, size_t size)
{
    struct arrival arrival;
    while (size > 0 && peers_take(&node->peers, &node->env, node->raft, link, &bytes, &size, &arrival)) {
        if (peers_has_lost(&node->peers))
            replication_lost(node);
        switch ((unsigned)arrival.kind) {
        case ARRIVAL_OPEN:
            commands_opens(node, arrival.from, &arrival.body);
            break;
        case ARRIVAL_FORWARD:
            commands_forwarded(node, arrival.from, &arrival.body);
            break;
        case ARRIVAL_CREDIT:
            commands_credited(node, arrival.from, &arrival.body);
            break;
        default:
            replication_take(node, &arrival);
        }
    }
    if (peers_has_lost(&node->peers))
        replication_lost(node);
}

/* The new state takes the old one's place: store, log, gateway and waiting clients in one turn. */
static void install_snapshot(struct node *node)
{
    if (!replication_install(node))
        return;
    commands_jumped(node);
    if (!replication_limits(node))
        env_stop(&node->env, LOG_UNKNOWN_LIMITS, MEMBERSHIP_LIMITS_REASON);
}

void node_turn(struct node *node)
{
    node->env.more = false;
    node->session.answered_bytes = 0;
    if (node->env.stopping)
        return;
    if (raft_met_newer(node->raft)) {
        env_stop(&node->env, LOG_UNKNOWN_CONFIGURATION,
                 "the leader's log has a configuration that this version cannot read: " NODE_NEWER);
        return;
    }
    replication_follow(node);
    bootstrap_tick(&node->peers, &node->env);
    peers_tick(&node->peers, &node->env);
    peers_tell_room(&node->peers, node->raft, persist_has_room(&node->persist, &node->env, node->raft));
    persist_tick(&node->persist, &node->env, node->raft);
    commands_apply(node);
    commands_of_leader(node);
    reads_confirm(&node->session);
    commands_expire(node);
    commands_parse(node);
    commands_forward(node);
    commands_refuse(node);
    commands_propose(node);
    commands_send_credits(node);
    reads_ask(&node->session);
    raft_set_time(node->raft, clock_now_ms(&node->env.clock, node->env.now_ms));
    raft_flush(node->raft);
    peers_send_raft(&node->peers, node->raft);
    /* A cluster of one confirms its reads on the spot. */
    reads_confirm(&node->session);
    install_snapshot(node);
    replication_transfers(node);
    say_changes(node);
    quorum_tick(&node->peers, &node->env, node->raft);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t node_deadline_ms(const struct node *node)
{
    if (node->env.more)
        return node->env.now_ms;
    uint64_t deadline_ms = raft_deadline_ms(node->raft);
    if (!node->transfers.bulk.busy)
        deadline_ms = sooner(deadline_ms, bootstrap_deadline_ms(&node->peers.identity));
    deadline_ms = sooner(deadline_ms, commands_deadline_ms(node));
    deadline_ms = sooner(deadline_ms, leader_deadline_ms(&node->leader, &node->env, node->raft, node->store));
    deadline_ms = sooner(deadline_ms, reads_deadline_ms(&node->session));
    deadline_ms = sooner(deadline_ms, peers_deadline_ms(&node->peers));
    deadline_ms = sooner(deadline_ms, persist_deadline_ms(&node->persist, &node->env, node->raft,
                                                          transfers_long_work(&node->transfers),
                                                          node->transfers.bulk.busy));
    deadline_ms = sooner(deadline_ms, transfers_deadline_ms(&node->transfers, &node->env, node->store));
    deadline_ms = sooner(deadline_ms, session_refusal_ms(&node->session, node->gateway.writable));
    deadline_ms = sooner(deadline_ms, quorum_deadline_ms(&node->peers, &node->env, node->raft));
    deadline_ms = sooner(deadline_ms, session_deadline_ms(&node->session));
    if (node->env.shutting_down)
        deadline_ms = sooner(deadline_ms, node->env.shutdown_ms + NODE_SHUTDOWN_MS);
    return deadline_ms;
}

void node_shutdown(struct node *node)
{
    if (node->env.shutting_down)
        return;
    node->env.shutting_down = true;
    node->env.shutdown_ms = node->env.now_ms;
    commands_shutdown(node);
    event_begin(&node->env, LOG_SHUTDOWN);
    event_end(&node->env);
}

bool node_shutdown_done(const struct node *node)
{
    if (!node->env.shutting_down)
        return false;
    ensure(node->env.now_ms >= node->env.shutdown_ms);
    if (node->env.now_ms - node->env.shutdown_ms >= NODE_SHUTDOWN_MS || node->env.stopping)
        return true;
    bool alone = raft_configuration_quorum(raft_members(node->raft)) <= 1;
    bool leads = raft_role(node->raft) == RAFT_LEADER && !alone;
    bool rests = !node->persist.busy && !persist_owes(&node->persist, node->raft) && !node->transfers.bulk.busy;
    return !leads && list_empty(&node->session.ages) && rests;
}

const struct raft *node_raft(const struct node *node)
{
    return node->raft;
}

const struct feed *node_feed(const struct node *node)
{
    return &node->feed;
}

const struct store *node_store(const struct node *node)
{
    return node->store;
}

struct node_parts node_parts(struct node *node)
{
    return (struct node_parts){
        .env = &node->env,
        .raft = node->raft,
        .store = &node->store,
        .peers = &node->peers,
        .session = &node->session,
        .gateway = &node->gateway,
        .leader = &node->leader,
        .persist = &node->persist,
        .transfers = &node->transfers,
        .state_check = &node->state_check,
    };
}
