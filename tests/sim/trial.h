/* The trial: when all is well, one machine is cut off, alone, deaf or dumb, for some election timeouts, and comes back;
 * or two that hear each other.
 *
 *      followers    the others go on with their leader in its term, also when it is back     (PreVote, stickiness)
 *      the leader   the others have a new one soon, though some still hear the old one       (CheckQuorum)
 *
 * Either way a client of another node can write and read meanwhile: a majority is fully connected all the time. */
#ifndef CLEAT_TESTS_SIM_TRIAL_H
#define CLEAT_TESTS_SIM_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

struct client;
struct machine;
struct world;

struct trial {
    struct machine *odd;      /* who is cut off; NULL: there is no trial in this run */
    struct machine *mate;     /* who is so too, with it; or NULL */
    struct machine *leader;   /* who led when it began */
    uint64_t term;
    const struct client *probe;
    uint64_t healed_us;       /* 0: not yet */
};

/* Cuts a machine off, if enough others are there. */
void trial_begin(struct world *world);
/* Looks after it, now and then. True once it is over. */
bool trial_over(struct world *world);

#endif
