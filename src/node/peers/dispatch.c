#include "node/peers/dispatch.h"

#include <string.h>

#include "base/ensure.h"
#include "node/event.h"
#include "node/peers/bootstrap.h"
#include "node/peers/hello.h"

enum { MESSAGE_ALLOWANCE = 1024 * 1024 /* bytes that a message may have beside the largest value */ };

#define DUPLICATE_HERE \
    "another process runs with this node's --id: stop one of them (a copied directory, or an id that was given twice)"
#define NO_HELLO "it does not speak as a node does: --cluster takes the addresses for nodes, not those for clients"
#define SILENT "it has not said in time who it is: --cluster takes the addresses for nodes, not those for clients"
#define HUNG_UP "it hung up without a word: its log may say why"
#define BAD_FRAME "it is damaged, or too large: run the same version of cleatd on all nodes, and look at the network"
#define TOO_MANY "there are too many links already: see to it that only nodes can reach the addresses in --cluster"
#define BAD_MESSAGE "it is not known here, or there is no memory for it: run the same version of cleatd on all nodes"

/* --- opening and closing ---------------------------------------------------------------------------------------- */

static void send_hello(const struct peers *peers, const struct env *env, const struct raft *raft,
                       struct node_link *link)
{
    struct buffer body = {0};
    ensure(!link->up && link->peer != 0 && link->messages == 0); /* it is the first that is said, and says to whom */
    hello_encode(peers, env, raft, link, &body);
    link_send_bytes(link, FRAME_HELLO, true, &body);
    buffer_close(&body);
}

struct node_link *peers_link_open(struct peers *peers, struct env *env, const struct raft *raft,
                                  struct peer_socket *owner, enum node_link_kind kind, uint32_t peer)
{
    if (peers->link_count == NODE_LINKS_MAX) {
        if (complaint_begin(env, LOG_LINK_REFUSED, peer, "", TOO_MANY))
            event_end(env);
        return NULL;
    }
    ensure(peer != env->options.id && (peer == 0 || peers_look(peers, peer))); /* who is none is not called */
    struct node_link *link = link_new(owner, kind, peer, env->now_ms);
    link->part_max = env->options.frame_bytes;
    const struct peer *called = peers_look(peers, peer);
    if (called)
        node_link_from(link, called->address);
    peers->links[peers->link_count++] = link;
    if (peer != 0)
        send_hello(peers, env, raft, link); /* who was called answers when it knows who calls */
    return link;
}

static void link_lost(struct peers *peers, struct raft *raft, uint32_t peer, enum node_link_kind kind)
{
    ensure(peers_look(peers, peer) && !peers_link(peers, peer, kind)); /* what is told of it finds none any more */
    if (kind == NODE_LINK_CONSENSUS)
        raft_peer_down(raft, peer);
    else
        peers_lose(peers, peer, false);
}

/* Who was called does not even say why. */
static void hung_up(struct peers *peers, struct env *env, const struct node_link *link)
{
    peers_trouble(peers, link->peer, HUNG_UP);
    if (complaint_begin(env, LOG_REFUSED_BY, link->peer, link->address, HUNG_UP))
        event_end(env);
}

void peers_link_close(struct peers *peers, struct env *env, struct raft *raft, struct node_link *link)
{
    size_t place = 0;
    ensure(peers->lost_count == 0); /* what was lost before this is known */
    while (place < peers->link_count && peers->links[place] != link)
        place++;
    ensure(place < peers->link_count);
    peers->links[place] = peers->links[--peers->link_count];
    struct peer *peer = peers_find(peers, link->peer);
    if (!link->up && !link->ends && link->peer != 0)
        hung_up(peers, env, link);
    if (peer && peer->links[link->kind] == link) {
        ensure(link->up);
        peer->links[link->kind] = NULL;
        peer->missed_ms[link->kind] = env->now_ms;
        peers_say_link(env, LOG_LINK_DOWN, link);
        peers_trouble(peers, peer->id, "the connection ended");
        link_lost(peers, raft, link->peer, link->kind);
        peers_levels(peers, env, raft);
    }
    link_free(link);
}

/* --- hello ------------------------------------------------------------------------------------------------------ */

/* Tells who is at the other end why LINK ends. The driver sends it, if it can, before it closes the connection. */
static void send_refused(struct node_link *link, const char *reason)
{
    struct buffer body = {0};
    ensure(reason[0] != '\0');
    buffer_append_u8(&body, reason == hello_duplicate ? FRAME_REFUSAL_DUPLICATE : FRAME_REFUSAL_OTHER);
    buffer_append_text(&body, reason);
    link_send_bytes(link, FRAME_REFUSED, true, &body);
    buffer_close(&body);
    link->ends = true;
}

/* That LINK is not let in. HELLO is what was said on it; NULL: nothing that could be understood. */
static void refuse_link(struct peers *peers, struct env *env, struct node_link *link, const struct hello *hello,
                        const char *reason)
{
    uint32_t peer = link->peer != 0 || !hello ? link->peer : hello->from;
    ensure(!link->up); /* one that is up is not refused, but replaced */
    if (hello && hello->format == FRAME_FORMAT)
        send_refused(link, reason);
    link->ends = true;
    peers_trouble(peers, peer, reason);
    if (!complaint_begin(env, LOG_LINK_REFUSED, peer, link->address, reason))
        return;
    if (hello && hello->from != peer)
        event_number(env, "claims", hello->from);
    if (hello && hello->to != 0 && hello->to != env->options.id)
        event_number(env, "wants", hello->to);
    event_end(env);
}

/* LINK takes the place of what is there. */
static void replace_links(struct peers *peers, struct raft *raft, struct peer *peer, struct node_link *link,
                          uint64_t process)
{
    ensure(peer->id == link->peer && peer->links[link->kind] != link);
    for (int kind = NODE_LINK_CONSENSUS; kind <= NODE_LINK_BULK; kind++) {
        struct node_link *older = peer->links[kind];
        if (!older || (kind != (int)link->kind && older->process == process))
            continue;
        peer->links[kind] = NULL;
        if (older->process != process)
            send_refused(older, hello_duplicate);
        older->ends = true; /* the newer connection is the one that works; what went through the older may be lost */
        link_lost(peers, raft, peer->id, (enum node_link_kind)kind);
    }
    peer->links[link->kind] = link;
}

/* The peer's data directory, as it is at the beginning of LINK. */
static void meet(struct env *env, struct raft *raft, struct peer *peer, const struct hello *hello)
{
    struct raft_directory directory = {
        .incarnation = hello->incarnation,
        .life = hello->life,
        .term = hello->term,
        .durable_index = hello->durable_index,
        .rolled_back = hello->rolled_back,
    };
    memcpy(directory.processes, hello->processes, sizeof directory.processes);
    ensure(peer->id == hello->from && peer->links[NODE_LINK_CONSENSUS]);
    peer->incarnation = hello->incarnation;
    peer->rolled_back = !raft_peer_up(raft, peer->id, &directory); /* it is told with the next STATE */
    if (!peer->rolled_back)
        return;
    event_begin(env, LOG_PEER_ROLLED_BACK);
    event_number(env, "peer", peer->id);
    event_number(env, "term", hello->term);
    event_number(env, "durable", hello->durable_index);
    event_text(env, "reason",
               "its data directory is an older copy of what it was, so it no longer counts: wipe that directory, and "
               "the node comes back as a learner");
    event_end(env);
}

static void link_established(struct peers *peers, struct env *env, struct raft *raft, struct node_link *link,
                             const struct hello *hello)
{
    struct peer *peer = peers_find(peers, hello->from);
    ensure(peer && !link->up && !link->ends); /* it was let in */
    ensure(link->peer == hello->from && link->kind == (enum node_link_kind)hello->kind);
    replace_links(peers, raft, peer, link, hello->processes[0]);
    link->up = true;
    link->process = hello->processes[0];
    link->incarnation = hello->incarnation;
    link->level = hello->level;
    link->formed = hello->cluster_id != 0;
    link->fresh = hello->fresh;
    peers_levels(peers, env, raft);
    if (link->kind == NODE_LINK_BULK)
        return;
    peers_say_link(env, LOG_LINK_UP, link);
    struct node_link *bulk = peer->links[NODE_LINK_BULK];
    if (bulk && env->now_ms - bulk->opened_ms >= LINK_HELLO_TIMEOUT_MS)
        bulk->ends = true; /* what ended this link may have ended that one, unnoticed */
    peer->has_room = true; /* until it says otherwise: it does so right after its hello */
    meet(env, raft, peer, hello);
    if (!link->formed && identity_settled(&peers->identity))
        bootstrap_send(&peers->identity, link);
    peers_send_state(peers, raft, link, 0, 0);
}

static void handle_hello(struct peers *peers, struct env *env, struct raft *raft, struct node_link *link,
                         const struct link_message *message)
{
    struct hello hello;
    if (message->type != FRAME_HELLO || !hello_decode(message->body, message->size, &hello)) {
        refuse_link(peers, env, link, NULL, NO_HELLO);
        return;
    }
    const char *refusal = hello_refusal(peers, env, raft, link, &hello);
    if (refusal) {
        refuse_link(peers, env, link, &hello, refusal);
        /* If the connection that stands in its way is dead, this is how it is found out. */
        if (refusal == hello_duplicate)
            peers_send_state(peers, raft, peers_link(peers, hello.from, NODE_LINK_CONSENSUS), 0, 0);
        return;
    }
    if (link->peer == 0) {
        link->peer = hello.from;
        link->kind = hello.kind;
        send_hello(peers, env, raft, link);
    }
    link_established(peers, env, raft, link, &hello);
}

/* The other end does not let this node in, or no longer. */
static void handle_refused(struct peers *peers, struct env *env, struct node_link *link,
                           const struct link_message *message)
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
    peers_trouble(peers, link->peer, strcat(trouble, reason));
    bool duplicate = code == FRAME_REFUSAL_DUPLICATE;
    if (complaint_begin(env, duplicate ? LOG_DUPLICATE_ID : LOG_REFUSED_BY, link->peer, link->address,
                        duplicate ? DUPLICATE_HERE : reason))
        event_end(env);
}

/* --- messages --------------------------------------------------------------------------------------------------- */

static void bad_message(struct env *env, struct node_link *link)
{
    ensure(link->up && link->peer != 0);
    link->ends = true;
    if (complaint_begin(env, LOG_BAD_MESSAGE, link->peer, link->address, BAD_MESSAGE))
        event_end(env);
}

/* True: there is a message of raft's that counts. */
static bool handle_raft(struct peers *peers, struct env *env, struct node_link *link,
                        const struct link_message *message, struct arrival *arrival)
{
    ensure(link->peer != 0);
    if (!identity_settled(&peers->identity))
        return false; /* nothing counts before this node has stored which cluster it is of */
    if (!raft_message_decode(message->body, message->size, &arrival->message, peers->decoded)) {
        bad_message(env, link);
        return false;
    }
    if (arrival->message.from == link->peer)
        return true;
    raft_message_release(&arrival->message);
    return false;
}

/* FROM knows that this node acknowledged, or voted, more than its data directory knows of. */
static void roll_back(struct peers *peers, struct env *env, struct raft *raft, uint32_t from)
{
    if (raft_rolled_back(raft))
        return;
    event_begin(env, LOG_ROLLED_BACK);
    event_number(env, "peer", from);
    event_text(env, "reason", PEERS_ROLLED_BACK);
    event_end(env);
    raft_roll_back(raft);
    peers_tell_state(peers, raft, 0, 0);
}

/* True: the sender's state has a hash to be compared. Flags that are not known here are a newer program's, as in a
 * HELLO. */
static bool handle_state(struct peers *peers, struct env *env, struct raft *raft, struct node_link *link,
                         struct arrival *arrival)
{
    arrival->index = reader_u64(&arrival->body);
    arrival->hash = reader_u64(&arrival->body);
    uint8_t flags = reader_u8(&arrival->body);
    ensure(link->up && link->kind == NODE_LINK_CONSENSUS);
    struct peer *peer = peers_find(peers, link->peer);
    if (arrival->body.bad || !peer)
        return false;
    peer->has_room = (flags & FRAME_STATE_ROOM) != 0;
    if (flags & FRAME_STATE_ROLLED_BACK)
        raft_peer_rolled_back(raft, link->peer);
    if (flags & FRAME_STATE_PEER_ROLLED_BACK)
        roll_back(peers, env, raft, link->peer);
    if (flags & FRAME_STATE_FORMED)
        link->formed = true;
    return arrival->index > 0;
}

static void handle_form(struct peers *peers, struct env *env, struct raft *raft, struct node_link *link,
                        const struct link_message *message)
{
    ensure(link->up && link->kind == NODE_LINK_CONSENSUS);
    link->formed = true;
    bootstrap_received(peers, env, link->peer, message->body, message->size);
    if (identity_settled(&peers->identity))
        peers_send_state(peers, raft, link, 0, 0); /* so that it need not be told again */
}

/* True: MESSAGE is for another part, and it is in ARRIVAL. */
static bool take_consensus(struct peers *peers, struct env *env, struct raft *raft, struct node_link *link,
                           const struct link_message *message, struct arrival *arrival)
{
    arrival->from = link->peer;
    arrival->body = reader_of(message->body, message->size);
    switch (message->type) {
    case FRAME_FORM:
        handle_form(peers, env, raft, link, message);
        return false;
    case FRAME_RAFT:
        arrival->kind = ARRIVAL_RAFT;
        return handle_raft(peers, env, link, message, arrival);
    case FRAME_OPEN:
        arrival->kind = ARRIVAL_OPEN;
        return true;
    case FRAME_FORWARD:
        arrival->kind = ARRIVAL_FORWARD;
        return true;
    case FRAME_CREDIT:
        arrival->kind = ARRIVAL_CREDIT;
        return true;
    case FRAME_STATE:
        arrival->kind = ARRIVAL_HASH;
        return handle_state(peers, env, raft, link, arrival);
    case FRAME_HELLO:
        return false; /* repeated on the way */
    case FRAME_REFUSED:
        handle_refused(peers, env, link, message);
        return false;
    case FRAME_OFFER:
    case FRAME_CHUNK:
    case FRAME_TAKEN:
    case FRAME_TYPE_END:
        bad_message(env, link);
    }
    return false;
}

/* Likewise. */
static bool take_bulk(struct peers *peers, struct env *env, struct node_link *link, const struct link_message *message,
                      struct arrival *arrival)
{
    arrival->from = link->peer;
    arrival->body = reader_of(message->body, message->size);
    switch (message->type) {
    case FRAME_OFFER:
        arrival->kind = ARRIVAL_OFFER;
        return true;
    case FRAME_CHUNK:
        arrival->kind = ARRIVAL_CHUNK;
        return true;
    case FRAME_TAKEN:
        arrival->kind = ARRIVAL_TAKEN;
        return true;
    case FRAME_REFUSED:
        handle_refused(peers, env, link, message);
        return false;
    case FRAME_HELLO:
        return false; /* repeated on the way */
    default:
        bad_message(env, link);
        return false;
    }
}

static void bad_frame(struct peers *peers, struct env *env, struct node_link *link)
{
    if (!link->up)
        refuse_link(peers, env, link, NULL, NO_HELLO);
    else if (complaint_begin(env, LOG_BAD_MESSAGE, link->peer, link->address, BAD_FRAME))
        event_end(env);
}

bool peers_take(struct peers *peers, struct env *env, struct raft *raft, struct node_link *link, const uint8_t **bytes,
                size_t *size, struct arrival *arrival)
{
    struct link_message message;
    size_t message_max = (size_t)env->limits.value_max_bytes + MESSAGE_ALLOWANCE;
    bool ended = link->ends; /* whoever ended it has said why */
    ensure(peers->lost_count == 0); /* what was lost by the last message is known before the next one */
    while (!ended && link_receive(link, bytes, size, link->up ? message_max : FRAME_BODY_MAX, &message)) {
        bool arrived = false;
        if (!link->up && message.type == FRAME_REFUSED)
            handle_refused(peers, env, link, &message);
        else if (!link->up)
            handle_hello(peers, env, raft, link, &message);
        else if (link->kind == NODE_LINK_CONSENSUS)
            arrived = take_consensus(peers, env, raft, link, &message, arrival);
        else
            arrived = take_bulk(peers, env, link, &message, arrival);
        if (arrived)
            return true;
        ended = link->ends;
    }
    if (!ended && link->ends)
        bad_frame(peers, env, link);
    return false;
}

void peers_tick(struct peers *peers, struct env *env)
{
    for (size_t i = 0; i < peers->link_count; i++) {
        struct node_link *link = peers->links[i];
        if (!link->up && !link->ends && env->now_ms - link->opened_ms >= LINK_HELLO_TIMEOUT_MS)
            refuse_link(peers, env, link, NULL, SILENT);
    }
}

uint64_t peers_deadline_ms(const struct peers *peers)
{
    uint64_t deadline_ms = UINT64_MAX;
    for (size_t i = 0; i < peers->link_count; i++) {
        const struct node_link *link = peers->links[i];
        if (!link->up && !link->ends && link->opened_ms + LINK_HELLO_TIMEOUT_MS < deadline_ms)
            deadline_ms = link->opened_ms + LINK_HELLO_TIMEOUT_MS;
    }
    return deadline_ms;
}
