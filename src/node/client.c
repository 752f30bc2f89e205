#include "node/client.h"

#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "node/state.h"

struct node_client *node_client_open(struct node *node, struct connection *owner)
{
    if (node->client_count >= node->options.connections_max || node->shutting_down)
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
        node->more = true; /* the next turn parses on */
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
static void pending_settle(struct node *node, struct pending *pending)
{
    ensure(pending->state != PENDING_DONE);
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

void pending_done(struct node *node, struct pending *pending, const struct outcome *outcome)
{
    pending_settle(node, pending);
    pending->outcome = *outcome;
    client_advance(node, pending->client);
}

void pending_fail(struct node *node, struct pending *pending, enum reply_error error, const char *reason)
{
    pending_settle(node, pending);
    reply_error(&pending->reply, error, reason);
    client_advance(node, pending->client);
}

static void reply_outcome(struct chain *out, const struct outcome *outcome)
{
    switch (outcome->code) {
    case OUTCOME_WRITTEN:
        reply_ok_version(out, outcome->version);
        break;
    case OUTCOME_DELETED:
        reply_ok(out);
        break;
    case OUTCOME_NOT_FOUND:
        reply_not_found(out);
        break;
    case OUTCOME_MISMATCH:
        reply_version_mismatch(out, outcome->version);
        break;
    case OUTCOME_SKIPPED:
        reply_error(out, REPLY_TIMEOUT, NULL);
        break;
    case OUTCOME_NONE:
    case OUTCOME_OPENED:
        /* The command was taken from us before its outcome was kept: nothing is known of it. */
        reply_error(out, REPLY_TIMEOUT, NULL);
        break;
    }
}

/* Seconds that remain until EXPIRES_MS, rounded up; at least 1 while the state still has the file. */
static uint64_t remaining_s(const struct node *node, uint64_t expires_ms)
{
    uint64_t now_ms = clock_now_ms(&node->clock, node->now_ms);
    if (expires_ms == 0)
        return 0;
    if (now_ms < store_time_ms(node->store))
        now_ms = store_time_ms(node->store);
    return expires_ms <= now_ms ? 1 : (expires_ms - now_ms + 999) / 1000;
}

static void reply_read(struct node *node, const struct pending *pending, struct chain *out)
{
    struct store_file file;
    if (!store_read(node->store, pending->name, pending->name_size, &file)) {
        reply_not_found(out);
        return;
    }
    reply_contents(out, file.version, remaining_s(node, file.expires_ms), file.blob, file.value_offset,
                   file.value_size);
}

void client_advance(struct node *node, struct node_client *client)
{
    struct pending *pending;
    while ((pending = client->head) != NULL) {
        if (pending->state == PENDING_CONFIRMED) {
            pending_settle(node, pending);
            reply_read(node, pending, &client->output);
        } else if (pending->state != PENDING_DONE) {
            break;
        } else if (pending->outcome.code != OUTCOME_NONE) {
            reply_outcome(&client->output, &pending->outcome);
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
        pending_settle(node, at);
        reply_read(node, at, &at->reply);
    }
}

void client_free(struct node *node, struct node_client *client)
{
    struct pending *pending = client->head;
    while (pending) {
        struct pending *next = pending->next;
        if (pending->state == PENDING_NUMBERED)
            gateway_slot(&node->gateway, pending->number)->pending = NULL;
        if (pending->state != PENDING_DONE)
            pending_settle(node, pending);
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
        node->held_bytes -= client->request.numbytes;
    blob_release(client->command);
    buffer_close(&client->input);
    chain_close(&client->output);
    free(client);
}
