#include "sim/trial.h"

#include <string.h>

#include "raft/raft.h"
#include "sim/faults.h"
#include "sim/machine.h"
#include "sim/world.h"

enum {
    TRIAL_TIMEOUTS = 6,             /* it is cut off for so many of the longest election timeouts, and watched after */
    TRIAL_PROBE_MAX_US = 10 * 1000000, /* and so many of them: until the probe must have passed */
};

static uint64_t timeouts_us(const struct world *world, uint64_t count)
{
    return count * world->profile.election_max_ms * 1000;
}

/* A voter that runs and can be done without; NULL: there is none. */
static struct machine *spare_voter(struct world *world, const struct machine *leader, bool leads)
{
    struct machine *found = NULL;
    uint32_t voters = 0;
    for (uint32_t i = 0; i < world->profile.nodes; i++) {
        struct machine *machine = &world->machines[i];
        if (!machine_up(machine) || !raft_is_voter(node_raft(machine->node)))
            continue;
        voters++;
        if ((machine == leader) == leads && (!found || world_chance(world, 500000)))
            found = machine;
    }
    return voters > world->profile.nodes / 2 + 1 ? found : NULL;
}

/* Data that fills a slow link may keep heartbeats waiting: then no one is to blame for an election. */
static bool links_are_quick(const struct world *world)
{
    const struct profile *profile = &world->profile;
    return profile->window_bytes / profile->bandwidth < profile->election_min_ms / 4 && profile->large_permille == 0;
}

static struct machine *any_other(struct world *world, const struct machine *odd)
{
    struct machine *found = NULL;
    for (uint32_t i = 0; i < world->profile.nodes; i++)
        if (&world->machines[i] != odd && machine_up(&world->machines[i]) &&
            (!found || world_chance(world, 500000)))
            found = &world->machines[i];
    return found;
}

static void cut_off(struct world *world, const struct machine *odd)
{
    static const char *const names[] = {"alone", "deaf", "dumb"};
    uint64_t shape = world_between(world, 0, 2);
    for (uint32_t i = 0; i < world->profile.nodes; i++) {
        if (i == odd->id - 1)
            continue;
        world->network.lost[i][odd->id - 1] = shape != 2;
        world->network.lost[odd->id - 1][i] = shape != 1;
    }
    story_tell(&world->story, 1, odd->name, "a trial: it is %s", names[shape]);
}

void trial_begin(struct world *world)
{
    struct trial *trial = &world->trial;
    struct machine *leader = faults_leading(world);
    if (!leader)
        return;
    trial->odd = spare_voter(world, leader, world_chance(world, 500000));
    if (!trial->odd)
        return;
    trial->leader = leader;
    trial->term = raft_term(node_raft(leader->node));
    cut_off(world, trial->odd);
    struct client *probe = &world->clients[world->client_count];
    client_init(world, probe, world->client_count++, any_other(world, trial->odd));
    trial->probe = probe;
}

/* The others have the leader that they had, in the same term. */
static void check_peace(struct world *world)
{
    const struct trial *trial = &world->trial;
    const struct machine *leader = faults_leading(world);
    if (trial->odd == trial->leader || !links_are_quick(world))
        return;
    if (leader != trial->leader || raft_term(node_raft(leader->node)) != trial->term)
        world_fail(world, "%s was cut off, and %s does not lead term %llu any more", trial->odd->name,
                   trial->leader->name, (unsigned long long)trial->term);
}

bool trial_over(struct world *world)
{
    struct trial *trial = &world->trial;
    uint64_t now_us = world->story.now_us;
    if (!trial->odd)
        return true;
    check_peace(world);
    if (trial->healed_us > 0)
        return now_us >= trial->healed_us + timeouts_us(world, TRIAL_TIMEOUTS);
    uint64_t passed_us = now_us - world->phase_us;
    if (trial->probe->probe_passed && passed_us >= timeouts_us(world, TRIAL_TIMEOUTS)) {
        story_tell(&world->story, 1, trial->odd->name, "the trial: it is back");
        memset(world->network.lost, 0, sizeof world->network.lost);
        trial->healed_us = now_us;
    } else if (passed_us > TRIAL_PROBE_MAX_US + timeouts_us(world, TRIAL_TIMEOUTS * 5)) {
        world_fail(world, "%s is cut off, and the probe of %s is at step %u", trial->odd->name,
                   trial->probe->probed->name, trial->probe->probe_step);
    }
    return false;
}
