#include "node/transfer/transfers.h"

#include "base/ensure.h"

void transfers_init(struct transfers *transfers, const struct env *env, const struct disk_recovered *recovered)
{
    *transfers = (struct transfers){.snapshots = {.done_index = recovered->snapshot_index}};
    bulk_slot_init(&transfers->bulk, env);
}

void transfers_close(struct transfers *transfers)
{
    bulk_slot_close(&transfers->bulk);
    chain_close(&transfers->sending.message.body);
    receive_close(&transfers->receiving);
}

bool transfers_long_work(const struct transfers *transfers)
{
    return transfers->snapshots.state != SNAPSHOT_IDLE || receive_busy(&transfers->receiving);
}

bool transfers_next(struct transfers *transfers, const struct env *env, const struct raft *raft, struct store *store,
                    struct disk_bulk *request)
{
    ensure(request == &transfers->bulk.request && !transfers->bulk.busy);
    if (bulk_slot_removes_first(&transfers->bulk))
        return bulk_slot_remove_next(&transfers->bulk, request);
    if (receive_next(&transfers->receiving, request) || send_next(&transfers->sending, env, request))
        return true;
    if (receive_busy(&transfers->receiving))
        snapshots_abandon(&transfers->snapshots, store); /* a newer state is on its way here */
    ensure(buffer_size(&request->bytes) == 0); /* those that had nothing to ask for left it empty */
    return snapshots_next(&transfers->snapshots, env, raft, store, request) ||
           bulk_slot_remove_next(&transfers->bulk, request);
}

static bool take(struct transfer_message *from, struct transfer_message *message)
{
    if (from->kind == TRANSFER_NOTHING)
        return false;
    ensure(from->to != 0 && from->body.size > 0); /* to a peer, of which node.c knows the link */
    *message = *from;
    *from = (struct transfer_message){0};
    return true;
}

bool transfers_take_message(struct transfers *transfers, struct transfer_message *message)
{
    return take(&transfers->sending.message, message) || take(&transfers->receiving.message, message);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t transfers_deadline_ms(const struct transfers *transfers, const struct env *env, const struct store *store)
{
    bool receiving = receive_busy(&transfers->receiving);
    uint64_t deadline_ms = sooner(bulk_slot_deadline_ms(&transfers->bulk, env), send_deadline_ms(&transfers->sending));
    if (receiving)
        deadline_ms = sooner(deadline_ms, receive_deadline_ms(&transfers->receiving));
    return sooner(deadline_ms, snapshots_deadline_ms(&transfers->snapshots, env, store, receiving));
}
