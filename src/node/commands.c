/* What goes from part to part on the way of a command: from its client to the gateway, to the leader, into the log,
 * and back from what was applied. */
#ifdef CLEAT_TEST_LEVEL
#include <string.h>
#endif

#include "base/ensure.h"
#include "node/handover.h"

/* --- clients ---------------------------------------------------------------------------------------------------- */

/* persist, gateway -> session: what clients are refused for. */
static void open_gate(struct parts *parts)
{
    ensure(parts->session.store == parts->store && parts->session.raft == parts->raft);
    parts->session.gate.writable = parts->gateway.writable;
    parts->session.gate.behind = persist_is_behind(&parts->persist, &parts->env, parts->raft);
}

/* all parts -> session: what the node is like, for those who asked. */
static void tell_status(struct parts *parts)
{
    struct node_client *client;
    while ((client = session_asking(&parts->session)) != NULL) {
        struct buffer text = {0};
        facts_status(parts, &text);
        client_tell(&parts->session, client, &text);
        buffer_close(&text);
        client_parse(&parts->session, client);
    }
}

struct node_client *node_client_open(struct node *node, struct connection *owner)
{
    struct parts *parts = node_all(node);
    return parts->env.shutting_down ? NULL : session_client_open(&parts->session, owner);
}

void node_client_bytes(struct node *node, struct node_client *client, const uint8_t *bytes, size_t size)
{
    struct parts *parts = node_all(node);
    ensure(list_empty(&parts->session.asking)); /* who asked before was told */
    open_gate(parts);
    client_bytes(&parts->session, client, bytes, size);
    if (!list_empty(&parts->session.asking))
        tell_status(parts);
}

void commands_parse(struct parts *parts)
{
    open_gate(parts);
    session_resume(&parts->session);
    if (!list_empty(&parts->session.asking))
        tell_status(parts);
}

void node_client_end(struct node *node, struct node_client *client)
{
    client->input_ended = true;
    client_touch(&node_all(node)->session, client);
}

void node_client_written(struct node *node, struct node_client *client)
{
    if (list_linked(&client->stalled))
        node_all(node)->env.more = true; /* the next turn parses on */
}

struct node_client *node_next_output(struct node *node)
{
    return session_output(&node_all(node)->session);
}

/* session -> gateway: no one waits for CLIENT's changes any more. */
static void forget(struct parts *parts, const struct node_client *client)
{
    for (const struct pending *pending = client->head; pending; pending = pending->next)
        if (pending->state == PENDING_NUMBERED)
            gateway_forget(&parts->gateway, pending->number, pending);
}

void node_client_close(struct node *node, struct node_client *client)
{
    struct parts *parts = node_all(node);
    forget(parts, client);
    session_client_close(&parts->session, client);
}

void commands_forget_all(struct parts *parts)
{
    const struct list *clients = &parts->session.clients;
    for (const struct list *at = clients->next; at != clients; at = at->next)
        forget(parts, list_item(at, struct node_client, all));
}

/* --- what is refused --------------------------------------------------------------------------------------------- */

/* What has waited too long is answered; when the time of a shutdown is over, so is all else. The oldest are first, for
 * all wait equally long. */
void commands_expire(struct parts *parts)
{
    bool over = parts->env.shutting_down && parts->env.now_ms - parts->env.shutdown_ms >= NODE_SHUTDOWN_MS;
    struct session *session = &parts->session;
    struct pending *pending;
    while ((pending = session_overdue(session, over)) != NULL) {
        if (pending->state == PENDING_NUMBERED) {
            ensure(gateway_slot(&parts->gateway, pending->number)->pending == pending);
            gateway_skip(&parts->gateway, pending->number);
            pending_fail(session, pending, REPLY_TIMEOUT, NULL);
        } else if (raft_leader(parts->raft) == 0) {
            char reason[QUORUM_TEXT_MAX];
            quorum_text(&parts->peers, &parts->env, parts->raft, reason);
            pending_fail(session, pending, REPLY_NO_LEADER, reason);
        } else if (pending->state == PENDING_WAITING) {
            pending_fail(session, pending, REPLY_BUSY, NULL);
        } else {
            pending_fail(session, pending, REPLY_TIMEOUT, "the leader did not confirm in time; a read has no effect");
        }
    }
}

void commands_refuse(struct parts *parts)
{
    bool writable = parts->gateway.writable;
    while (session_refusal_ms(&parts->session, writable) <= parts->env.now_ms)
        pending_fail(&parts->session, session_waiting(&parts->session), writable ? REPLY_BUSY : REPLY_DISK_FULL, NULL);
}

/* --- to the leader ----------------------------------------------------------------------------------------------- */

static bool leads(const struct parts *parts)
{
    return raft_role(parts->raft) == RAFT_LEADER;
}

/* This node leads, and its door is open in this term. */
static bool leads_here(const struct parts *parts)
{
    return leads(parts) && parts->leader.admission.term == raft_term(parts->raft);
}

static struct node_link *link_to_leader(const struct parts *parts)
{
    return peers_link(&parts->peers, raft_leader(parts->raft), NODE_LINK_CONSENSUS);
}

static bool log_fits(const struct parts *parts, size_t size, bool may_use_reserve)
{
    return persist_fits(&parts->persist, parts->raft, size, may_use_reserve);
}

/* Gateways are those of members: others have no place, in the store neither. */
static bool is_member(const struct parts *parts, uint32_t id)
{
    return raft_configuration_member(raft_members(parts->raft), id) != NULL;
}

/* A gateway -> leader, if it is a member's, and the log has room for its entry. */
static void let_in(struct parts *parts, uint32_t gateway, uint64_t nonce)
{
    if (!is_member(parts, gateway))
        return; /* nor is this node's own, where it leads to its end */
    if (leader_lets_in(&parts->leader, parts->store, gateway, nonce) && log_fits(parts, LEADER_ENTRY_BYTES, true))
        leader_open(&parts->leader, &parts->env, parts->raft, parts->store, gateway, nonce);
}

/* gateway -> leader, or peers: it asks for an epoch, now and again until there is one. */
static void open_gateway(struct parts *parts)
{
    struct gateway *gateway = &parts->gateway;
    struct node_link *link = leads(parts) ? NULL : link_to_leader(parts);
    if (!forward_opens(gateway, &parts->env) || (!link && !leads_here(parts)))
        return; /* where this node leads, the door opens when the no-op is applied: this is called again then */
    if (link) {
        struct chain body = {0};
        forward_open(gateway, raft_term(parts->raft), &body);
        link_send(link, FRAME_OPEN, true, &body);
    } else {
        let_in(parts, gateway->id, gateway->nonce);
    }
    forward_asked(gateway, &parts->env);
}

/* session -> gateway: numbers for what waits, in the order in which it came, while the window has room. */
static void number_waiting(struct parts *parts)
{
    struct gateway *gateway = &parts->gateway;
    struct pending *pending;
    gateway_waits(gateway, parts->env.now_ms, parts->env.options.command_timeout_ms / GATEWAY_PATIENCE);
    while (gateway->writable && (pending = session_waiting(&parts->session)) != NULL) {
        if (!gateway_has_room(gateway, pending->command->size))
            return;
        if (gateway->first == gateway->next)
            gateway->progress_ms = parts->env.now_ms; /* the window was empty: patience begins now */
        parts->env.meter.proposals++;
        pending_numbered(pending, gateway_add(gateway, pending->command, pending, parts->env.now_ms));
    }
}

/* gateway -> leader, in this node. */
static void forward_to_self(struct parts *parts)
{
    struct gateway *gateway = &parts->gateway;
    struct admission_gateway *door = leads_here(parts) ? leader_door(&parts->leader, parts->store, gateway->id) : NULL;
    struct blob *command;
    uint64_t number;
    if (!door || door->epoch != gateway->epoch)
        return;
    forward_here(gateway, raft_term(parts->raft), door->received, parts->leader.cluster_writable);
    while ((command = forward_next(gateway, &number)) != NULL)
        if (admission_wants(door, gateway->epoch, number))
            admission_take(door, blob_hold(command));
    ensure(door->received + 1 == gateway->next); /* on the way within a node nothing is lost */
    door->asked = false;
}

/* gateway -> peers. */
static void forward_to_peer(struct parts *parts)
{
    struct node_link *link = link_to_leader(parts);
    struct chain body = {0};
    uint64_t term = raft_term(parts->raft);
    if (!link)
        return;
    if (forward_query(&parts->gateway, &parts->env, term, &body))
        link_send(link, FRAME_FORWARD, false, &body);
    while (!node_link_ends(link) && forward_commands(&parts->gateway, term, &body))
        link_send(link, FRAME_FORWARD, false, &body);
}

void commands_forward(struct parts *parts)
{
    if (raft_leader(parts->raft) == 0 || parts->env.stopping)
        return;
    if (parts->gateway.epoch == 0) {
        open_gateway(parts);
        return;
    }
    number_waiting(parts);
    if (leads(parts))
        forward_to_self(parts);
    else
        forward_to_peer(parts);
}

uint64_t commands_deadline_ms(const struct parts *parts)
{
    bool led = raft_leader(parts->raft) != 0;
    bool reached = led && (leads(parts) ? leads_here(parts) : link_to_leader(parts) != NULL);
    return forward_deadline_ms(&parts->gateway, parts->raft, reached);
}

/* --- at the leader ----------------------------------------------------------------------------------------------- */

/* peers -> leader, peers -> gateway, leader -> peers: the messages of OPEN, FORWARD and CREDIT. */
void commands_opens(struct parts *parts, uint32_t from, struct reader *reader)
{
    uint64_t term = reader_u64(reader);
    uint64_t nonce = reader_u64(reader);
    if (!reader->bad && term == parts->leader.admission.term)
        let_in(parts, from, nonce);
}

void commands_forwarded(struct parts *parts, uint32_t from, struct reader *reader)
{
    if (is_member(parts, from))
        leader_forward(&parts->leader, &parts->env, parts->store, from, reader);
}

void commands_credited(struct parts *parts, uint32_t from, struct reader *reader)
{
    forward_credit(&parts->gateway, &parts->env, parts->raft, from, reader);
}

void commands_send_credits(struct parts *parts)
{
    struct admission_gateway *door = NULL;
    while ((door = leader_owes(&parts->leader, door)) != NULL) {
        struct node_link *link = peers_link(&parts->peers, door->id, NODE_LINK_CONSENSUS);
        struct chain body = {0};
        if (!link)
            continue; /* it stays owed */
        ensure(link->up && link->peer == door->id);
        leader_credit(&parts->leader, door, &body);
        link_send(link, FRAME_CREDIT, true, &body);
    }
}

void commands_of_leader(struct parts *parts)
{
    if (leader_changed(&parts->leader, parts->raft, parts->store))
        forward_ask_again(&parts->gateway);
}

/* peers, persist -> leader: who of the voters has room. */
static void judge_room(struct parts *parts)
{
    const struct raft_configuration *members = raft_members(parts->raft);
    struct leader_voter voters[RAFT_MEMBERS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < members->count; i++) {
        uint32_t id = members->members[i].id;
        bool self = id == parts->env.options.id;
        const struct peer *peer = self ? NULL : peers_look(&parts->peers, id);
        if (members->members[i].role != RAFT_VOTER)
            continue;
        voters[count++] = (struct leader_voter){
            .id = id,
            .has_room = self ? parts->peers.room : peer && peer->has_room,
            .linked = peer && peer->links[NODE_LINK_CONSENSUS],
        };
    }
    bool starved = !parts->peers.room && parts->persist.full;
    leader_judge_room(&parts->leader, &parts->env, parts->raft, voters, count, starved);
}

/* leader -> raft, as far as the log has room. */
void commands_propose(struct parts *parts)
{
    struct leader *leader = &parts->leader;
    struct blob *command;
    if (!leader_is_open(leader))
        return;
    judge_room(parts);
    while ((command = leader_next(leader, parts->raft)) != NULL && log_fits(parts, command->size, false))
        if (!leader_propose(leader, &parts->env, parts->raft, parts->store, command))
            break;
    if (leader_tick_due(leader, &parts->env, parts->raft, parts->store))
        leader_tick(leader, &parts->env, parts->raft, parts->store, log_fits(parts, LEADER_ENTRY_BYTES, true));
}

void commands_shutdown(struct parts *parts)
{
    leader_shutdown(&parts->leader, &parts->env, parts->raft, parts->store, log_fits(parts, LEADER_ENTRY_BYTES, true));
}

/* --- what is committed -------------------------------------------------------------------------------------------- */

/* gateway -> session: what no one will tell of, for the reason that EVENT names. */
static void reopen_gateway(struct parts *parts, enum log_event event)
{
    struct gateway *gateway = &parts->gateway;
    for (uint64_t number = gateway->first; number < gateway->next; number++) {
        struct pending *pending = gateway_slot(gateway, number)->pending;
        if (!pending)
            continue;
        ensure(pending->number == number);
        gateway_forget(gateway, number, pending);
        pending_fail(&parts->session, pending, REPLY_TIMEOUT, NULL);
    }
    gateway_reopen(gateway, random_u64(&parts->env.random) | 1);
    event_begin(&parts->env, event);
    event_end(&parts->env);
}

/* store -> gateway: one of this node's id was opened, was dropped with who is no member, or may have been either. */
static void own_judged(struct parts *parts)
{
    struct store_gateway state;
    bool known = store_gateway(parts->store, parts->gateway.id, &state);
    if (gateway_superseded(&parts->gateway, known ? &state : NULL))
        reopen_gateway(parts, known ? LOG_GATEWAY_SUPERSEDED : LOG_GATEWAY_DROPPED);
}

/* store -> gateway -> session: the window's first number is done, with that outcome of COMMAND. */
static void own_applied(struct parts *parts, const struct outcome *outcome, const struct blob *command)
{
    uint64_t patience_ms = parts->env.options.command_timeout_ms / GATEWAY_PATIENCE;
    struct pending *pending = gateway_applied(&parts->gateway, parts->env.now_ms, patience_ms);
    if (!pending)
        return;
    ensure(pending->state == PENDING_NUMBERED && pending->number == parts->gateway.first - 1);
    if (outcome->code == OUTCOME_NONE)
        pending_fail(&parts->session, pending, REPLY_TIMEOUT, NULL);
    else
        pending_done(&parts->session, pending, outcome, command);
}

/* gateway -> session: reads before what NUMBER waits for are answered from the state as it is. */
static void read_before(struct parts *parts, uint64_t number)
{
    struct pending *pending = gateway_slot(&parts->gateway, number)->pending;
    ensure(!pending || pending->number == number);
    if (pending)
        client_read_before(&parts->session, pending);
}

#ifdef CLEAT_TEST_LEVEL
/* A `mark flags` (protocol/level.h) turns a flag of all members over, in a configuration of its own. */
static void mark_members(struct parts *parts, const struct blob *payload)
{
    struct command mark;
    struct raft_configuration members = *raft_members(parts->raft);
    if (!leads_here(parts) || !command_decode(payload->bytes, payload->size, &mark) || mark.kind != COMMAND_MARK ||
        mark.name_size != 5 || memcmp(mark.name, "flags", 5) != 0)
        return;
    for (uint32_t i = 0; i < members.count; i++)
        members.members[i].flags ^= RAFT_MEMBER_TEST;
    struct buffer bytes = {0};
    raft_configuration_encode(&members, &bytes);
    struct blob *configuration = blob_new(buffer_size(&bytes));
    ensure(configuration && log_fits(parts, configuration->size, true));
    memcpy(configuration->bytes, buffer_start(&bytes), buffer_size(&bytes));
    uint64_t index;
    (void)raft_propose(parts->raft, RAFT_ENTRY_CONFIGURATION, clock_now_ms(&parts->env.clock, parts->env.now_ms),
                       configuration, &index);
    blob_release(configuration);
    buffer_close(&bytes);
}
#endif

/* store -> raft, gateway, session, leader: a command was applied; NUMBER: of this node's gateway, or 0. */
static void hand_outcome(struct parts *parts, const struct blob *command, uint64_t number,
                         const struct outcome *outcome)
{
    bool own = outcome->gateway == parts->env.options.id;
    if (!own)
        raft_tell(parts->raft, outcome->gateway); /* its client waits there */
    if (number != 0 && outcome->code != OUTCOME_NONE) {
        ensure(outcome->number == number);
        own_applied(parts, outcome, command);
    } else if (outcome->code == OUTCOME_OPENED && own) {
        own_judged(parts);
    }
#ifdef CLEAT_TEST_LEVEL
    mark_members(parts, command);
#endif
    if (outcome->code == OUTCOME_OPENED)
        leader_opened(&parts->leader, parts->store, outcome->gateway);
}

/* raft -> leader, store -> gateway, and all who keep limits: the configuration at INDEX is applied. */
static bool take_configuration(struct parts *parts, uint64_t index)
{
    leader_members(&parts->leader, raft_members_at(parts->raft, index));
    own_judged(parts);
    if (!replication_limits(parts))
        env_stop(&parts->env, LOG_UNKNOWN_LIMITS, MEMBERSHIP_LIMITS_REASON);
    return !parts->env.stopping;
}

/* raft -> store, and on to all who are told of it. */
static void apply(struct parts *parts, const struct raft_entry *entry)
{
    bool command = entry->type == RAFT_ENTRY_COMMAND && entry->payload;
    uint64_t number = command ? gateway_next_in(&parts->gateway, entry->payload) : 0;
    if (number != 0)
        read_before(parts, number);
    struct outcome outcome = apply_entry(parts->store, entry);
    if (outcome.code == OUTCOME_UNKNOWN) {
        apply_stop(&parts->env, entry);
        return;
    }
    parts->env.levels.reached = store_level(parts->store);
    apply_feed(&parts->feed, parts->store);
    if (command)
        hand_outcome(parts, entry->payload, number, &outcome);
    if (entry->type == RAFT_ENTRY_CONFIGURATION && !take_configuration(parts, entry->index))
        return;
    snapshots_applied(&parts->transfers.snapshots, apply_bytes(entry));
    replication_applied(parts, entry->index);
}

void commands_apply(struct parts *parts)
{
    struct apply turn;
    const struct raft_entry *entry;
    apply_begin(&turn, parts->raft, parts->store);
    while (!parts->env.stopping && (entry = apply_next(&turn, parts->raft, parts->store)) != NULL)
        apply(parts, entry);
    parts->env.more |= store_applied(parts->store) < raft_commit(parts->raft);
}

void commands_jumped(struct parts *parts)
{
    struct gateway *gateway = &parts->gateway;
    struct store_gateway state;
    parts->session.store = parts->store;
    parts->env.levels.reached = store_level(parts->store);
    own_judged(parts);
    if (gateway->epoch == 0 || !store_gateway(parts->store, gateway->id, &state) || state.epoch != gateway->epoch)
        return;
    ensure(state.applied + 1 >= gateway->first); /* what the old state had applied the new one has */
    uint64_t end = state.applied + 1 < gateway->next ? state.applied + 1 : gateway->next;
    /* All such reads before any outcome: an outcome lets the reads behind it be answered, from a state that also holds
     * the changes behind those. */
    for (uint64_t number = gateway->first; number < end; number++) {
        struct pending *pending = gateway_slot(gateway, number)->pending;
        if (pending)
            client_refuse_before(&parts->session, pending, "this node was behind and has jumped ahead; read again");
    }
    while (gateway->first < end) {
        struct outcome outcome = store_outcome(parts->store, gateway->id, gateway->first);
        struct blob *command = blob_hold(gateway_slot(gateway, gateway->first)->command);
        own_applied(parts, &outcome, command);
        blob_release(command);
    }
    gateway->progress_ms = parts->env.now_ms;
}
