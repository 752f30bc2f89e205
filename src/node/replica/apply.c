/* Committed entries into the store, in order, and their outcomes to those who wait for them here. */
#include "base/bytes.h"
#include "base/ensure.h"
#include "node/state.h"
#include "protocol/command.h"

enum {
    APPLY_ENTRY_OVERHEAD = 64, /* bytes that an entry counts beside its payload, for the distance of snapshots */
};

/* Everything that this gateway numbered may or may not take effect, and no one will tell: a later opening of the same
 * gateway (its data directory was copied, say) has taken its place. */
static void superseded(struct node *node)
{
    struct gateway *gateway = &node->gateway;
    for (uint64_t number = gateway->first; number < gateway->next; number++) {
        struct gateway_slot *slot = gateway_slot(gateway, number);
        if (slot->pending)
            pending_fail(node, slot->pending, REPLY_TIMEOUT, NULL);
        slot->pending = NULL;
    }
    gateway_reopen(gateway, random_u64(&node->env.random) | 1);
    node->open_asked_ms = 0;
    event_begin(&node->env, LOG_GATEWAY_SUPERSEDED);
    event_end(&node->env);
}

/* This node's gateway was opened: by us just now, by an earlier life of ours, or by another with our id. */
static void own_opened(struct node *node)
{
    struct store_gateway state;
    if (!store_gateway(node->store, node->env.options.id, &state))
        return;
    if (state.nonce == node->gateway.nonce) {
        if (node->gateway.epoch == 0)
            gateway_opened(&node->gateway, state.epoch);
    } else if (node->gateway.epoch != 0 && state.epoch > node->gateway.epoch) {
        superseded(node);
    }
}

/* The window's first number is done; who waited for it. */
static struct pending *own_applied(struct node *node)
{
    return gateway_applied(&node->gateway, node->env.now_ms, node->env.options.command_timeout_ms / GATEWAY_PATIENCE);
}

/* COMMAND is what came to that outcome. */
static void resolve(struct node *node, struct pending *pending, const struct outcome *outcome,
                    const struct blob *command)
{
    if (!pending)
        return;
    if (outcome->code == OUTCOME_NONE)
        pending_fail(node, pending, REPLY_TIMEOUT, NULL);
    else
        pending_done(node, pending, outcome, command);
}

/* The next number of this node's gateway, or 0 if the entry is not that. */
static uint64_t own_number(const struct node *node, const struct blob *payload)
{
    const struct gateway *gateway = &node->gateway;
    struct command command;
    if (gateway->epoch == 0 || gateway->first == gateway->next ||
        !command_origin(payload->bytes, payload->size, &command))
        return 0;
    bool next = command.gateway == gateway->id && command.epoch == gateway->epoch && command.number == gateway->first;
    return next ? command.number : 0;
}

static bool apply_command(struct node *node, const struct raft_entry *entry)
{
    uint64_t number = own_number(node, entry->payload);
    if (number != 0) {
        struct pending *pending = gateway_slot(&node->gateway, number)->pending;
        if (pending)
            client_read_before(node, pending);
    }
    struct outcome outcome = store_apply(node->store, entry->index, entry->time_ms, entry->payload);
    if (outcome.code == OUTCOME_UNKNOWN)
        return false;
    if (outcome.gateway != node->env.options.id)
        raft_tell(node->raft, outcome.gateway); /* its client waits there */
    if (number != 0 && outcome.code != OUTCOME_NONE) {
        ensure(outcome.number == number);
        node->gateway.progress_ms = node->env.now_ms;
        resolve(node, own_applied(node), &outcome, entry->payload);
    } else if (outcome.code == OUTCOME_OPENED && outcome.gateway == node->env.options.id) {
        own_opened(node);
    }
    if (outcome.code == OUTCOME_OPENED && node->admission.term != 0) {
        struct admission_gateway *door = admission_gateway(&node->admission, outcome.gateway, node->store);
        if (door)
            door->asked = true; /* it may send now */
    }
    return true;
}

/* False: this version cannot read it, so this node cannot go on. Others may. */
static bool apply_by_type(struct node *node, const struct raft_entry *entry)
{
    switch (entry->type) {
    case RAFT_ENTRY_NOOP:
    case RAFT_ENTRY_CONFIGURATION:
        (void)store_apply(node->store, entry->index, entry->time_ms, NULL);
        return true;
    case RAFT_ENTRY_COMMAND:
        return entry->payload && apply_command(node, entry);
    default:
        return false;
    }
}

/* The last line names what the entry needs, as far as its bytes tell. */
static void stop_at_unknown(struct node *node, const struct raft_entry *entry)
{
    const struct blob *payload = entry->type == RAFT_ENTRY_COMMAND ? entry->payload : NULL;
    unsigned level = payload ? command_level(payload->bytes, payload->size) : 0;
    struct command origin;
    struct buffer reason = {0};
    buffer_append_text(&reason, "a committed entry ");
    if (level > LEVEL_KNOWN && command_origin(payload->bytes, payload->size, &origin)) {
        buffer_append_text(&reason, "(kind ");
        buffer_append_number(&reason, origin.kind);
        buffer_append_text(&reason, ", of level ");
        buffer_append_number(&reason, level);
        buffer_append_text(&reason, ") ");
    }
    buffer_append_text(&reason, "is one that this version cannot read: " NODE_NEWER);
    buffer_append_u8(&reason, 0);
    env_stop(&node->env, LOG_UNKNOWN_ENTRY, (const char *)buffer_start(&reason));
    buffer_close(&reason);
}

static void apply_entry(struct node *node, const struct raft_entry *entry)
{
    if (!apply_by_type(node, entry)) {
        stop_at_unknown(node, entry);
        return;
    }
    if (entry->type == RAFT_ENTRY_CONFIGURATION && !replication_limits(node)) {
        env_stop(&node->env, LOG_UNKNOWN_LIMITS, MEMBERSHIP_LIMITS_REASON);
        return;
    }
    snapshots_applied(&node->transfers.snapshots, (entry->payload ? entry->payload->size : 0) + APPLY_ENTRY_OVERHEAD);
    replication_applied(node);
}

/* The entries from INDEX on, or the first few of them, are applied soon. For one alone there is nothing to gain. */
static void expect(struct node *node, uint64_t index)
{
    const struct blob *blobs[STORE_EXPECT_MAX];
    size_t count = 0;
    for (; index <= raft_commit(node->raft) && count < STORE_EXPECT_MAX; index++)
        blobs[count++] = raft_entry(node->raft, index)->payload;
    if (count > 1)
        store_expect(node->store, blobs, count);
}

void apply_committed(struct node *node)
{
    expect(node, store_applied(node->store) + 1);
    uint64_t copied_bytes = store_copied_bytes(node->store);
    for (int done = 0; done < LIMIT_APPLY && !node->env.stopping; done++) {
        if (store_copied_bytes(node->store) - copied_bytes >= LIMIT_APPLY_BYTES)
            break; /* a few bytes copy megabytes: heartbeats must not wait for thousands of such */
        uint64_t index = store_applied(node->store) + 1;
        if (index > raft_commit(node->raft))
            return;
        if (done % STORE_EXPECT_MAX == 0)
            expect(node, index + STORE_EXPECT_MAX); /* while these are applied, the next ones are fetched */
        apply_entry(node, raft_entry(node->raft, index));
    }
    if (store_applied(node->store) < raft_commit(node->raft))
        node->env.more = true;
}

void apply_jumped(struct node *node)
{
    own_opened(node);
    struct gateway *gateway = &node->gateway;
    struct store_gateway state;
    if (gateway->epoch == 0 || !store_gateway(node->store, gateway->id, &state) || state.epoch != gateway->epoch)
        return;
    uint64_t end = state.applied + 1 < gateway->next ? state.applied + 1 : gateway->next;
    /* All such reads before any outcome: an outcome lets the reads behind it be answered, from a state that also holds
     * the changes behind those. */
    for (uint64_t number = gateway->first; number < end; number++) {
        struct pending *pending = gateway_slot(gateway, number)->pending;
        if (pending)
            client_refuse_before(node, pending, "this node was behind and has jumped ahead; read again");
    }
    while (gateway->first < end) {
        struct outcome outcome = store_outcome(node->store, gateway->id, gateway->first);
        struct blob *command = blob_hold(gateway_slot(gateway, gateway->first)->command);
        resolve(node, own_applied(node), &outcome, command);
        blob_release(command);
    }
    gateway->progress_ms = node->env.now_ms;
}
