#include "node/session/client.h"

#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "node/session/session.h"
#include "protocol/transaction.h"
#include "protocol/words.h"

void client_touch(struct session *session, struct node_client *client)
{
    if (!list_linked(&client->dirty))
        list_add_last(&session->outputs, &client->dirty);
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

struct connection *node_client_owner(const struct node_client *client)
{
    return client->owner;
}

/* --- pending commands ------------------------------------------------------------------------------------------- */

struct pending *pending_add(struct session *session, struct node_client *client, enum pending_state state,
                            size_t names_size)
{
    struct pending *pending = memory_get(sizeof *pending + names_size);
    pending->client = client;
    pending->state = state;
    pending->deadline_ms = session->env->now_ms + session->env->options.command_timeout_ms;
    if (client->tail)
        client->tail->next = pending;
    else
        client->head = pending;
    client->tail = pending;
    client->count++;
    if (state != PENDING_DONE)
        list_add_last(&session->ages, &pending->age);
    return pending;
}

struct chain *client_reply_now(struct session *session, struct node_client *client)
{
    client_touch(session, client);
    if (!client->head)
        return &client->output;
    return &pending_add(session, client, PENDING_DONE, 0)->reply;
}

void client_refuse(struct session *session, struct node_client *client, enum reply_error error, const char *reason)
{
    ensure(error < REPLY_ERROR_COUNT);
    session->env->meter.errors[error]++;
    reply_error(client_reply_now(session, client), error, reason);
}

void client_submit(struct session *session, struct node_client *client, struct blob *command, size_t bytes)
{
    ensure(session->held_bytes >= client->bytes + bytes); /* they were counted as they came */
    ensure(bytes <= command->size && command->references == 1);
    struct pending *pending = pending_add(session, client, PENDING_WAITING, 0);
    pending->verb = meter_verb(command);
    pending->command = command;
    pending->bytes = bytes;
    client->bytes += bytes;
    list_add_last(&session->waiting, &pending->queue);
}

enum reply_error client_refusal(const struct session *session, size_t held, size_t growth)
{
    if (session->held_bytes + held > LIMIT_HELD_BYTES)
        return REPLY_BUSY;
    if (!session->gate.writable || session->gate.behind)
        return REPLY_DISK_FULL;
    if (growth > 0 && store_memory_bytes(session->store) + growth > session->env->limits.memory_max_bytes)
        return REPLY_STORE_FULL;
    return REPLY_ERROR_COUNT;
}

size_t client_held_contents(const struct node_client *client)
{
    ensure(client->contents_left <= client->request.numbytes);
    return (size_t)(client->request.numbytes - client->contents_left);
}

void pending_numbered(struct pending *pending, uint64_t number)
{
    ensure(pending->state == PENDING_WAITING && number > 0);
    list_remove(&pending->queue);
    pending->number = number;
    pending->command = NULL;
    pending->state = PENDING_NUMBERED;
}

void client_wants_status(struct session *session, struct node_client *client)
{
    ensure(!client->closing); /* else it would not be told */
    list_add_last(&session->asking, &client->asking);
}

void client_tell(struct session *session, struct node_client *client, const struct buffer *text)
{
    ensure(!list_linked(&client->asking));
    if (client->closing)
        return; /* there was no memory for what followed, and that it was told */
    reply_text(client_reply_now(session, client), "STATUS", buffer_start(text), buffer_size(text));
}

/* Takes PENDING out of everything that waits for it to be decided. */
static void pending_settle(struct session *session, struct pending *pending, enum meter_outcome outcome)
{
    ensure(pending->state != PENDING_DONE);
    ensure((pending->state == PENDING_WAITING) == (pending->command != NULL)); /* from its number on the gateway's */
    uint64_t begun_ms = pending->deadline_ms - session->env->options.command_timeout_ms;
    session->env->meter.commands[pending->verb][outcome]++;
    meter_duration(&session->env->meter.latency[pending->verb], (session->env->now_ms - begun_ms) * 1000);
    list_remove(&pending->age);
    if (list_linked(&pending->queue))
        list_remove(&pending->queue);
    blob_release(pending->command);
    pending->command = NULL;
    ensure(session->held_bytes >= pending->bytes && pending->client->bytes >= pending->bytes);
    session->held_bytes -= pending->bytes;
    pending->client->bytes -= pending->bytes;
    pending->bytes = 0;
    pending->state = PENDING_DONE;
}

/* The file at which COMMAND failed, as PLACE says it (struct decision). False: there is none, for a token may have been
 * used before, for another command. */
static bool failed_file(const struct blob *command, int64_t place, struct transaction_name *file)
{
    struct command part;
    if (place == 0 || !command_decode(command->bytes, command->size, &part))
        return false;
    uint64_t count = place < 0 ? 0 - (uint64_t)place : (uint64_t)place;
    bool found = (command_row(part.kind)->body & BODY_SOURCE_VERSION) && count == 1;
    const uint8_t *at = part.value, *end = at + part.value_size;
    if (part.kind == COMMAND_TXN)
        for (uint64_t i = 0; i < count; i++)
            found = transaction_next(&at, end, &part);
    struct transaction_name names[2];
    size_t source = place < 0;
    if (!found || source >= transaction_names(&part, names))
        return false;
    *file = names[source];
    return true;
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

/* It failed at FILE, which is told now: the command that has the name will not be there any more when it is this one's
 * turn. */
static void reply_at(struct chain *out, const struct outcome *outcome, const struct transaction_name *file)
{
    ensure(is_failure(outcome->code) || error_of(outcome->code) != REPLY_ERROR_COUNT);
    if (outcome->code == OUTCOME_MISMATCH)
        reply_version_mismatch(out, outcome->version, file->bytes, file->size);
    else if (outcome->code == OUTCOME_NOT_FOUND)
        reply_not_found(out, file->bytes, file->size);
    else
        reply_error_at(out, error_of(outcome->code), file->bytes, file->size);
}

void pending_done(struct session *session, struct pending *pending, const struct outcome *outcome,
                  const struct blob *command)
{
    struct transaction_name file;
    enum reply_error error = error_of(outcome->code);
    ensure(pending->state == PENDING_NUMBERED); /* only what has a number can have been applied */
    ensure(outcome->code != OUTCOME_NONE);
    pending_settle(session, pending, meter_of(outcome->code));
    if (error != REPLY_ERROR_COUNT)
        session->env->meter.errors[error]++;
    pending->outcome = *outcome;
    bool failed = is_failure(outcome->code) || error != REPLY_ERROR_COUNT;
    if (failed && failed_file(command, outcome->value, &file)) {
        reply_at(&pending->reply, outcome, &file);
        pending->outcome.code = OUTCOME_NONE;
    }
    client_advance(session, pending->client);
}

void pending_fail(struct session *session, struct pending *pending, enum reply_error error, const char *reason)
{
    ensure(error < REPLY_ERROR_COUNT);
    pending_settle(session, pending, METER_FAILED);
    session->env->meter.errors[error]++;
    reply_error(&pending->reply, error, reason);
    client_advance(session, pending->client);
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
    case OUTCOME_LEVEL:
        reply_ok_version(out, (uint64_t)outcome->value);
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

/* PENDING, the head of its client's queue, is over. */
static void pending_free(struct node_client *client, struct pending *pending)
{
    ensure(client->head == pending && pending->state == PENDING_DONE);
    client->head = pending->next;
    if (!client->head)
        client->tail = NULL;
    client->count--;
    ensure(!list_linked(&pending->age) && !list_linked(&pending->queue)); /* nothing leads to it any more */
    chain_close(&pending->reply);
    free(pending);
}

void client_advance(struct session *session, struct node_client *client)
{
    struct pending *pending;
    while ((pending = client->head) != NULL) {
        if (pending->state == PENDING_CONFIRMED) {
            pending_settle(session, pending, METER_DONE);
            query_answer(session, &pending->query, pending->names, &client->output);
        } else if (pending->state != PENDING_DONE) {
            break;
        } else if (pending->outcome.code != OUTCOME_NONE) {
            ensure(pending->reply.size == 0);
            reply_outcome(client, &pending->outcome);
        } else {
            ensure(pending->reply.size > 0); /* whatever was asked is answered */
            chain_move(&client->output, &pending->reply);
        }
        pending_free(client, pending);
        client_touch(session, client);
    }
}

void client_read_before(struct session *session, struct pending *pending)
{
    ensure(pending->state == PENDING_NUMBERED);
    for (struct pending *at = pending->client->head; at != pending; at = at->next) {
        ensure(at != NULL);
        if (at->state != PENDING_READ && at->state != PENDING_CONFIRMED)
            continue;
        pending_settle(session, at, METER_DONE);
        query_answer(session, &at->query, at->names, &at->reply);
    }
}

void client_refuse_before(struct session *session, struct pending *pending, const char *reason)
{
    ensure(pending->state == PENDING_NUMBERED);
    for (struct pending *at = pending->client->head; at != pending; at = at->next) {
        ensure(at != NULL);
        if (at->state != PENDING_READ && at->state != PENDING_CONFIRMED)
            continue;
        pending_settle(session, at, METER_FAILED);
        session->env->meter.errors[REPLY_BUSY]++;
        reply_error(&at->reply, REPLY_BUSY, reason);
    }
    client_advance(session, pending->client); /* only now, or it would answer those that are still to be refused */
}

void client_drop_head(struct session *session, struct node_client *client)
{
    struct pending *pending = client->head;
    ensure(pending && client->count > 0);
    if (pending->state != PENDING_DONE)
        pending_settle(session, pending, METER_DROPPED);
    pending_free(client, pending);
}
