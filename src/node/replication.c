/* How the copies of the state are kept: what peers, log, disk and transfers hand to each other. Each step takes what
 * comes out of one part and gives it to the next; none of them knows another. */
#include "base/ensure.h"
#include "node/handover.h"

/* By what is applied: a newer configuration may be in this log and in no other. */
static const struct raft_configuration *members_applied(const struct node *node)
{
    const struct raft_configuration *members = raft_members_at(node->raft, store_applied(node->store));
    return members->count > 0 ? members : &node->peers.identity.directory.configuration;
}

bool replication_limits(struct node *node)
{
    struct limits limits;
    if (!limits_decode(members_applied(node), &limits))
        return false;
    node->env.limits = limits;
    store_limit(node->store, limits.value_max_bytes, limits.memory_max_bytes);
    store_limit_tokens(node->store, node->env.options.repeats_max);
    gateway_limit(&node->gateway, limits.window_max, limits.window_max_bytes);
    return true;
}

void replication_compare(struct node *node, uint64_t index)
{
    ensure(index == store_applied(node->store));
    ensure(index <= raft_commit(node->raft)); /* else it could be another one's by right */
    uint64_t hash = store_hash(node->store);
    peers_tell_state(&node->peers, node->raft, index, hash);
    state_check_heard(&node->state_check, &node->env, node->raft, node->env.options.id, index, hash);
}

/* What transfers have to say, to the peers. */
static void tell_transfers(struct node *node)
{
    static const enum frame_type types[] = {
        [TRANSFER_OFFER] = FRAME_OFFER, [TRANSFER_CHUNK] = FRAME_CHUNK, [TRANSFER_TAKEN] = FRAME_TAKEN};
    struct transfer_message message;
    while (transfers_take_message(&node->transfers, &message)) {
        ensure(message.kind != TRANSFER_NOTHING && message.to != node->env.options.id);
        peers_send(&node->peers, message.to, types[message.kind], &message.body);
    }
}

void replication_take(struct node *node, struct arrival *arrival)
{
    struct transfers *transfers = &node->transfers;
    switch (arrival->kind) {
    case ARRIVAL_RAFT:
        persist_step(&node->persist, &node->env, node->raft, &arrival->message);
        raft_message_release(&arrival->message);
        break;
    case ARRIVAL_HASH:
        state_check_heard(&node->state_check, &node->env, node->raft, arrival->from, arrival->index, arrival->hash);
        break;
    case ARRIVAL_OFFER:
        if (identity_settled(&node->peers.identity)) /* a voter's log begins when it is; the offer comes again */
            receive_offer(&transfers->receiving, &node->env, node->raft, arrival->from, &arrival->body);
        tell_transfers(node);
        break;
    case ARRIVAL_CHUNK:
        receive_chunk(&transfers->receiving, &node->env, arrival->from, &arrival->body);
        break;
    case ARRIVAL_TAKEN:
        send_taken(&transfers->sending, &node->env, node->raft, arrival->from, &arrival->body);
        break;
    case ARRIVAL_OPEN:
    case ARRIVAL_FORWARD:
    case ARRIVAL_CREDIT:
        ensure(arrival->kind == ARRIVAL_RAFT); /* these are on the way of a command */
    }
}

void replication_lost(struct node *node)
{
    struct peer_lost lost;
    while (peers_take_lost(&node->peers, &lost)) {
        if (lost.gone) {
            send_forget(&node->transfers.sending, &node->env, node->raft, lost.id);
            state_check_forget(&node->state_check, lost.id);
        }
        send_link_closed(&node->transfers.sending, &node->env, node->raft, lost.id);
        receive_link_closed(&node->transfers.receiving, lost.id);
    }
}

void replication_follow(struct node *node)
{
    peers_follow(&node->peers, &node->env, node->raft);
    if (peers_has_lost(&node->peers))
        replication_lost(node);
}

struct node_link *node_link_open(struct node *node, struct peer_socket *owner, enum node_link_kind kind, uint32_t peer)
{
    return peers_link_open(&node->peers, &node->env, node->raft, owner, kind, peer);
}

void node_link_close(struct node *node, struct node_link *link)
{
    peers_link_close(&node->peers, &node->env, node->raft, link);
    replication_lost(node);
}

struct node_link *node_link_at(struct node *node, size_t number)
{
    return number < node->peers.link_count ? node->peers.links[number] : NULL;
}

bool node_calls(const struct node *node, uint32_t peer, enum node_link_kind kind)
{
    return peers_calls(&node->peers, &node->env, peer, kind);
}

void node_call_failed(struct node *node, uint32_t peer, const char *reason)
{
    peers_trouble(&node->peers, peer, reason);
}

struct disk_log *node_take_log(struct node *node)
{
    return node->env.stopping ? NULL : persist_take(&node->persist, &node->env, node->raft);
}

void node_log_done(struct node *node, struct disk_log *request)
{
    persist_done(&node->persist, &node->env, node->raft, node->disk, request);
}

static bool next_bulk(struct node *node, struct disk_bulk *request)
{
    bool long_work = transfers_long_work(&node->transfers);
    return bulk_slot_check_next(&node->transfers.bulk, &node->env, request) ||
           identity_next(&node->peers.identity, node->env.now_ms, request) ||
           persist_next(&node->persist, &node->env, long_work, request) ||
           transfers_next(&node->transfers, &node->env, node->raft, node->store, request);
}

struct disk_bulk *node_take_bulk(struct node *node)
{
    struct bulk_slot *bulk = &node->transfers.bulk;
    struct disk_bulk *request = node->env.stopping ? NULL : bulk_slot_begin(bulk);
    return request ? bulk_slot_give(bulk, next_bulk(node, request)) : NULL;
}

static void snapshot_finished(struct node *node)
{
    uint32_t linked[PEERS_MAX];
    uint32_t count = peers_linked(&node->peers, linked);
    snapshots_compact(&node->transfers.snapshots, &node->env, node->raft, send_needs(&node->transfers.sending), linked,
                      count);
}

void node_bulk_done(struct node *node, struct disk_bulk *request)
{
    struct transfers *transfers = &node->transfers;
    struct sending *sending = &transfers->sending;
    if (!bulk_slot_done(&transfers->bulk, &node->env, request))
        return;
    switch (bulk_class_of(request->kind)) {
    case BULK_OWN:
        break;
    case BULK_IDENTITY:
        if (bootstrap_written(&node->peers, &node->env, node->raft, request))
            ensure(replication_limits(node)); /* they were looked at when it was adopted */
        break;
    case BULK_ROOM:
        persist_prepared(&node->persist, &node->env, transfers_long_work(transfers), request);
        break;
    case BULK_SNAPSHOT:
        if (snapshots_done(&transfers->snapshots, &node->env, node->store, request))
            snapshot_finished(node);
        break;
    case BULK_SEND:
        send_done(sending, &node->env, node->raft, request,
                  peers_link(&node->peers, sending->peer, NODE_LINK_BULK) != NULL);
        break;
    case BULK_RECEIVE:
        receive_done(&transfers->receiving, &node->env, request);
        break;
    }
    tell_transfers(node);
}

bool replication_install(struct node *node)
{
    struct transfers *transfers = &node->transfers;
    struct store *old = node->store;
    if (!receive_tick(&transfers->receiving, &node->env))
        return false;
    struct store *store = receive_install(&transfers->receiving, &node->env, node->raft, old);
    tell_transfers(node);
    if (!store)
        return false;
    ensure(store_applied(store) > store_applied(old)); /* the state never goes back */
    ensure(store_applied(store) <= raft_commit(node->raft));
    snapshots_abandon(&transfers->snapshots, old);
    node->store = store;
    feed_reset(&node->feed, store_revision(store)); /* nothing is known of what came between */
    snapshots_installed(&transfers->snapshots, store_applied(store));
    return true;
}

void replication_transfers(struct node *node)
{
    struct transfers *transfers = &node->transfers;
    uint32_t peer = send_tick(&transfers->sending, &node->env, node->raft);
    if (peer != 0)
        send_begin(&transfers->sending, node->raft, peer, peers_link(&node->peers, peer, NODE_LINK_BULK) != NULL);
    snapshots_tick(&transfers->snapshots, &node->env, node->raft, node->store, receive_busy(&transfers->receiving));
}
