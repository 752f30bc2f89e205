#include "sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/hash.h"
#include "base/memory.h"
#include "node/parts.h"
#include "sim/connection.h"
#include "sim/faults.h"
#include "sim/put_back.h"
#include "sim/storage.h"
#include "sim/threads.h"

enum {
    PHASE_CHECK_US = 20000,
    CLOCK_SLACK_US = 10000,         /* clocks count in ms, and are handed from leader to leader */
    PROGRESS_MAX_US = 40 * 1000000, /* from the end of the faults to a write and a read on every live node */
    CATCH_UP_MAX_US = 200 * 1000000, /* the same, for one that takes over entries all the time */
    CATCH_UP_PAUSE_US = 2 * 1000000,
    DRAIN_MAX_US = 60 * 1000000,
    CONVERGE_MAX_US = 40 * 1000000,
};

void world_fail(const struct world *world, const char *format, ...)
{
    fflush(stdout);
    printf("seed %llu FAILED at %.6f s: ", (unsigned long long)world->seed, (double)world->story.now_us / 1e6);
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
    _Exit(1);
}

uint64_t world_between(struct world *world, uint64_t low, uint64_t high)
{
    return random_between(&world->random, low, high);
}

bool world_chance(struct world *world, uint32_t ppm)
{
    return profile_chance(&world->random, ppm);
}

void world_plan(struct world *world, uint64_t delay_us, const struct event *event)
{
    events_add(&world->events, world->story.now_us + delay_us, event);
}

/* --- phases ----------------------------------------------------------------------------------------------------- */

static void enter(struct world *world, enum phase phase)
{
    static const char *const names[] = {"faults", "progress", "trial", "drain", "converge", "over"};
    story_tell(&world->story, 1, "", "phase: %s", names[phase]);
    world->phase = phase;
    world->phase_us = world->story.now_us;
}

static void begin_progress(struct world *world)
{
    faults_heal(world);
    patience_begin(world);
    enter(world, PHASE_PROGRESS);
    for (uint32_t i = 0; i < world->profile.nodes; i++)
        if (!world->machines[i].stays_down) {
            struct client *probe = &world->clients[world->client_count];
            client_init(world, probe, world->client_count++, &world->machines[i]);
        }
}

static struct client *probe_left(struct world *world)
{
    for (uint32_t i = 0; i < world->client_count; i++)
        if (world->clients[i].probed && !world->clients[i].probe_passed)
            return &world->clients[i];
    return NULL;
}

/* Bytes of the snapshots that are being received: they are sent one after the other, so each waits for those before. */
static uint64_t received_bytes(const struct world *world)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < world->profile.nodes; i++) {
        if (!machine_up(&world->machines[i]))
            continue;
        const struct receiving *receiving = &node_parts(world->machines[i].node).transfers->receiving;
        sum += receiving->state != RECEIVE_IDLE ? receiving->offset + 1 : 0;
    }
    return sum;
}

/* True if the probe's machine still takes over what it lacks: on narrow links that is long, and no fault. */
static bool coming_up(const struct world *world, struct client *probe)
{
    uint64_t now_us = world->story.now_us;
    const struct machine *machine = probe->probed;
    if (!machine_up(machine) || now_us - world->phase_us > CATCH_UP_MAX_US)
        return false;
    uint64_t applied = store_applied(node_store(machine->node)), received = received_bytes(world);
    if (applied > probe->seen_applied || received != probe->seen_received)
        probe->seen_us = now_us;
    if (applied > probe->seen_applied)
        probe->seen_applied = applied;
    probe->seen_received = received;
    return now_us - probe->seen_us < CATCH_UP_PAUSE_US;
}

static struct machine *diverged_left(struct world *world)
{
    for (uint32_t i = 0; i < world->profile.nodes; i++)
        if (world->machines[i].diverged && machine_up(&world->machines[i]))
            return &world->machines[i];
    return NULL;
}

/* It should have found out by now; unless too little was committed for the nodes to compare. */
static void end_divergence(struct world *world, struct machine *machine)
{
    if (world->invariants.shadow_count > machine->diverged_index + 4 * world->profile.agreement_every)
        world_fail(world, "%s: its state differs, and it goes on", machine->name);
    machine_crash(world, machine, false);
    machine_start(world, machine);
}

static bool clients_done(const struct world *world)
{
    for (uint32_t i = 0; i < world->client_count; i++)
        if (!world->clients[i].done)
            return false;
    return true;
}

/* True if all live nodes have the same state, nothing is left to be applied, and nothing of a snapshot that was given
 * up on the way is left on a disk. */
static bool converged(const struct world *world)
{
    const struct store *first = NULL;
    for (uint32_t i = 0; i < world->profile.nodes; i++) {
        const struct machine *machine = &world->machines[i];
        if (!machine_up(machine))
            continue;
        const struct store *store = node_store(machine->node);
        if (!first)
            first = store;
        if (store_applied(store) != world->invariants.shadow_count || store_hash(store) != store_hash(first))
            return false;
        if (storage_has_received(machine) || machine->log || machine->bulk)
            return false;
    }
    return true;
}

static _Noreturn void fail_convergence(const struct world *world)
{
    char text[300] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < world->profile.nodes && used < sizeof text; i++) {
        const struct machine *machine = &world->machines[i];
        if (machine_up(machine))
            used += (size_t)snprintf(text + used, sizeof text - used, " %s applied %llu, hash %llx%s;", machine->name,
                                     (unsigned long long)store_applied(node_store(machine->node)),
                                     (unsigned long long)store_hash(node_store(machine->node)),
                                     storage_has_received(machine) ? ", keeps part of a snapshot" : "");
    }
    world_fail(world, "nodes do not converge to %llu:%s", (unsigned long long)world->invariants.shadow_count, text);
}

static void enter_trial(struct world *world)
{
    enter(world, PHASE_TRIAL);
    trial_begin(world);
}

static void end_run(struct world *world)
{
    for (uint32_t i = 0; i < world->profile.nodes; i++) {
        const struct machine *machine = &world->machines[i];
        const char *waste = machine_up(machine) ? storage_waste(machine) : NULL;
        if (waste)
            world_fail(world, "%s: %s", machine->name, waste);
    }
    enter(world, PHASE_OVER);
}

static void check_phase(struct world *world)
{
    uint64_t passed_us = world->story.now_us - world->phase_us;
    if (world->phase == PHASE_FAULTS && passed_us >= world->profile.faults_us) {
        begin_progress(world);
    } else if (world->phase == PHASE_PROGRESS) {
        patience_check(world);
        struct client *probe = probe_left(world);
        struct machine *diverged = diverged_left(world);
        if (!probe && !diverged)
            enter_trial(world);
        else if (!probe && passed_us > PROGRESS_MAX_US)
            end_divergence(world, diverged);
        else if (passed_us > PROGRESS_MAX_US && !coming_up(world, probe))
            world_fail(world, "no progress: the probe of %s is at step %u", probe->probed->name, probe->probe_step);
    } else if (world->phase == PHASE_TRIAL) {
        if (trial_over(world))
            enter(world, PHASE_DRAIN);
    } else if (world->phase == PHASE_DRAIN) {
        if (clients_done(world))
            enter(world, PHASE_CONVERGE);
        else if (passed_us > DRAIN_MAX_US)
            world_fail(world, "clients do not get their last answers");
    } else if (world->phase == PHASE_CONVERGE) {
        if (converged(world))
            end_run(world);
        else if (passed_us > CONVERGE_MAX_US)
            fail_convergence(world);
    }
    struct event event = {.kind = EVENT_PHASE};
    world_plan(world, PHASE_CHECK_US, &event);
}

/* --- events ----------------------------------------------------------------------------------------------------- */

static void machine_done(struct world *world, const struct event *event)
{
    if (!machine_is(event->machine, event))
        return;
    struct input input = {.kind = event->kind == EVENT_LOG_DONE ? INPUT_LOG_DONE : INPUT_BULK_DONE};
    machine_input(world, event->machine, &input);
}

static void happens(struct world *world, struct event *event)
{
    switch (event->kind) {
    case EVENT_START: machine_start(world, event->machine); break;
    case EVENT_TURN: machine_turn(world, event); break;
    case EVENT_LOG_EXECUTE: threads_log_execute(world, event); break;
    case EVENT_BULK_EXECUTE: threads_bulk_execute(world, event); break;
    case EVENT_LOG_DONE:
    case EVENT_BULK_DONE: machine_done(world, event); break;
    case EVENT_DISK_FREED: faults_disk_freed(world, event); break;
    case EVENT_PUT_BACK: put_back_go_on(world, event); break;
    case EVENT_DIAL: network_dial(world, event); break;
    case EVENT_LINK_OPEN: network_link_open(world, event); break;
    case EVENT_FRAME:
        network_frame(world, event); /* takes the bytes */
        event->bytes = NULL;
        break;
    case EVENT_LINK_CLOSED: network_link_closed(world, event); break;
    case EVENT_HEAL_PATHS: faults_paths_healed(world, event); break;
    case EVENT_CONNECT:
    case EVENT_REQUEST:
    case EVENT_HALF_CLOSE:
    case EVENT_GONE: connection_arrives(world, event); break;
    case EVENT_REPLY: client_reply(world, event); break;
    case EVENT_HUNG_UP: client_hung_up(world, event->connection); break;
    case EVENT_CLIENT: client_step(world, event->client); break;
    case EVENT_FAULT: faults_next(world); break;
    case EVENT_DEPOSE: faults_depose(world); break;
    case EVENT_AMBUSH: faults_ambush(world, event); break;
    case EVENT_PHASE: check_phase(world); break;
    default: ensure(false);
    }
}

static void begin(struct world *world, const struct world_options *options)
{
    world->seed = options->seed;
    world->random.state = hash_bytes(&options->seed, sizeof options->seed, 1); /* so that near seeds are far apart */
    world->story.detail = options->detail;
    world->profile = profile_draw(&world->random, options->nodes, options->faults_s, options->strict);
    char text[PROFILE_TEXT_MAX];
    profile_text(&world->profile, text);
    story_tell(&world->story, 1, "", "%s", text);
    storage_open(random_u64(&world->random));
    threads_watch(world);
    invariants_init(&world->invariants, world->profile.nodes, 2000 + world->profile.late_us / 1000);
    oracle_init(&world->oracle, &world->story.now_us, world->profile.value_max_bytes);
    world->oracle.memory_max_bytes = world->profile.memory_max_bytes;
    world->oracle.repeats_max = world->profile.repeats_max;
    world->oracle.asks_all = true;
    world->oracle.drift_ppm = world->profile.drift_ppm;
    world->oracle.slack_us = CLOCK_SLACK_US;
    world->invariants.oracle = &world->oracle;
    for (uint32_t i = 0; i < world->profile.nodes; i++) {
        machine_init(world, &world->machines[i], i + 1);
        machine_plan_start(world, &world->machines[i], world_between(world, 1, 1000000));
    }
    network_init(world);
    for (; world->client_count < world->profile.clients; world->client_count++)
        client_init(world, &world->clients[world->client_count], world->client_count, NULL);
    struct event event = {.kind = EVENT_PHASE};
    world_plan(world, PHASE_CHECK_US, &event);
    event.kind = EVENT_FAULT; /* at times at once, mostly after the cluster has formed */
    world_plan(world, world_chance(world, 300000) ? 1 : 3000000, &event);
    if (world_chance(world, 300000))
        ambush_lay(world); /* while it forms */
}

static void check_history(struct world *world)
{
    struct history_rules rules = {
        .files = world->profile.files + world->profile.nodes,
        .drift_ppm = world->profile.drift_ppm,
        .slack_us = CLOCK_SLACK_US,
    };
    char reason[HISTORY_REASON_MAX];
    if (!history_check(&world->history, &rules, reason))
        world_fail(world, "history: %s", reason);
}

static struct report report_of(const struct world *world)
{
    struct report report = {
        .simulated_us = world->story.now_us,
        .crashes = world->crashes,
        .elections = world->invariants.elections,
        .snapshots = world->snapshots_installed,
        .judged = world->verbs.judged,
        .repeated = world->verbs.repeated,
        .hash = world->story.hash,
    };
    memcpy(report.faults, world->faults, sizeof report.faults);
    for (uint64_t id = 1; id <= world->history.count; id++) {
        enum operation_outcome outcome = history_operation(&world->history, id)->outcome;
        report.unknown += outcome == RESULT_UNKNOWN;
        report.refused += outcome == RESULT_REFUSED;
        report.acknowledged += outcome != RESULT_UNKNOWN && outcome != RESULT_REFUSED && outcome != RESULT_PENDING;
    }
    return report;
}

static void end(struct world *world)
{
    for (uint32_t i = 0; i < world->profile.nodes; i++)
        machine_close(world, &world->machines[i]);
    connections_close(world);
    network_close(&world->network);
    events_close(&world->events);
    history_close(&world->history);
    invariants_close(&world->invariants);
    oracle_close(&world->oracle);
    verbs_close(world);
    storage_close();
}

struct report world_run(const struct world_options *options)
{
    struct world *world = memory_get(sizeof *world);
    begin(world, options);
    struct event event;
    while (world->phase != PHASE_OVER && events_take(&world->events, &event)) {
        world->story.now_us = event.item.key;
        story_note(&world->story, event.item.key << 8 | event.kind);
        happens(world, &event);
        free(event.bytes);
    }
    check_history(world);
    struct report report = report_of(world);
    end(world);
    free(world);
    return report;
}
