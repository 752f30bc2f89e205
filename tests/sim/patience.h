/* Whether leaders have patience: when nothing breaks any more, one that takes what it sent for lost goes back to what
 * its follower is known to have, and sends it again. On a slow link that is wrong, and each time makes it slower. So it
 * has to learn from that: a few times are put up with, more are not. */
#ifndef CLEAT_TESTS_SIM_PATIENCE_H
#define CLEAT_TESTS_SIM_PATIENCE_H

#include <stdint.h>

#include "raft/raft.h"
#include "sim/profile.h"

struct world;

struct patience {
    struct {
        enum raft_peer_state state;  /* when it was looked at last */
        uint64_t match;
        uint32_t setbacks;           /* how often it went back */
    } of[SIM_NODES_MAX][SIM_NODES_MAX]; /* by id - 1: the leader, its follower */
};

/* When faults have ended; then now and then. */
void patience_begin(struct world *world);
void patience_check(struct world *world);

#endif
