#include "sim/sound.h"

#include "node/parts.h"

/* What clients wait for, as their queues have it. */
struct found {
    uint64_t clients;
    uint64_t numbered;  /* changes in the gateway's window */
    uint64_t waiting;   /* changes without a number */
    uint64_t undecided; /* of any kind */
    uint64_t held_bytes;
    bool txn;           /* one is under way: what it holds is known to txn.c alone */
};

static uint64_t length(const struct list *ring)
{
    uint64_t count = 0;
    for (const struct list *at = ring->next; at != ring; at = at->next)
        count++;
    return count;
}

static const char *check_client(const struct gateway *gateway, const struct node_client *client, struct found *found)
{
    uint64_t count = 0, bytes = 0;
    const struct pending *last = NULL;
    for (const struct pending *pending = client->head; pending; last = pending, pending = pending->next) {
        count++;
        bytes += pending->bytes;
        if (pending->client != client)
            return "a command is in the queue of another client than its own";
        found->undecided += pending->state != PENDING_DONE;
        found->waiting += pending->state == PENDING_WAITING;
        if (pending->state != PENDING_NUMBERED)
            continue;
        found->numbered++;
        if (pending->number < gateway->first || pending->number >= gateway->next ||
            gateway->slots[pending->number & gateway->mask].pending != pending)
            return "a command has a number that the gateway has for another, or for none";
    }
    found->clients++;
    found->txn |= client->txn != NULL;
    found->held_bytes += client->bytes + (client->command ? client_held_contents(client) : 0);
    if (client->tail != last || client->count != count || client->bytes != bytes)
        return "a client does not count what is in its queue";
    return NULL;
}

static const char *check_ages(const struct session *session)
{
    uint64_t deadline_ms = 0;
    for (const struct list *at = session->ages.next; at != &session->ages; at = at->next) {
        const struct pending *pending = list_item(at, struct pending, age);
        if (pending->state == PENDING_DONE || pending->deadline_ms < deadline_ms)
            return "commands do not wait in the order of their deadlines";
        deadline_ms = pending->deadline_ms;
    }
    return NULL;
}

static const char *check_session(const struct session *session, const struct gateway *gateway, struct found *found)
{
    const char *wrong = check_ages(session);
    for (const struct list *at = session->clients.next; !wrong && at != &session->clients; at = at->next)
        wrong = check_client(gateway, list_item(at, struct node_client, all), found);
    if (wrong)
        return wrong;
    if (found->clients != session->client_count)
        return "the session does not count its clients";
    if (found->undecided != length(&session->ages) || found->waiting != length(&session->waiting))
        return "a command that is not decided is not in the lists of those";
    if (found->txn ? found->held_bytes > session->held_bytes : found->held_bytes != session->held_bytes)
        return "the session holds other bytes than its clients do";
    return NULL;
}

static const char *check_gateway(const struct gateway *gateway, const struct found *found)
{
    uint64_t bytes = 0, owners = 0;
    if (gateway->sent < gateway->first || gateway->sent > gateway->next)
        return "the gateway has sent what it does not have";
    for (uint64_t number = gateway->first; number < gateway->next; number++) {
        const struct gateway_slot *slot = &gateway->slots[number & gateway->mask];
        bytes += slot->cost;
        owners += slot->pending != NULL;
    }
    if (bytes != gateway->bytes)
        return "the gateway counts other bytes than its window has";
    return owners == found->numbered ? NULL : "someone waits in the gateway who is in no client's queue";
}

static const char *check_leader(const struct leader *leader)
{
    const struct admission_gateway *doors = leader->admission.gateways;
    for (size_t i = 0; i < STORE_GATEWAYS_MAX; i++) {
        if (leader->admission.term == 0 ? doors[i].id != 0 : i > 0 && doors[i].id != 0 && doors[i - 1].id == 0)
            return "the leader's door has a gateway where it must have none";
        for (size_t j = 0; j < i; j++)
            if (doors[i].id != 0 && doors[j].id == doors[i].id)
                return "the leader's door has a gateway twice";
    }
    return NULL;
}

static bool is_listed(const struct peers *peers, const struct node_link *link)
{
    for (size_t i = 0; i < peers->link_count; i++)
        if (peers->links[i] == link)
            return true;
    return false;
}

static const char *check_peers(const struct peers *peers)
{
    for (uint32_t i = 0; i < peers->count; i++) {
        const struct peer *peer = &peers->list[i];
        if (i > 0 && peer->id <= peers->list[i - 1].id)
            return "the peers are not in the order of their ids";
        for (int kind = NODE_LINK_CONSENSUS; kind <= NODE_LINK_BULK; kind++) {
            const struct node_link *link = peer->links[kind];
            if (link && (!is_listed(peers, link) || !link->up || link->peer != peer->id || (int)link->kind != kind))
                return "a peer has a link that is not its own, or not up";
        }
    }
    for (size_t i = 0; i < peers->link_count; i++) {
        const struct node_link *link = peers->links[i];
        const struct peer *peer = peers_look(peers, link->peer);
        if (link->up && !link->ends && (!peer || peer->links[link->kind] != link))
            return "a link is up that its peer does not have";
    }
    return peers->lost_count == 0 ? NULL : "a link was lost, and no one was told";
}

const char *sound_turn(struct node *node)
{
    const struct node_parts parts = node_parts(node);
    struct found found = {0};
    const char *wrong = check_session(parts.session, parts.gateway, &found);
    if (!wrong)
        wrong = check_gateway(parts.gateway, &found);
    if (!wrong)
        wrong = check_leader(parts.leader);
    return wrong ? wrong : check_peers(parts.peers);
}
