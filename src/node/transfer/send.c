/* A snapshot to a peer whose next entry is no longer in the log: the file as it is, a chunk at a time, the next when
 * the last was taken. One peer after the other. */
#include "base/ensure.h"
#include "node/state.h"

enum { SEND_CHUNK_OVERHEAD = 64, SEND_RETRY_MS = 1000 };

/* The transfer under way is over; the file, if open, is closed next. */
static void end(struct node *node, bool installed)
{
    struct sending *sending = &node->sending;
    event_begin(&node->env, installed ? LOG_SNAPSHOT_SENT : LOG_SNAPSHOT_NOT_SENT);
    event_number(&node->env, "peer", sending->peer);
    event_number(&node->env, "index", sending->index);
    event_end(&node->env);
    raft_snapshot_sent(node->raft, sending->peer, sending->index, installed);
    sending->state = SEND_CLOSE;
    sending->retry_ms = installed ? 0 : node->env.now_ms + SEND_RETRY_MS;
}

void send_tick(struct node *node)
{
    struct sending *sending = &node->sending;
    uint32_t peer;
    while (raft_take_snapshot_need(node->raft, &peer)) {
        for (uint32_t i = 0; i < node->env.options.peer_count; i++)
            sending->wanted[i] |= node->env.options.peers[i].id == peer;
    }
    if (sending->state == SEND_READ || sending->state == SEND_WAIT) {
        if (raft_role(node->raft) != RAFT_LEADER || node->env.now_ms - sending->moved_ms >= NODE_TRANSFER_MS)
            end(node, false);
        return;
    }
    if (sending->state != SEND_IDLE || node->env.now_ms < sending->retry_ms)
        return;
    for (uint32_t i = 0; i < node->env.options.peer_count; i++) {
        if (!sending->wanted[i])
            continue;
        sending->wanted[i] = false;
        sending->peer = node->env.options.peers[i].id;
        sending->index = 0;
        if (raft_role(node->raft) == RAFT_LEADER && peers_link(&node->peers, sending->peer, NODE_LINK_BULK))
            sending->state = SEND_OPEN;
        else
            raft_snapshot_sent(node->raft, sending->peer, 0, false);
        return;
    }
}

uint64_t send_deadline_ms(const struct node *node)
{
    const struct sending *sending = &node->sending;
    if (sending->state == SEND_READ || sending->state == SEND_WAIT)
        return sending->moved_ms + NODE_TRANSFER_MS;
    if (sending->state != SEND_IDLE)
        return UINT64_MAX;
    for (uint32_t i = 0; i < node->env.options.peer_count; i++)
        if (sending->wanted[i])
            return sending->retry_ms;
    return UINT64_MAX;
}

bool send_next(struct node *node, struct disk_bulk *request)
{
    struct sending *sending = &node->sending;
    if (sending->state == SEND_OPEN) {
        request->kind = DISK_SEND_OPEN;
        return true;
    }
    if (sending->state == SEND_READ) {
        request->kind = DISK_SEND_READ;
        request->offset = sending->offset;
        request->size = node->env.options.frame_bytes - SEND_CHUNK_OVERHEAD;
        return true;
    }
    request->kind = DISK_SEND_CLOSE;
    return sending->state == SEND_CLOSE;
}

static void offer(struct node *node, const struct disk_bulk *request)
{
    struct sending *sending = &node->sending;
    struct node_link *link = peers_link(&node->peers, sending->peer, NODE_LINK_BULK);
    sending->index = request->index;
    sending->term = request->term;
    sending->size = request->size;
    sending->offset = 0;
    sending->moved_ms = node->env.now_ms;
    if (request->status != DISK_OK || request->index == 0 || !link) {
        end(node, false);
        return;
    }
    struct buffer body = {0};
    buffer_append_u64(&body, sending->index);
    buffer_append_u64(&body, sending->term);
    buffer_append_u64(&body, sending->size);
    link_send_bytes(link, FRAME_OFFER, true, &body);
    buffer_close(&body);
    sending->state = SEND_WAIT;
}

static void send_chunk(struct node *node, struct disk_bulk *request)
{
    struct sending *sending = &node->sending;
    struct node_link *link = peers_link(&node->peers, sending->peer, NODE_LINK_BULK);
    size_t size = buffer_size(&request->bytes);
    if (sending->state != SEND_READ)
        return; /* given up meanwhile */
    if (request->status != DISK_OK || size == 0 || !link) {
        end(node, false);
        return;
    }
    struct buffer body = {0};
    buffer_append_u64(&body, sending->offset);
    buffer_append(&body, buffer_start(&request->bytes), size);
    link_send_bytes(link, FRAME_CHUNK, false, &body);
    buffer_close(&body);
    sending->offset += size;
    sending->state = SEND_WAIT;
}

void send_done(struct node *node, struct disk_bulk *request)
{
    if (request->kind == DISK_SEND_OPEN)
        offer(node, request);
    else if (request->kind == DISK_SEND_READ)
        send_chunk(node, request);
    else
        node->sending.state = SEND_IDLE;
}

void send_taken(struct node *node, uint32_t from, struct reader *reader)
{
    struct sending *sending = &node->sending;
    uint64_t index = reader_u64(reader);
    uint64_t offset = reader_u64(reader);
    uint8_t state = reader_u8(reader);
    if (reader->bad || sending->state != SEND_WAIT || from != sending->peer || index != sending->index)
        return;
    if (state == FRAME_TAKEN_INSTALLED || state == FRAME_TAKEN_NOT) {
        end(node, state == FRAME_TAKEN_INSTALLED);
        return;
    }
    if (state != FRAME_TAKEN_SO_FAR || offset != sending->offset)
        return; /* not known here, or repeated on the way */
    sending->moved_ms = node->env.now_ms;
    if (offset < sending->size)
        sending->state = SEND_READ;
}

void send_link_closed(struct node *node, uint32_t peer)
{
    struct sending *sending = &node->sending;
    if (sending->peer == peer && (sending->state == SEND_READ || sending->state == SEND_WAIT))
        end(node, false);
}
