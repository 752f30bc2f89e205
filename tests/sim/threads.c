#include "sim/threads.h"

#include "base/ensure.h"
#include "base/hash.h"
#include "disk_fs/strand.h"
#include "sim/faults.h"
#include "sim/machine.h"
#include "sim/storage.h"
#include "sim/world.h"

enum {
    RESTS_MAX = 3,        /* of a request */
    REST_CALLS_MAX = 6,   /* calls between two of them, mostly fewer */
};

/* --- resting ---------------------------------------------------------------------------------------------------- */

static uint64_t calls_to_next(struct world *world)
{
    return world_between(world, 0, world_chance(world, 700000) ? 1 : REST_CALLS_MAX);
}

/* Before each call of a file system, whoever makes it. */
static void before_call(void *context)
{
    struct world *world = context;
    struct thread *thread = world->thread;
    if (!thread || thread->rests == 0 || thread->calls-- > 0)
        return;
    thread->rests--;
    thread->calls = calls_to_next(world);
    strand_rest();
}

void threads_watch(struct world *world)
{
    storage_watch(before_call, world);
}

static bool rests(const struct thread *thread)
{
    return strand_rests(thread->strand);
}

/* How long: mostly as a slow call would, at times until much else was done. */
static uint64_t rest_us(struct world *world, uint32_t long_ppm)
{
    uint64_t longest = world->profile.disk_max_us;
    if (world->phase != PHASE_FAULTS)
        return world_between(world, 1, longest);
    if (world_chance(world, long_ppm))
        longest = world->profile.fault_long_us / 10;
    uint64_t us = world_between(world, 1, longest), left_us = world->profile.faults_us - world->story.now_us + 1;
    return us < left_us ? us : left_us;
}

static void execute_log(void *context)
{
    const struct machine *machine = context;
    disk_log_execute(machine->disk, machine->log);
}

static void execute_bulk(void *context)
{
    const struct machine *machine = context;
    disk_bulk_execute(machine->disk, machine->bulk);
}

/* Runs the request of THREAD, from its beginning or from where it rests. True: it is done. */
static bool run(struct world *world, struct machine *machine, struct thread *thread, void (*execute)(void *))
{
    bool done = true;
    if (!rests(thread)) {
        thread->rests = 0;
        if (!world->quiet && machine->id <= world->profile.rest_machines &&
            world_chance(world, world->profile.rest_ppm))
            thread->rests = (uint32_t)world_between(world, 1, RESTS_MAX);
        thread->calls = calls_to_next(world);
        if (thread->rests > 0 && !thread->strand)
            thread->strand = strand_open();
    }
    ensure(!world->thread);
    world->thread = thread;
    if (rests(thread))
        done = strand_go_on(thread->strand);
    else if (thread->rests > 0)
        done = strand_begin(thread->strand, execute, machine);
    else
        execute(machine);
    world->thread = NULL;
    return done;
}

/* --- power ------------------------------------------------------------------------------------------------------ */

/* How much a loss of power matters just now: moments that are short are worth the more. */
static uint32_t log_is_delicate(const struct disk_log *log)
{
    if (log->reset || (log->entry_count > 0 && log->entries[0].index == 1))
        return 16;
    return log->write_vote;
}

static uint32_t bulk_is_delicate(const struct disk_bulk *bulk)
{
    if (bulk->kind == DISK_RECEIVE_END)
        return 16;
    if (bulk->kind == DISK_PREPARE_SEGMENT)
        return 4; /* a file may be changing what it is */
    return bulk->kind == DISK_SNAPSHOT_END || bulk->kind == DISK_CLEAN;
}

/* Power may go in the middle of a request. */
static void before_io(struct world *world, struct machine *machine, uint32_t delicate)
{
    const struct profile *profile = &world->profile;
    if (world->phase == PHASE_FAULTS && profile->fault_weights[FAULT_POWER_IN_IO] > 0 &&
        world_chance(world, profile->power_delicate_ppm * delicate)) {
        machine->power_in_io = true;
        world->faults[FAULT_POWER_IN_IO]++;
    }
    if (machine->power_in_io)
        storage_stop_after(machine, world_between(world, 0, 6));
}

static void die(struct world *world, struct machine *machine, bool power)
{
    machine->power_in_io = false;
    story_tell(&world->story, 1, machine->name, "%s in the middle of a disk request",
               power ? "power goes" : "its process is killed");
    machine_crash(world, machine, power);
    machine_plan_start(world, machine, world_between(world, 1000, world->profile.fault_long_us));
}

/* True if the machine is gone with its request half done. One that RESTS may live a little longer. */
static bool power_went(struct world *world, struct machine *machine, bool rests)
{
    if (!machine->power_in_io || (rests && storage_stop_lifted(machine)))
        return false;
    die(world, machine, true);
    return true;
}

/* It has rested, and much was done meanwhile: true if the machine is gone before it goes on. */
static bool died_resting(struct world *world, struct machine *machine, const struct thread *thread)
{
    const struct profile *profile = &world->profile;
    if (!rests(thread) || world->phase != PHASE_FAULTS || profile->fault_weights[FAULT_POWER_IN_IO] == 0 ||
        !world_chance(world, profile->rest_ends_ppm))
        return false;
    world->faults[FAULT_POWER_IN_IO]++;
    die(world, machine, world_chance(world, 750000));
    return true;
}

/* --- what they write -------------------------------------------------------------------------------------------- */

uint64_t threads_log_hash(const struct disk_log *log)
{
    uint64_t hash = log->entry_count;
    for (size_t i = 0; i < log->entry_count; i++) {
        const struct raft_entry *entry = &log->entries[i];
        const uint64_t fields[] = {hash, entry->index, entry->term, entry->time_ms, entry->type};
        hash = hash_bytes(fields, sizeof fields, 0);
        if (entry->payload)
            hash = hash_bytes(entry->payload->bytes, entry->payload->size, hash);
    }
    return hash;
}

/* Another thread reads it: no one may change it, or give its memory back. */
static void check_log(const struct world *world, const struct machine *machine)
{
    if (threads_log_hash(machine->log) != machine->log_hash)
        world_fail(world, "%s: what is written to its log has changed since it was handed to the disk", machine->name);
}

/* --- requests --------------------------------------------------------------------------------------------------- */

/* When a disk thread of MACHINE can go on: 0, or for how long it must wait. */
static uint64_t wait_us(const struct world *world, const struct machine *machine)
{
    uint64_t until = machine->stalled_us > machine->paused_us ? machine->stalled_us : machine->paused_us;
    return until > world->story.now_us ? until - world->story.now_us : 0;
}

static void again(struct world *world, const struct event *event, uint64_t delay_us)
{
    struct event copy = *event;
    world_plan(world, delay_us, &copy);
}

/* True if EVENT's request is executed now; else it is stale, or was planned anew. */
static bool ready(struct world *world, const struct event *event)
{
    if (!machine_is(event->machine, event))
        return false;
    uint64_t delay_us = wait_us(world, event->machine);
    if (delay_us > 0)
        again(world, event, delay_us);
    return delay_us == 0;
}

static void report(struct world *world, struct machine *machine, enum event_kind kind)
{
    struct event event = {.kind = kind, .machine = machine, .life = machine->life};
    world_plan(world, world_between(world, 1, 50), &event);
}

void threads_log_execute(struct world *world, const struct event *event)
{
    struct machine *machine = event->machine;
    struct thread *thread = &machine->log_thread;
    if (!ready(world, event) || died_resting(world, machine, thread))
        return;
    check_log(world, machine);
    before_io(world, machine, log_is_delicate(machine->log));
    const char *broken = NULL;
    if (!rests(thread))
        broken = invariants_log_begins(&world->invariants, machine->id, machine->log);
    if (broken)
        world_fail(world, "%s: %s", machine->name, broken);
    bool done = run(world, machine, thread, execute_log);
    if (done && machine->log->status == DISK_OK)
        invariants_log_synced(&world->invariants, machine->id, machine->log);
    if (done && machine->log->status == DISK_OK && machine->log->write_vote && machine->log->rolled_back) {
        machine->untold = false;
        world->invariants.watched[machine->id - 1].synced.never_votes = true;
    }
    if (power_went(world, machine, !done))
        return;
    if (!done) {
        story_tell(&world->story, 2, machine->name, "its log rests");
        again(world, event, rest_us(world, world->profile.log_rests_long_ppm));
        return;
    }
    check_log(world, machine);
    story_note(&world->story, machine->log->entry_count << 8 | (unsigned)machine->log->status);
    if (machine->log->status != DISK_OK && !machine->io_error)
        world_fail(world, "%s: disk_log: %s", machine->name, machine->log->reason);
    report(world, machine, EVENT_LOG_DONE);
}

static void bulk_ended(struct world *world, struct machine *machine)
{
    if (machine->bulk->kind == DISK_RECEIVE_END && machine->bulk->status == DISK_OK)
        invariants_snapshot_received(&world->invariants, machine->id, machine->bulk->index, machine->bulk->term);
}

void threads_bulk_execute(struct world *world, const struct event *event)
{
    struct machine *machine = event->machine;
    if (!ready(world, event) || died_resting(world, machine, &machine->bulk_thread))
        return;
    before_io(world, machine, bulk_is_delicate(machine->bulk));
    bool done = run(world, machine, &machine->bulk_thread, execute_bulk);
    if (done)
        bulk_ended(world, machine);
    if (power_went(world, machine, !done))
        return;
    if (!done) {
        story_tell(&world->story, 2, machine->name, "its bulk request %d rests", (int)machine->bulk->kind);
        again(world, event, rest_us(world, world->profile.bulk_rests_long_ppm));
        return;
    }
    story_note(&world->story, (uint64_t)machine->bulk->kind << 8 | (unsigned)machine->bulk->status);
    bool failed = machine->bulk->status == DISK_FAILED || machine->bulk->status == DISK_REFUSED;
    if (failed && !machine->io_error && !faults_rot(world))
        world_fail(world, "%s: disk_bulk %d: %s", machine->name, (int)machine->bulk->kind, machine->bulk->reason);
    if (machine->bulk->kind == DISK_RECEIVE_END && machine->bulk->status == DISK_OK)
        world->snapshots_installed++;
    report(world, machine, EVENT_BULK_DONE);
}

/* --- the end ---------------------------------------------------------------------------------------------------- */

/* Its calls do nothing any more, and so it comes to an end: what it holds in memory is given back. */
static void run_dead(struct machine *machine, struct thread *thread)
{
    storage_stop_after(machine, 0);
    thread->rests = 0;
    bool done = strand_go_on(thread->strand);
    ensure(done);
}

void threads_abandon(struct world *world, struct machine *machine)
{
    if (rests(&machine->log_thread))
        run_dead(machine, &machine->log_thread);
    if (!rests(&machine->bulk_thread))
        return;
    run_dead(machine, &machine->bulk_thread);
    bulk_ended(world, machine);
}

void threads_close(struct machine *machine)
{
    strand_close(machine->log_thread.strand);
    strand_close(machine->bulk_thread.strand);
    machine->log_thread.strand = machine->bulk_thread.strand = NULL;
}
