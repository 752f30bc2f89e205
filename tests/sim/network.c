#include "sim/network.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "node/peers/frame.h"
#include "sim/ambush.h"
#include "sim/machine.h"
#include "sim/wire.h"
#include "sim/world.h"

enum { WRITE_MAX = 64 * 1024, LENGTH_SIZE = 4, REBORN_DIAL_MAX_US = 500 };

static bool lost(const struct world *world, const struct machine *from, const struct machine *to)
{
    return world->network.lost[from->id - 1][to->id - 1];
}

static uint64_t delay_us(struct world *world)
{
    return world_between(world, world->profile.delay_min_us, world->profile.delay_max_us);
}

void network_make_late(struct world *world, const struct machine *to, const struct machine *spared, uint64_t us)
{
    struct network *network = &world->network;
    network->late_to = to;
    network->late_spared = spared;
    network->late_until_us = world->story.now_us + us;
}

/* When what would come to TO at AT_US does. */
static uint64_t late_us(struct world *world, const struct machine *from, const struct machine *to, uint64_t at_us)
{
    const struct network *network = &world->network;
    if (network->late_to != to || network->late_spared == from || world->quiet || at_us >= network->late_until_us)
        return at_us;
    return world_between(world, (at_us + network->late_until_us) / 2, network->late_until_us);
}

/* --- lines ------------------------------------------------------------------------------------------------------ */

void network_init(struct world *world)
{
    struct network *network = &world->network;
    for (uint32_t high = 2; high <= world->profile.nodes; high++)
        for (uint32_t low = 1; low < high; low++)
            for (int kind = NODE_LINK_CONSENSUS; kind <= NODE_LINK_BULK; kind++)
                network->lines[network->line_count++] = (struct line){
                    .high = &world->machines[high - 1],
                    .low = &world->machines[low - 1],
                    .kind = (enum node_link_kind)kind,
                };
}

void network_close(struct network *network)
{
    while (network->sockets) {
        struct peer_socket *socket = network->sockets;
        network->sockets = socket->next;
        buffer_close(&socket->partial);
        free(socket);
    }
}

static void plan_dial(struct world *world, struct line *line, uint64_t delay)
{
    if (line->dialling || line->socket || !machine_up(line->high))
        return;
    if (line->high->reborn || line->low->reborn)
        delay = delay < REBORN_DIAL_MAX_US ? delay : world_between(world, 10, REBORN_DIAL_MAX_US);
    line->dialling = true;
    struct event event = {.kind = EVENT_DIAL, .line = line, .machine = line->high, .life = line->high->life};
    world_plan(world, delay, &event);
}

/* Whoever has a connection to an earlier process of MACHINE finds out in time, if that is asked of the network. */
static void plan_keepalive(struct world *world, const struct machine *machine)
{
    for (struct peer_socket *socket = world->network.sockets; socket; socket = socket->next) {
        if (!socket->open || socket->told || socket->other->machine != machine || socket->other->open)
            continue;
        socket->told = true;
        struct event event = {.kind = EVENT_LINK_CLOSED, .socket = socket};
        world_plan(world, world_between(world, 1, world->profile.keepalive_us), &event);
    }
}

void network_machine_up(struct world *world, struct machine *machine)
{
    for (size_t i = 0; i < world->network.line_count; i++) {
        struct line *line = &world->network.lines[i];
        if (line->high != machine)
            continue;
        ensure(!line->socket);
        line->dialling = false; /* what an earlier process had planned is stale */
        plan_dial(world, line, world_between(world, 10, 5000));
    }
    if (world->profile.keepalive_us > 0)
        plan_keepalive(world, machine);
}

static struct peer_socket *socket_new(struct world *world, struct line *line, struct machine *machine, uint32_t peer)
{
    struct peer_socket *socket = memory_get(sizeof *socket);
    *socket = (struct peer_socket){
        .next = world->network.sockets,
        .line = line,
        .machine = machine,
        .life = machine->life,
        .peer = peer,
        /* Who accepts cannot know the kind: the hello says it. */
        .kind = peer != 0 ? line->kind : NODE_LINK_CONSENSUS,
        .open = true,
    };
    world->network.sockets = socket;
    return socket;
}

void network_dial(struct world *world, const struct event *event)
{
    struct line *line = event->line;
    if (!machine_is(line->high, event))
        return;
    line->dialling = false;
    if (line->socket)
        return;
    if (lost(world, line->high, line->low) || lost(world, line->low, line->high) || !line->low->powered) {
        plan_dial(world, line, world_between(world, 200000, 1000000)); /* no answer */
        return;
    }
    if (!machine_up(line->low)) {
        plan_dial(world, line, world_between(world, 20000, 300000)); /* refused */
        return;
    }
    struct peer_socket *called = socket_new(world, line, line->low, 0);
    struct peer_socket *caller = socket_new(world, line, line->high, line->low->id);
    called->other = caller;
    caller->other = called;
    line->socket = caller;
    uint64_t there = delay_us(world);
    uint64_t back = there + delay_us(world);
    called->arrival_us = world->story.now_us + back; /* nothing overtakes the answer to the call */
    struct event open = {.kind = EVENT_LINK_OPEN, .socket = called};
    world_plan(world, there, &open);
    open.socket = caller;
    world_plan(world, back, &open);
}

/* True if SOCKET is still held by the process that runs now. */
static bool held(const struct peer_socket *socket)
{
    return socket->open && machine_up(socket->machine) && socket->machine->life == socket->life;
}

void network_link_open(struct world *world, const struct event *event)
{
    struct peer_socket *socket = event->socket;
    if (!held(socket) || socket->closing)
        return;
    struct input input = {.kind = INPUT_LINK_OPEN, .socket = socket};
    machine_input(world, socket->machine, &input);
}

/* --- frames out ------------------------------------------------------------------------------------------------- */

/* The other end's process is gone: its machine says so to whoever writes, unless that is lost too. */
static void answer_reset(struct world *world, struct peer_socket *socket)
{
    const struct machine *from = socket->machine, *to = socket->other->machine;
    if (socket->told || !to->powered || lost(world, from, to) || lost(world, to, from))
        return;
    socket->told = true;
    struct event event = {.kind = EVENT_LINK_CLOSED, .socket = socket};
    world_plan(world, delay_us(world) + delay_us(world), &event);
}

/* A bit of the frame is another one on arrival; not of its length, which would only make the receiver wait for more. */
static void spoil(struct world *world, uint8_t *bytes, size_t size)
{
    uint64_t bit = world_between(world, LENGTH_SIZE * 8, size * 8 - 1);
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    world->network.spoilt++;
}

static void plan_frame(struct world *world, struct peer_socket *socket, const uint8_t *bytes, size_t size,
                       bool keeps_place, uint64_t held_us)
{
    struct peer_socket *other = socket->other;
    uint64_t now_us = world->story.now_us;
    uint64_t at_us = now_us + delay_us(world) + size * 1000 / world->profile.bandwidth;
    at_us = late_us(world, socket->machine, other->machine, at_us);
    if (held_us > 0)
        at_us += held_us;
    else if (!keeps_place)
        at_us += world_between(world, 0, world->profile.late_us);
    else if (at_us <= socket->arrival_us)
        at_us = socket->arrival_us;
    if (at_us < socket->machine->clogged_us)
        at_us = socket->machine->clogged_us;
    if (keeps_place && held_us == 0)
        socket->arrival_us = at_us;
    struct event event = {.kind = EVENT_FRAME, .socket = other, .bytes = malloc(size), .size = size};
    ensure(event.bytes != NULL);
    memcpy(event.bytes, bytes, size);
    if (!world->quiet && size > LENGTH_SIZE && world_chance(world, world->profile.spoil_ppm))
        spoil(world, event.bytes, size);
    socket->under_way += size;
    world_plan(world, at_us - now_us, &event);
}

static void send_frame(struct world *world, struct peer_socket *socket, const uint8_t *bytes, size_t size)
{
    const struct profile *profile = &world->profile;
    struct network *network = &world->network;
    const struct machine *from = socket->machine, *to = socket->other->machine;
    world->frames++;
    const char *broken = invariants_frame(&world->invariants, from->id, bytes, size);
    if (broken)
        world_fail(world, "%s to %s: %s", from->name, to->name, broken);
    bool spared = profile->spares_form && bytes[4] == FRAME_FORM;
    bool drops = !spared && (lost(world, from, to) || (!world->quiet && world_chance(world, profile->drop_ppm)));
    if (world->story.detail >= 2)
        wire_tell(&world->story, from->name, to->name, bytes, size, drops);
    if (!held(socket->other)) {
        answer_reset(world, socket);
        return;
    }
    if (drops) {
        network->dropped++;
        return;
    }
    uint64_t held_us = ambush_frame(world, socket->machine, socket->other->machine, bytes);
    if (!world->quiet && world_chance(world, profile->tear_ppm)) {
        plan_frame(world, socket, bytes, world_between(world, 1, size - 1), true, 0);
        network_cut(world, socket->line);
        return;
    }
    bool keeps_place = world->quiet || !world_chance(world, profile->reorder_ppm);
    network->reordered += !keeps_place;
    plan_frame(world, socket, bytes, size, keeps_place, held_us);
    if (!world->quiet && world_chance(world, profile->repeat_ppm)) {
        network->repeated++;
        plan_frame(world, socket, bytes, size, false, 0);
    }
}

/* Cuts whole frames out of what the node has given so far. */
static void cut_frames(struct world *world, struct peer_socket *socket)
{
    while (buffer_size(&socket->partial) >= FRAME_HEADER_SIZE) {
        size_t length = frame_length(buffer_start(&socket->partial));
        if (length > FRAME_HEADER_SIZE + FRAME_BODY_MAX)
            world_fail(world, "%s: a frame of %zu bytes", socket->machine->name, length);
        if (buffer_size(&socket->partial) < length)
            break;
        send_frame(world, socket, buffer_start(&socket->partial), length);
        buffer_consume(&socket->partial, length);
    }
}

/* The window holds for whole frames: what is left of one is not under way. */
void network_write(struct world *world, struct peer_socket *socket)
{
    while (socket->open && !socket->closing && socket->under_way < world->profile.window_bytes) {
        struct iovec pieces[4];
        size_t count = node_link_peek(socket->link, pieces, sizeof pieces / sizeof pieces[0]);
        if (count == 0)
            break;
        size_t taken = 0;
        for (size_t i = 0; i < count && taken < WRITE_MAX; i++) {
            size_t part = pieces[i].iov_len < WRITE_MAX - taken ? pieces[i].iov_len : WRITE_MAX - taken;
            buffer_append(&socket->partial, pieces[i].iov_base, part);
            taken += part;
        }
        node_link_consume(socket->link, taken);
        cut_frames(world, socket);
    }
}

/* --- frames in -------------------------------------------------------------------------------------------------- */

void network_frame(struct world *world, const struct event *event)
{
    struct peer_socket *socket = event->socket;
    if (!held(socket) || socket->closing) {
        free(event->bytes);
        socket->other->under_way -= event->size;
        return;
    }
    story_note(&world->story, event->size << 8 | socket->machine->id);
    struct input input = {.kind = INPUT_LINK_BYTES, .socket = socket, .bytes = event->bytes, .size = event->size};
    machine_input(world, socket->machine, &input);
}

void network_arrived(struct world *world, struct peer_socket *socket, size_t size)
{
    struct peer_socket *other = socket->other;
    other->under_way -= size;
    if (held(other) && other->link && node_link_output_bytes(other->link) > 0)
        machine_wake(world, other->machine, delay_us(world)); /* it can write on */
}

/* --- the end of a connection ------------------------------------------------------------------------------------ */

/* The process at SOCKET's end is told that the connection is gone. */
static void close_soon(struct world *world, struct peer_socket *socket)
{
    if (!held(socket) || socket->closing)
        return;
    socket->closing = true;
    struct input input = {.kind = INPUT_LINK_CLOSED, .socket = socket};
    machine_input(world, socket->machine, &input);
}

void network_link_closed(struct world *world, const struct event *event)
{
    close_soon(world, event->socket);
}

void network_close_end(struct world *world, struct peer_socket *socket)
{
    close_soon(world, socket);
}

/* SOCKET is closed at its end: the other end hears of it, after what was sent before, unless that is lost. */
static void end(struct world *world, struct peer_socket *socket, bool tell)
{
    socket->open = false;
    struct peer_socket *other = socket->other;
    if (socket->line->socket == socket)
        socket->line->socket = NULL;
    if (!tell || !held(other) || other->told || lost(world, socket->machine, other->machine))
        return;
    other->told = true;
    uint64_t now_us = world->story.now_us;
    uint64_t at_us = now_us + delay_us(world);
    struct event event = {.kind = EVENT_LINK_CLOSED, .socket = other};
    world_plan(world, (at_us > socket->arrival_us ? at_us : socket->arrival_us) - now_us, &event);
}

void network_end_closed(struct world *world, struct peer_socket *socket)
{
    end(world, socket, true);
    plan_dial(world, socket->line, world_between(world, 5000, 300000));
}

void network_machine_down(struct world *world, struct machine *machine)
{
    for (struct peer_socket *socket = world->network.sockets; socket; socket = socket->next)
        if (socket->machine == machine && socket->open) {
            socket->link = NULL;
            end(world, socket, machine->powered);
        }
}

void network_cut(struct world *world, struct line *line)
{
    struct peer_socket *socket = line->socket;
    if (!socket || socket->told || socket->other->told)
        return;
    socket->told = socket->other->told = true;
    struct event event = {.kind = EVENT_LINK_CLOSED, .socket = socket};
    world_plan(world, delay_us(world) * world_between(world, 1, 20), &event);
    event.socket = socket->other;
    world_plan(world, delay_us(world) * world_between(world, 1, 20), &event);
}
