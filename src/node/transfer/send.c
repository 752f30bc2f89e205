#include "node/transfer/send.h"

#include <string.h>

#include "base/ensure.h"
#include "node/event.h"

enum { SEND_CHUNK_OVERHEAD = 64, SEND_RETRY_MS = 1000 };

static bool under_way(const struct sending *sending)
{
    return sending->state == SEND_READ || sending->state == SEND_WAIT;
}

/* The transfer under way is over; the file, if open, is closed next. */
static void end(struct sending *sending, struct env *env, struct raft *raft, bool installed)
{
    ensure(under_way(sending) || sending->state == SEND_OPEN);
    ensure(sending->peer != 0 && (!installed || sending->index > 0));
    event_begin(env, installed ? LOG_SNAPSHOT_SENT : LOG_SNAPSHOT_NOT_SENT);
    event_number(env, "peer", sending->peer);
    event_number(env, "index", sending->index);
    event_end(env);
    raft_snapshot_sent(raft, sending->peer, sending->index, installed);
    sending->state = SEND_CLOSE;
    sending->retry_ms = installed ? 0 : env->now_ms + SEND_RETRY_MS;
}

/* Takes PEER's want, if it has one. */
static void want_no_more(struct sending *sending, uint32_t peer)
{
    for (uint32_t i = 0; i < sending->wanted_count; i++) {
        if (sending->wanted[i] != peer)
            continue;
        sending->wanted[i] = sending->wanted[--sending->wanted_count];
        return;
    }
}

static void want(struct sending *sending, struct raft *raft, uint32_t peer)
{
    want_no_more(sending, peer);
    ensure(peer != 0 && sending->wanted_count <= RAFT_MEMBERS_MAX);
    if (sending->wanted_count < RAFT_MEMBERS_MAX)
        sending->wanted[sending->wanted_count++] = peer;
    else
        raft_snapshot_sent(raft, peer, 0, false); /* members came and went: it asks again */
}

/* The one with the lowest id; 0: nobody. */
static uint32_t next_wanted(const struct sending *sending)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < sending->wanted_count; i++)
        if (next == 0 || sending->wanted[i] < next)
            next = sending->wanted[i];
    return next;
}

uint32_t send_tick(struct sending *sending, struct env *env, struct raft *raft)
{
    uint32_t peer;
    while (raft_take_snapshot_need(raft, &peer))
        want(sending, raft, peer);
    if (under_way(sending)) {
        ensure(env->now_ms >= sending->moved_ms);
        if (raft_role(raft) != RAFT_LEADER || env->now_ms - sending->moved_ms >= SEND_MOVE_MS)
            end(sending, env, raft, false);
        return 0;
    }
    bool rests = sending->state == SEND_IDLE && env->now_ms >= sending->retry_ms;
    return rests ? next_wanted(sending) : 0;
}

void send_begin(struct sending *sending, struct raft *raft, uint32_t peer, bool linked)
{
    ensure(sending->state == SEND_IDLE && peer != 0);
    ensure(sending->message.kind == TRANSFER_NOTHING); /* what was said to the one before is on its way */
    want_no_more(sending, peer);
    sending->peer = peer;
    sending->index = 0;
    if (raft_role(raft) == RAFT_LEADER && linked)
        sending->state = SEND_OPEN;
    else
        raft_snapshot_sent(raft, peer, 0, false);
}

uint64_t send_deadline_ms(const struct sending *sending)
{
    if (under_way(sending))
        return sending->moved_ms + SEND_MOVE_MS;
    return sending->state == SEND_IDLE && sending->wanted_count > 0 ? sending->retry_ms : UINT64_MAX;
}

uint64_t send_needs(const struct sending *sending)
{
    return sending->state != SEND_IDLE && sending->index > 0 ? sending->index + 1 : UINT64_MAX;
}

bool send_next(const struct sending *sending, const struct env *env, struct disk_bulk *request)
{
    if (sending->state == SEND_OPEN) {
        ensure(sending->index == 0); /* which one it is shows when it is open */
        request->kind = DISK_SEND_OPEN;
        return true;
    }
    if (sending->state == SEND_READ) {
        ensure(sending->offset < sending->size && env->options.frame_bytes > SEND_CHUNK_OVERHEAD);
        request->kind = DISK_SEND_READ;
        request->offset = sending->offset;
        request->size = env->options.frame_bytes - SEND_CHUNK_OVERHEAD;
        return true;
    }
    request->kind = DISK_SEND_CLOSE;
    return sending->state == SEND_CLOSE;
}

static struct chain *say(struct sending *sending, enum transfer_message_kind kind)
{
    ensure(sending->message.kind == TRANSFER_NOTHING); /* the last one was taken */
    sending->message = (struct transfer_message){.kind = kind, .to = sending->peer};
    return &sending->message.body;
}

static void offer(struct sending *sending, struct env *env, struct raft *raft, const struct disk_bulk *request,
                  bool linked)
{
    ensure(sending->state == SEND_OPEN);
    sending->index = request->index;
    sending->term = request->term;
    sending->size = request->size;
    sending->offset = 0;
    sending->moved_ms = env->now_ms;
    if (request->status != DISK_OK || request->index == 0 || !linked) {
        end(sending, env, raft, false);
        return;
    }
    uint8_t *bytes = chain_reserve(say(sending, TRANSFER_OFFER), 24);
    bytes_put_u64(bytes, sending->index);
    bytes_put_u64(bytes + 8, sending->term);
    bytes_put_u64(bytes + 16, sending->size);
    sending->state = SEND_WAIT;
}

static void send_chunk(struct sending *sending, struct env *env, struct raft *raft, const struct disk_bulk *request,
                       bool linked)
{
    size_t size = buffer_size(&request->bytes);
    if (sending->state != SEND_READ)
        return; /* given up meanwhile */
    if (request->status != DISK_OK || size == 0 || !linked) {
        end(sending, env, raft, false);
        return;
    }
    ensure(request->offset == sending->offset);
    struct chain *body = say(sending, TRANSFER_CHUNK);
    bytes_put_u64(chain_reserve(body, 8), sending->offset);
    chain_append(body, buffer_start(&request->bytes), size);
    sending->offset += size;
    sending->state = SEND_WAIT;
}

void send_done(struct sending *sending, struct env *env, struct raft *raft, const struct disk_bulk *request,
               bool linked)
{
    if (request->kind == DISK_SEND_OPEN) {
        offer(sending, env, raft, request, linked);
    } else if (request->kind == DISK_SEND_READ) {
        send_chunk(sending, env, raft, request, linked);
    } else {
        ensure(request->kind == DISK_SEND_CLOSE && sending->state == SEND_CLOSE);
        sending->state = SEND_IDLE;
    }
}

void send_taken(struct sending *sending, struct env *env, struct raft *raft, uint32_t from, struct reader *reader)
{
    uint64_t index = reader_u64(reader);
    uint64_t offset = reader_u64(reader);
    uint8_t state = reader_u8(reader);
    if (reader->bad || sending->state != SEND_WAIT || from != sending->peer || index != sending->index)
        return;
    if (state == TRANSFER_TAKEN_INSTALLED || state == TRANSFER_TAKEN_NOT) {
        end(sending, env, raft, state == TRANSFER_TAKEN_INSTALLED);
        return;
    }
    if (state != TRANSFER_TAKEN_SO_FAR || offset != sending->offset)
        return; /* not known here, or repeated on the way */
    sending->moved_ms = env->now_ms;
    if (offset < sending->size)
        sending->state = SEND_READ;
}

void send_link_closed(struct sending *sending, struct env *env, struct raft *raft, uint32_t peer)
{
    if (sending->peer == peer && under_way(sending))
        end(sending, env, raft, false);
}

void send_forget(struct sending *sending, struct env *env, struct raft *raft, uint32_t peer)
{
    want_no_more(sending, peer);
    send_link_closed(sending, env, raft, peer);
}
