/* A snapshot from the leader: its file chunk by chunk to the disk, verified there, loaded block by block into a new
 * store while heartbeats go on, and then put in the place of the old state at once. */
#include "base/bytes.h"
#include "base/ensure.h"
#include "node/state.h"
#include "store/dump.h"

static void answer(struct node *node, uint64_t offset, enum frame_taken state)
{
    struct receiving *receiving = &node->receiving;
    struct node_link *link = peers_link(&node->peers, receiving->peer, NODE_LINK_BULK);
    if (!link)
        return;
    struct buffer body = {0};
    buffer_append_u64(&body, receiving->index);
    buffer_append_u64(&body, offset);
    buffer_append_u8(&body, (uint8_t)state);
    link_send_bytes(link, FRAME_TAKEN, true, &body);
    buffer_close(&body);
}

/* Nothing more comes of the one under way, and its place on the disk is given back. */
static void abandon(struct node *node)
{
    node->receiving.state = RECEIVE_IDLE;
    node->receiving.cancel_due = true;
}

static void give_up(struct node *node, const char *reason)
{
    struct receiving *receiving = &node->receiving;
    if (complaint_begin(&node->env, LOG_SNAPSHOT_REFUSED, receiving->peer, "", reason)) {
        event_number(&node->env, "index", receiving->index);
        event_end(&node->env);
    }
    answer(node, receiving->offset, FRAME_TAKEN_NOT);
    if (receiving->store && !receiving->drained) {
        receiving->drained = receiving->store;
        receiving->store = NULL;
    }
    if (receiving->store)
        store_close(receiving->store);
    receiving->store = NULL;
    buffer_clear(&receiving->chunk, 0);
    abandon(node);
}

void receive_offer(struct node *node, uint32_t from, struct reader *reader)
{
    struct receiving *receiving = &node->receiving;
    uint64_t index = reader_u64(reader);
    uint64_t term = reader_u64(reader);
    uint64_t size = reader_u64(reader);
    if (reader->bad || index == 0 || term == 0)
        return;
    if (!identity_settled(&node->peers.identity))
        return; /* a voter's log begins when it is; the offer comes again */
    /* While the disk or the loading is busy with another one, the sender's patience decides. */
    if (receiving->state != RECEIVE_IDLE && receiving->state != RECEIVE_WAIT)
        return;
    receiving->peer = from;
    receiving->index = index;
    receiving->term = term;
    receiving->size = size;
    receiving->offset = 0;
    receiving->moved_ms = node->env.now_ms;
    if (index <= raft_commit(node->raft)) {
        if (receiving->state == RECEIVE_WAIT)
            abandon(node);
        answer(node, 0, FRAME_TAKEN_INSTALLED); /* what it holds is here already */
        return;
    }
    receiving->state = RECEIVE_BEGIN; /* it drops the one before, if anything is left of that */
    receiving->cancel_due = false;
}

void receive_chunk(struct node *node, uint32_t from, struct reader *reader)
{
    struct receiving *receiving = &node->receiving;
    uint64_t offset = reader_u64(reader);
    size_t size = reader_left(reader);
    if (reader->bad || receiving->state != RECEIVE_WAIT || from != receiving->peer || offset != receiving->offset)
        return;
    if (size == 0 || size > receiving->size - offset)
        return;
    buffer_clear(&receiving->chunk, FRAME_BODY_MAX);
    buffer_append(&receiving->chunk, reader->at, size);
    receiving->moved_ms = node->env.now_ms;
    receiving->state = RECEIVE_WRITE;
}

bool receive_next(struct node *node, struct disk_bulk *request)
{
    struct receiving *receiving = &node->receiving;
    request->index = receiving->index;
    request->term = receiving->term;
    switch (receiving->state) {
    case RECEIVE_IDLE:
        if (!receiving->cancel_due)
            break;
        receiving->cancel_due = false;
        request->kind = DISK_RECEIVE_CANCEL;
        return true;
    case RECEIVE_WAIT:
    case RECEIVE_INSTALL:
        break;
    case RECEIVE_BEGIN:
        request->kind = DISK_RECEIVE_BEGIN;
        request->size = receiving->size;
        return true;
    case RECEIVE_WRITE:
        request->kind = DISK_RECEIVE_WRITE;
        request->offset = receiving->offset;
        buffer_append(&request->bytes, buffer_start(&receiving->chunk), buffer_size(&receiving->chunk));
        return true;
    case RECEIVE_END:
        request->kind = DISK_RECEIVE_END;
        return true;
    case RECEIVE_OPEN:
        request->kind = DISK_LOAD_OPEN;
        return true;
    case RECEIVE_LOAD:
        request->kind = DISK_LOAD_BLOCK;
        return true;
    }
    return false;
}

/* Its checksums are right, so it is what the leader wrote: this version does not know all of that. */
static void stop_unknown(struct node *node)
{
    give_up(node, "it holds what this version does not know");
    env_stop(&node->env, LOG_UNKNOWN_SNAPSHOT,
             "the leader's snapshot holds what this version cannot read: " NODE_NEWER);
}

/* The new state takes the old one's place: store, log, gateway and waiting clients in one turn. */
static void install(struct node *node)
{
    struct receiving *receiving = &node->receiving;
    if (!store_load_end(receiving->store) || store_applied(receiving->store) != receiving->index) {
        stop_unknown(node);
        return;
    }
    if (!raft_restore(node->raft, receiving->index, receiving->term, &receiving->configuration)) {
        give_up(node, "the log has overtaken it: it is not needed any more");
        return;
    }
    snapshots_abandon(node);
    receiving->drained = node->store;
    node->store = receiving->store;
    receiving->store = NULL;
    receiving->state = RECEIVE_IDLE;
    receiving->count++;
    node->snapshots.done_index = receiving->index;
    node->snapshots.log_bytes = 0;
    node->snapshots.clean_due = true;
    event_begin(&node->env, LOG_SNAPSHOT_INSTALLED);
    event_number(&node->env, "index", receiving->index);
    event_number(&node->env, "term", receiving->term);
    event_number(&node->env, "files", store_file_count(node->store));
    event_end(&node->env);
    answer(node, receiving->size, FRAME_TAKEN_INSTALLED);
    apply_jumped(node);
    if (!node_limits(node))
        env_stop(&node->env, LOG_UNKNOWN_LIMITS, MEMBERSHIP_LIMITS_REASON);
}

static void written(struct node *node)
{
    struct receiving *receiving = &node->receiving;
    receiving->offset += buffer_size(&receiving->chunk);
    buffer_clear(&receiving->chunk, FRAME_BODY_MAX);
    receiving->state = receiving->offset == receiving->size ? RECEIVE_END : RECEIVE_WAIT;
    answer(node, receiving->offset, FRAME_TAKEN_SO_FAR);
}

static void loaded(struct node *node, struct disk_bulk *request)
{
    struct receiving *receiving = &node->receiving;
    receiving->moved_ms = node->env.now_ms;
    if (request->end)
        receiving->state = RECEIVE_INSTALL;
    else if (!store_load(receiving->store, buffer_start(&request->bytes), buffer_size(&request->bytes))) {
        if (store_load_starved(receiving->store))
            give_up(node, "there is no memory for its files: give cleatd more");
        else
            stop_unknown(node);
    }
}

void receive_done(struct node *node, struct disk_bulk *request)
{
    struct receiving *receiving = &node->receiving;
    if (request->kind == DISK_RECEIVE_CANCEL)
        return; /* the next one may have been offered meanwhile */
    if (request->status == DISK_REFUSED && request->newer) {
        stop_unknown(node);
        return;
    }
    if (request->status != DISK_OK) {
        give_up(node, request->reason);
        return;
    }
    switch (receiving->state) {
    case RECEIVE_BEGIN:
        receiving->state = RECEIVE_WAIT;
        answer(node, 0, FRAME_TAKEN_SO_FAR);
        break;
    case RECEIVE_WRITE:
        written(node);
        break;
    case RECEIVE_END:
        if (request->index != receiving->index || request->term != receiving->term) {
            give_up(node, "it is not the one that was offered: it will be sent again");
            break;
        }
        receiving->configuration = request->configuration;
        receiving->state = RECEIVE_OPEN;
        break;
    case RECEIVE_OPEN:
        receiving->store = store_open(random_u64(&node->env.random));
        receiving->state = RECEIVE_LOAD;
        break;
    case RECEIVE_LOAD:
        loaded(node, request);
        break;
    case RECEIVE_IDLE:
    case RECEIVE_WAIT:
    case RECEIVE_INSTALL:
        break;
    }
}

void receive_link_closed(struct node *node, uint32_t peer)
{
    if (node->receiving.peer == peer && node->receiving.state == RECEIVE_WAIT)
        abandon(node);
}

uint64_t receive_deadline_ms(const struct node *node)
{
    const struct receiving *receiving = &node->receiving;
    return receiving->state == RECEIVE_WAIT ? receiving->moved_ms + NODE_TRANSFER_MS : UINT64_MAX;
}

void receive_tick(struct node *node)
{
    struct receiving *receiving = &node->receiving;
    if (receiving->state == RECEIVE_WAIT && node->env.now_ms - receiving->moved_ms >= NODE_TRANSFER_MS)
        abandon(node);
    if (receiving->drained && store_drain(receiving->drained, NODE_DRAIN_FILES)) {
        store_close(receiving->drained);
        receiving->drained = NULL;
    }
    if (receiving->drained)
        node->env.more = true;
    else if (receiving->state == RECEIVE_INSTALL)
        install(node); /* only when the store before the last is gone: one at a time is freed in steps */
}
