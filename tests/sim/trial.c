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

static bool votes(const struct machine *machine)
{
    return machine_up(machine) && raft_is_voter(node_raft(machine->node));
}

/* How many voters can be done without. */
static uint32_t spare_voters(const struct world *world)
{
    uint32_t voters = 0, majority = world->profile.nodes / 2 + 1;
    for (uint32_t i = 0; i < world->profile.nodes; i++)
        voters += votes(&world->machines[i]);
    return voters > majority ? voters - majority : 0;
}

/* A voter that neither leads nor is OTHER; NULL: there is none. */
static struct machine *any_follower(struct world *world, const struct machine *other)
{
    struct machine *found = NULL;
    for (uint32_t i = 0; i < world->profile.nodes; i++) {
        struct machine *machine = &world->machines[i];
        if (votes(machine) && machine != world->trial.leader && machine != other &&
            (!found || world_chance(world, 500000)))
            found = machine;
    }
    return found;
}

/* Data that fills a slow link may keep heartbeats waiting: then no one is to blame for an election. Nor is anyone where
 * a frame may be seconds late: a promise that was given while there was no leader may be what is missing for one. */
static bool links_are_quick(const struct world *world)
{
    const struct profile *profile = &world->profile;
    if (profile->reorder_ppm > 0 && profile->late_us > profile->election_min_ms * 1000u)
        return false;
    return profile->window_bytes / profile->bandwidth < profile->election_min_ms / 4 && profile->large_permille == 0;
}

static bool is_cut(const struct trial *trial, const struct machine *machine)
{
    return machine == trial->odd || machine == trial->mate;
}

/* All hear the leader: none of them still waits for a connection. */
static bool all_follow(const struct world *world, const struct machine *leader)
{
    for (uint32_t i = 0; i < world->profile.nodes; i++) {
        const struct machine *machine = &world->machines[i];
        if (machine_up(machine) && raft_leader(node_raft(machine->node)) != leader->id)
            return false;
    }
    return true;
}

/* One that runs and is not cut off. */
static struct machine *any_other(struct world *world)
{
    struct machine *found = NULL;
    for (uint32_t i = 0; i < world->profile.nodes; i++) {
        struct machine *machine = &world->machines[i];
        if (!is_cut(&world->trial, machine) && machine_up(machine) && (!found || world_chance(world, 500000)))
            found = machine;
    }
    return found;
}

static void cut_off(struct world *world)
{
    static const char *const names[] = {"alone", "deaf", "dumb"};
    const struct trial *trial = &world->trial;
    uint64_t shape = world_between(world, 0, 2);
    for (uint32_t a = 0; a < world->profile.nodes; a++)
        for (uint32_t b = 0; b < world->profile.nodes; b++) {
            bool from = is_cut(trial, &world->machines[a]), to = is_cut(trial, &world->machines[b]);
            world->network.lost[a][b] = from != to && ((to && shape != 2) || (from && shape != 1));
        }
    story_tell(&world->story, 1, trial->odd->name, "a trial: it is %s, with %s", names[shape],
               trial->mate ? trial->mate->name : "no one");
}

void trial_begin(struct world *world)
{
    struct trial *trial = &world->trial;
    struct machine *leader = faults_leading(world);
    if (!leader || !all_follow(world, leader))
        return;
    uint32_t spare = spare_voters(world);
    trial->leader = leader;
    trial->term = raft_term(node_raft(leader->node));
    if (spare > 0)
        trial->odd = world_chance(world, 500000) ? leader : any_follower(world, NULL);
    if (!trial->odd)
        return;
    if (spare > 1 && world_chance(world, 500000))
        trial->mate = any_follower(world, trial->odd);
    cut_off(world);
    struct client *probe = &world->clients[world->client_count];
    client_init(world, probe, world->client_count++, any_other(world));
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
