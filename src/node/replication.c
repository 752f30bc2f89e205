/* How the copies of the state are kept: what peers, log, disk and transfers hand to each other. Each step takes what
 * comes out of one part and gives it to the next; none of them knows another. */
#include "base/ensure.h"
#include "node/handover.h"

/* By what is applied: a newer configuration may be in this log and in no other. */
static const struct raft_configuration *members_applied(const struct parts *parts)
{
    const struct raft_configuration *members = raft_members_at(parts->raft, store_applied(parts->store));
    return members->count > 0 ? members : &parts->peers.identity.directory.configuration;
}

bool replication_limits(struct parts *parts)
{
    struct limits limits;
    if (!limits_decode(members_applied(parts), &limits))
        return false;
    parts->env.limits = limits;
    store_limit(parts->store, limits.value_max_bytes, limits.memory_max_bytes);
    store_limit_tokens(parts->store, parts->env.options.repeats_max);
    gateway_limit(&parts->gateway, limits.window_max, limits.window_max_bytes);
    return true;
}

void replication_compare(struct parts *parts, uint64_t index)
{
    ensure(index == store_applied(parts->store));
    ensure(index <= raft_commit(parts->raft)); /* else it could be another one's by right */
    uint64_t hash = store_hash(parts->store);
    peers_tell_state(&parts->peers, parts->raft, index, hash);
    state_check_heard(&parts->state_check, &parts->env, parts->raft, parts->env.options.id, index, hash);
}

/* What transfers have to say, to the peers. */
static void tell_transfers(struct parts *parts)
{
    static const enum frame_type types[] = {
        [TRANSFER_OFFER] = FRAME_OFFER, [TRANSFER_CHUNK] = FRAME_CHUNK, [TRANSFER_TAKEN] = FRAME_TAKEN};
    struct transfer_message message;
    while (transfers_take_message(&parts->transfers, &message)) {
        ensure(message.kind != TRANSFER_NOTHING && message.to != parts->env.options.id);
        peers_send(&parts->peers, message.to, types[message.kind], &message.body);
    }
}

void replication_take(struct parts *parts, struct arrival *arrival)
{
    struct transfers *transfers = &parts->transfers;
    switch (arrival->kind) {
    case ARRIVAL_RAFT:
        persist_step(&parts->persist, &parts->env, parts->raft, &arrival->message);
        raft_message_release(&arrival->message);
        break;
    case ARRIVAL_HASH:
        state_check_heard(&parts->state_check, &parts->env, parts->raft, arrival->from, arrival->index, arrival->hash);
        break;
    case ARRIVAL_OFFER:
        if (identity_settled(&parts->peers.identity)) /* a voter's log begins when it is; the offer comes again */
            receive_offer(&transfers->receiving, &parts->env, parts->raft, arrival->from, &arrival->body);
        tell_transfers(parts);
        break;
    case ARRIVAL_CHUNK:
        receive_chunk(&transfers->receiving, &parts->env, arrival->from, &arrival->body);
        break;
    case ARRIVAL_TAKEN:
        send_taken(&transfers->sending, &parts->env, parts->raft, arrival->from, &arrival->body);
        break;
    case ARRIVAL_OPEN:
    case ARRIVAL_FORWARD:
    case ARRIVAL_CREDIT:
        ensure(arrival->kind == ARRIVAL_RAFT); /* these are on the way of a command */
    }
}

void replication_lost(struct parts *parts)
{
    struct peer_lost lost;
    while (peers_take_lost(&parts->peers, &lost)) {
        if (lost.gone) {
            send_forget(&parts->transfers.sending, &parts->env, parts->raft, lost.id);
            state_check_forget(&parts->state_check, lost.id);
        }
        send_link_closed(&parts->transfers.sending, &parts->env, parts->raft, lost.id);
        receive_link_closed(&parts->transfers.receiving, lost.id);
    }
}

void replication_follow(struct parts *parts)
{
    peers_follow(&parts->peers, &parts->env, parts->raft);
    if (peers_has_lost(&parts->peers))
        replication_lost(parts);
}

struct node_link *node_link_open(struct node *node, struct peer_socket *owner, enum node_link_kind kind, uint32_t peer)
{
    struct parts *parts = node_all(node);
    return peers_link_open(&parts->peers, &parts->env, parts->raft, owner, kind, peer);
}

void node_link_close(struct node *node, struct node_link *link)
{
    struct parts *parts = node_all(node);
    peers_link_close(&parts->peers, &parts->env, parts->raft, link);
    replication_lost(parts);
}

struct node_link *node_link_at(struct node *node, size_t number)
{
    struct parts *parts = node_all(node);
    return number < parts->peers.link_count ? parts->peers.links[number] : NULL;
}

bool node_calls(const struct node *node, uint32_t peer, enum node_link_kind kind)
{
    const struct parts *parts = node_whole(node);
    return peers_calls(&parts->peers, &parts->env, peer, kind);
}

void node_call_failed(struct node *node, uint32_t peer, const char *reason)
{
    peers_trouble(&node_all(node)->peers, peer, reason);
}

struct disk_log *node_take_log(struct node *node)
{
    struct parts *parts = node_all(node);
    return parts->env.stopping ? NULL : persist_take(&parts->persist, &parts->env, parts->raft);
}

void node_log_done(struct node *node, struct disk_log *request)
{
    struct parts *parts = node_all(node);
    persist_done(&parts->persist, &parts->env, parts->raft, parts->disk, request);
}

static bool next_bulk(struct parts *parts, struct disk_bulk *request)
{
    bool long_work = transfers_long_work(&parts->transfers);
    return bulk_slot_check_next(&parts->transfers.bulk, &parts->env, request) ||
           identity_next(&parts->peers.identity, parts->env.now_ms, request) ||
           persist_next(&parts->persist, &parts->env, long_work, request) ||
           transfers_next(&parts->transfers, &parts->env, parts->raft, parts->store, request);
}

struct disk_bulk *node_take_bulk(struct node *node)
{
    struct parts *parts = node_all(node);
    struct bulk_slot *bulk = &parts->transfers.bulk;
    struct disk_bulk *request = parts->env.stopping ? NULL : bulk_slot_begin(bulk);
    return request ? bulk_slot_give(bulk, next_bulk(parts, request)) : NULL;
}

static void snapshot_finished(struct parts *parts)
{
    uint32_t linked[PEERS_MAX];
    uint32_t count = peers_linked(&parts->peers, linked);
    snapshots_compact(&parts->transfers.snapshots, &parts->env, parts->raft, send_needs(&parts->transfers.sending),
                      linked, count);
}

void node_bulk_done(struct node *node, struct disk_bulk *request)
{
    struct parts *parts = node_all(node);
    struct transfers *transfers = &parts->transfers;
    struct sending *sending = &transfers->sending;
    if (!bulk_slot_done(&transfers->bulk, &parts->env, request))
        return;
    switch (bulk_class_of(request->kind)) {
    case BULK_OWN:
        break;
    case BULK_IDENTITY:
        if (bootstrap_written(&parts->peers, &parts->env, parts->raft, request))
            ensure(replication_limits(parts)); /* they were looked at when it was adopted */
        break;
    case BULK_ROOM:
        persist_prepared(&parts->persist, &parts->env, transfers_long_work(transfers), request);
        break;
    case BULK_SNAPSHOT:
        if (snapshots_done(&transfers->snapshots, &parts->env, parts->store, request))
            snapshot_finished(parts);
        break;
    case BULK_SEND:
        send_done(sending, &parts->env, parts->raft, request,
                  peers_link(&parts->peers, sending->peer, NODE_LINK_BULK) != NULL);
        break;
    case BULK_RECEIVE:
        receive_done(&transfers->receiving, &parts->env, request);
        break;
    }
    tell_transfers(parts);
}

bool replication_install(struct parts *parts)
{
    struct transfers *transfers = &parts->transfers;
    struct store *old = parts->store;
    if (!receive_tick(&transfers->receiving, &parts->env))
        return false;
    struct store *store = receive_install(&transfers->receiving, &parts->env, parts->raft, old);
    tell_transfers(parts);
    if (!store)
        return false;
    ensure(store_applied(store) > store_applied(old)); /* the state never goes back */
    ensure(store_applied(store) <= raft_commit(parts->raft));
    snapshots_abandon(&transfers->snapshots, old);
    parts->store = store;
    feed_reset(&parts->feed, store_revision(store)); /* nothing is known of what came between */
    snapshots_installed(&transfers->snapshots, store_applied(store));
    return true;
}

void replication_transfers(struct parts *parts)
{
    struct transfers *transfers = &parts->transfers;
    uint32_t peer = send_tick(&transfers->sending, &parts->env, parts->raft);
    if (peer != 0)
        send_begin(&transfers->sending, parts->raft, peer, peers_link(&parts->peers, peer, NODE_LINK_BULK) != NULL);
    snapshots_tick(&transfers->snapshots, &parts->env, parts->raft, parts->store, receive_busy(&transfers->receiving));
}
