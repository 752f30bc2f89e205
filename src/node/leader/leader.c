/* The leader's side of a change: gateways are let in, in order, and their commands proposed; what falls due expires. */
#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "node/state.h"
#include "protocol/command.h"

static bool is_open(const struct node *node)
{
    return node->admission.term != 0;
}

/* Cluster time for a new entry: what this node counts, but never before what is applied. */
static uint64_t stamp_ms(const struct node *node)
{
    uint64_t now_ms = clock_now_ms(&node->env.clock, node->env.now_ms);
    uint64_t applied_ms = store_time_ms(node->store);
    return now_ms > applied_ms ? now_ms : applied_ms;
}

/* Takes COMMAND's reference. False: raft takes no proposals now (a transfer). */
static bool propose(struct node *node, struct blob *command, uint64_t *index)
{
    if (!command)
        memory_out(PAYLOAD_ALLOWANCE, __func__); /* at the most: it is one that the leader makes */
    bool taken = raft_propose(node->raft, RAFT_ENTRY_COMMAND, stamp_ms(node), command, index);
    blob_release(command);
    return taken;
}

void leader_open(struct node *node, uint32_t gateway, uint64_t nonce)
{
    if (!is_open(node) || nonce == 0)
        return;
    struct admission_gateway *door = admission_gateway(&node->admission, gateway, node->store);
    struct store_gateway state;
    if (!door || door->opening == nonce)
        return;
    if (store_gateway(node->store, gateway, &state) && state.nonce == nonce)
        return; /* it will apply its open entry in time */
    struct command open = {.kind = COMMAND_OPEN, .gateway = gateway, .epoch = nonce};
    struct blob *command = command_encode(&open);
    if (!command || !persist_fits(&node->persist, node->raft, command->size, true)) {
        blob_release(command);
        return;
    }
    uint64_t index;
    if (propose(node, command, &index))
        admission_opening(door, nonce, index);
}

_Static_assert(COMMAND_OVERHEAD_MAX + COMMAND_NAME_MAX <= PAYLOAD_ALLOWANCE, "two names and no value are an entry");
_Static_assert(TXN_ALLOWANCE + COMMAND_OVERHEAD_MAX <= PAYLOAD_ALLOWANCE, "the largest transaction is an entry");

/* One forwarded command: a blob of its own, if it is the one wanted. False: it is no command of this gateway's. */
static bool take_forwarded(struct admission_gateway *door, uint32_t from, const uint8_t *bytes, size_t size,
                           uint64_t value_max)
{
    struct command command;
    if (!bytes || !command_decode(bytes, size, &command) || command.gateway != from)
        return false;
    if (command.value_size > value_max + (command.kind == COMMAND_TXN ? TXN_ALLOWANCE : 0))
        return false;
    if (!command_numbered(command.kind))
        return false;
    if (!admission_wants(door, command.epoch, command.number))
        return true;
    struct blob *blob = blob_new(size);
    if (!blob) {
        door->asked = true; /* no memory now: it will be sent again from here */
        return true;
    }
    memcpy(blob->bytes, bytes, size);
    admission_take(door, blob);
    return true;
}

void leader_forward(struct node *node, uint32_t from, struct reader *reader)
{
    uint64_t term = reader_u64(reader);
    if (reader->bad || !is_open(node) || term != node->admission.term)
        return;
    struct admission_gateway *door = admission_gateway(&node->admission, from, node->store);
    if (!door)
        return;
    if (reader_left(reader) == 0)
        door->asked = true;
    while (reader_left(reader) > 0) {
        uint32_t size = reader_u32(reader);
        const uint8_t *bytes = reader_bytes(reader, size);
        if (!take_forwarded(door, from, bytes, size, node->env.limits.value_max_bytes))
            return;
    }
}

/* This leader has no room: the voter with room whose log is furthest takes over. If it does not, not at once again. */
static void hand_over(struct node *node, uint32_t other)
{
    if (node->peers.room || !node->persist.full || other == 0 || node->env.now_ms < node->handover_retry_ms)
        return;
    if (raft_transferring(node->raft) || !raft_transfer(node->raft, other))
        return;
    node->handover_retry_ms = node->env.now_ms + 2 * node->env.options.election_max_ms;
    event_begin(&node->env, LOG_TRANSFER);
    event_number(&node->env, "to", other);
    event_text(&node->env, "reason", "disk_full");
    event_end(&node->env);
}

/* Whether a majority of the voters has room on its disks. */
static void judge_room(struct node *node)
{
    const struct raft_configuration *members = raft_members(node->raft);
    uint32_t with_room = 0, other = 0;
    uint64_t other_match = 0;
    for (uint32_t i = 0; i < members->count; i++) {
        const struct raft_member *member = &members->members[i];
        struct raft_peer_view view;
        if (member->role != RAFT_VOTER)
            continue;
        if (member->id == node->env.options.id) {
            with_room += node->peers.room;
        } else {
            const struct peer *peer = peers_find(&node->peers, member->id);
            bool counts = !raft_peer(node->raft, member->id, &view) || view.voter;
            /* One that cannot be reached is not full: it must not turn a lost node into a full disk. */
            bool room = peer && counts && peer->has_room;
            with_room += room;
            bool ready = room && peer->links[NODE_LINK_CONSENSUS] && raft_peer(node->raft, member->id, &view) &&
                         view.state == RAFT_PEER_REPLICATE;
            if (ready && view.match >= other_match) {
                other = member->id;
                other_match = view.match;
            }
        }
    }
    bool writable = with_room >= raft_configuration_quorum(members);
    if (writable != node->cluster_writable) {
        event_begin(&node->env, writable ? LOG_CLUSTER_WRITABLE : LOG_CLUSTER_FULL);
        event_number(&node->env, "voters_with_room", with_room);
        event_end(&node->env);
        node->cluster_writable = writable;
        for (size_t i = 0; i < STORE_GATEWAYS_MAX; i++)
            node->admission.gateways[i].asked = node->admission.gateways[i].id != 0;
    }
    hand_over(node, other);
}

/* When an entry must carry the time to the stores, in cluster time; 0: there is no file that expires. When one falls
 * due; and now and then before, since a cluster that stops as a whole goes on from the last time in its log. */
static uint64_t tick_due_ms(const struct node *node)
{
    uint64_t due_ms = store_due_ms(node->store);
    uint64_t latest_ms = store_time_ms(node->store) + NODE_TICK_MS;
    return due_ms > latest_ms ? latest_ms : due_ms;
}

static bool propose_time(struct node *node)
{
    const struct command tick = {.kind = COMMAND_TICK};
    struct blob *command = command_encode(&tick);
    uint64_t index;
    if (command && persist_fits(&node->persist, node->raft, command->size, true))
        return propose(node, command, &index);
    blob_release(command);
    return false;
}

/* Only when nothing is being written: any entry carries the time. */
static void propose_tick(struct node *node)
{
    uint64_t due_ms = tick_due_ms(node);
    if (due_ms == 0 || due_ms > stamp_ms(node) || raft_last_index(node->raft) != store_applied(node->store))
        return;
    if (node->env.now_ms >= node->tick_retry_ms && !propose_time(node))
        node->tick_retry_ms = node->env.now_ms + NODE_RETRY_MS;
}

void leader_shutdown(struct node *node)
{
    if (raft_role(node->raft) != RAFT_LEADER)
        return;
    if (is_open(node) && store_due_ms(node->store) != 0)
        propose_time(node);
    raft_transfer(node->raft, 0);
}

void leader_pump(struct node *node)
{
    if (!is_open(node))
        return;
    judge_room(node);
    struct blob *command;
    while ((command = admission_peek(&node->admission)) != NULL) {
        uint64_t index;
        if (raft_unwritten_bytes(node->raft) >= LIMIT_UNWRITTEN_BYTES ||
            !persist_fits(&node->persist, node->raft, command->size, false))
            break;
        if (!raft_propose(node->raft, RAFT_ENTRY_COMMAND, stamp_ms(node), command, &index))
            break;
        blob_release(admission_pop(&node->admission));
    }
    propose_tick(node);
}

void leader_credits(struct node *node)
{
    if (!is_open(node))
        return;
    for (size_t i = 0; i < STORE_GATEWAYS_MAX; i++) {
        struct admission_gateway *door = &node->admission.gateways[i];
        if (door->id == 0 || !door->asked)
            continue;
        struct node_link *link = peers_link(&node->peers, door->id, NODE_LINK_CONSENSUS);
        if (!link)
            continue; /* it stays owed */
        door->asked = false;
        struct buffer body = {0};
        buffer_append_u64(&body, node->admission.term);
        buffer_append_u64(&body, door->epoch);
        buffer_append_u64(&body, door->received);
        buffer_append_u8(&body, node->cluster_writable);
        link_send_bytes(link, FRAME_CREDIT, true, &body);
        buffer_close(&body);
    }
}

void leader_changed(struct node *node)
{
    bool leads = raft_role(node->raft) == RAFT_LEADER;
    if (is_open(node) && (!leads || node->admission.term != raft_term(node->raft)))
        admission_close(&node->admission);
    if (is_open(node) || !leads || !raft_term_committed(node->raft) ||
        store_applied(node->store) < raft_commit(node->raft))
        return;
    admission_open(&node->admission, raft_term(node->raft));
    node->cluster_writable = true;
    node->open_asked_ms = 0;
    const struct raft_configuration *members = raft_members(node->raft);
    for (uint32_t i = 0; i < members->count; i++) {
        struct admission_gateway *door = admission_gateway(&node->admission, members->members[i].id, node->store);
        if (door)
            door->asked = true;
    }
}

uint64_t leader_deadline_ms(const struct node *node)
{
    uint64_t due_ms = tick_due_ms(node);
    if (!is_open(node) || due_ms == 0)
        return UINT64_MAX;
    if (raft_last_index(node->raft) != store_applied(node->store))
        return UINT64_MAX; /* asked again when that is applied */
    uint64_t cluster_ms = stamp_ms(node);
    uint64_t wanted_ms = due_ms <= cluster_ms ? node->env.now_ms : node->env.now_ms + (due_ms - cluster_ms);
    return wanted_ms > node->tick_retry_ms ? wanted_ms : node->tick_retry_ms;
}
