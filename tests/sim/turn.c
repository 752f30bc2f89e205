#include "sim/turn.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "sim/connection.h"
#include "sim/machine.h"
#include "sim/sound.h"
#include "sim/world.h"

enum {
    IDLE_TURNS_MAX = 20000,      /* in one millisecond without any input: the node spins */
    TURN_AGAIN_US = 20,          /* a deadline that is already there */
};

uint64_t turn_clock_ms(const struct world *world, const struct machine *machine)
{
    int64_t now_us = (int64_t)world->story.now_us;
    return machine->clock_start_ms + (uint64_t)(now_us + now_us * machine->clock_rate_ppm / 1000000) / 1000;
}

/* How long until MACHINE's clock shows CLOCK_MS, about; at least one us. */
static uint64_t clock_delay_us(const struct world *world, const struct machine *machine, uint64_t clock_ms)
{
    uint64_t now_ms = turn_clock_ms(world, machine);
    if (clock_ms <= now_ms)
        return TURN_AGAIN_US;
    uint64_t delay_ms = clock_ms - now_ms;
    return delay_ms > 3600000 ? 3600000000u : delay_ms * 1000 - world->story.now_us % 1000 + 1;
}

/* --- inputs ----------------------------------------------------------------------------------------------------- */

static void link_open(struct machine *machine, struct peer_socket *socket)
{
    if (socket->open)
        socket->link = node_link_open(machine->node, socket, socket->kind, socket->peer);
}

/* Bytes of a link come whole, or in two reads. */
static void link_bytes(struct world *world, struct machine *machine, const struct input *input)
{
    struct peer_socket *socket = input->socket;
    network_arrived(world, socket, input->size);
    if (!socket->link || !socket->open)
        return;
    size_t first = input->size;
    if (world_chance(world, 50000))
        first = world_between(world, 1, input->size);
    node_link_bytes(machine->node, socket->link, input->bytes, first);
    if (first < input->size && !node_link_ends(socket->link))
        node_link_bytes(machine->node, socket->link, input->bytes + first, input->size - first);
}

static void link_closed(struct world *world, struct machine *machine, struct peer_socket *socket)
{
    if (socket->link)
        node_link_close(machine->node, socket->link);
    socket->link = NULL;
    network_end_closed(world, socket);
}

static void take_input(struct world *world, struct machine *machine, const struct input *input)
{
    switch (input->kind) {
    case INPUT_LINK_OPEN:
        link_open(machine, input->socket);
        break;
    case INPUT_LINK_BYTES:
        link_bytes(world, machine, input);
        break;
    case INPUT_LINK_CLOSED:
        link_closed(world, machine, input->socket);
        break;
    case INPUT_CLIENT_OPEN:
        connection_open(world, input->connection);
        break;
    case INPUT_CLIENT_READABLE:
        connection_read(world, input->connection);
        break;
    case INPUT_CLIENT_WRITABLE:
        connection_write(world, input->connection);
        break;
    case INPUT_CLIENT_CLOSED:
        connection_closed(world, input->connection);
        break;
    case INPUT_LOG_DONE:
        ensure(machine->log != NULL);
        node_log_done(machine->node, machine->log);
        machine->log = NULL;
        break;
    case INPUT_BULK_DONE:
        ensure(machine->bulk != NULL);
        node_bulk_done(machine->node, machine->bulk);
        machine->bulk = NULL;
        break;
    case INPUT_SHUTDOWN:
        node_shutdown(machine->node);
        machine->stopping = true;
        break;
    }
}

/* Inputs may bring further inputs, for the next turn: those that were there at the start are taken. */
static void take_inputs(struct world *world, struct machine *machine)
{
    size_t count = machine->input_count;
    for (size_t i = 0; i < count; i++) {
        struct input input = machine->inputs[i];
        take_input(world, machine, &input);
        free(input.bytes);
    }
    machine->input_count -= count;
    if (machine->input_count > 0)
        memmove(machine->inputs, machine->inputs + count, machine->input_count * sizeof *machine->inputs);
}

/* --- outputs ---------------------------------------------------------------------------------------------------- */

static void tell_log(struct world *world, struct machine *machine)
{
    struct buffer *log = node_log(machine->node);
    size_t size = buffer_size(log);
    if (size == 0)
        return;
    story_note_bytes(&world->story, buffer_start(log), size);
    const char *line = (const char *)buffer_start(log);
    const char *end = line + size;
    while (line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop)
            stop = end;
        story_tell(&world->story, 1, machine->name, "%.*s", (int)(stop - line), line);
        line = stop + 1;
    }
    buffer_clear(log, 4096);
}

static void ask_disk(struct world *world, struct machine *machine)
{
    const struct profile *profile = &world->profile;
    if (machine->stopping && node_shutdown_done(machine->node))
        return; /* only what is under way is waited for */
    if (!machine->log) {
        machine->log = node_take_log(machine->node);
        if (machine->log) {
            machine->log_hash = threads_log_hash(machine->log);
            struct event event = {.kind = EVENT_LOG_EXECUTE, .machine = machine, .life = machine->life};
            world_plan(world, world_between(world, profile->disk_min_us, profile->disk_max_us), &event);
        }
    }
    if (!machine->bulk) {
        machine->bulk = node_take_bulk(machine->node);
        if (machine->bulk) {
            struct event event = {.kind = EVENT_BULK_EXECUTE, .machine = machine, .life = machine->life};
            world_plan(world, world_between(world, profile->disk_min_us, profile->disk_max_us * 2), &event);
        }
    }
}

static void write_links(struct world *world, struct machine *machine)
{
    struct node_link *link;
    for (size_t i = 0; (link = node_link_at(machine->node, i)) != NULL; i++) {
        struct peer_socket *socket = node_link_owner(link);
        network_write(world, socket); /* why it ends, if it does, is still told */
        if (node_link_ends(link))
            network_close_end(world, socket);
    }
}

static void write_clients(struct world *world, struct machine *machine)
{
    struct node_client *client;
    while ((client = node_next_output(machine->node)) != NULL)
        connection_write(world, node_client_owner(client));
}

/* The node asks for its next turn. A node that asks for the present over and over, with nothing new, spins. */
static void plan_next(struct world *world, struct machine *machine, bool had_inputs)
{
    uint64_t now_ms = turn_clock_ms(world, machine);
    uint64_t deadline_ms = node_deadline_ms(machine->node);
    machine->idle_turns = had_inputs || now_ms != machine->idle_ms ? 0 : machine->idle_turns + 1;
    machine->idle_ms = now_ms;
    if (machine->idle_turns > IDLE_TURNS_MAX)
        world_fail(world, "%s: its deadline is the present, over and over", machine->name);
    machine_wake(world, machine, clock_delay_us(world, machine, deadline_ms));
}

void turn_take(struct world *world, struct machine *machine)
{
    bool had_inputs = machine->input_count > 0;
    node_time(machine->node, turn_clock_ms(world, machine));
    take_inputs(world, machine);
    const char *broken = read_index_check(&machine->reads, machine->node);
    if (broken)
        world_fail(world, "%s: %s", machine->name, broken);
    uint64_t committed = world->invariants.shadow_count;
    node_turn(machine->node);
    read_index_asked(&machine->reads, machine->node, committed);
    tell_log(world, machine);
    const char *reason = node_stop_reason(machine->node);
    if (reason && machine->diverged) {
        machine_crash(world, machine, false);
        machine_replace(world, machine, reason);
        machine_plan_start(world, machine, world_between(world, 1000, 500000));
        return;
    }
    if (reason && machine->io_error) {
        story_tell(&world->story, 1, machine->name, "gives up: %s", reason);
        machine_crash(world, machine, false);
        machine_plan_start(world, machine, world_between(world, 1000, 500000));
        return;
    }
    if (reason)
        world_fail(world, "%s: the node stops: %s", machine->name, reason);
    ask_disk(world, machine);
    write_links(world, machine);
    write_clients(world, machine);
    broken = invariants_turn(&world->invariants, machine->id, machine->node,
                                         turn_clock_ms(world, machine));
    if (!broken)
        broken = sound_turn(machine->node);
    if (broken)
        world_fail(world, "%s: %s", machine->name, broken);
    if (raft_rolled_back(node_raft(machine->node)) && !machine->put_back)
        world_fail(world, "%s: was told that its disk was put back, and it was not", machine->name);
    const char *differs = oracle_compare(&world->oracle, (struct store *)(uintptr_t)node_store(machine->node));
    if (differs)
        world_fail(world, "%s: at entry %llu %s", machine->name, (unsigned long long)world->oracle.count, differs);
    machine->diverged = world->invariants.watched[machine->id - 1].diverged;
    if (machine->stopping && node_shutdown_done(machine->node) && !machine->log && !machine->bulk) {
        machine_stopped(world, machine);
        return;
    }
    plan_next(world, machine, had_inputs);
}
