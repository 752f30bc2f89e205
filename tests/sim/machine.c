#include "sim/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "sim/connection.h"
#include "sim/faults.h"
#include "sim/hint.h"
#include "sim/put_back.h"
#include "sim/storage.h"
#include "sim/turn.h"
#include "sim/world.h"
#include "store/dump.h"

/* So small that feeds lose their oldest revisions all the time. */
enum { FEED_ENTRIES = 100, FEED_NAMES_BYTES = 1500 };

void machine_init(struct world *world, struct machine *machine, uint32_t id)
{
    machine->id = id;
    snprintf(machine->name, sizeof machine->name, "n%u", id);
    snprintf(machine->directory, sizeof machine->directory, "/n%u/data", id);
    machine->random.state = random_u64(&world->random);
    machine->clock_start_ms = world_between(world, 1000000000, 2000000000); /* suspended, a clock falls behind */
    uint64_t drift = world->profile.drift_ppm;
    machine->clock_rate_ppm = (int64_t)world_between(world, 0, 2 * drift) - (int64_t)drift;
    storage_wipe(machine);
}

bool machine_up(const struct machine *machine)
{
    return machine->node != NULL;
}

bool machine_is(const struct machine *machine, const struct event *event)
{
    return machine->node && machine->life == event->life;
}

bool machine_paused(const struct world *world, const struct machine *machine)
{
    return machine->paused_us > world->story.now_us;
}

/* --- inputs and turns ------------------------------------------------------------------------------------------- */

void machine_input(struct world *world, struct machine *machine, const struct input *input)
{
    ensure(machine->node);
    if (machine->input_count == machine->input_capacity) {
        machine->input_capacity = machine->input_capacity > 0 ? machine->input_capacity * 2 : 64;
        machine->inputs = memory_resize(machine->inputs, machine->input_capacity, sizeof *machine->inputs);
    }
    machine->inputs[machine->input_count++] = *input;
    /* A loop is at once awake, or busy with something else for a moment: then several inputs share a turn. */
    machine_wake(world, machine, world_chance(world, 700000) ? 5 : world_between(world, 5, 500));
}

void machine_wake(struct world *world, struct machine *machine, uint64_t delay_us)
{
    uint64_t at_us = world->story.now_us + delay_us;
    if (at_us < machine->paused_us)
        at_us = machine->paused_us;
    if (machine->turn_us != 0 && machine->turn_us <= at_us)
        return;
    machine->turn_us = at_us;
    struct event event = {.kind = EVENT_TURN, .machine = machine, .life = ++machine->turn_number};
    world_plan(world, at_us - world->story.now_us, &event);
}

static void drop_inputs(struct machine *machine)
{
    for (size_t i = 0; i < machine->input_count; i++)
        free(machine->inputs[i].bytes);
    machine->input_count = 0;
}

void machine_turn(struct world *world, const struct event *event)
{
    struct machine *machine = event->machine;
    if (!machine->node || event->life != machine->turn_number)
        return;
    machine->turn_us = 0;
    if (machine_paused(world, machine)) {
        machine_wake(world, machine, 0);
        return;
    }
    world->turns++;
    turn_take(world, machine);
}

/* --- start and end ---------------------------------------------------------------------------------------------- */

/* Ids for the disk, from the machine's own generator. */
static uint64_t disk_random(void *context)
{
    struct random *random = context;
    return random_u64(random);
}

static void node_options(const struct world *world, const struct machine *machine, struct node_options *options)
{
    const struct profile *profile = &world->profile;
    node_options_default(options);
    options->id = machine->id;
    options->peer_count = profile->nodes;
    for (uint32_t i = 0; i < profile->nodes; i++) {
        options->peers[i].id = i + 1;
        snprintf(options->peers[i].address, sizeof options->peers[i].address, "n%u:1", i + 1);
    }
    options->election_min_ms = profile->election_min_ms;
    options->election_max_ms = profile->election_max_ms;
    options->heartbeat_ms = profile->heartbeat_ms;
    options->command_timeout_ms = profile->command_timeout_ms;
    options->snapshot_every_bytes = machine->snapshot_every_bytes;
    options->value_max_bytes = profile->value_max_bytes;
    options->memory_max_bytes = profile->memory_max_bytes;
    options->repeats_max = profile->repeats_max;
    options->feed_entries_max = FEED_ENTRIES;
    options->feed_names_bytes = FEED_NAMES_BYTES;
    options->window_max = profile->window_max;
    options->catchup_entries = profile->catchup_entries;
    options->agreement_every = profile->agreement_every;
    options->snapshot_block_bytes = profile->snapshot_block_bytes;
    options->frame_bytes = profile->frame_bytes;
    options->append_bytes = profile->append_bytes;
    options->inflight_count = profile->inflight_count;
    options->seed = world->seed << 16 | machine->id << 12 | (machine->life & 4095);
}

/* Loads the recovered snapshot's blocks. */
static bool load_blocks(struct machine *machine, struct store *store)
{
    const uint8_t *bytes;
    size_t size;
    int status;
    while ((status = disk_load_next(machine->disk, &bytes, &size)) > 0)
        if (!store_load(store, bytes, size))
            return false;
    return status == 0 && store_load_end(store);
}

/* The recovered snapshot's state, or a new one. NULL: an injected error kept it from being read. */
static struct store *load_store(struct world *world, struct machine *machine, const struct disk_recovered *recovered)
{
    struct store *store = store_open(machine->random.state);
    if (recovered->snapshot_index == 0 || load_blocks(machine, store))
        return store;
    if (!machine->io_error && !machine->rotten)
        world_fail(world, "%s: the recovered snapshot %llu cannot be loaded", machine->name,
                   (unsigned long long)recovered->snapshot_index);
    store_drain(store, SIZE_MAX);
    store_close(store);
    return NULL;
}

/* --segment-size and --snapshot-every may be others than at its last start. */
static void draw_options(struct world *world, struct machine *machine)
{
    const struct profile *profile = &world->profile;
    if (machine->segment_bytes == 0) {
        machine->segment_bytes = profile->segment_bytes;
        machine->snapshot_every_bytes = profile->snapshot_every_bytes;
    }
    if (!world_chance(world, profile->options_change_ppm))
        return;
    uint64_t blocks = world_between(world, profile->segment_min_bytes / 4096, profile->segment_min_bytes / 4096 * 3);
    machine->segment_bytes = (uint32_t)(world_chance(world, 300000) ? profile->segment_min_bytes : blocks * 4096);
    machine->snapshot_every_bytes = world_between(world, 1, 16) * profile->snapshot_every_bytes / 4 + 256;
    story_tell(&world->story, 1, machine->name, "is started with segments of %u bytes, snapshots every %llu",
               machine->segment_bytes, (unsigned long long)machine->snapshot_every_bytes);
}

/* Opens the disk. False: power went again while it recovered. */
static bool recover(struct world *world, struct machine *machine, struct disk_recovered *recovered)
{
    const struct profile *profile = &world->profile;
    draw_options(world, machine);
    struct disk_options options = {
        .directory = machine->directory,
        .node_id = machine->id,
        .segment_bytes = machine->segment_bytes,
        .removal_bytes = profile->segment_bytes / 3,
        .record_max_bytes = (uint32_t)profile->value_max_bytes + 1024,
        .random = disk_random,
        .random_context = &machine->random,
    };
    bool power = machine->power_in_io;
    if (power)
        storage_stop_after(machine, world_between(world, 0, 40));
    bool reserve = storage_has_reserve(machine);
    char reason[DISK_REASON_MAX] = "";
    enum disk_status status = disk_open(&options, &machine->disk, recovered, reason);
    if (power) {
        machine->power_in_io = false;
        if (status == DISK_OK) {
            disk_recovered_free(recovered);
            disk_close(machine->disk);
        }
        story_tell(&world->story, 1, machine->name, "power goes while it recovers: %s", reason);
        machine->disk = NULL;
        storage_crash(machine, true);
        return false;
    }
    if (status == DISK_FULL && reserve)
        world_fail(world, "%s: room was set aside for this start, and yet: %s", machine->name, reason);
    if (status == DISK_OK && reserve && disk_room_bytes(machine->disk) < disk_record_bytes(0) * 8)
        world_fail(world, "%s: it started, and has no room for what a leader must write", machine->name);
    if (status == DISK_FULL || (status == DISK_FAILED && machine->io_error)) {
        story_tell(&world->story, 1, machine->name, "cannot start: %s", reason);
        storage_crash(machine, false);
        machine->io_error = false;
        return false;
    }
    if (status != DISK_OK && machine->rotten) {
        machine_replace(world, machine, reason);
        return false;
    }
    if (status != DISK_OK)
        world_fail(world, "%s: disk_open: status %d: %s", machine->name, (int)status, reason);
    return true;
}

/* False: what recovery found is not all that was synced. That may be so where a sector at the log's end was lost as a
 * whole, and in no other case: only that cannot be told from a torn tail. The machine must not go on with less than it
 * has promised. */
static bool is_whole(struct world *world, struct machine *machine, struct disk_recovered *recovered)
{
    const char *lost = invariants_recovered(&world->invariants, machine->id, recovered);
    if (!lost)
        return true;
    if (!machine->rotten || !machine->rotten_lost ||
        !invariants_loss_is_tail(&world->invariants, machine->id, recovered))
        world_fail(world, "%s: recovery: %s", machine->name, lost);
    disk_recovered_free(recovered);
    disk_close(machine->disk);
    machine->disk = NULL;
    machine_replace(world, machine, lost);
    return false;
}

void machine_start(struct world *world, struct machine *machine)
{
    machine->start_us = 0;
    if (machine->node || machine->stays_down)
        return;
    struct disk_recovered recovered = {0};
    if (world->phase == PHASE_FAULTS && world->profile.fault_weights[FAULT_ERROR] > 0 && world_chance(world, 50000)) {
        machine->io_error = true;
        storage_error_after(machine, world_between(world, 0, 60));
    }
    if (!recover(world, machine, &recovered)) {
        machine_plan_start(world, machine, world_between(world, 10000, 500000));
        return;
    }
    machine->powered = true;
    machine->life++;
    story_tell(&world->story, 1, machine->name, "starts: snapshot %llu, %llu entries, term %llu, vote %u%s%.*s",
               (unsigned long long)recovered.snapshot_index, (unsigned long long)recovered.entry_count,
               (unsigned long long)recovered.term, recovered.vote, buffer_size(&recovered.notes) > 0 ? ", " : "",
               (int)buffer_size(&recovered.notes),
               buffer_size(&recovered.notes) > 0 ? (char *)buffer_start(&recovered.notes) : "");
    if (!is_whole(world, machine, &recovered)) {
        machine_plan_start(world, machine, world_between(world, 10000, 500000));
        return;
    }
    struct store *store = load_store(world, machine, &recovered);
    if (!store) {
        story_tell(&world->story, 1, machine->name, "cannot start: its snapshot cannot be read");
        disk_recovered_free(&recovered);
        disk_close(machine->disk);
        machine->disk = NULL;
        storage_crash(machine, false);
        if (!machine->io_error)
            machine_replace(world, machine, "its snapshot cannot be read");
        machine->io_error = false;
        machine_plan_start(world, machine, world_between(world, 10000, 500000));
        return;
    }
    struct node_options options;
    node_options(world, machine, &options);
    char reason[DISK_REASON_MAX] = "";
    machine->idle_turns = 0;
    read_index_begin(&machine->reads);
    machine->diverged = false; /* its state is made anew, from its disk */
    machine->node = node_open(&options, machine->disk, &recovered, store, turn_clock_ms(world, machine), reason);
    if (!machine->node)
        world_fail(world, "%s: node_open: %s", machine->name, reason);
    const char *broken = hint_started(&world->invariants, &recovered, machine->node);
    if (broken)
        world_fail(world, "%s: %s", machine->name, broken);
    disk_recovered_free(&recovered);
    network_machine_up(world, machine);
    machine_wake(world, machine, 1);
}

void machine_plan_start(struct world *world, struct machine *machine, uint64_t delay_us)
{
    if (machine->node || machine->start_us != 0 || machine->stays_down)
        return;
    machine->start_us = world->story.now_us + delay_us;
    struct event event = {.kind = EVENT_START, .machine = machine, .life = machine->life};
    world_plan(world, delay_us, &event);
}

/* A request under way goes back as failed, so that its memory is freed; the node gets no turn to see it. */
static void close_node(struct machine *machine)
{
    if (machine->log) {
        machine->log->status = DISK_FAILED;
        node_log_done(machine->node, machine->log);
    }
    if (machine->bulk) {
        machine->bulk->status = DISK_FAILED;
        node_bulk_done(machine->node, machine->bulk);
    }
    machine->log = NULL;
    machine->bulk = NULL;
    node_close(machine->node);
    machine->node = NULL;
}

void machine_crash(struct world *world, struct machine *machine, bool power)
{
    machine->powered = machine->powered && !power;
    if (!machine->node) {
        if (power)
            storage_crash(machine, true);
        return;
    }
    story_tell(&world->story, 1, machine->name, "%s", power ? "loses power" : "its process dies");
    world->crashes++;
    put_back_forgets(world, machine);
    network_machine_down(world, machine);
    connection_machine_down(world, machine);
    drop_inputs(machine);
    threads_abandon(world, machine);
    close_node(machine);
    machine->reborn = false;
    world->reborn = world->reborn == machine ? NULL : world->reborn;
    storage_crash(machine, power); /* before disk_close: a dead process writes nothing more */
    disk_close(machine->disk);
    machine->disk = NULL;
    machine->turn_us = 0;
    machine->turn_number++;
    machine->paused_us = 0;
    machine->stopping = false;
    machine->io_error = false;
}

void machine_stopped(struct world *world, struct machine *machine)
{
    story_tell(&world->story, 1, machine->name, "is shut down");
    put_back_forgets(world, machine);
    network_machine_down(world, machine);
    connection_machine_down(world, machine);
    drop_inputs(machine);
    close_node(machine);
    disk_close(machine->disk);
    machine->disk = NULL;
    storage_crash(machine, false);
    machine->io_error = false;
    machine->turn_us = 0;
    machine->turn_number++;
    machine->stopping = false;
    machine_plan_start(world, machine, world_between(world, 1000, world->profile.fault_long_us));
}

void machine_replace(struct world *world, struct machine *machine, const char *reason)
{
    ensure(!machine->node);
    story_tell(&world->story, 1, machine->name, "its disk is replaced by an empty one: %s", reason);
    machine->wiped = true;
    machine->rotten = machine->diverged = machine->put_back = machine->untold = false;
    machine->power_in_io = machine->io_error = false;
    storage_wipe(machine);
    invariants_wiped(&world->invariants, machine->id);
}

void machine_close(struct world *world, struct machine *machine)
{
    drop_inputs(machine);
    free(machine->inputs);
    if (machine->node) {
        threads_abandon(world, machine);
        close_node(machine);
        disk_close(machine->disk);
    }
    threads_close(machine);
}
