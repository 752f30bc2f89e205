#include "node/session/client.h"

#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "node/state.h"
#include "protocol/transaction.h"

struct node_client *node_client_open(struct node *node, struct connection *owner)
{
    if (node->client_count >= node->env.options.connections_max || node->env.shutting_down)
        return NULL;
    struct node_client *client = memory_get(sizeof *client);
    client->owner = owner;
    list_add_last(&node->clients, &client->all);
    node->client_count++;
    return client;
}

const char *node_busy_line(void)
{
    return "ERR_BUSY too many connections; try another node\r\n";
}

void client_touch(struct node *node, struct node_client *client)
{
    if (!list_linked(&client->dirty))
        list_add_last(&node->outputs, &client->dirty);
}

struct node_client *node_next_output(struct node *node)
{
    if (list_empty(&node->outputs))
        return NULL;
    struct node_client *client = list_item(node->outputs.next, struct node_client, dirty);
    list_remove(&client->dirty);
    return client;
}

bool node_client_reads(const struct node_client *client)
{
    return !client->closing && !client->input_ended && !list_linked(&client->stalled);
}

bool node_client_created(const struct node_client *client)
{
    return client->created;
}

bool node_client_ends(const struct node_client *client)
{
    return client->count == 0 && (client->closing || (client->input_ended && !list_linked(&client->stalled)));
}

struct chain *node_client_output(struct node_client *client)
{
    return &client->output;
}

void node_client_written(struct node *node, struct node_client *client)
{
    if (list_linked(&client->stalled))
        node->env.more = true; /* the next turn parses on */
}

struct connection *node_client_owner(const struct node_client *client)
{
    return client->owner;
}

void node_client_end(struct node *node, struct node_client *client)
{
    client->input_ended = true;
    client_touch(node, client);
}

void node_client_close(struct node *node, struct node_client *client)
{
    client_free(node, client);
}

/* --- pending commands ------------------------------------------------------------------------------------------- */

/* Takes PENDING out of everything that waits for it to be decided. */
static void pending_settle(struct node *node, struct pending *pending, enum meter_outcome outcome)
{
    ensure(pending->state != PENDING_DONE);
    uint64_t begun_ms = pending->deadline_ms - node->env.options.command_timeout_ms;
    node->env.meter.commands[pending->verb][outcome]++;
    meter_duration(&node->env.meter.latency[pending->verb], (node->env.now_ms - begun_ms) * 1000);
    list_remove(&pending->age);
    if (list_linked(&pending->queue))
        list_remove(&pending->queue);
    blob_release(pending->command);
    pending->command = NULL;
    ensure(node->held_bytes >= pending->bytes && pending->client->bytes >= pending->bytes);
    node->held_bytes -= pending->bytes;
    pending->client->bytes -= pending->bytes;
    pending->bytes = 0;
    pending->state = PENDING_DONE;
}

/* Where a transaction failed: the name of the file at part PLACE of COMMAND. False: it is no transaction. */
static bool failed_part(const struct blob *command, int64_t place, struct command *part)
{
    struct command transaction;
    if (!command_decode(command->bytes, command->size, &transaction) || transaction.kind != COMMAND_TXN)
        return false;
    const uint8_t *at = transaction.value, *end = at + transaction.value_size;
    bool found = false;
    for (int64_t i = 0; i < place; i++)
        found = transaction_next(&at, end, part);
    return found;
}

static bool is_failure(enum outcome_code code)
{
    return code == OUTCOME_MISMATCH || code == OUTCOME_NOT_FOUND;
}

/* The error with a reason for people that CODE is told as; REPLY_ERROR_COUNT: none. */
static enum reply_error error_of(enum outcome_code code)
{
    switch (code) {
    case OUTCOME_TOO_BIG:
        return REPLY_TOO_BIG;
    case OUTCOME_NOT_A_NUMBER:
        return REPLY_NOT_A_NUMBER;
    case OUTCOME_FULL:
        return REPLY_STORE_FULL;
    case OUTCOME_SKIPPED:
    case OUTCOME_NONE:
    case OUTCOME_OPENED:
        /* The command was taken from us before its outcome was kept: nothing is known of it. */
        return REPLY_TIMEOUT;
    default:
        return REPLY_ERROR_COUNT;
    }
}

static enum meter_outcome meter_of(enum outcome_code code)
{
    if (error_of(code) != REPLY_ERROR_COUNT)
        return METER_FAILED;
    return is_failure(code) ? METER_NOT_SO : METER_DONE;
}

/* A transaction failed at PART: its file is told, by a name that will not be there any more when it is this one's
 * turn. */
static void reply_part(struct chain *out, const struct outcome *outcome, const struct command *part)
{
    if (outcome->code == OUTCOME_MISMATCH) {
        reply_version_mismatch(out, outcome->version, part->name, part->name_size);
    } else if (outcome->code == OUTCOME_NOT_FOUND) {
        reply_not_found(out, part->source ? part->source : part->name,
                        part->source ? part->source_size : part->name_size);
    } else {
        reply_error_at(out, error_of(outcome->code), part->name, part->name_size);
    }
}

void pending_done(struct node *node, struct pending *pending, const struct outcome *outcome,
                  const struct blob *command)
{
    struct command part;
    enum reply_error error = error_of(outcome->code);
    pending_settle(node, pending, meter_of(outcome->code));
    if (error != REPLY_ERROR_COUNT)
        node->env.meter.errors[error]++;
    pending->outcome = *outcome;
    bool failed = is_failure(outcome->code) || error != REPLY_ERROR_COUNT;
    if (failed && outcome->value > 0 && failed_part(command, outcome->value, &part)) {
        reply_part(&pending->reply, outcome, &part);
        pending->outcome.code = OUTCOME_NONE;
    }
    client_advance(node, pending->client);
}

void pending_fail(struct node *node, struct pending *pending, enum reply_error error, const char *reason)
{
    pending_settle(node, pending, METER_FAILED);
    node->env.meter.errors[error]++;
    reply_error(&pending->reply, error, reason);
    client_advance(node, pending->client);
}

static void reply_outcome(struct node_client *client, const struct outcome *outcome)
{
    struct chain *out = &client->output;
    client->created = outcome->code == OUTCOME_WRITTEN && outcome->value == 1;
    switch (outcome->code) {
    case OUTCOME_WRITTEN:
        reply_ok_version(out, outcome->version);
        break;
    case OUTCOME_COUNTED:
        reply_ok_value(out, outcome->version, outcome->value);
        break;
    case OUTCOME_DELETED:
        reply_ok(out);
        break;
    case OUTCOME_NOT_FOUND:
        reply_not_found(out, NULL, 0);
        break;
    case OUTCOME_MISMATCH:
        reply_version_mismatch(out, outcome->version, NULL, 0);
        break;
    default:
        reply_error(out, error_of(outcome->code), NULL);
    }
}

void client_advance(struct node *node, struct node_client *client)
{
    struct pending *pending;
    while ((pending = client->head) != NULL) {
        if (pending->state == PENDING_CONFIRMED) {
            pending_settle(node, pending, METER_DONE);
            query_answer(node, &pending->query, pending->names, &client->output);
        } else if (pending->state != PENDING_DONE) {
            break;
        } else if (pending->outcome.code != OUTCOME_NONE) {
            reply_outcome(client, &pending->outcome);
        } else {
            chain_move(&client->output, &pending->reply);
        }
        client->head = pending->next;
        if (!client->head)
            client->tail = NULL;
        client->count--;
        chain_close(&pending->reply);
        free(pending);
        client_touch(node, client);
    }
}

void client_read_before(struct node *node, struct pending *pending)
{
    for (struct pending *at = pending->client->head; at != pending; at = at->next) {
        ensure(at != NULL);
        if (at->state != PENDING_READ && at->state != PENDING_CONFIRMED)
            continue;
        pending_settle(node, at, METER_DONE);
        query_answer(node, &at->query, at->names, &at->reply);
    }
}

void client_refuse_before(struct node *node, struct pending *pending, const char *reason)
{
    for (struct pending *at = pending->client->head; at != pending; at = at->next) {
        ensure(at != NULL);
        if (at->state != PENDING_READ && at->state != PENDING_CONFIRMED)
            continue;
        pending_settle(node, at, METER_FAILED);
        node->env.meter.errors[REPLY_BUSY]++;
        reply_error(&at->reply, REPLY_BUSY, reason);
    }
    client_advance(node, pending->client); /* only now, or it would answer those that are still to be refused */
}

void client_free(struct node *node, struct node_client *client)
{
    struct pending *pending = client->head;
    while (pending) {
        struct pending *next = pending->next;
        if (pending->state == PENDING_NUMBERED)
            gateway_slot(&node->gateway, pending->number)->pending = NULL;
        if (pending->state != PENDING_DONE)
            pending_settle(node, pending, METER_DROPPED);
        chain_close(&pending->reply);
        free(pending);
        pending = next;
    }
    if (list_linked(&client->dirty))
        list_remove(&client->dirty);
    if (list_linked(&client->stalled))
        list_remove(&client->stalled);
    list_remove(&client->all);
    ensure(node->client_count > 0);
    node->client_count--;
    if (client->command)
        node->held_bytes -= client_held_contents(client);
    blob_release(client->command);
    txn_free(node, client);
    buffer_close(&client->input);
    chain_close(&client->output);
    free(client);
}
