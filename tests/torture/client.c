#include "torture/client.h"

#include <inttypes.h>
#include <string.h>

enum { MOVE_AFTER_MAX = 400, RECONNECT_US = 50000 };

static void leave(struct client *client, struct crowd *crowd)
{
    for (size_t i = 0; i < client->waiting_count; i++)
        record_operation(&crowd->record, &client->waiting[i], NULL);
    client->waiting_count = 0;
    wire_close(&client->wire);
    client->next_us = record_now_us(&crowd->record) + random_between(&crowd->plan.random, 0, RECONNECT_US);
}

void client_break(struct client *client, struct crowd *crowd)
{
    if (client->wire.socket >= 0)
        leave(client, crowd);
}

static void connect_somewhere(struct client *client, struct crowd *crowd)
{
    struct random *random = &crowd->plan.random;
    size_t choice = (size_t)random_between(random, 0, crowd->port_count - 1);
    client->node = (uint8_t)(choice + 1);
    if (!wire_open(&client->wire, crowd->ports[choice])) {
        client->next_us = record_now_us(&crowd->record) + RECONNECT_US;
        return;
    }
    client->connection = ++crowd->record.connections;
    client->asks_left = (uint32_t)random_between(random, 1, MOVE_AFTER_MAX);
}

static void send_command(struct wire *wire, const struct operation *operation)
{
    char contents[VALUE_SIZE_MAX];
    const char *verb = operation_kind_names[operation->kind];
    if (!operation_writes(operation)) {
        wire_text(wire, "%s f%" PRIu32 "\r\n", operation_changes(operation) ? verb : "read", operation->file);
        return;
    }
    size_t size = value_make(operation->value, contents);
    if (operation->kind == OPERATION_CAS)
        wire_text(wire, "cas f%" PRIu32 " %" PRIu64, operation->file, operation->expected);
    else
        wire_text(wire, "write f%" PRIu32, operation->file);
    wire_text(wire, " %zu %" PRIu32 "\r\n%.*s\r\n", size, operation->exptime_s, (int)size, contents);
}

static void ask(struct client *client, struct crowd *crowd)
{
    struct operation *operation = &client->waiting[client->waiting_count++];
    plan_next(&crowd->plan, operation, client->reads);
    operation->connection = client->connection;
    operation->node = client->node;
    operation->invoked_us = record_now_us(&crowd->record);
    send_command(&client->wire, operation);
    client->asks_left--;
}

/* Takes the replies that are there. */
static void take(struct client *client, struct crowd *crowd)
{
    struct wire_reply reply;
    int got;
    while (client->waiting_count > 0 && (got = wire_reply(&client->wire, &reply)) != 0) {
        struct operation *operation = &client->waiting[0];
        if (got < 0)
            wire_fail("node %u: not a reply: '%s'", client->node, reply.line);
        record_operation(&crowd->record, operation, &reply);
        plan_learn(&crowd->plan, operation);
        memmove(operation, operation + 1, --client->waiting_count * sizeof *operation);
    }
}

void client_turn(struct client *client, struct crowd *crowd)
{
    uint64_t now_us = record_now_us(&crowd->record);
    if (client->wire.socket >= 0) {
        bool alive = wire_step(&client->wire);
        take(client, crowd);
        bool silent = client->waiting_count > 0 && client->waiting[0].invoked_us + CLIENT_SILENCE_US < now_us;
        if (!alive || silent)
            leave(client, crowd);
    }
    if (crowd->ending || now_us < client->next_us)
        return;
    if (client->wire.socket >= 0 && client->asks_left == 0) {
        if (client->waiting_count == 0)
            leave(client, crowd);
        return;
    }
    if (client->wire.socket < 0)
        connect_somewhere(client, crowd);
    if (client->wire.socket < 0 || client->waiting_count == client->depth)
        return;
    while (client->waiting_count < client->depth && client->asks_left > 0)
        ask(client, crowd);
    wire_step(&client->wire);
    client->next_us = now_us + random_between(&crowd->plan.random, 0, 2 * crowd->pause_us * client->depth);
}
