/* The simulated world: machines, the network between them, clients, and what breaks. One seed decides everything; no
 * wall clock, no thread and no file is used.
 *
 *      events --> machine.c   a process, and its node: the driver of src/node/node.h
 *             --> threads.c   its disk threads: what both do at once
 *             --> network.c   connections between machines: frames lost, late, repeated
 *             --> connection.c, client.c   connections of clients, and what they ask
 *             --> faults.c    crashes, pauses, partitions; ambush.c: at a certain message
 *      history.c: what clients saw must be possible.     invariants.c: what nodes are must be allowed.
 *      read_index.c: what they are told to read at must be late enough.
 *      oracle.c: what the log means.     verbs.c: answers must be what that says, within the time that they had.
 *      change.c: what clients ask for; oracle_asked.c: the log holds nothing else. */
#ifndef CLEAT_TESTS_SIM_WORLD_H
#define CLEAT_TESTS_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "sim/ambush.h"
#include "sim/client.h"
#include "sim/events.h"
#include "sim/history.h"
#include "sim/invariants.h"
#include "sim/machine.h"
#include "sim/network.h"
#include "sim/oracle.h"
#include "sim/patience.h"
#include "sim/profile.h"
#include "sim/story.h"
#include "sim/trial.h"
#include "sim/verbs.h"

enum phase {
    PHASE_FAULTS,   /* things break */
    PHASE_PROGRESS, /* nothing breaks any more: every live node must take a write and a read */
    PHASE_TRIAL,    /* one machine is cut off, and comes back: trial.h */
    PHASE_DRAIN,    /* clients stop, and get their last answers */
    PHASE_CONVERGE, /* all live nodes come to the same state */
    PHASE_OVER,
};

struct world {
    uint64_t seed;
    struct random random;
    struct story story;
    struct events events;
    struct profile profile;
    enum phase phase;
    uint64_t phase_us;    /* when it began */
    bool quiet;           /* the network and the clients are without faults */

    struct machine machines[SIM_NODES_MAX]; /* by id - 1 */
    struct thread *thread;                  /* the disk thread whose request is being executed just now */
    struct network network;
    struct client clients[SIM_CLIENTS_MAX + SIM_NODES_MAX + 1]; /* and the probes */
    uint32_t client_count;
    struct connection *connections; /* all that ever were */
    uint64_t connection_count;
    struct history history;
    struct invariants invariants;
    struct oracle oracle;
    struct verbs verbs;

    struct ambush ambush;
    struct machine *reborn; /* just now, from an ambush; NULL: none was */
    struct patience patience;
    struct trial trial;
    uint64_t faults[FAULT_KIND_COUNT];
    uint64_t crashes;
    uint64_t snapshots_installed;
    uint64_t frames;
    uint64_t turns;
};

/* What a run came to. */
struct report {
    uint64_t simulated_us;
    uint64_t acknowledged;
    uint64_t unknown;
    uint64_t refused;
    uint64_t judged;      /* answers that were compared with the log */
    uint64_t repeated;    /* changes that were sent again */
    uint64_t crashes;
    uint64_t elections;
    uint64_t snapshots;
    uint64_t hash;
    uint64_t faults[FAULT_KIND_COUNT];
};

struct world_options {
    uint64_t seed;
    int detail;           /* of the story */
    uint32_t nodes;       /* 0: the seed decides */
    uint64_t faults_s;    /* 0: the seed decides */
    bool strict;          /* see profile_draw */
};

/* One run from beginning to end. Ends the process with a line on stdout where something is wrong. */
struct report world_run(const struct world_options *options);

/* Something is wrong: says what, when and how to see it again, and ends the process. */
_Noreturn void world_fail(const struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A random number from LOW to HIGH; true in PPM of a million cases. */
uint64_t world_between(struct world *world, uint64_t low, uint64_t high);
bool world_chance(struct world *world, uint32_t ppm);
/* Plans EVENT for DELAY_US from now. */
void world_plan(struct world *world, uint64_t delay_us, const struct event *event);

#endif
