/* What goes from part to part on the way of a command: from its client to the gateway, to the leader, into the log,
 * and back from what was applied. */
#ifdef CLEAT_TEST_LEVEL
#include <string.h>
#endif

#include "base/ensure.h"
#include "node/handover.h"

/* --- clients ---------------------------------------------------------------------------------------------------- */

/* persist, gateway -> session: what clients are refused for. */
static void open_gate(struct node *node)
{
    ensure(node->session.store == node->store && node->session.raft == node->raft);
    node->session.gate.writable = node->gateway.writable;
    node->session.gate.behind = persist_is_behind(&node->persist, &node->env, node->raft);
}

/* all parts -> session: what the node is like, for those who asked. */
static void tell_status(struct node *node)
{
    struct node_client *client;
    while ((client = session_asking(&node->session)) != NULL) {
        struct buffer text = {0};
        facts_status(node, &text);
        client_tell(&node->session, client, &text);
        buffer_close(&text);
        client_parse(&node->session, client);
    }
}

struct node_client *node_client_open(struct node *node, struct connection *owner)
{
    return node->env.shutting_down ? NULL : session_client_open(&node->session, owner);
}

const char *node_busy_line(void)
{
    return "ERR_BUSY too many connections; try another node\r\n";
}

void node_client_bytes(struct node *node, struct node_client *client, const uint8_t *bytes, size_t size)
{
    ensure(list_empty(&node->session.asking)); /* who asked before was told */
    open_gate(node);
    client_bytes(&node->session, client, bytes, size);
    if (!list_empty(&node->session.asking))
        tell_status(node);
}

void commands_parse(struct node *node)
{
    open_gate(node);
    session_resume(&node->session);
    if (!list_empty(&node->session.asking))
        tell_status(node);
}

void node_client_end(struct node *node, struct node_client *client)
{
    client->input_ended = true;
    client_touch(&node->session, client);
}

void node_client_written(struct node *node, struct node_client *client)
{
    if (list_linked(&client->stalled))
        node->env.more = true; /* the next turn parses on */
}

struct node_client *node_next_output(struct node *node)
{
    return session_output(&node->session);
}

/* session -> gateway: no one waits for CLIENT's changes any more. */
static void forget(struct node *node, const struct node_client *client)
{
    for (const struct pending *pending = client->head; pending; pending = pending->next)
        if (pending->state == PENDING_NUMBERED)
            gateway_forget(&node->gateway, pending->number, pending);
}

void node_client_close(struct node *node, struct node_client *client)
{
    forget(node, client);
    session_client_close(&node->session, client);
}

void commands_forget_all(struct node *node)
{
    const struct list *clients = &node->session.clients;
    for (const struct list *at = clients->next; at != clients; at = at->next)
        forget(node, list_item(at, struct node_client, all));
}

/* --- what is refused --------------------------------------------------------------------------------------------- */

/* What has waited too long is answered; when the time of a shutdown is over, so is all else. The oldest are first, for
 * all wait equally long. */
void commands_expire(struct node *node)
{
    bool over = node->env.shutting_down && node->env.now_ms - node->env.shutdown_ms >= NODE_SHUTDOWN_MS;
    struct session *session = &node->session;
    struct pending *pending;
    while ((pending = session_overdue(session, over)) != NULL) {
        if (pending->state == PENDING_NUMBERED) {
            ensure(gateway_slot(&node->gateway, pending->number)->pending == pending);
            gateway_skip(&node->gateway, pending->number);
            pending_fail(session, pending, REPLY_TIMEOUT, NULL);
        } else if (raft_leader(node->raft) == 0) {
            char reason[QUORUM_TEXT_MAX];
            quorum_text(&node->peers, &node->env, node->raft, reason);
            pending_fail(session, pending, REPLY_NO_LEADER, reason);
        } else if (pending->state == PENDING_WAITING) {
            pending_fail(session, pending, REPLY_BUSY, NULL);
        } else {
            pending_fail(session, pending, REPLY_TIMEOUT, "the leader did not confirm in time; a read has no effect");
        }
    }
}

void commands_refuse(struct node *node)
{
    bool writable = node->gateway.writable;
    while (session_refusal_ms(&node->session, writable) <= node->env.now_ms)
        pending_fail(&node->session, session_waiting(&node->session), writable ? REPLY_BUSY : REPLY_DISK_FULL, NULL);
}

/* --- to the leader ----------------------------------------------------------------------------------------------- */

static bool leads(const struct node *node)
{
    return raft_role(node->raft) == RAFT_LEADER;
}

/* This node leads, and its door is open in this term. */
static bool leads_here(const struct node *node)
{
    return leads(node) && node->leader.admission.term == raft_term(node->raft);
}

static struct node_link *link_to_leader(const struct node *node)
{
    return peers_link(&node->peers, raft_leader(node->raft), NODE_LINK_CONSENSUS);
}

static bool log_fits(const struct node *node, size_t size, bool may_use_reserve)
{
    return persist_fits(&node->persist, node->raft, size, may_use_reserve);
}

/* Gateways are those of members: others have no place, in the store neither. */
static bool is_member(const struct node *node, uint32_t id)
{
    return raft_configuration_member(raft_members(node->raft), id) != NULL;
}

/* A gateway -> leader, if it is a member's, and the log has room for its entry. */
static void let_in(struct node *node, uint32_t gateway, uint64_t nonce)
{
    if (!is_member(node, gateway))
        return; /* nor is this node's own, where it leads to its end */
    if (leader_lets_in(&node->leader, node->store, gateway, nonce) && log_fits(node, LEADER_ENTRY_BYTES, true))
        leader_open(&node->leader, &node->env, node->raft, node->store, gateway, nonce);
}

/* gateway -> leader, or peers: it asks for an epoch, now and again until there is one. */
static void open_gateway(struct node *node)
{
    struct gateway *gateway = &node->gateway;
    struct node_link *link = leads(node) ? NULL : link_to_leader(node);
    if (!forward_opens(gateway, &node->env) || (!link && !leads_here(node)))
        return; /* where this node leads, the door opens when the no-op is applied: this is called again then */
    if (link) {
        struct chain body = {0};
        forward_open(gateway, raft_term(node->raft), &body);
        link_send(link, FRAME_OPEN, true, &body);
    } else {
        let_in(node, gateway->id, gateway->nonce);
    }
    forward_asked(gateway, &node->env);
}

/* session -> gateway: numbers for what waits, in the order in which it came, while the window has room. */
static void number_waiting(struct node *node)
{
    struct gateway *gateway = &node->gateway;
    struct pending *pending;
    gateway_waits(gateway, node->env.now_ms, node->env.options.command_timeout_ms / GATEWAY_PATIENCE);
    while (gateway->writable && (pending = session_waiting(&node->session)) != NULL) {
        if (!gateway_has_room(gateway, pending->command->size))
            return;
        if (gateway->first == gateway->next)
            gateway->progress_ms = node->env.now_ms; /* the window was empty: patience begins now */
        node->env.meter.proposals++;
        pending_numbered(pending, gateway_add(gateway, pending->command, pending, node->env.now_ms));
    }
}

/* gateway -> leader, in this node. */
static void forward_to_self(struct node *node)
{
    struct gateway *gateway = &node->gateway;
    struct admission_gateway *door = leads_here(node) ? leader_door(&node->leader, node->store, gateway->id) : NULL;
    struct blob *command;
    uint64_t number;
    if (!door || door->epoch != gateway->epoch)
        return;
    forward_here(gateway, raft_term(node->raft), door->received, node->leader.cluster_writable);
    while ((command = forward_next(gateway, &number)) != NULL)
        if (admission_wants(door, gateway->epoch, number))
            admission_take(door, blob_hold(command));
    ensure(door->received + 1 == gateway->next); /* on the way within a node nothing is lost */
    door->asked = false;
}

/* gateway -> peers. */
static void forward_to_peer(struct node *node)
{
    struct node_link *link = link_to_leader(node);
    struct chain body = {0};
    uint64_t term = raft_term(node->raft);
    if (!link)
        return;
    if (forward_query(&node->gateway, &node->env, term, &body))
        link_send(link, FRAME_FORWARD, false, &body);
    while (!node_link_ends(link) && forward_commands(&node->gateway, term, &body))
        link_send(link, FRAME_FORWARD, false, &body);
}

void commands_forward(struct node *node)
{
    if (raft_leader(node->raft) == 0 || node->env.stopping)
        return;
    if (node->gateway.epoch == 0) {
        open_gateway(node);
        return;
    }
    number_waiting(node);
    if (leads(node))
        forward_to_self(node);
    else
        forward_to_peer(node);
}

uint64_t commands_deadline_ms(const struct node *node)
{
    bool led = raft_leader(node->raft) != 0;
    bool reached = led && (leads(node) ? leads_here(node) : link_to_leader(node) != NULL);
    return forward_deadline_ms(&node->gateway, node->raft, reached);
}

/* --- at the leader ----------------------------------------------------------------------------------------------- */

/* peers -> leader, peers -> gateway, leader -> peers: the messages of OPEN, FORWARD and CREDIT. */
void commands_opens(struct node *node, uint32_t from, struct reader *reader)
{
    uint64_t term = reader_u64(reader);
    uint64_t nonce = reader_u64(reader);
    if (!reader->bad && term == node->leader.admission.term)
        let_in(node, from, nonce);
}

void commands_forwarded(struct node *node, uint32_t from, struct reader *reader)
{
    if (is_member(node, from))
        leader_forward(&node->leader, &node->env, node->store, from, reader);
}

void commands_credited(struct node *node, uint32_t from, struct reader *reader)
{
    forward_credit(&node->gateway, &node->env, node->raft, from, reader);
}

void commands_send_credits(struct node *node)
{
    struct admission_gateway *door = NULL;
    while ((door = leader_owes(&node->leader, door)) != NULL) {
        struct node_link *link = peers_link(&node->peers, door->id, NODE_LINK_CONSENSUS);
        struct chain body = {0};
        if (!link)
            continue; /* it stays owed */
        ensure(link->up && link->peer == door->id);
        leader_credit(&node->leader, door, &body);
        link_send(link, FRAME_CREDIT, true, &body);
    }
}

void commands_of_leader(struct node *node)
{
    if (leader_changed(&node->leader, node->raft, node->store))
        forward_ask_again(&node->gateway);
}

/* peers, persist -> leader: who of the voters has room. */
static void judge_room(struct node *node)
{
    const struct raft_configuration *members = raft_members(node->raft);
    struct leader_voter voters[RAFT_MEMBERS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < members->count; i++) {
        uint32_t id = members->members[i].id;
        bool self = id == node->env.options.id;
        const struct peer *peer = self ? NULL : peers_look(&node->peers, id);
        if (members->members[i].role != RAFT_VOTER)
            continue;
        voters[count++] = (struct leader_voter){
            .id = id,
            .has_room = self ? node->peers.room : peer && peer->has_room,
            .linked = peer && peer->links[NODE_LINK_CONSENSUS],
        };
    }
    leader_judge_room(&node->leader, &node->env, node->raft, voters, count, !node->peers.room && node->persist.full);
}

/* leader -> raft, as far as the log has room. */
void commands_propose(struct node *node)
{
    struct leader *leader = &node->leader;
    struct blob *command;
    if (!leader_is_open(leader))
        return;
    judge_room(node);
    while ((command = leader_next(leader, node->raft)) != NULL && log_fits(node, command->size, false))
        if (!leader_propose(leader, &node->env, node->raft, node->store, command))
            break;
    if (leader_tick_due(leader, &node->env, node->raft, node->store))
        leader_tick(leader, &node->env, node->raft, node->store, log_fits(node, LEADER_ENTRY_BYTES, true));
}

void commands_shutdown(struct node *node)
{
    leader_shutdown(&node->leader, &node->env, node->raft, node->store, log_fits(node, LEADER_ENTRY_BYTES, true));
}

/* --- what is committed -------------------------------------------------------------------------------------------- */

/* gateway -> session: what no one will tell of, for the reason that EVENT names. */
static void reopen_gateway(struct node *node, enum log_event event)
{
    struct gateway *gateway = &node->gateway;
    for (uint64_t number = gateway->first; number < gateway->next; number++) {
        struct pending *pending = gateway_slot(gateway, number)->pending;
        if (!pending)
            continue;
        ensure(pending->number == number);
        gateway_forget(gateway, number, pending);
        pending_fail(&node->session, pending, REPLY_TIMEOUT, NULL);
    }
    gateway_reopen(gateway, random_u64(&node->env.random) | 1);
    event_begin(&node->env, event);
    event_end(&node->env);
}

/* store -> gateway: one of this node's id was opened, was dropped with who is no member, or may have been either. */
static void own_judged(struct node *node)
{
    struct store_gateway state;
    bool known = store_gateway(node->store, node->gateway.id, &state);
    if (gateway_superseded(&node->gateway, known ? &state : NULL))
        reopen_gateway(node, known ? LOG_GATEWAY_SUPERSEDED : LOG_GATEWAY_DROPPED);
}

/* store -> gateway -> session: the window's first number is done, with that outcome of COMMAND. */
static void own_applied(struct node *node, const struct outcome *outcome, const struct blob *command)
{
    uint64_t patience_ms = node->env.options.command_timeout_ms / GATEWAY_PATIENCE;
    struct pending *pending = gateway_applied(&node->gateway, node->env.now_ms, patience_ms);
    if (!pending)
        return;
    ensure(pending->state == PENDING_NUMBERED && pending->number == node->gateway.first - 1);
    if (outcome->code == OUTCOME_NONE)
        pending_fail(&node->session, pending, REPLY_TIMEOUT, NULL);
    else
        pending_done(&node->session, pending, outcome, command);
}

/* gateway -> session: reads before what NUMBER waits for are answered from the state as it is. */
static void read_before(struct node *node, uint64_t number)
{
    struct pending *pending = gateway_slot(&node->gateway, number)->pending;
    ensure(!pending || pending->number == number);
    if (pending)
        client_read_before(&node->session, pending);
}

#ifdef CLEAT_TEST_LEVEL
/* A `mark flags` (protocol/level.h) turns a flag of all members over, in a configuration of its own. */
static void mark_members(struct node *node, const struct blob *payload)
{
    struct command mark;
    struct raft_configuration members = *raft_members(node->raft);
    if (!leads_here(node) || !command_decode(payload->bytes, payload->size, &mark) || mark.kind != COMMAND_MARK ||
        mark.name_size != 5 || memcmp(mark.name, "flags", 5) != 0)
        return;
    for (uint32_t i = 0; i < members.count; i++)
        members.members[i].flags ^= RAFT_MEMBER_TEST;
    struct buffer bytes = {0};
    raft_configuration_encode(&members, &bytes);
    struct blob *configuration = blob_new(buffer_size(&bytes));
    ensure(configuration && log_fits(node, configuration->size, true));
    memcpy(configuration->bytes, buffer_start(&bytes), buffer_size(&bytes));
    uint64_t index;
    (void)raft_propose(node->raft, RAFT_ENTRY_CONFIGURATION, clock_now_ms(&node->env.clock, node->env.now_ms),
                       configuration, &index);
    blob_release(configuration);
    buffer_close(&bytes);
}
#endif

/* store -> raft, gateway, session, leader: a command was applied; NUMBER: of this node's gateway, or 0. */
static void hand_outcome(struct node *node, const struct blob *command, uint64_t number, const struct outcome *outcome)
{
    bool own = outcome->gateway == node->env.options.id;
    if (!own)
        raft_tell(node->raft, outcome->gateway); /* its client waits there */
    if (number != 0 && outcome->code != OUTCOME_NONE) {
        ensure(outcome->number == number);
        own_applied(node, outcome, command);
    } else if (outcome->code == OUTCOME_OPENED && own) {
        own_judged(node);
    }
#ifdef CLEAT_TEST_LEVEL
    mark_members(node, command);
#endif
    if (outcome->code == OUTCOME_OPENED)
        leader_opened(&node->leader, node->store, outcome->gateway);
}

/* raft -> leader, store -> gateway, and all who keep limits: the configuration at INDEX is applied. */
static bool take_configuration(struct node *node, uint64_t index)
{
    leader_members(&node->leader, raft_members_at(node->raft, index));
    own_judged(node);
    if (!replication_limits(node))
        env_stop(&node->env, LOG_UNKNOWN_LIMITS, MEMBERSHIP_LIMITS_REASON);
    return !node->env.stopping;
}

/* raft -> store, and on to all who are told of it. */
static void apply(struct node *node, const struct raft_entry *entry)
{
    bool command = entry->type == RAFT_ENTRY_COMMAND && entry->payload;
    uint64_t number = command ? gateway_next_in(&node->gateway, entry->payload) : 0;
    if (number != 0)
        read_before(node, number);
    struct outcome outcome = apply_entry(node->store, entry);
    if (outcome.code == OUTCOME_UNKNOWN) {
        apply_stop(&node->env, entry);
        return;
    }
    node->env.levels.reached = store_level(node->store);
    apply_feed(&node->feed, node->store);
    if (command)
        hand_outcome(node, entry->payload, number, &outcome);
    if (entry->type == RAFT_ENTRY_CONFIGURATION && !take_configuration(node, entry->index))
        return;
    snapshots_applied(&node->transfers.snapshots, apply_bytes(entry));
    replication_applied(node, entry->index);
}

void commands_apply(struct node *node)
{
    struct apply turn;
    const struct raft_entry *entry;
    apply_begin(&turn, node->raft, node->store);
    while (!node->env.stopping && (entry = apply_next(&turn, node->raft, node->store)) != NULL)
        apply(node, entry);
    node->env.more |= store_applied(node->store) < raft_commit(node->raft);
}

void commands_jumped(struct node *node)
{
    struct gateway *gateway = &node->gateway;
    struct store_gateway state;
    node->session.store = node->store;
    node->env.levels.reached = store_level(node->store);
    own_judged(node);
    if (gateway->epoch == 0 || !store_gateway(node->store, gateway->id, &state) || state.epoch != gateway->epoch)
        return;
    ensure(state.applied + 1 >= gateway->first); /* what the old state had applied the new one has */
    uint64_t end = state.applied + 1 < gateway->next ? state.applied + 1 : gateway->next;
    /* All such reads before any outcome: an outcome lets the reads behind it be answered, from a state that also holds
     * the changes behind those. */
    for (uint64_t number = gateway->first; number < end; number++) {
        struct pending *pending = gateway_slot(gateway, number)->pending;
        if (pending)
            client_refuse_before(&node->session, pending, "this node was behind and has jumped ahead; read again");
    }
    while (gateway->first < end) {
        struct outcome outcome = store_outcome(node->store, gateway->id, gateway->first);
        struct blob *command = blob_hold(gateway_slot(gateway, gateway->first)->command);
        own_applied(node, &outcome, command);
        blob_release(command);
    }
    gateway->progress_ms = node->env.now_ms;
}
