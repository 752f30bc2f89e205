#include "sim/faults.h"

#include <string.h>

#include "raft/raft.h"
#include "sim/machine.h"
#include "sim/put_back.h"
#include "sim/storage.h"
#include "sim/world.h"
#include "store/state.h"

/* How long something lasts: mostly short, and never beyond the phase of faults. */
static uint64_t lasting_us(struct world *world)
{
    uint64_t longest = world->profile.fault_long_us;
    if (world_chance(world, 500000))
        longest /= 10;
    uint64_t us = world_between(world, longest / 20 + 1, longest);
    uint64_t left_us = world->profile.faults_us - world->story.now_us;
    return us < left_us ? us : left_us;
}

static struct machine *any_machine(struct world *world)
{
    return &world->machines[world_between(world, 0, world->profile.nodes - 1)];
}

/* A machine that leads, or any: what happens to leaders is the more interesting. */
static struct machine *some_machine(struct world *world)
{
    if (world_chance(world, 400000))
        for (uint32_t i = 0; i < world->profile.nodes; i++) {
            struct machine *machine = &world->machines[i];
            if (machine_up(machine) && raft_role(node_raft(machine->node)) == RAFT_LEADER)
                return machine;
        }
    return any_machine(world);
}

/* --- crashes ---------------------------------------------------------------------------------------------------- */

static void crash(struct world *world, struct machine *machine, bool power)
{
    machine_crash(world, machine, power);
    /* At times power goes again while it recovers. */
    machine->power_in_io = power && world_chance(world, world->profile.power_again_ppm);
    machine_plan_start(world, machine, lasting_us(world));
}

/* Killed, and started again at once. */
static void rebear(struct world *world, struct machine *machine)
{
    machine_crash(world, machine, false);
    machine->reborn = true;
    world->reborn = machine;
    machine_plan_start(world, machine, world_between(world, 100, 3000));
    ambush_lay_again(world, machine->id);
}

static void crash_some(struct world *world, uint32_t ppm)
{
    for (uint32_t i = 0; i < world->profile.nodes; i++)
        if (world_chance(world, ppm))
            crash(world, &world->machines[i], true);
}

bool faults_may_lose(const struct world *world, const struct machine *machine)
{
    uint32_t lost = 0;
    for (uint32_t i = 0; i < world->profile.nodes; i++) {
        const struct machine *other = &world->machines[i];
        lost += other->wiped || other->rotten || other->diverged;
    }
    return !machine->wiped && !machine->rotten && !machine->diverged && lost < (world->profile.nodes - 1) / 2 &&
           world->invariants.elections > 0;
}

static bool wipe(struct world *world, struct machine *machine)
{
    if (!faults_may_lose(world, machine))
        return false;
    machine_crash(world, machine, true);
    machine_replace(world, machine, "so it is planned");
    machine_plan_start(world, machine, lasting_us(world));
    return true;
}

/* It refuses to start, and gets an empty disk; or the damage is in what it has no need of, for now. */
static bool rot(struct world *world, struct machine *machine)
{
    char text[160];
    if (!faults_may_lose(world, machine))
        return false;
    machine_crash(world, machine, true);
    machine_plan_start(world, machine, lasting_us(world));
    machine->rotten = storage_rot(machine, &machine->rotten_lost, text, sizeof text);
    if (machine->rotten)
        story_tell(&world->story, 1, machine->name, "%s", text);
    return machine->rotten;
}

bool faults_rot(const struct world *world)
{
    for (uint32_t i = 0; i < world->profile.nodes; i++)
        if (world->machines[i].rotten)
            return true;
    return false;
}

/* The store is the node's own; a test alone may reach into it. */
static bool diverge(struct world *world, struct machine *machine)
{
    if (!machine_up(machine) || world->profile.nodes < 3 || !faults_may_lose(world, machine))
        return false;
    struct store *store = (struct store *)(uintptr_t)node_store(machine->node);
    store->files.hash++;
    story_tell(&world->story, 1, machine->name, "its state differs from now on");
    machine->diverged = true;
    machine->diverged_index = world->invariants.shadow_count;
    invariants_diverged(&world->invariants, machine->id);
    return true;
}

static bool shut_down(struct world *world, struct machine *machine)
{
    if (!machine_up(machine) || machine->stopping)
        return false;
    struct input input = {.kind = INPUT_SHUTDOWN};
    machine_input(world, machine, &input);
    return true;
}

static bool pause_process(struct world *world, struct machine *machine)
{
    if (!machine_up(machine) || machine_paused(world, machine))
        return false;
    machine->paused_us = world->story.now_us + lasting_us(world);
    story_tell(&world->story, 1, machine->name, "is paused until %.6f", (double)machine->paused_us / 1e6);
    return true;
}

/* The others' time goes on meanwhile, and its own does not. */
static bool suspend(struct world *world, struct machine *machine)
{
    if (!pause_process(world, machine))
        return false;
    int64_t us = (int64_t)(machine->paused_us - world->story.now_us);
    us += us * machine->clock_rate_ppm / 1000000;
    machine->clock_start_ms -= us > 2000 ? (uint64_t)us / 1000 - 2 : 0; /* rounded: no clock goes back */
    return true;
}

static bool hold_frames(struct world *world, struct machine *machine)
{
    machine->clogged_us = world->story.now_us + lasting_us(world);
    story_tell(&world->story, 1, machine->name, "what it sends is held until %.6f", (double)machine->clogged_us / 1e6);
    return true;
}

static bool stall_disk(struct world *world, struct machine *machine)
{
    machine->stalled_us = world->story.now_us + lasting_us(world);
    story_tell(&world->story, 1, machine->name, "its disk stalls until %.6f", (double)machine->stalled_us / 1e6);
    return true;
}

static bool fill_disk(struct world *world, struct machine *machine)
{
    uint64_t more = world_between(world, 0, world->profile.segment_bytes * 2u);
    story_tell(&world->story, 1, machine->name, "its disk has room for %llu more bytes", (unsigned long long)more);
    storage_limit(machine, more);
    struct event event = {.kind = EVENT_DISK_FREED, .machine = machine};
    uint64_t us = lasting_us(world);
    world_plan(world, us, &event);
    if (world_chance(world, 300000)) { /* and it starts again while that lasts */
        machine_crash(world, machine, world_chance(world, 500000));
        machine_plan_start(world, machine, us / 4);
    }
    return true;
}

static bool fail_call(struct world *world, struct machine *machine)
{
    if (!machine_up(machine) || machine->io_error)
        return false;
    machine->io_error = true;
    storage_error_after(machine, world_between(world, 0, 20));
    return true;
}

void faults_disk_freed(struct world *world, const struct event *event)
{
    story_tell(&world->story, 1, event->machine->name, "its disk has room again");
    storage_limit(event->machine, UINT64_MAX);
}

/* --- the network ------------------------------------------------------------------------------------------------ */

enum partition_shape {
    SHAPE_PAIR,
    SHAPE_ALONE,
    SHAPE_DUMB,
    SHAPE_DEAF,
    SHAPE_HALVES,
    SHAPE_ANY,
    SHAPE_BRIDGE,
    SHAPE_RING,
    SHAPE_COUNT,
};

/* Whether messages from A to B are lost in a partition of SHAPE around ODD; SIDES: which side each machine is on. */
static bool path_lost(struct world *world, uint64_t shape, uint32_t odd, uint64_t sides, uint32_t a, uint32_t b)
{
    uint32_t nodes = world->profile.nodes;
    switch (shape) {
    case SHAPE_PAIR: /* it and its neighbour */
        return (a == odd || a == (odd + 1) % nodes) != (b == odd || b == (odd + 1) % nodes);
    case SHAPE_ALONE:
        return a == odd || b == odd;
    case SHAPE_DUMB:
        return a == odd;
    case SHAPE_DEAF:
        return b == odd;
    case SHAPE_HALVES:
        return (sides >> a & 1) != (sides >> b & 1);
    case SHAPE_BRIDGE: /* one machine is on both sides */
        return a != odd && b != odd && (sides >> a & 1) != (sides >> b & 1);
    case SHAPE_RING:
        return (a + 1) % nodes != b && (b + 1) % nodes != a;
    default:
        return world_chance(world, 350000);
    }
}

static bool part(struct world *world, struct machine *machine, uint64_t shape, uint64_t us)
{
    static const char *const names[] = {
        [SHAPE_PAIR] = "is with one other", [SHAPE_ALONE] = "is alone",     [SHAPE_DUMB] = "is dumb",
        [SHAPE_DEAF] = "is deaf",           [SHAPE_HALVES] = "halves",      [SHAPE_ANY] = "any paths",
        [SHAPE_BRIDGE] = "is a bridge",     [SHAPE_RING] = "ring",
    };
    struct network *network = &world->network;
    uint64_t sides = random_u64(&world->random);
    for (uint32_t a = 0; a < world->profile.nodes; a++)
        for (uint32_t b = 0; b < world->profile.nodes; b++)
            network->lost[a][b] = a != b && path_lost(world, shape, machine->id - 1, sides, a, b);
    struct event event = {.kind = EVENT_HEAL_PATHS, .life = ++network->partition};
    story_tell(&world->story, 1, machine->name, "a partition for %.6f s: %s", (double)us / 1e6, names[shape]);
    world_plan(world, us, &event);
    if (world_chance(world, 300000))
        for (size_t i = 0; i < network->line_count; i++) /* connections end when their paths do */
            if (network->lost[network->lines[i].high->id - 1][network->lines[i].low->id - 1])
                network_cut(world, &network->lines[i]);
    return world->profile.nodes > 1;
}

static bool partition(struct world *world, struct machine *machine)
{
    return part(world, machine, world_between(world, 0, SHAPE_COUNT - 1), lasting_us(world));
}

struct machine *faults_leading(struct world *world)
{
    struct machine *found = NULL;
    for (uint32_t i = 0; i < world->profile.nodes; i++) {
        struct machine *machine = &world->machines[i];
        if (machine_up(machine) && raft_role(node_raft(machine->node)) == RAFT_LEADER &&
            (!found || raft_term(node_raft(machine->node)) > raft_term(node_raft(found->node))))
            found = machine;
    }
    return found;
}

/* The leader is cut off, alone or with one other, until there should be a new one; mostly that one too, after it. */
static bool depose(struct world *world)
{
    struct machine *leader = faults_leading(world);
    if (!leader)
        return false;
    uint64_t us = world_between(world, 500, world_chance(world, 500000) ? 1200 : 3000) * world->profile.election_max_ms;
    if (world->story.now_us + us > world->profile.faults_us)
        return false;
    if (world_chance(world, 800000)) {
        struct event event = {.kind = EVENT_DEPOSE};
        world_plan(world, us + world_between(world, 1, 1000) * world->profile.election_max_ms, &event);
    }
    return part(world, leader, world_chance(world, 500000) ? SHAPE_PAIR : SHAPE_ALONE, us);
}

void faults_depose(struct world *world)
{
    if (world->phase == PHASE_FAULTS && depose(world))
        world->faults[FAULT_DEPOSE]++;
}

void faults_paths_healed(struct world *world, const struct event *event)
{
    if (event->life != world->network.partition)
        return;
    story_tell(&world->story, 1, "", "the partition ends");
    memset(world->network.lost, 0, sizeof world->network.lost);
}

static bool cut(struct world *world)
{
    if (world->network.line_count == 0)
        return false;
    struct line *line = &world->network.lines[world_between(world, 0, world->network.line_count - 1)];
    if (!line->socket)
        return false;
    story_tell(&world->story, 1, line->high->name, "its connection to %s (%d) is cut", line->low->name,
               (int)line->kind);
    network_cut(world, line);
    return true;
}

/* --- which one -------------------------------------------------------------------------------------------------- */

static bool strike(struct world *world, enum fault_kind kind)
{
    struct machine *machine = some_machine(world);
    switch (kind) {
    case FAULT_KILL:
    case FAULT_POWER:
        if (!machine_up(machine))
            return false;
        crash(world, machine, kind == FAULT_POWER);
        return true;
    case FAULT_POWER_SOME:
    case FAULT_POWER_ALL:
        crash_some(world, kind == FAULT_POWER_ALL ? 1000000 : 400000);
        return true;
    case FAULT_POWER_IN_IO:
        machine->power_in_io = true;
        return machine_up(machine);
    case FAULT_SHUTDOWN:
        return shut_down(world, machine);
    case FAULT_PAUSE:
        return pause_process(world, machine);
    case FAULT_STALL:
        return stall_disk(world, machine);
    case FAULT_PARTITION:
        return partition(world, machine);
    case FAULT_CUT:
        return cut(world);
    case FAULT_FULL:
        return fill_disk(world, machine);
    case FAULT_ERROR:
        return fail_call(world, machine);
    case FAULT_WIPE:
        return wipe(world, machine);
    case FAULT_ROT:
        return rot(world, machine);
    case FAULT_DIVERGE:
        return diverge(world, machine);
    case FAULT_SUSPEND:
        return suspend(world, machine);
    case FAULT_CLOG:
        return hold_frames(world, machine);
    case FAULT_DEPOSE:
        return depose(world);
    case FAULT_PUT_BACK:
        put_back_begin(world, machine);
        return false; /* it is one when the copy is put back */
    case FAULT_AMBUSH:
        ambush_lay(world);
        return true;
    default:
        return false;
    }
}

void faults_ambush(struct world *world, const struct event *event)
{
    struct machine *machine = event->machine;
    if (!machine_is(machine, event) || world->phase != PHASE_FAULTS)
        return;
    switch ((enum ambush_blow)event->size) {
    case BLOW_KILL_SENDER:
    case BLOW_KILL_RECEIVER:
        crash(world, machine, false);
        break;
    case BLOW_POWER_SENDER:
    case BLOW_POWER_RECEIVER:
        crash(world, machine, true);
        break;
    case BLOW_PAUSE_SENDER:
    case BLOW_PAUSE_RECEIVER:
        (void)pause_process(world, machine);
        break;
    case BLOW_STALL_RECEIVER:
        (void)stall_disk(world, machine);
        break;
    case BLOW_PART_SENDER:
        (void)partition(world, machine);
        break;
    case BLOW_REBEAR_SENDER:
        rebear(world, machine);
        break;
    case BLOW_HOLD:
    case BLOW_COUNT:
        break;
    }
}

static enum fault_kind draw_fault(struct world *world)
{
    const uint32_t *weights = world->profile.fault_weights;
    uint64_t sum = 0;
    for (int kind = 0; kind < FAULT_KIND_COUNT; kind++)
        sum += weights[kind];
    if (sum == 0)
        return FAULT_KIND_COUNT;
    uint64_t draw = world_between(world, 1, sum);
    int kind = 0;
    for (; draw > weights[kind]; kind++)
        draw -= weights[kind];
    return (enum fault_kind)kind;
}

void faults_next(struct world *world)
{
    if (world->phase != PHASE_FAULTS)
        return;
    enum fault_kind kind = draw_fault(world);
    if (kind < FAULT_KIND_COUNT && world->story.now_us < world->profile.faults_us && strike(world, kind))
        world->faults[kind]++;
    struct event event = {.kind = EVENT_FAULT};
    world_plan(world, world_between(world, 1, world->profile.fault_gap_us * 2), &event);
}

/* --- the end of all faults -------------------------------------------------------------------------------------- */

/* Leaves some machines down for good, where those that are left can still decide. */
static void leave_down(struct world *world)
{
    uint32_t voters = 0;
    for (uint32_t i = 0; i < world->profile.nodes; i++)
        voters += !world->machines[i].wiped && !world->machines[i].rotten && !world->machines[i].diverged;
    uint32_t spare = voters - (world->profile.nodes / 2 + 1);
    for (uint32_t i = 0; i < spare; i++) {
        struct machine *machine = any_machine(world);
        if (machine->wiped || machine->rotten || machine->diverged)
            continue;
        machine->stays_down = true;
        machine_crash(world, machine, false);
        story_tell(&world->story, 1, machine->name, "stays down");
    }
}

void faults_heal(struct world *world)
{
    story_tell(&world->story, 1, "", "all faults end");
    world->quiet = true;
    memset(world->network.lost, 0, sizeof world->network.lost);
    if (world->profile.heal_majority && world->invariants.elections > 0)
        leave_down(world);
    for (uint32_t i = 0; i < world->profile.nodes; i++) {
        struct machine *machine = &world->machines[i];
        machine->power_in_io = false;
        machine->clogged_us = 0;
        if (machine->io_error && storage_error_lifted(machine))
            machine->io_error = false;
        storage_limit(machine, UINT64_MAX);
        machine_start(world, machine);
    }
}
