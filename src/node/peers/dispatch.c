/* Links to the other nodes: hellos, who is let in, and which message goes to which part of the node. */
#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "node/encoded.h"
#include "node/state.h"
#include "protocol/command.h"

enum { MESSAGE_ALLOWANCE = 1024 * 1024 /* bytes that a message may have beside the largest value */ };

#define DUPLICATE_HERE \
    "another process runs with this node's --id: stop one of them (a copied directory, or an id that was given twice)"
#define NO_HELLO "it does not speak as a node does: --cluster takes the addresses for nodes, not those for clients"
#define SILENT "it has not said in time who it is: --cluster takes the addresses for nodes, not those for clients"
#define HUNG_UP "it hung up without a word: its log may say why"
#define BAD_FRAME "it is damaged, or too large: run the same version of cleatd on all nodes, and look at the network"
#define TOO_MANY "there are too many links already: see to it that only nodes can reach the addresses in --cluster"
#define BAD_MESSAGE "it is not known here, or there is no memory for it: run the same version of cleatd on all nodes"

int exchange_place(const struct node *node, uint32_t id)
{
    for (uint32_t i = 0; i < node->env.options.peer_count; i++)
        if (node->env.options.peers[i].id == id)
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
    const struct peer *peer = &node->peers[exchange_place(node, link->peer)];
    buffer_append_u8(&body, (uint8_t)((node->own_room ? FRAME_STATE_ROOM : 0) |
                                      (formation_settled(node) ? FRAME_STATE_FORMED : 0) |
                                      (peer->rolled_back ? FRAME_STATE_PEER_ROLLED_BACK : 0) |
                                      (raft_rolled_back(node->raft) ? FRAME_STATE_ROLLED_BACK : 0)));
    link_send_bytes(link, FRAME_STATE, true, &body);
    buffer_close(&body);
}

void exchange_tell_state(struct node *node, uint64_t index, uint64_t hash)
{
    for (uint32_t i = 0; i < node->env.options.peer_count; i++)
        if (node->peers[i].links[NODE_LINK_CONSENSUS])
            send_state(node, node->peers[i].links[NODE_LINK_CONSENSUS], index, hash);
}

/* --- opening and closing ---------------------------------------------------------------------------------------- */

static void send_hello(struct node *node, struct node_link *link)
{
    struct buffer body = {0};
    hello_encode(node, link, &body);
    link_send_bytes(link, FRAME_HELLO, true, &body);
    buffer_close(&body);
}

struct node_link *node_link_open(struct node *node, struct peer_socket *owner, enum node_link_kind kind, uint32_t peer)
{
    if (node->link_count == NODE_LINKS_MAX) {
        if (complaint_begin(&node->env, LOG_LINK_REFUSED, peer, "", TOO_MANY))
            event_end(&node->env);
        return NULL;
    }
    struct node_link *link = link_new(owner, kind, peer, node->env.now_ms);
    link->part_max = node->env.options.frame_bytes;
    int place = exchange_place(node, peer);
    if (place >= 0)
        node_link_from(link, node->env.options.peers[place].address);
    node->links[node->link_count++] = link;
    if (peer != 0)
        send_hello(node, link); /* who was called answers when it knows who calls */
    return link;
}

void node_call_failed(struct node *node, uint32_t id, const char *reason)
{
    struct peer *peer = exchange_peer(node, id);
    if (peer)
        quorum_trouble(peer, reason);
}

void node_link_from(struct node_link *link, const char *address)
{
    strncpy(link->address, address, sizeof link->address - 1);
}

bool node_calls(const struct node *node, uint32_t id, enum node_link_kind kind)
{
    int place = exchange_place(node, id);
    ensure(place >= 0 && id != node->env.options.id);
    const struct peer *peer = &node->peers[place];
    uint64_t missed_ms = node->env.now_ms - peer->missed_ms[kind];
    return !peer->links[kind] && (id < node->env.options.id || missed_ms >= NODE_CALL_MS);
}

struct node_link *node_link_at(struct node *node, size_t number)
{
    return number < node->link_count ? node->links[number] : NULL;
}

static void say_link(struct node *node, enum log_event event, const struct node_link *link)
{
    event_begin(&node->env, event);
    event_number(&node->env, "peer", link->peer);
    event_text(&node->env, "kind", link->kind == NODE_LINK_BULK ? "bulk" : "consensus");
    event_end(&node->env);
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

/* Who was called does not even say why. */
static void hung_up(struct node *node, const struct node_link *link)
{
    node_call_failed(node, link->peer, HUNG_UP);
    if (complaint_begin(&node->env, LOG_REFUSED_BY, link->peer, link->address, HUNG_UP))
        event_end(&node->env);
}

void node_link_close(struct node *node, struct node_link *link)
{
    size_t place = 0;
    while (place < node->link_count && node->links[place] != link)
        place++;
    ensure(place < node->link_count);
    node->links[place] = node->links[--node->link_count];
    struct peer *peer = exchange_peer(node, link->peer);
    if (!link->up && !link->ends && link->peer != 0)
        hung_up(node, link);
    if (peer && peer->links[link->kind] == link) {
        peer->links[link->kind] = NULL;
        peer->missed_ms[link->kind] = node->env.now_ms;
        say_link(node, LOG_LINK_DOWN, link);
        quorum_trouble(peer, "the connection ended");
        link_lost(node, link->peer, link->kind);
    }
    link_free(link);
}

/* --- hello ------------------------------------------------------------------------------------------------------ */

/* Tells who is at the other end why LINK ends. The driver sends it, if it can, before it closes the connection. */
static void send_refused(struct node_link *link, const char *reason)
{
    struct buffer body = {0};
    buffer_append_u8(&body, reason == hello_duplicate ? FRAME_REFUSAL_DUPLICATE : FRAME_REFUSAL_OTHER);
    buffer_append_text(&body, reason);
    link_send_bytes(link, FRAME_REFUSED, true, &body);
    buffer_close(&body);
    link->ends = true;
}

/* That LINK is not let in. HELLO is what was said on it; NULL: nothing that could be understood. */
static void refuse_link(struct node *node, struct node_link *link, const struct hello *hello, const char *reason)
{
    uint32_t peer = link->peer != 0 || !hello ? link->peer : hello->from;
    if (hello && hello->format == FRAME_FORMAT)
        send_refused(link, reason);
    link->ends = true;
    node_call_failed(node, peer, reason);
    if (!complaint_begin(&node->env, LOG_LINK_REFUSED, peer, link->address, reason))
        return;
    if (hello && hello->from != peer)
        event_number(&node->env, "claims", hello->from);
    if (hello && hello->to != 0 && hello->to != node->env.options.id)
        event_number(&node->env, "wants", hello->to);
    event_end(&node->env);
}

/* LINK takes the place of what is there. */
static void replace_links(struct node *node, struct peer *peer, struct node_link *link, uint64_t process)
{
    for (int kind = NODE_LINK_CONSENSUS; kind <= NODE_LINK_BULK; kind++) {
        struct node_link *older = peer->links[kind];
        if (!older || (kind != (int)link->kind && older->process == process))
            continue;
        peer->links[kind] = NULL;
        if (older->process != process)
            send_refused(older, hello_duplicate);
        older->ends = true; /* the newer connection is the one that works; what went through the older may be lost */
        link_lost(node, peer->id, (enum node_link_kind)kind);
    }
    peer->links[link->kind] = link;
}

/* The peer's data directory, as it is at the beginning of LINK. */
static void meet(struct node *node, struct peer *peer, const struct hello *hello)
{
    struct raft_directory directory = {
        .incarnation = hello->incarnation,
        .life = hello->life,
        .term = hello->term,
        .durable_index = hello->durable_index,
        .rolled_back = hello->rolled_back,
    };
    memcpy(directory.processes, hello->processes, sizeof directory.processes);
    peer->incarnation = hello->incarnation;
    peer->rolled_back = !raft_peer_up(node->raft, peer->id, &directory); /* it is told with the next STATE */
    if (!peer->rolled_back)
        return;
    event_begin(&node->env, LOG_PEER_ROLLED_BACK);
    event_number(&node->env, "peer", peer->id);
    event_number(&node->env, "term", hello->term);
    event_number(&node->env, "durable", hello->durable_index);
    event_text(&node->env, "reason",
               "its data directory is an older copy of what it was, so it no longer counts: wipe that directory, and "
               "the node comes back as a learner");
    event_end(&node->env);
}

static void link_established(struct node *node, struct node_link *link, const struct hello *hello)
{
    struct peer *peer = exchange_peer(node, hello->from);
    replace_links(node, peer, link, hello->processes[0]);
    link->up = true;
    link->process = hello->processes[0];
    link->incarnation = hello->incarnation;
    link->formed = hello->cluster_id != 0;
    link->fresh = hello->fresh;
    if (link->kind == NODE_LINK_BULK)
        return;
    say_link(node, LOG_LINK_UP, link);
    struct node_link *bulk = peer->links[NODE_LINK_BULK];
    if (bulk && node->env.now_ms - bulk->opened_ms >= LINK_HELLO_TIMEOUT_MS)
        bulk->ends = true; /* what ended this link may have ended that one, unnoticed */
    peer->has_room = true; /* until it says otherwise: it does so right after its hello */
    meet(node, peer, hello);
    if (!link->formed && formation_settled(node))
        formation_send(node, link);
    send_state(node, link, 0, 0);
}

static void handle_hello(struct node *node, struct node_link *link, const struct link_message *message)
{
    struct hello hello;
    if (message->type != FRAME_HELLO || !hello_decode(message->body, message->size, &hello)) {
        refuse_link(node, link, NULL, NO_HELLO);
        return;
    }
    const char *refusal = hello_refusal(node, link, &hello);
    if (refusal) {
        refuse_link(node, link, &hello, refusal);
        /* If the connection that stands in its way is dead, this is how it is found out. */
        if (refusal == hello_duplicate)
            send_state(node, exchange_link(node, hello.from, NODE_LINK_CONSENSUS), 0, 0);
        return;
    }
    if (link->peer == 0) {
        link->peer = hello.from;
        link->kind = hello.kind;
        send_hello(node, link);
    }
    link_established(node, link, &hello);
}

/* The other end does not let this node in, or no longer. */
static void handle_refused(struct node *node, struct node_link *link, const struct link_message *message)
{
    struct reader reader = reader_of(message->body, message->size);
    uint8_t code = reader_u8(&reader);
    char reason[FRAME_REASON_MAX + 1];
    size_t size = reader_left(&reader) < FRAME_REASON_MAX ? reader_left(&reader) : FRAME_REASON_MAX;
    const uint8_t *text = reader_bytes(&reader, size);
    for (size_t i = 0; text && i < size; i++)
        reason[i] = text[i] >= ' ' && text[i] <= '~' ? (char)text[i] : '?';
    reason[text ? size : 0] = '\0';
    link->ends = link->refused = true;
    char trouble[FRAME_REASON_MAX + 30] = "it refuses this node: ";
    node_call_failed(node, link->peer, strcat(trouble, reason));
    bool duplicate = code == FRAME_REFUSAL_DUPLICATE;
    if (complaint_begin(&node->env, duplicate ? LOG_DUPLICATE_ID : LOG_REFUSED_BY, link->peer, link->address,
                        duplicate ? DUPLICATE_HERE : reason))
        event_end(&node->env);
}

/* --- messages --------------------------------------------------------------------------------------------------- */

static void bad_message(struct node *node, struct node_link *link)
{
    link->ends = true;
    if (complaint_begin(&node->env, LOG_BAD_MESSAGE, link->peer, link->address, BAD_MESSAGE))
        event_end(&node->env);
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
            clock_learn(&node->env.clock, raft_message.term, raft_message.time_ms, node->env.now_ms);
    }
    raft_message.entry_count = count;
    raft_message_release(&raft_message);
}

/* FROM knows that this node acknowledged, or voted, more than its data directory knows of. */
static void roll_back(struct node *node, uint32_t from)
{
    if (raft_rolled_back(node->raft))
        return;
    event_begin(&node->env, LOG_ROLLED_BACK);
    event_number(&node->env, "peer", from);
    event_text(&node->env, "reason", EXCHANGE_ROLLED_BACK);
    event_end(&node->env);
    raft_roll_back(node->raft);
    exchange_tell_state(node, 0, 0);
}

static void handle_state(struct node *node, struct node_link *link, struct reader *reader)
{
    uint64_t index = reader_u64(reader);
    uint64_t hash = reader_u64(reader);
    uint8_t flags = reader_u8(reader);
    if (reader->bad)
        return;
    exchange_peer(node, link->peer)->has_room = (flags & FRAME_STATE_ROOM) != 0;
    if (flags & FRAME_STATE_ROLLED_BACK)
        raft_peer_rolled_back(node->raft, link->peer);
    if (flags & FRAME_STATE_PEER_ROLLED_BACK)
        roll_back(node, link->peer);
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
    case FRAME_REFUSED:
        handle_refused(node, link, message);
        break;
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
    else if (message->type == FRAME_REFUSED)
        handle_refused(node, link, message);
    else if (message->type != FRAME_HELLO)
        bad_message(node, link);
}

static void bad_frame(struct node *node, struct node_link *link)
{
    if (!link->up)
        refuse_link(node, link, NULL, NO_HELLO);
    else if (complaint_begin(&node->env, LOG_BAD_MESSAGE, link->peer, link->address, BAD_FRAME))
        event_end(&node->env);
}

void node_link_bytes(struct node *node, struct node_link *link, const uint8_t *bytes, size_t size)
{
    struct link_message message;
    size_t message_max = (size_t)node->env.limits.value_max_bytes + MESSAGE_ALLOWANCE;
    bool ended = link->ends;
    while (link_receive(link, &bytes, &size, link->up ? message_max : FRAME_BODY_MAX, &message)) {
        if (!link->up && message.type == FRAME_REFUSED)
            handle_refused(node, link, &message);
        else if (!link->up)
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

static void send_raft(struct node *node, struct node_link *link, const struct raft_message *message,
                      struct encoded *encoded)
{
    static const struct chain nothing;
    uint8_t head[RAFT_MESSAGE_HEAD_MAX];
    size_t head_size = raft_message_encode_head(message, head);
    const struct encoded_entries *entries = message->entry_count > 0 ? encoded_find(encoded, message) : NULL;
    link_send_head(link, FRAME_RAFT, is_urgent(node, message), head, head_size, entries ? &entries->bytes : &nothing,
                   entries ? entries->hash : 0);
}

void exchange_send_raft(struct node *node)
{
    struct encoded encoded;
    encoded.made = 0;
    struct raft_message message;
    while (raft_take_message(node->raft, &message)) {
        struct node_link *link = exchange_link(node, message.to, NODE_LINK_CONSENSUS);
        if (link && !link->ends)
            send_raft(node, link, &message, &encoded);
    }
    encoded_close(&encoded);
}

void exchange_tick(struct node *node)
{
    for (size_t i = 0; i < node->link_count; i++) {
        struct node_link *link = node->links[i];
        if (!link->up && !link->ends && node->env.now_ms - link->opened_ms >= LINK_HELLO_TIMEOUT_MS)
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
