#include "node/peers/peers.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "node/event.h"
#include "node/peers/encoded.h"
#include "protocol/level.h"

/* MEMBER is a peer from now on, by the order of ids. */
static void add(struct peers *peers, const struct env *env, const struct raft_member *member, bool named)
{
    uint32_t place = 0;
    ensure(peers->count < PEERS_MAX && !peers_look(peers, member->id));
    while (place < peers->count && peers->list[place].id < member->id)
        place++;
    struct peer *peer = &peers->list[place];
    memmove(peer + 1, peer, (peers->count++ - place) * sizeof *peer);
    *peer = (struct peer){
        .id = member->id, .named = named, .has_room = true, .missed_ms = {0, env->now_ms, env->now_ms}};
    memcpy(peer->address, member->address, sizeof peer->address);
    ensure(place + 1 == peers->count || peer[1].id > peer->id);
}

void peers_init(struct peers *peers, const struct env *env, const struct disk_recovered *recovered)
{
    *peers = (struct peers){.room = true};
    identity_init(&peers->identity, recovered);
    peers->decoded = memory_get(RAFT_MESSAGE_ENTRIES_MAX * sizeof *peers->decoded);
    for (uint32_t i = 0; i < env->options.peer_count; i++)
        add(peers, env, &env->options.peers[i], true);
    ensure(peers_find(peers, env->options.id));
}

void peers_close(struct peers *peers)
{
    ensure(peers->lost_count == 0);
    while (peers->link_count > 0)
        link_free(peers->links[--peers->link_count]);
    free(peers->decoded);
}

/* The peer at PLACE is none any more. */
static void drop(struct peers *peers, struct env *env, uint32_t place)
{
    struct peer *peer = &peers->list[place];
    ensure(!peer->named && peer->id != env->options.id);
    ensure(place < peers->count);
    for (size_t i = 0; i < peers->link_count; i++) {
        struct node_link *link = peers->links[i];
        if (link->peer != peer->id)
            continue;
        if (peer->links[link->kind] == link)
            peers_say_link(env, LOG_LINK_DOWN, link);
        link->ends = true;
    }
    peers_lose(peers, peer->id, true);
    memmove(peer, peer + 1, (--peers->count - place) * sizeof *peer);
}

void peers_levels(const struct peers *peers, struct env *env, const struct raft *raft)
{
    const struct raft_configuration *members = peers_members(peers, raft);
    ensure(members->count <= RAFT_MEMBERS_MAX);
    for (uint32_t i = 0; i < members->count; i++) {
        uint32_t id = members->members[i].id;
        const struct node_link *link = peers_link(peers, id, NODE_LINK_CONSENSUS);
        unsigned known = link ? link->level : 0;
        env->levels.members[i] = (struct levels_member){id, id == env->options.id ? LEVEL_KNOWN : known};
    }
    env->levels.count = members->count;
}

void peers_follow(struct peers *peers, struct env *env, const struct raft *raft)
{
    uint64_t changes = raft_members_changes(raft);
    bool formed = identity_formed(&peers->identity);
    if (changes == peers->followed && formed == peers->followed_formed)
        return;
    const struct raft_configuration *members = peers_members(peers, raft);
    for (uint32_t place = peers->count; place-- > 0;)
        if (!peers->list[place].named && !raft_configuration_member(members, peers->list[place].id))
            drop(peers, env, place);
    for (uint32_t i = 0; i < members->count; i++) {
        const struct raft_member *member = &members->members[i];
        struct peer *peer = peers_find(peers, member->id);
        if (!peer)
            add(peers, env, member, false);
        else if (!peer->named)
            memcpy(peer->address, member->address, sizeof peer->address);
    }
    ensure(peers->count >= members->count && peers->count >= env->options.peer_count);
    peers->followed = changes;
    peers->followed_formed = formed;
    peers_levels(peers, env, raft);
}

const struct raft_configuration *peers_members(const struct peers *peers, const struct raft *raft)
{
    const struct raft_configuration *members = raft_members(raft);
    return members->count > 0 ? members : &peers->identity.directory.configuration;
}

const struct peer *peers_look(const struct peers *peers, uint32_t id)
{
    for (uint32_t i = 0; i < peers->count; i++)
        if (peers->list[i].id == id)
            return &peers->list[i];
    return NULL;
}

struct peer *peers_find(struct peers *peers, uint32_t id)
{
    const struct peer *peer = peers_look(peers, id);
    return peer ? &peers->list[peer - peers->list] : NULL;
}

struct node_link *peers_link(const struct peers *peers, uint32_t id, enum node_link_kind kind)
{
    const struct peer *peer = peers_look(peers, id);
    ensure(kind == NODE_LINK_CONSENSUS || kind == NODE_LINK_BULK);
    return peer ? peer->links[kind] : NULL;
}

uint32_t peers_linked(const struct peers *peers, uint32_t ids[PEERS_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < peers->count; i++)
        if (peers->list[i].links[NODE_LINK_CONSENSUS])
            ids[count++] = peers->list[i].id;
    ensure(count < peers->count); /* this node is among them, and has no link to itself */
    return count;
}

void peers_trouble(struct peers *peers, uint32_t id, const char *reason)
{
    struct peer *peer = peers_find(peers, id);
    if (peer)
        strncpy(peer->trouble, reason, sizeof peer->trouble - 1);
}

bool peers_calls(const struct peers *peers, const struct env *env, uint32_t id, enum node_link_kind kind)
{
    const struct peer *peer = peers_look(peers, id);
    ensure(id != env->options.id && (kind == NODE_LINK_CONSENSUS || kind == NODE_LINK_BULK));
    if (!peer)
        return false; /* not any more */
    ensure(env->now_ms >= peer->missed_ms[kind]);
    uint64_t missed_ms = env->now_ms - peer->missed_ms[kind];
    return !peer->links[kind] && (id < env->options.id || missed_ms >= NODE_CALL_MS);
}

void peers_say_link(struct env *env, enum log_event event, const struct node_link *link)
{
    ensure(link->up && link->peer != 0);
    event_begin(env, event);
    event_number(env, "peer", link->peer);
    event_text(env, "kind", link->kind == NODE_LINK_BULK ? "bulk" : "consensus");
    event_end(env);
}

void peers_lose(struct peers *peers, uint32_t id, bool gone)
{
    ensure(peers->lost_count < PEERS_LOST_MAX); /* they are taken after each event */
    ensure(id != 0 && (gone || peers_look(peers, id)));
    peers->lost[peers->lost_count++] = (struct peer_lost){.id = id, .gone = gone};
}

bool peers_take_lost(struct peers *peers, struct peer_lost *lost)
{
    if (peers->lost_count == 0)
        return false;
    *lost = peers->lost[0];
    peers->lost_count--;
    memmove(peers->lost, peers->lost + 1, peers->lost_count * sizeof *lost);
    return true;
}

/* --- what they are told ------------------------------------------------------------------------------------------ */

/* How a message of another part travels. */
static enum node_link_kind link_of(enum frame_type type)
{
    return type == FRAME_OFFER || type == FRAME_CHUNK || type == FRAME_TAKEN ? NODE_LINK_BULK : NODE_LINK_CONSENSUS;
}

void peers_send(struct peers *peers, uint32_t id, enum frame_type type, struct chain *body)
{
    ensure(type != FRAME_HELLO && type != FRAME_FORM && type != FRAME_RAFT && type != FRAME_STATE); /* its own */
    struct node_link *link = peers_link(peers, id, link_of(type));
    ensure(!link || (link->up && link->peer == id && link->kind == link_of(type)));
    if (link)
        link_send(link, type, type != FRAME_FORWARD && type != FRAME_CHUNK, body);
    else
        chain_close(body);
    ensure(body->size == 0);
}

void peers_send_state(const struct peers *peers, const struct raft *raft, struct node_link *link, uint64_t index,
                      uint64_t hash)
{
    const struct peer *peer = peers_look(peers, link->peer);
    struct buffer body = {0};
    ensure(peer && link->kind == NODE_LINK_CONSENSUS);
    ensure(link->up && (index > 0 || hash == 0));
    buffer_append_u64(&body, index);
    buffer_append_u64(&body, hash);
    buffer_append_u8(&body, (uint8_t)((peers->room ? FRAME_STATE_ROOM : 0) |
                                      (identity_settled(&peers->identity) ? FRAME_STATE_FORMED : 0) |
                                      (peer->rolled_back ? FRAME_STATE_PEER_ROLLED_BACK : 0) |
                                      (raft_rolled_back(raft) ? FRAME_STATE_ROLLED_BACK : 0)));
    link_send_bytes(link, FRAME_STATE, true, &body);
    buffer_close(&body);
}

void peers_tell_state(const struct peers *peers, const struct raft *raft, uint64_t index, uint64_t hash)
{
    for (uint32_t i = 0; i < peers->count; i++)
        if (peers->list[i].links[NODE_LINK_CONSENSUS])
            peers_send_state(peers, raft, peers->list[i].links[NODE_LINK_CONSENSUS], index, hash);
}

void peers_tell_room(struct peers *peers, const struct raft *raft, bool room)
{
    if (room == peers->room)
        return;
    peers->room = room;
    peers_tell_state(peers, raft, 0, 0);
}

/* Whether MESSAGE may overtake what is queued on the link: all that does not lean on entries sent before it. */
static bool is_urgent(const struct raft *raft, const struct raft_message *message)
{
    struct raft_peer_view view;
    if (message->type != RAFT_APPEND)
        return true;
    if (message->entry_count > 0)
        return false;
    return !raft_peer(raft, message->to, &view) || message->index <= view.match;
}

static void send_raft(struct node_link *link, const struct raft *raft, const struct raft_message *message,
                      struct encoded *encoded)
{
    static const struct chain nothing;
    uint8_t head[RAFT_MESSAGE_HEAD_MAX];
    ensure(link->kind == NODE_LINK_CONSENSUS && link->peer == message->to);
    size_t head_size = raft_message_encode_head(message, head);
    const struct encoded_entries *entries = message->entry_count > 0 ? encoded_find(encoded, message) : NULL;
    link_send_head(link, FRAME_RAFT, is_urgent(raft, message), head, head_size, entries ? &entries->bytes : &nothing,
                   entries ? entries->hash : 0);
}

void peers_send_raft(struct peers *peers, struct raft *raft)
{
    struct encoded encoded;
    encoded.made = 0;
    struct raft_message message;
    while (raft_take_message(raft, &message)) {
        struct node_link *link = peers_link(peers, message.to, NODE_LINK_CONSENSUS);
        if (link && !link->ends)
            send_raft(link, raft, &message, &encoded);
    }
    encoded_close(&encoded);
}
