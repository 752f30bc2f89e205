#include "sim/connection.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "sim/machine.h"
#include "sim/world.h"

enum { REPLY_PIECE_MAX = 32 * 1024, SPLIT_MAX = 8 };

static uint64_t delay_us(struct world *world)
{
    return world_between(world, world->profile.delay_min_us, world->profile.delay_max_us);
}

/* True if the process that took this connection lives and has it. */
static bool is_held(const struct connection *connection)
{
    return connection->held && machine_up(connection->machine) && connection->machine->life == connection->life;
}

/* --- the client's end ------------------------------------------------------------------------------------------- */

/* Plans something for the node's end, after whatever is already on its way there. */
static void send_event(struct world *world, struct connection *connection, enum event_kind kind, uint8_t *bytes,
                       size_t size)
{
    uint64_t now_us = world->story.now_us;
    uint64_t at_us = now_us + delay_us(world) + size * 1000 / world->profile.bandwidth;
    if (at_us < connection->to_node_us)
        at_us = connection->to_node_us;
    connection->to_node_us = at_us;
    struct event event = {
        .kind = kind, .connection = connection, .machine = connection->machine, .bytes = bytes, .size = size};
    world_plan(world, at_us - now_us, &event);
}

struct connection *connection_dial(struct world *world, struct client *client, struct machine *machine)
{
    struct connection *connection = memory_get(sizeof *connection);
    *connection = (struct connection){
        .next = world->connections,
        .id = ++world->connection_count,
        .client = client,
        .machine = machine,
        .window = world_between(world, 4096, 1 << 20),
        .slow = !world->quiet && world_chance(world, 20000),
        .open = true,
        .active_us = world->story.now_us,
    };
    world->connections = connection;
    send_event(world, connection, EVENT_CONNECT, NULL, 0);
    return connection;
}

static void send_copy(struct world *world, struct connection *connection, const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size);
    ensure(copy != NULL);
    memcpy(copy, bytes, size);
    send_event(world, connection, EVENT_REQUEST, copy, size);
}

/* In one piece, or split at random places. */
void connection_send(struct world *world, struct connection *connection, const uint8_t *bytes, size_t size)
{
    connection->active_us = world->story.now_us;
    size_t splits = world_chance(world, 300000) ? world_between(world, 1, SPLIT_MAX) : 0;
    size_t at = 0;
    for (size_t i = 0; i < splits && at + 1 < size; i++) {
        size_t part = world_between(world, 1, size - at - 1);
        send_copy(world, connection, bytes + at, part);
        at += part;
    }
    send_copy(world, connection, bytes + at, size - at);
}

void connection_half_close(struct world *world, struct connection *connection)
{
    connection->active_us = world->story.now_us;
    connection->half_closed = true;
    send_event(world, connection, EVENT_HALF_CLOSE, NULL, 0);
}

void connection_abandon(struct world *world, struct connection *connection)
{
    connection->open = false;
    send_event(world, connection, EVENT_GONE, NULL, 0);
}

/* --- from the node's end to the client -------------------------------------------------------------------------- */

static void answer_event(struct world *world, struct connection *connection, enum event_kind kind, uint8_t *bytes,
                         size_t size)
{
    uint64_t now_us = world->story.now_us;
    uint64_t at_us = now_us + delay_us(world) + size * 1000 / world->profile.bandwidth;
    if (connection->slow)
        at_us += world_between(world, 0, 300000);
    if (at_us < connection->to_client_us)
        at_us = connection->to_client_us;
    connection->to_client_us = at_us;
    struct event event = {.kind = kind, .connection = connection, .bytes = bytes, .size = size};
    world_plan(world, at_us - now_us, &event);
}

static void hang_up(struct world *world, struct connection *connection)
{
    if (connection->told)
        return;
    connection->told = true;
    answer_event(world, connection, EVENT_HUNG_UP, NULL, 0);
}

static void answer_bytes(struct world *world, struct connection *connection, const void *bytes, size_t size)
{
    uint8_t *copy = malloc(size);
    ensure(copy != NULL);
    memcpy(copy, bytes, size);
    connection->under_way += size;
    answer_event(world, connection, EVENT_REPLY, copy, size);
}

/* --- arrivals at the node's end --------------------------------------------------------------------------------- */

static void node_input(struct world *world, struct connection *connection, enum input_kind kind)
{
    struct input input = {.kind = kind, .connection = connection};
    machine_input(world, connection->machine, &input);
}

/* The process closes it in its next turn. */
static void close_soon(struct world *world, struct connection *connection)
{
    if (!is_held(connection) || connection->closing)
        return;
    connection->closing = true;
    node_input(world, connection, INPUT_CLIENT_CLOSED);
}

static void arrive_connect(struct world *world, struct connection *connection)
{
    struct machine *machine = connection->machine;
    if (!machine_up(machine)) {
        if (machine->powered)
            hang_up(world, connection);
        return;
    }
    connection->life = machine->life;
    connection->held = true;
    node_input(world, connection, INPUT_CLIENT_OPEN);
}

void connection_arrives(struct world *world, const struct event *event)
{
    struct connection *connection = event->connection;
    story_note(&world->story, connection->id << 32 | event->size << 8 | event->kind);
    if (event->kind == EVENT_CONNECT) {
        arrive_connect(world, connection);
        return;
    }
    if (!is_held(connection) || connection->closing) {
        if (connection->machine->powered && connection->open)
            hang_up(world, connection);
        return;
    }
    if (event->kind == EVENT_GONE) {
        close_soon(world, connection);
        return;
    }
    if (event->kind == EVENT_REQUEST)
        buffer_append(&connection->arrived, event->bytes, event->size);
    else
        connection->end_arrived = true;
    node_input(world, connection, INPUT_CLIENT_READABLE);
}

void connection_taken(struct world *world, struct connection *connection, size_t size)
{
    connection->under_way -= size;
    if (is_held(connection) && !connection->closing && connection->node_client)
        node_input(world, connection, INPUT_CLIENT_WRITABLE);
}

/* --- turns ------------------------------------------------------------------------------------------------------ */

void connection_open(struct world *world, struct connection *connection)
{
    if (connection->closing)
        return;
    connection->node_client = node_client_open(connection->machine->node, connection);
    if (!connection->node_client) {
        answer_bytes(world, connection, node_busy_line(), strlen(node_busy_line()));
        hang_up(world, connection);
        close_soon(world, connection);
    }
}

void connection_read(struct world *world, struct connection *connection)
{
    if (!connection->node_client || !node_client_reads(connection->node_client))
        return;
    struct node *node = connection->machine->node;
    size_t size = buffer_size(&connection->arrived);
    if (size > 0) {
        size_t part = world_chance(world, 100000) ? world_between(world, 1, size) : size;
        node_client_bytes(node, connection->node_client, buffer_start(&connection->arrived), part);
        buffer_consume(&connection->arrived, part);
        if (part < size || connection->end_arrived)
            node_input(world, connection, INPUT_CLIENT_READABLE);
    } else if (connection->end_arrived && !connection->end_read) {
        connection->end_read = true;
        node_client_end(node, connection->node_client);
    }
}

void connection_write(struct world *world, struct connection *connection)
{
    if (!connection->node_client || connection->closing)
        return;
    struct chain *output = node_client_output(connection->node_client);
    size_t written = 0;
    while (output->size > 0 && connection->under_way < connection->window) {
        struct iovec piece;
        if (chain_peek(output, &piece, 1) == 0)
            break;
        size_t size = piece.iov_len < REPLY_PIECE_MAX ? piece.iov_len : REPLY_PIECE_MAX;
        answer_bytes(world, connection, piece.iov_base, size);
        chain_consume(output, size);
        written += size;
    }
    if (written > 0)
        node_client_written(connection->machine->node, connection->node_client);
    if (node_client_ends(connection->node_client) && output->size == 0) {
        hang_up(world, connection);
        close_soon(world, connection);
        return;
    }
    bool more = buffer_size(&connection->arrived) > 0 || (connection->end_arrived && !connection->end_read);
    if (more && node_client_reads(connection->node_client))
        node_input(world, connection, INPUT_CLIENT_READABLE);
}

void connection_closed(struct world *world, struct connection *connection)
{
    (void)world;
    if (connection->node_client)
        node_client_close(connection->machine->node, connection->node_client);
    connection->node_client = NULL;
    connection->held = false;
    buffer_close(&connection->arrived);
}

/* --- the end of a process, and of all --------------------------------------------------------------------------- */

void connection_machine_down(struct world *world, struct machine *machine)
{
    for (struct connection *connection = world->connections; connection; connection = connection->next) {
        if (connection->machine != machine || !connection->held)
            continue;
        connection->node_client = NULL;
        connection->held = false;
        buffer_close(&connection->arrived);
        if (machine->powered)
            hang_up(world, connection);
    }
}

void connections_close(struct world *world)
{
    while (world->connections) {
        struct connection *connection = world->connections;
        world->connections = connection->next;
        buffer_close(&connection->arrived);
        buffer_close(&connection->replies);
        free(connection->operations);
        free(connection);
    }
}
