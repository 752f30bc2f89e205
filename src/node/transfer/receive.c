#include "node/transfer/receive.h"

#include "base/ensure.h"
#include "node/event.h"
#include "store/dump.h"

/* What the disk is asked for in each state; 0: nothing. */
static enum disk_bulk_kind kind_of(const struct receiving *receiving)
{
    static const enum disk_bulk_kind kinds[] = {
        [RECEIVE_BEGIN] = DISK_RECEIVE_BEGIN, [RECEIVE_WRITE] = DISK_RECEIVE_WRITE, [RECEIVE_END] = DISK_RECEIVE_END,
        [RECEIVE_OPEN] = DISK_LOAD_OPEN,      [RECEIVE_LOAD] = DISK_LOAD_BLOCK,     [RECEIVE_INSTALL] = 0,
    };
    return kinds[receiving->state];
}

void receive_close(struct receiving *receiving)
{
    if (receiving->store)
        store_close(receiving->store);
    if (receiving->drained)
        store_close(receiving->drained);
    buffer_close(&receiving->chunk);
    chain_close(&receiving->message.body);
}

static void answer(struct receiving *receiving, uint64_t offset, enum transfer_taken state)
{
    ensure(receiving->message.kind == TRANSFER_NOTHING); /* the last one was taken */
    ensure(receiving->peer != 0 && offset <= receiving->size);
    receiving->message = (struct transfer_message){.kind = TRANSFER_TAKEN, .to = receiving->peer};
    uint8_t *bytes = chain_reserve(&receiving->message.body, 17);
    bytes_put_u64(bytes, receiving->index);
    bytes_put_u64(bytes + 8, offset);
    bytes[16] = (uint8_t)state;
}

/* Nothing more comes of the one under way, and its place on the disk is given back. */
static void abandon(struct receiving *receiving)
{
    ensure(receive_busy(receiving) && !receiving->store && buffer_size(&receiving->chunk) == 0);
    receiving->state = RECEIVE_IDLE;
    receiving->cancel_due = true;
}

static void give_up(struct receiving *receiving, struct env *env, const char *reason)
{
    ensure(receive_busy(receiving));
    if (complaint_begin(env, LOG_SNAPSHOT_REFUSED, receiving->peer, "", reason)) {
        event_number(env, "index", receiving->index);
        event_end(env);
    }
    answer(receiving, receiving->offset, TRANSFER_TAKEN_NOT);
    if (receiving->store && !receiving->drained) {
        receiving->drained = receiving->store;
        receiving->store = NULL;
    }
    if (receiving->store)
        store_close(receiving->store);
    receiving->store = NULL;
    buffer_clear(&receiving->chunk, 0);
    abandon(receiving);
}

void receive_offer(struct receiving *receiving, const struct env *env, const struct raft *raft, uint32_t from,
                   struct reader *reader)
{
    uint64_t index = reader_u64(reader);
    uint64_t term = reader_u64(reader);
    uint64_t size = reader_u64(reader);
    if (reader->bad || index == 0 || term == 0)
        return;
    /* While the disk or the loading is busy with another one, the sender's patience decides. */
    if (receiving->state != RECEIVE_IDLE && receiving->state != RECEIVE_WAIT)
        return;
    ensure(!receiving->store && buffer_size(&receiving->chunk) == 0); /* nothing is left of the one before */
    receiving->peer = from;
    receiving->index = index;
    receiving->term = term;
    receiving->size = size;
    receiving->offset = 0;
    receiving->moved_ms = env->now_ms;
    if (index <= raft_commit(raft)) {
        if (receiving->state == RECEIVE_WAIT)
            abandon(receiving);
        answer(receiving, 0, TRANSFER_TAKEN_INSTALLED); /* what it holds is here already */
        return;
    }
    receiving->state = RECEIVE_BEGIN; /* it drops the one before, if anything is left of that */
    receiving->cancel_due = false;
}

void receive_chunk(struct receiving *receiving, const struct env *env, uint32_t from, struct reader *reader)
{
    uint64_t offset = reader_u64(reader);
    size_t size = reader_left(reader);
    if (reader->bad || receiving->state != RECEIVE_WAIT || from != receiving->peer || offset != receiving->offset)
        return;
    if (size == 0 || size > receiving->size - offset)
        return;
    buffer_clear(&receiving->chunk, RECEIVE_CHUNK_KEPT);
    buffer_append(&receiving->chunk, reader->at, size);
    ensure(receiving->offset + buffer_size(&receiving->chunk) <= receiving->size);
    receiving->moved_ms = env->now_ms;
    receiving->state = RECEIVE_WRITE;
}

bool receive_next(struct receiving *receiving, struct disk_bulk *request)
{
    if (receiving->dropped_index > 0) {
        request->kind = DISK_LOAD_DROP;
        request->index = receiving->dropped_index;
        request->term = receiving->dropped_term;
        receiving->dropped_index = 0;
        return true;
    }
    if (!receive_busy(receiving) && !receiving->cancel_due)
        return false;
    request->index = receiving->index;
    request->term = receiving->term;
    request->kind = kind_of(receiving);
    switch (receiving->state) {
    case RECEIVE_IDLE:
        request->kind = DISK_RECEIVE_CANCEL;
        receiving->cancel_due = false;
        break;
    case RECEIVE_BEGIN:
        request->size = receiving->size;
        break;
    case RECEIVE_WRITE:
        ensure(buffer_size(&receiving->chunk) > 0);
        request->offset = receiving->offset;
        buffer_append(&request->bytes, buffer_start(&receiving->chunk), buffer_size(&receiving->chunk));
        break;
    case RECEIVE_WAIT:
    case RECEIVE_END:
    case RECEIVE_OPEN:
    case RECEIVE_LOAD:
    case RECEIVE_INSTALL:
        break;
    }
    return request->kind != 0;
}

/* A newer program wrote it, or what is in it. */
static void stop_unknown(struct receiving *receiving, struct env *env)
{
    give_up(receiving, env, "it holds what this version does not know");
    env_stop(env, LOG_UNKNOWN_SNAPSHOT,
             "the leader's snapshot holds what this version cannot read: " NODE_NEWER);
}

/* Its checksums are right, so it is what the leader wrote; but STORE did not take it, or not all of it. Where it is
 * bad it must not stay here: the next start would not get past it, and the same one could not come again. */
static void does_not_load(struct receiving *receiving, struct env *env)
{
    if (store_load_starved(receiving->store)) {
        give_up(receiving, env, "there is no memory for its files: give cleatd more");
        return;
    }
    if (store_load_newer(receiving->store)) {
        stop_unknown(receiving, env);
        return;
    }
    receiving->dropped_index = receiving->index;
    receiving->dropped_term = receiving->term;
    give_up(receiving, env, "what it holds is damaged and does not load: another one is asked for; if that is refused, "
                            "too, restart the leader, so that another node sends one");
}

struct store *receive_install(struct receiving *receiving, struct env *env, struct raft *raft, struct store *old)
{
    ensure(receiving->state == RECEIVE_INSTALL && receiving->store && !receiving->drained);
    struct store *store = receiving->store;
    if (!store_load_end(store) || store_applied(store) != receiving->index) {
        does_not_load(receiving, env);
        return NULL;
    }
    if (!raft_restore(raft, receiving->index, receiving->term, &receiving->configuration)) {
        give_up(receiving, env, "the log has overtaken it: it is not needed any more");
        return NULL;
    }
    ensure(raft_commit(raft) >= receiving->index && store != old);
    receiving->drained = old;
    receiving->store = NULL;
    receiving->state = RECEIVE_IDLE;
    receiving->count++;
    event_begin(env, LOG_SNAPSHOT_INSTALLED);
    event_number(env, "index", receiving->index);
    event_number(env, "term", receiving->term);
    event_number(env, "files", store_file_count(store));
    event_end(env);
    answer(receiving, receiving->size, TRANSFER_TAKEN_INSTALLED);
    return store;
}

static void written(struct receiving *receiving)
{
    ensure(buffer_size(&receiving->chunk) > 0);
    receiving->offset += buffer_size(&receiving->chunk);
    ensure(receiving->offset <= receiving->size); /* as the chunk was taken */
    buffer_clear(&receiving->chunk, RECEIVE_CHUNK_KEPT);
    receiving->state = receiving->offset == receiving->size ? RECEIVE_END : RECEIVE_WAIT;
    answer(receiving, receiving->offset, TRANSFER_TAKEN_SO_FAR);
}

static void loaded(struct receiving *receiving, struct env *env, const struct disk_bulk *request)
{
    ensure(receiving->store);
    receiving->moved_ms = env->now_ms;
    if (request->end)
        receiving->state = RECEIVE_INSTALL;
    else if (!store_load(receiving->store, buffer_start(&request->bytes), buffer_size(&request->bytes)))
        does_not_load(receiving, env);
}

void receive_done(struct receiving *receiving, struct env *env, const struct disk_bulk *request)
{
    if (request->kind == DISK_RECEIVE_CANCEL || request->kind == DISK_LOAD_DROP)
        return; /* the next one may have been offered meanwhile */
    ensure(request->kind == kind_of(receiving)); /* while the disk has it, it is not given up, and no other is taken */
    if (request->status == DISK_REFUSED && request->newer) {
        stop_unknown(receiving, env);
        return;
    }
    if (request->status != DISK_OK) {
        give_up(receiving, env, request->reason);
        return;
    }
    switch (receiving->state) {
    case RECEIVE_BEGIN:
        receiving->state = RECEIVE_WAIT;
        answer(receiving, 0, TRANSFER_TAKEN_SO_FAR);
        break;
    case RECEIVE_WRITE:
        written(receiving);
        break;
    case RECEIVE_END:
        if (request->index != receiving->index || request->term != receiving->term) {
            give_up(receiving, env, "it is not the one that was offered: it will be sent again");
            break;
        }
        receiving->configuration = request->configuration;
        receiving->state = RECEIVE_OPEN;
        break;
    case RECEIVE_OPEN:
        ensure(!receiving->store);
        receiving->store = store_open(random_u64(&env->random));
        receiving->state = RECEIVE_LOAD;
        break;
    case RECEIVE_LOAD:
        loaded(receiving, env, request);
        break;
    case RECEIVE_IDLE:
    case RECEIVE_WAIT:
    case RECEIVE_INSTALL:
        break;
    }
}

void receive_link_closed(struct receiving *receiving, uint32_t peer)
{
    if (receiving->peer == peer && receiving->state == RECEIVE_WAIT)
        abandon(receiving);
}

uint64_t receive_deadline_ms(const struct receiving *receiving)
{
    return receiving->state == RECEIVE_WAIT ? receiving->moved_ms + RECEIVE_MOVE_MS : UINT64_MAX;
}

bool receive_tick(struct receiving *receiving, struct env *env)
{
    ensure(!receiving->drained || receiving->drained != receiving->store);
    if (receiving->state == RECEIVE_WAIT && env->now_ms - receiving->moved_ms >= RECEIVE_MOVE_MS)
        abandon(receiving);
    if (receiving->drained && store_drain(receiving->drained, RECEIVE_DRAIN_FILES)) {
        store_close(receiving->drained);
        receiving->drained = NULL;
    }
    if (receiving->drained)
        env->more = true;
    /* Only when the store before the last is gone: one at a time is freed in steps. */
    return !receiving->drained && receiving->state == RECEIVE_INSTALL;
}
