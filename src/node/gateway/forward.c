/* The gateway's side of a change: it opens an epoch, numbers what waits, and brings it to the leader, again and again
 * until it is applied here. */
#include "base/bytes.h"
#include "base/ensure.h"
#include "node/state.h"
#include "protocol/command.h"

enum { FORWARD_BYTES_MAX = 128 * 1024 /* of commands in one message; one larger command goes alone */ };

static bool leads(const struct node *node)
{
    return raft_role(node->raft) == RAFT_LEADER;
}

/* Asks the leader for an epoch, now and again until there is one. */
static void ask_open(struct node *node)
{
    if (node->open_asked_ms != 0 && node->env.now_ms - node->open_asked_ms < NODE_RETRY_MS)
        return;
    uint32_t leader = raft_leader(node->raft);
    if (leads(node)) {
        if (node->admission.term != raft_term(node->raft))
            return; /* the door opens when the no-op is applied: this is called again then */
        leader_open(node, node->env.options.id, node->gateway.nonce);
    } else {
        struct node_link *link = peers_link(&node->peers, leader, NODE_LINK_CONSENSUS);
        if (!link)
            return;
        struct buffer body = {0};
        buffer_append_u64(&body, raft_term(node->raft));
        buffer_append_u64(&body, node->gateway.nonce);
        link_send_bytes(link, FRAME_OPEN, true, &body);
        buffer_close(&body);
    }
    node->open_asked_ms = node->env.now_ms > 0 ? node->env.now_ms : 1;
}

/* Numbers for what waits, in the order in which it came, while the window has room. */
static void number_waiting(struct node *node)
{
    struct gateway *gateway = &node->gateway;
    gateway_waits(gateway, node->env.now_ms, node->env.options.command_timeout_ms / GATEWAY_PATIENCE);
    while (!list_empty(&node->waiting) && gateway->writable) {
        struct pending *pending = list_item(node->waiting.next, struct pending, queue);
        if (!gateway_has_room(gateway, pending->command->size))
            return;
        list_remove(&pending->queue);
        if (gateway->first == gateway->next)
            gateway->progress_ms = node->env.now_ms; /* the window was empty: patience begins now */
        node->env.meter.proposals++;
        pending->number = gateway_add(gateway, pending->command, pending, node->env.now_ms);
        pending->command = NULL;
        pending->state = PENDING_NUMBERED;
    }
}

/* To this node itself, which leads. */
static void hand_over(struct node *node)
{
    struct gateway *gateway = &node->gateway;
    if (node->admission.term != raft_term(node->raft))
        return;
    struct admission_gateway *door = admission_gateway(&node->admission, gateway->id, node->store);
    if (!door || door->epoch != gateway->epoch)
        return;
    if (gateway->credit_term != raft_term(node->raft))
        gateway_credit(gateway, raft_term(node->raft), door->received);
    gateway->writable = node->cluster_writable;
    for (; gateway->sent < gateway->next; gateway->sent++) {
        if (!admission_wants(door, gateway->epoch, gateway->sent))
            continue;
        admission_take(door, blob_hold(gateway_slot(gateway, gateway->sent)->command));
    }
    door->asked = false;
}

/* One message to the leader: commands from gateway->sent on, at most FORWARD_BYTES_MAX of them. */
static void send_forward(struct node *node, struct node_link *link)
{
    struct gateway *gateway = &node->gateway;
    struct chain body = {0};
    bytes_put_u64(chain_reserve(&body, 8), raft_term(node->raft));
    while (gateway->sent < gateway->next) {
        struct blob *command = gateway_slot(gateway, gateway->sent)->command;
        if (body.size > 8 && body.size + command->size > FORWARD_BYTES_MAX)
            break;
        bytes_put_u32(chain_reserve(&body, 4), command->size);
        chain_append_blob(&body, command, 0, command->size);
        gateway->sent++;
    }
    link_send(link, FRAME_FORWARD, false, &body);
}

static void forward(struct node *node)
{
    struct gateway *gateway = &node->gateway;
    struct node_link *link = peers_link(&node->peers, raft_leader(node->raft), NODE_LINK_CONSENSUS);
    bool credited = gateway->credit_term == raft_term(node->raft);
    if (!link || (gateway->first == gateway->next && gateway->writable && credited))
        return;
    bool asked = gateway->asked_term == raft_term(node->raft);
    if (node->env.now_ms - gateway->progress_ms >= NODE_RETRY_MS || (!credited && !asked)) {
        /* A new leader, or nothing has moved for a while: a message without commands asks where the leader stands. */
        struct chain body = {0};
        bytes_put_u64(chain_reserve(&body, 8), raft_term(node->raft));
        link_send(link, FRAME_FORWARD, false, &body);
        gateway->progress_ms = node->env.now_ms;
        gateway->asked_term = raft_term(node->raft);
    }
    while (credited && gateway->sent < gateway->next && !node_link_ends(link))
        send_forward(node, link);
}

void forward_pump(struct node *node)
{
    if (raft_leader(node->raft) == 0 || node->env.stopping)
        return;
    if (node->gateway.epoch == 0) {
        ask_open(node);
        return;
    }
    number_waiting(node);
    if (leads(node))
        hand_over(node);
    else
        forward(node);
}

void forward_credit(struct node *node, uint32_t from, struct reader *reader)
{
    uint64_t term = reader_u64(reader);
    uint64_t epoch = reader_u64(reader);
    uint64_t received = reader_u64(reader);
    bool writable = reader_u8(reader) != 0;
    struct gateway *gateway = &node->gateway;
    if (reader->bad || from != raft_leader(node->raft) || term != raft_term(node->raft))
        return;
    gateway->writable = writable;
    if (epoch != gateway->epoch || epoch == 0)
        return;
    /* A credit that is older than what we know to be applied says nothing new; gateway_credit sees to that. */
    gateway_credit(gateway, term, received);
    gateway->progress_ms = node->env.now_ms;
}

uint64_t forward_deadline_ms(const struct node *node)
{
    const struct gateway *gateway = &node->gateway;
    if (raft_leader(node->raft) == 0)
        return UINT64_MAX;
    bool waits_for_door = leads(node) && node->admission.term != raft_term(node->raft);
    bool unlinked = !leads(node) && !peers_link(&node->peers, raft_leader(node->raft), NODE_LINK_CONSENSUS);
    if (waits_for_door || unlinked)
        return UINT64_MAX;
    if (gateway->epoch == 0)
        return node->open_asked_ms + NODE_RETRY_MS;
    bool settled = gateway->first == gateway->next && gateway->writable &&
                   gateway->credit_term == raft_term(node->raft);
    if (settled || leads(node))
        return UINT64_MAX;
    return gateway->progress_ms + NODE_RETRY_MS;
}
