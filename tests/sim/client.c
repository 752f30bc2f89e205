#include "sim/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "sim/connection.h"
#include "sim/faults.h"
#include "sim/machine.h"
#include "sim/verb_operation.h"
#include "sim/world.h"

enum { PROBE_READS_MAX = 16 };

static void plan_step(struct world *world, struct client *client, uint64_t delay_us)
{
    struct event event = {.kind = EVENT_CLIENT, .client = client};
    world_plan(world, delay_us, &event);
}

void client_init(struct world *world, struct client *client, uint32_t id, struct machine *probed)
{
    *client = (struct client){.id = id, .probed = probed};
    snprintf(client->name, sizeof client->name, probed ? "p%u" : "c%u", probed ? probed->id : id);
    plan_step(world, client, world_between(world, 1, 100000));
}

static size_t waiting(const struct connection *connection)
{
    return connection->count - connection->first;
}

/* OPERATION is one of verbs.h. */
static bool is_verb(const struct operation *operation)
{
    return operation->kind == OPERATION_OTHER && operation->expected == OTHER_VERB;
}

/* --- outcomes --------------------------------------------------------------------------------------------------- */

/* The oracle learns what became of a change. */
static void settle(struct world *world, const struct operation *operation)
{
    size_t request = is_verb(operation) ? world->verbs.operations[operation->value_size].request : operation->request;
    if (request == 0 || operation->outcome == RESULT_UNKNOWN)
        return;
    if (operation->outcome == RESULT_REFUSED)
        oracle_refused(&world->oracle, request);
    else
        oracle_answered(&world->oracle, request);
}

static void finish(struct world *world, uint64_t id, enum operation_outcome outcome)
{
    static const char *const texts[] = {"pending", "ok", "contents", "not found", "mismatch", "refused", "unknown"};
    struct operation *operation = history_operation(&world->history, id);
    ensure(operation->outcome == RESULT_PENDING);
    operation->outcome = outcome;
    operation->returned_us = outcome == RESULT_UNKNOWN ? UINT64_MAX : world->story.now_us;
    settle(world, operation);
    story_note(&world->story, id << 8 | outcome);
    story_note(&world->story, operation->version);
    story_tell(&world->story, 1, "", "operation %llu: %s, version %llu%s%llu", (unsigned long long)id, texts[outcome],
               (unsigned long long)operation->version, operation->seen ? ", value of " : " ",
               (unsigned long long)operation->seen);
}

/* The connection is over: what was not answered may have happened; what follows nonsense has not. */
static void finish_rest(struct world *world, struct connection *connection)
{
    for (; connection->first < connection->count; connection->first++) {
        uint64_t id = connection->operations[connection->first];
        bool never_ran = connection->poisoned != 0 && id > connection->poisoned;
        const struct operation *operation = history_operation(&world->history, id);
        if (!never_ran && is_verb(operation))
            verbs_unknown(world, connection->client, operation->value_size);
        finish(world, id, never_ran ? RESULT_REFUSED : RESULT_UNKNOWN);
    }
}

void client_hung_up(struct world *world, struct connection *connection)
{
    if (!connection->open)
        return;
    connection->open = false;
    finish_rest(world, connection);
}

/* --- requests --------------------------------------------------------------------------------------------------- */

static void tell_request(const struct world *world, const struct client *client, const struct operation *operation,
                         uint64_t id)
{
    static const char *const verbs[] = {"read", "write", "cas", "delete", "other"};
    story_tell(&world->story, 1, client->name,
               "-> %s operation %llu, connection %llu: %s f%u expected=%llu size=%zu exptime=%llu",
               client->connection->machine->name, (unsigned long long)id,
               (unsigned long long)client->connection->id, verbs[operation->kind], operation->file,
               (unsigned long long)operation->expected, operation->value_size,
               (unsigned long long)operation->exptime_s);
}

/* Writes the request down and appends its text to OUT. */
static void issue(struct world *world, struct client *client, struct operation operation, struct buffer *out)
{
    struct connection *connection = client->connection;
    operation.connection = connection->id;
    operation.invoked_us = world->story.now_us;
    uint64_t id = history_invoke(&world->history, &operation);
    tell_request(world, client, &operation, id);
    if (operation.kind == OPERATION_OTHER && operation.expected == OTHER_NONSENSE && connection->poisoned == 0)
        connection->poisoned = id;
    if (connection->count == connection->capacity) {
        connection->capacity = connection->capacity > 0 ? connection->capacity * 2 : 64;
        connection->operations =
            memory_resize(connection->operations, connection->capacity, sizeof *connection->operations);
    }
    connection->operations[connection->count++] = id;
    if (is_verb(&operation))
        verbs_send(world, client, operation.value_size, out);
    uint64_t digest = is_verb(&operation) ? 0 : workload_text(world, &operation, id, out);
    if (digest != 0)
        history_operation(&world->history, id)->request = oracle_asked(&world->oracle, digest);
}

static void issue_some(struct world *world, struct client *client)
{
    struct connection *connection = client->connection;
    bool calm = client->probed || (world->quiet && world->profile.overload);
    uint32_t depth = calm ? 1 : world->profile.depth;
    if (waiting(connection) >= depth)
        return;
    struct buffer text = {0};
    uint64_t count = world_between(world, 1, depth - waiting(connection));
    for (; count > 0 && client->budget > 0; count--, client->budget--)
        issue(world, client, client->probed ? workload_probe(world, client) : workload_next(world, client), &text);
    if (buffer_size(&text) > 0)
        connection_send(world, connection, buffer_start(&text), buffer_size(&text));
    buffer_close(&text);
}

/* No further requests on this connection: it ends in one of several ways. */
static void take_leave(struct world *world, struct client *client)
{
    struct connection *connection = client->connection;
    if (world_chance(world, 300000)) {
        struct buffer text = {0};
        issue(world, client, (struct operation){.kind = OPERATION_OTHER, .expected = OTHER_QUIT}, &text);
        connection_send(world, connection, buffer_start(&text), buffer_size(&text));
        buffer_close(&text);
        connection->half_closed = true; /* it sends no more, and waits for the end */
    } else {
        connection_half_close(world, connection);
    }
}

static void leave_at_once(struct world *world, struct client *client)
{
    connection_abandon(world, client->connection);
    finish_rest(world, client->connection);
    client->connection = NULL;
}

/* --- steps ------------------------------------------------------------------------------------------------------ */

static void connect(struct world *world, struct client *client)
{
    struct machine *machine = client->probed;
    if (!machine)
        machine = &world->machines[world_between(world, 0, world->profile.nodes - 1)];
    if (!client->probed && world_chance(world, 300000) && faults_leading(world))
        machine = faults_leading(world); /* so that it has much that others lack when it is cut off */
    if (!client->probed && world->reborn && world_chance(world, 700000))
        machine = world->reborn; /* so that it asks what it asked before it died */
    client->connection = connection_dial(world, client, machine);
    client->budget = world_chance(world, 300000) ? world_between(world, 1, 5) : world_between(world, 5, 400);
    client->reader = world_chance(world, world->profile.reader_permille * 1000);
    client->patience_us = world_between(world, 1000000, 15000000);
}

/* Nothing was heard for too long. While nothing breaks a node owes every command an answer in time. */
static bool out_of_patience(const struct world *world, const struct client *client)
{
    const struct connection *connection = client->connection;
    uint64_t silent_us = world->story.now_us - connection->active_us;
    if (!world->quiet)
        return silent_us > client->patience_us;
    uint64_t owed_us = world->profile.command_timeout_ms * 2000u + 5000000;
    if (silent_us <= owed_us)
        return false;
    bool owed = connection->held && machine_up(connection->machine) &&
                connection->machine->life == connection->life && connection->active_us >= world->phase_us;
    if (owed && world->phase == PHASE_PROGRESS)
        world_fail(world, "%s: connection %llu to %s had no answer for %.3f s, %zu requests wait", client->name,
                   (unsigned long long)connection->id, connection->machine->name, (double)silent_us / 1e6,
                   waiting(connection));
    return true;
}

static void step_connected(struct world *world, struct client *client)
{
    struct connection *connection = client->connection;
    bool stops = world->phase >= PHASE_DRAIN || client->probe_passed;
    bool idle = waiting(connection) == 0;
    if (!idle || connection->half_closed) {
        if (out_of_patience(world, client)) {
            leave_at_once(world, client);
            return;
        }
    }
    if (connection->half_closed || (stops && !idle))
        return;
    if (stops || (!world->quiet && world_chance(world, world->profile.break_permille * 1000)))
        leave_at_once(world, client);
    else if (client->budget == 0)
        take_leave(world, client);
    else
        issue_some(world, client);
}

void client_step(struct world *world, struct client *client)
{
    if (client->connection && !client->connection->open)
        client->connection = NULL;
    if (client->connection) {
        step_connected(world, client);
    } else if (world->phase >= PHASE_DRAIN || client->probe_passed) {
        client->done = true;
        return;
    } else {
        connect(world, client);
    }
    uint64_t think_us = world->quiet && world->profile.overload ? THINK_MAX_US : world->profile.think_us;
    plan_step(world, client, client->probed ? 20000 : world_between(world, 1, think_us));
}

/* --- replies ---------------------------------------------------------------------------------------------------- */

static void probe_answered(struct world *world, struct client *client, const struct operation *operation,
                           const struct answer *answer)
{
    /* A full store is no fault that ends: its answer is as good as any. */
    bool fine = operation->outcome == RESULT_OK || operation->outcome == RESULT_CONTENTS ||
                operation->outcome == RESULT_NOT_FOUND || strcmp(answer->code, "ERR_STORE_FULL") == 0;
    if (fine)
        client->probe_step++;
    uint32_t reads = world->profile.files < PROBE_READS_MAX ? world->profile.files : PROBE_READS_MAX;
    client->probe_passed = client->probe_step > 1 + reads;
}

static enum operation_outcome error_outcome(const struct world *world, const struct connection *connection,
                                            uint64_t id, const struct operation *operation,
                                            const struct answer *answer)
{
    if (strcmp(answer->code, "ERR_TIMEOUT") == 0)
        return RESULT_UNKNOWN;
    bool nonsense = operation->kind == OPERATION_OTHER && operation->expected == OTHER_NONSENSE;
    if (strcmp(answer->code, "ERR_CMD_ERR") == 0 && !nonsense)
        world_fail(world, "%s: operation %llu of connection %llu got %s", connection->machine->name,
                   (unsigned long long)id, (unsigned long long)connection->id, answer->code);
    if (strcmp(answer->code, "ERR_STORE_FULL") == 0 && !oracle_may_be_full(&world->oracle))
        world_fail(world, "%s: operation %llu found the store full, which it never was", connection->machine->name,
                   (unsigned long long)id);
    return RESULT_REFUSED;
}

/* What ANSWER says of OPERATION; RESULT_PENDING: it is no answer to that. */
static enum operation_outcome outcome_of(const struct operation *operation, const struct answer *answer)
{
    bool writes = operation->kind == OPERATION_WRITE || operation->kind == OPERATION_CAS;
    switch (answer->kind) {
    case ANSWER_OK:
        return operation->kind == OPERATION_DELETE ? RESULT_OK : RESULT_PENDING;
    case ANSWER_OK_VERSION:
        return writes ? RESULT_OK : RESULT_PENDING;
    case ANSWER_CONTENTS:
        return operation->kind == OPERATION_READ ? RESULT_CONTENTS : RESULT_PENDING;
    case ANSWER_NOT_FOUND:
        return operation->kind == OPERATION_READ || operation->kind == OPERATION_DELETE ? RESULT_NOT_FOUND
                                                                                       : RESULT_PENDING;
    case ANSWER_VERSION:
        return operation->kind == OPERATION_CAS ? RESULT_MISMATCH : RESULT_PENDING;
    default:
        return operation->kind == OPERATION_OTHER && operation->expected != OTHER_NONSENSE ? RESULT_OK
                                                                                          : RESULT_PENDING;
    }
}

/* The value is just what one operation wrote, with the size that it had. */
static uint64_t whose_value(const struct world *world, const struct answer *answer)
{
    uint64_t id = value_read(answer->bytes, answer->size);
    if (id == 0 || id > world->history.count)
        return 0;
    return history_operation(&world->history, id)->value_size == answer->size ? id : 0;
}

static void answered(struct world *world, struct connection *connection, const struct answer *answer)
{
    uint64_t id = connection->operations[connection->first++];
    struct operation *operation = history_operation(&world->history, id);
    bool verb = is_verb(operation);
    enum operation_outcome outcome = verb ? verbs_answered(world, connection, operation->value_size, answer)
                                     : answer->kind == ANSWER_ERROR
                                         ? error_outcome(world, connection, id, operation, answer)
                                         : outcome_of(operation, answer);
    if (outcome == RESULT_PENDING)
        world_fail(world, "%s: operation %llu of connection %llu got %s, which is no answer to it",
                   connection->machine->name, (unsigned long long)id, (unsigned long long)connection->id,
                   answer->code);
    if (connection->poisoned != 0 && id > connection->poisoned)
        world_fail(world, "%s: operation %llu was run after nonsense on connection %llu", connection->machine->name,
                   (unsigned long long)id, (unsigned long long)connection->id);
    if (verb && outcome == RESULT_UNKNOWN)
        verbs_unknown(world, connection->client, operation->value_size);
    else if (!verb)
        verbs_learn(world, connection, answer->version);
    operation->version = answer->version;
    operation->remaining_s = answer->exptime_s;
    if (outcome == RESULT_CONTENTS)
        operation->seen = whose_value(world, answer);
    if (answer->kind == ANSWER_ERROR)
        story_tell(&world->story, 1, connection->machine->name, "says %s", answer->code);
    finish(world, id, outcome);
    struct client *client = connection->client;
    if (!verb && (outcome == RESULT_OK || outcome == RESULT_CONTENTS || outcome == RESULT_MISMATCH))
        client->known[operation->file] = operation->version;
    if (client->probed)
        probe_answered(world, client, operation, answer);
}

void client_reply(struct world *world, const struct event *event)
{
    struct connection *connection = event->connection;
    connection_taken(world, connection, event->size);
    if (!connection->open)
        return;
    story_note_bytes(&world->story, event->bytes, event->size);
    connection->active_us = world->story.now_us;
    buffer_append(&connection->replies, event->bytes, event->size);
    while (buffer_size(&connection->replies) > 0) {
        struct answer answer;
        long length = answer_parse(buffer_start(&connection->replies), buffer_size(&connection->replies), &answer);
        if (length < 0)
            world_fail(world, "%s: connection %llu got what is no reply", connection->machine->name,
                       (unsigned long long)connection->id);
        if (length == 0)
            return;
        if (waiting(connection) > 0)
            answered(world, connection, &answer);
        else if (answer.kind != ANSWER_ERROR)
            world_fail(world, "%s: connection %llu got %s without a request", connection->machine->name,
                       (unsigned long long)connection->id, answer.code);
        buffer_consume(&connection->replies, (size_t)length);
    }
}
