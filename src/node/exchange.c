/* Links to the other nodes: hellos, who is let in, and which message goes to which part of the node. */
#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "node/state.h"
#include "protocol/command.h"

enum { MESSAGE_ALLOWANCE = 1024 * 1024 /* bytes that a message may have beside the largest value */ };

#define NO_HELLO "it does not speak as a node does: --cluster has nodes' addresses, not clients'"
#define SILENT "it has not said in time who it is: --cluster has nodes' addresses, not clients'"
#define BAD_FRAME "bytes that are no frame, or too much at once: damaged on the way, or another version of cleatd"
#define TOO_MANY "there are too many links already: see to it that nodes alone reach the addresses of --cluster"
#define BAD_MESSAGE "a message that this version does not know: run the same version of cleatd on all nodes"

int exchange_place(const struct node *node, uint32_t id)
{
    for (uint32_t i = 0; i < node->options.peer_count; i++)
        if (node->options.peers[i].id == id)
            return (int)i;
    return -1;
}

struct peer *exchange_peer(struct node *node, uint32_t id)
{
    int place = exchange_place(node, id);
    return place < 0 ? NULL : &node->peers[place];
}

struct node_link *exchange_link(const struct node *node, uint32_t peer, enum node_link_kind kind)
{
    int place = exchange_place(node, peer);
    return place < 0 ? NULL : node->peers[place].links[kind];
}

static void send_state(const struct node *node, struct node_link *link, uint64_t index, uint64_t hash)
{
    struct buffer body = {0};
    buffer_append_u64(&body, index);
    buffer_append_u64(&body, hash);
    buffer_append_u8(&body, (uint8_t)((node->own_room ? FRAME_STATE_ROOM : 0) |
                                      (formation_settled(node) ? FRAME_STATE_FORMED : 0)));
    link_send_bytes(link, FRAME_STATE, true, &body);
    buffer_close(&body);
}

void exchange_tell_state(struct node *node, uint64_t index, uint64_t hash)
{
    for (uint32_t i = 0; i < node->options.peer_count; i++)
        if (node->peers[i].links[NODE_LINK_CONSENSUS])
            send_state(node, node->peers[i].links[NODE_LINK_CONSENSUS], index, hash);
}

/* --- opening and closing ---------------------------------------------------------------------------------------- */

static void send_hello(struct node *node, struct node_link *link)
{
    struct buffer body = {0};
    buffer_append_u32(&body, FRAME_FORMAT);
    buffer_append_u8(&body, (uint8_t)link->kind);
    buffer_append_u32(&body, node->options.id);
    buffer_append_u32(&body, link->peer);
    buffer_append_u64(&body, node->identity.incarnation);
    buffer_append_u64(&body, node->identity.configuration.cluster_id);
    buffer_append_u8(&body, node->identity.fresh);
    buffer_append_u8(&body, RAFT_ENTRY_TYPE_END - 1);
    buffer_append_u8(&body, COMMAND_KIND_END - 1);
    link_send_bytes(link, FRAME_HELLO, true, &body);
    buffer_close(&body);
}

struct node_link *node_link_open(struct node *node, struct peer_socket *owner, enum node_link_kind kind, uint32_t peer)
{
    if (node->link_count == NODE_LINKS_MAX) {
        if (complaint_begin(node, "link_refused", peer, "", TOO_MANY))
            event_end(node);
        return NULL;
    }
    struct node_link *link = link_new(owner, kind, peer, node->now_ms);
    link->part_max = node->options.frame_bytes;
    int place = exchange_place(node, peer);
    if (place >= 0)
        node_link_from(link, node->options.peers[place].address);
    node->links[node->link_count++] = link;
    if (peer != 0)
        send_hello(node, link); /* who was called answers when it knows who calls */
    return link;
}

void node_link_from(struct node_link *link, const char *address)
{
    strncpy(link->address, address, sizeof link->address - 1);
}

struct node_link *node_link_at(struct node *node, size_t number)
{
    return number < node->link_count ? node->links[number] : NULL;
}

static void say_link(struct node *node, const char *event, const struct node_link *link)
{
    event_begin(node, event);
    event_number(node, "peer", link->peer);
    event_text(node, "kind", link->kind == NODE_LINK_BULK ? "bulk" : "consensus");
    event_end(node);
}

static void link_lost(struct node *node, uint32_t peer, enum node_link_kind kind)
{
    if (kind == NODE_LINK_CONSENSUS) {
        raft_peer_down(node->raft, peer);
    } else {
        send_link_closed(node, peer);
        receive_link_closed(node, peer);
    }
}

void node_link_close(struct node *node, struct node_link *link)
{
    size_t place = 0;
    while (place < node->link_count && node->links[place] != link)
        place++;
    ensure(place < node->link_count);
    node->links[place] = node->links[--node->link_count];
    struct peer *peer = exchange_peer(node, link->peer);
    if (peer && peer->links[link->kind] == link) {
        peer->links[link->kind] = NULL;
        say_link(node, "link_down", link);
        link_lost(node, link->peer, link->kind);
    }
    link_free(link);
}

/* --- hello ------------------------------------------------------------------------------------------------------ */

struct hello {
    uint32_t format;
    uint8_t kind;
    uint32_t from;
    uint32_t to;
    uint64_t incarnation;
    uint64_t cluster_id;
    uint8_t fresh;
    uint8_t entry_types;
    uint8_t command_kinds;
};

static bool hello_decode(const struct link_message *message, struct hello *hello)
{
    struct reader reader = reader_of(message->body, message->size);
    hello->format = reader_u32(&reader);
    hello->kind = reader_u8(&reader);
    hello->from = reader_u32(&reader);
    hello->to = reader_u32(&reader);
    hello->incarnation = reader_u64(&reader);
    hello->cluster_id = reader_u64(&reader);
    hello->fresh = reader_u8(&reader);
    hello->entry_types = reader_u8(&reader);
    hello->command_kinds = reader_u8(&reader);
    return message->type == FRAME_HELLO && !reader.bad && hello->incarnation != 0;
}

/* NULL, or why the one who said HELLO is not let in, and what mends it. */
static const char *hello_refusal(struct node *node, const struct node_link *link, const struct hello *hello)
{
    uint64_t cluster_id = node->identity.configuration.cluster_id;
    if (hello->format != FRAME_FORMAT)
        return "it speaks another version of the peer protocol: run the same version of cleatd on all nodes";
    if (hello->kind != NODE_LINK_CONSENSUS && hello->kind != NODE_LINK_BULK)
        return "it wants a kind of link that is not known here: run the same version of cleatd on all nodes";
    if (link->peer != 0 && hello->kind != link->kind)
        return "it answers for another kind of link: run the same version of cleatd on all nodes";
    if (hello->from == node->options.id)
        return "it has this node's id: give each node an --id of its own, and each address in --cluster to one id";
    if (link->peer != 0 && link->peer != hello->from)
        return "another node is at this address than --cluster says: correct --cluster, or that node's --id";
    if (!exchange_peer(node, hello->from))
        return "--cluster does not name its id: give all nodes the same --cluster";
    if (hello->to != 0 && hello->to != node->options.id)
        return "it looks for another node at this address: correct its --cluster, or this node's --id";
    if (hello->cluster_id != 0 && cluster_id != 0 && hello->cluster_id != cluster_id)
        return "it belongs to another cluster: correct --cluster, or wipe the data of the one that is to join";
    return NULL;
}

/* That LINK is not let in. HELLO is what was said on it; NULL: nothing that could be understood. */
static void refuse_link(struct node *node, struct node_link *link, const struct hello *hello, const char *reason)
{
    uint32_t peer = link->peer != 0 || !hello ? link->peer : hello->from;
    link->ends = true;
    if (!complaint_begin(node, "link_refused", peer, link->address, reason))
        return;
    if (hello && hello->from != peer)
        event_number(node, "claims", hello->from);
    if (hello && hello->to != 0 && hello->to != node->options.id)
        event_number(node, "wants", hello->to);
    event_end(node);
}

static void link_established(struct node *node, struct node_link *link, const struct hello *hello)
{
    struct peer *peer = exchange_peer(node, hello->from);
    if (peer->links[link->kind]) {
        /* The newer connection is the one that works; what went through the older may be lost. */
        peer->links[link->kind]->ends = true;
        link_lost(node, hello->from, link->kind);
    }
    peer->links[link->kind] = link;
    peer->incarnation = hello->incarnation;
    link->up = true;
    link->incarnation = hello->incarnation;
    link->formed = hello->cluster_id != 0;
    link->fresh = hello->fresh != 0;
    if (link->kind == NODE_LINK_BULK)
        return;
    say_link(node, "link_up", link);
    if (peer->links[NODE_LINK_BULK] && node->now_ms - peer->links[NODE_LINK_BULK]->opened_ms >= LINK_HELLO_TIMEOUT_MS)
        peer->links[NODE_LINK_BULK]->ends = true; /* what ended this link may have ended that one, unnoticed */
    peer->has_room = true; /* until it says otherwise: it does so right after its hello */
    raft_peer_up(node->raft, hello->from, hello->incarnation);
    if (!link->formed && formation_settled(node))
        formation_send(node, link);
    send_state(node, link, 0, 0);
}

static void handle_hello(struct node *node, struct node_link *link, const struct link_message *message)
{
    struct hello hello;
    if (!hello_decode(message, &hello)) {
        refuse_link(node, link, NULL, NO_HELLO);
        return;
    }
    const char *refusal = hello_refusal(node, link, &hello);
    if (refusal) {
        refuse_link(node, link, &hello, refusal);
        return;
    }
    if (link->peer == 0) {
        link->peer = hello.from;
        link->kind = hello.kind;
        send_hello(node, link);
    }
    link_established(node, link, &hello);
}

/* --- messages --------------------------------------------------------------------------------------------------- */

static void bad_message(struct node *node, struct node_link *link)
{
    link->ends = true;
    if (complaint_begin(node, "bad_message", link->peer, link->address, BAD_MESSAGE))
        event_end(node);
}

static void handle_raft(struct node *node, struct node_link *link, const struct link_message *message)
{
    struct raft_message raft_message;
    if (!formation_settled(node))
        return; /* nothing counts before this node has stored which cluster it is of */
    if (!raft_message_decode(message->body, message->size, &raft_message, node->decoded)) {
        bad_message(node, link);
        return;
    }
    uint32_t count = raft_message.entry_count;
    if (raft_message.from == link->peer) {
        /* What this node may not hold now is not taken: it comes again later. */
        raft_message.entry_count = persist_fitting(node, &raft_message);
        raft_step(node->raft, &raft_message);
        if (raft_message.type == RAFT_APPEND && raft_message.term == raft_term(node->raft) &&
            raft_leader(node->raft) == raft_message.from)
            clock_learn(&node->clock, raft_message.term, raft_message.time_ms, node->now_ms);
    }
    raft_message.entry_count = count;
    raft_message_release(&raft_message);
}

static void handle_state(struct node *node, struct node_link *link, struct reader *reader)
{
    uint64_t index = reader_u64(reader);
    uint64_t hash = reader_u64(reader);
    uint8_t flags = reader_u8(reader);
    if (reader->bad)
        return;
    exchange_peer(node, link->peer)->has_room = (flags & FRAME_STATE_ROOM) != 0;
    if (flags & FRAME_STATE_FORMED)
        link->formed = true;
    if (index > 0)
        agreement_heard(node, link->peer, index, hash);
}

static void handle_consensus(struct node *node, struct node_link *link, const struct link_message *message)
{
    struct reader reader = reader_of(message->body, message->size);
    switch (message->type) {
    case FRAME_FORM:
        link->formed = true;
        formation_received(node, link->peer, message->body, message->size);
        if (formation_settled(node))
            send_state(node, link, 0, 0); /* so that it need not be told again */
        break;
    case FRAME_RAFT:
        handle_raft(node, link, message);
        break;
    case FRAME_OPEN: {
        uint64_t term = reader_u64(&reader);
        uint64_t nonce = reader_u64(&reader);
        if (!reader.bad && term == node->admission.term)
            leader_open(node, link->peer, nonce);
        break;
    }
    case FRAME_FORWARD:
        leader_forward(node, link->peer, &reader);
        break;
    case FRAME_CREDIT:
        forward_credit(node, link->peer, &reader);
        break;
    case FRAME_STATE:
        handle_state(node, link, &reader);
        break;
    case FRAME_HELLO:
        break; /* repeated on the way */
    case FRAME_OFFER:
    case FRAME_CHUNK:
    case FRAME_TAKEN:
    case FRAME_TYPE_END:
        bad_message(node, link);
    }
}

static void handle_bulk(struct node *node, struct node_link *link, const struct link_message *message)
{
    struct reader reader = reader_of(message->body, message->size);
    if (message->type == FRAME_OFFER)
        receive_offer(node, link->peer, &reader);
    else if (message->type == FRAME_CHUNK)
        receive_chunk(node, link->peer, &reader);
    else if (message->type == FRAME_TAKEN)
        send_taken(node, link->peer, &reader);
    else if (message->type != FRAME_HELLO)
        bad_message(node, link);
}

static void bad_frame(struct node *node, struct node_link *link)
{
    if (!link->up)
        refuse_link(node, link, NULL, NO_HELLO);
    else if (complaint_begin(node, "bad_message", link->peer, link->address, BAD_FRAME))
        event_end(node);
}

void node_link_bytes(struct node *node, struct node_link *link, const uint8_t *bytes, size_t size)
{
    struct link_message message;
    size_t message_max = (size_t)node->limits.value_max_bytes + MESSAGE_ALLOWANCE;
    bool ended = link->ends;
    while (link_receive(link, &bytes, &size, link->up ? message_max : FRAME_BODY_MAX, &message)) {
        if (!link->up)
            handle_hello(node, link, &message);
        else if (link->kind == NODE_LINK_CONSENSUS)
            handle_consensus(node, link, &message);
        else
            handle_bulk(node, link, &message);
        ended |= link->ends; /* whoever ended it has said why */
    }
    if (!ended && link->ends)
        bad_frame(node, link);
}

/* Whether MESSAGE may overtake what is queued on the link: all that does not lean on entries sent before it. */
static bool is_urgent(const struct node *node, const struct raft_message *message)
{
    struct raft_peer_view view;
    if (message->type != RAFT_APPEND)
        return true;
    if (message->entry_count > 0)
        return false;
    return !raft_peer(node->raft, message->to, &view) || message->index <= view.match;
}

void exchange_send_raft(struct node *node)
{
    struct raft_message message;
    while (raft_take_message(node->raft, &message)) {
        struct node_link *link = exchange_link(node, message.to, NODE_LINK_CONSENSUS);
        if (!link)
            continue;
        struct chain body = {0};
        raft_message_encode(&message, &body);
        link_send(link, FRAME_RAFT, is_urgent(node, &message), &body);
    }
}

void exchange_tick(struct node *node)
{
    for (size_t i = 0; i < node->link_count; i++) {
        struct node_link *link = node->links[i];
        if (!link->up && !link->ends && node->now_ms - link->opened_ms >= LINK_HELLO_TIMEOUT_MS)
            refuse_link(node, link, NULL, SILENT);
    }
}

uint64_t exchange_deadline_ms(const struct node *node)
{
    uint64_t deadline_ms = UINT64_MAX;
    for (size_t i = 0; i < node->link_count; i++) {
        const struct node_link *link = node->links[i];
        if (!link->up && !link->ends && link->opened_ms + LINK_HELLO_TIMEOUT_MS < deadline_ms)
            deadline_ms = link->opened_ms + LINK_HELLO_TIMEOUT_MS;
    }
    return deadline_ms;
}
