#include "node/transfer/bulk_slot.h"

#include "base/ensure.h"

void bulk_slot_init(struct bulk_slot *bulk, const struct env *env)
{
    *bulk = (struct bulk_slot){.check_ms = env->now_ms + BULK_CHECK_MS};
}

void bulk_slot_close(struct bulk_slot *bulk)
{
    ensure(!bulk->busy);
    buffer_close(&bulk->request.bytes);
}

enum bulk_class bulk_class_of(enum disk_bulk_kind kind)
{
    switch (kind) {
    case DISK_CHECK:
    case DISK_REMOVE:
        break;
    case DISK_IDENTITY:
        return BULK_IDENTITY;
    case DISK_PREPARE_SEGMENT:
    case DISK_PREPARE_RESERVE:
        return BULK_ROOM;
    case DISK_SNAPSHOT_BEGIN:
    case DISK_SNAPSHOT_BLOCK:
    case DISK_SNAPSHOT_END:
    case DISK_SNAPSHOT_CANCEL:
    case DISK_CLEAN:
        return BULK_SNAPSHOT;
    case DISK_SEND_OPEN:
    case DISK_SEND_READ:
    case DISK_SEND_CLOSE:
        return BULK_SEND;
    case DISK_RECEIVE_BEGIN:
    case DISK_RECEIVE_WRITE:
    case DISK_RECEIVE_END:
    case DISK_RECEIVE_CANCEL:
    case DISK_LOAD_OPEN:
    case DISK_LOAD_BLOCK:
    case DISK_LOAD_DROP:
        return BULK_RECEIVE;
    }
    return BULK_OWN;
}

struct disk_bulk *bulk_slot_begin(struct bulk_slot *bulk)
{
    if (bulk->busy)
        return NULL;
    /* The bytes' memory stays from one request to the next. */
    struct buffer bytes = bulk->request.bytes;
    buffer_clear(&bytes, 2 * LIMIT_SNAPSHOT_BLOCK);
    disk_bulk_clear(&bulk->request);
    bulk->request.bytes = bytes;
    return &bulk->request;
}

struct disk_bulk *bulk_slot_give(struct bulk_slot *bulk, bool filled)
{
    ensure(!bulk->busy);
    if (!filled) {
        buffer_close(&bulk->request.bytes);
        return NULL;
    }
    ensure(bulk->request.kind != 0);
    ensure(bulk->request.kind != DISK_REMOVE || bulk->removals);
    bulk->removed = bulk->request.kind == DISK_REMOVE;
    bulk->busy = true;
    return &bulk->request;
}

bool bulk_slot_done(struct bulk_slot *bulk, struct env *env, const struct disk_bulk *request)
{
    ensure(bulk->busy && request == &bulk->request);
    bulk->busy = false;
    bulk->removals = request->removals;
    if (request->status == DISK_FAILED)
        env_stop(env, LOG_DISK_FAILED, request->reason);
    return request->status != DISK_FAILED;
}

bool bulk_slot_check_next(struct bulk_slot *bulk, const struct env *env, struct disk_bulk *request)
{
    if (env->now_ms < bulk->check_ms)
        return false;
    bulk->check_ms = env->now_ms + BULK_CHECK_MS;
    request->kind = DISK_CHECK;
    return true;
}

bool bulk_slot_removes_first(const struct bulk_slot *bulk)
{
    ensure(!bulk->busy);
    return bulk->removals && !bulk->removed;
}

bool bulk_slot_remove_next(const struct bulk_slot *bulk, struct disk_bulk *request)
{
    request->kind = DISK_REMOVE;
    return bulk->removals;
}

/* One that is due is taken in this turn, or when the request under way is done. */
uint64_t bulk_slot_deadline_ms(const struct bulk_slot *bulk, const struct env *env)
{
    return env->now_ms < bulk->check_ms ? bulk->check_ms : UINT64_MAX;
}
