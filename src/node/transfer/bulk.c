/* The bulk thread's one request at a time: who goes first, and whose the answer is. */
#include "base/ensure.h"
#include "node/state.h"

static bool check_next(struct node *node, struct disk_bulk *request)
{
    if (node->env.now_ms < node->bulk.check_ms)
        return false;
    node->bulk.check_ms = node->env.now_ms + NODE_CHECK_MS;
    request->kind = DISK_CHECK;
    return true;
}

/* One that is due is taken in this turn, or when the request under way is done. */
uint64_t bulk_deadline_ms(const struct node *node)
{
    return node->env.now_ms < node->bulk.check_ms ? node->bulk.check_ms : UINT64_MAX;
}

static bool next_request(struct node *node, struct disk_bulk *request)
{
    if (check_next(node, request) || identity_next(&node->peers.identity, node->env.now_ms, request) ||
        persist_next(&node->persist, &node->env, node_long_work(node), request))
        return true;
    /* By turns, so that neither waits for the other, which may take long. */
    bool removes = node->bulk.removals && !node->bulk.removed;
    if (!removes && (receive_next(node, request) || send_next(node, request) || snapshots_next(node, request)))
        return true;
    request->kind = DISK_REMOVE;
    return node->bulk.removals;
}

struct disk_bulk *node_take_bulk(struct node *node)
{
    struct bulk_slot *bulk = &node->bulk;
    if (bulk->busy || node->env.stopping)
        return NULL;
    /* The bytes' memory stays from one request to the next. */
    struct buffer bytes = bulk->request.bytes;
    buffer_clear(&bytes, 2 * LIMIT_SNAPSHOT_BLOCK);
    bulk->request = (struct disk_bulk){.bytes = bytes};
    if (!next_request(node, &bulk->request)) {
        buffer_close(&bulk->request.bytes);
        return NULL;
    }
    ensure(bulk->request.kind != 0);
    bulk->removed = bulk->request.kind == DISK_REMOVE;
    bulk->busy = true;
    return &bulk->request;
}

void node_bulk_done(struct node *node, struct disk_bulk *request)
{
    ensure(node->bulk.busy && request == &node->bulk.request);
    node->bulk.busy = false;
    node->bulk.removals = request->removals;
    if (request->status == DISK_FAILED) {
        env_stop(&node->env, LOG_DISK_FAILED, request->reason);
        return;
    }
    switch (request->kind) {
    case DISK_CHECK:
    case DISK_REMOVE:
        break;
    case DISK_IDENTITY:
        node_bootstrapped(node, request);
        break;
    case DISK_PREPARE_SEGMENT:
    case DISK_PREPARE_RESERVE:
        persist_prepared(&node->persist, &node->env, node_long_work(node), request);
        break;
    case DISK_SNAPSHOT_BEGIN:
    case DISK_SNAPSHOT_BLOCK:
    case DISK_SNAPSHOT_END:
    case DISK_SNAPSHOT_CANCEL:
    case DISK_CLEAN:
        snapshots_done(node, request);
        break;
    case DISK_SEND_OPEN:
    case DISK_SEND_READ:
    case DISK_SEND_CLOSE:
        send_done(node, request);
        break;
    case DISK_RECEIVE_BEGIN:
    case DISK_RECEIVE_WRITE:
    case DISK_RECEIVE_END:
    case DISK_RECEIVE_CANCEL:
    case DISK_LOAD_OPEN:
    case DISK_LOAD_BLOCK:
        receive_done(node, request);
        break;
    }
}
