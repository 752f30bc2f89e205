#include "sim/put_back.h"

#include "node/parts.h"
#include "raft/internal.h"
#include "sim/faults.h"
#include "sim/machine.h"
#include "sim/storage.h"
#include "sim/world.h"

void put_back_begin(struct world *world, struct machine *machine)
{
    if (!machine_up(machine) || !faults_may_lose(world, machine))
        return;
    machine_crash(world, machine, false);
    storage_copy(machine);
    story_tell(&world->story, 1, machine->name, "its disk is copied");
    machine_plan_start(world, machine, world_between(world, 1000, 500000));
    struct event event = {.kind = EVENT_PUT_BACK, .machine = machine};
    world_plan(world, world_between(world, 500000, world->profile.fault_long_us + 500000), &event);
}

/* Whether OTHER has met the process that runs on MACHINE, and the member's directory is what it found. */
static bool has_met(const struct machine *other, const struct machine *machine)
{
    if (!machine_up(other))
        return false;
    const struct raft *raft = node_raft(other->node);
    for (size_t i = 0; i < RAFT_LINKS_MAX; i++) {
        const struct raft_link *link = &raft->links[i];
        if (link->id == machine->id)
            return link->processes[0] == node_parts(machine->node).peers->identity.processes[0] &&
                   link->known == node_parts(machine->node).peers->identity.directory.incarnation;
    }
    return false;
}

void put_back_go_on(struct world *world, const struct event *event)
{
    struct machine *machine = event->machine;
    if (world->phase != PHASE_FAULTS || !machine_up(machine) || !raft_is_voter(node_raft(machine->node)) ||
        !faults_may_lose(world, machine))
        return;
    for (uint32_t i = 0; i < world->profile.nodes; i++)
        if (&world->machines[i] != machine && !has_met(&world->machines[i], machine))
            return;
    machine_crash(world, machine, false);
    storage_put_back(machine);
    machine->wiped = true; /* it has lost as much, for all that the others can rely on */
    machine->put_back = machine->untold = true;
    invariants_wiped(&world->invariants, machine->id);
    world->invariants.watched[machine->id - 1].synced.never_votes = false; /* it may, until told: nobody listens */
    world->faults[FAULT_PUT_BACK]++;
    story_tell(&world->story, 1, machine->name, "the copy of its disk is put back");
    machine_plan_start(world, machine, world_between(world, 1000, 500000));
}

void put_back_forgets(struct world *world, const struct machine *machine)
{
    for (uint32_t i = 0; i < world->profile.nodes; i++) {
        struct machine *other = &world->machines[i];
        if (other == machine || !other->untold)
            continue;
        other->untold = false;
        machine_crash(world, other, false);
        machine_replace(world, other, "somebody who knew that it was put back is gone");
        machine_plan_start(world, other, world_between(world, 1000, 500000));
    }
}
