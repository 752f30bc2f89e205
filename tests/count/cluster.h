/* Three machines, linked by pipes that lose nothing, in rounds of simulated time. What a machine writes in one round is
 * read in the next, and so long takes its disk: as if a message took as long as a sync. */
#ifndef CLEAT_TESTS_COUNT_CLUSTER_H
#define CLEAT_TESTS_COUNT_CLUSTER_H

#include "count/machine.h"

struct cluster {
    struct fs_memory *memory;
    struct machine machines[MACHINE_COUNT];
    uint64_t now_us;
};

/* Opens it, and goes on until there is a leader that all know and all has come to rest. */
void cluster_open(struct cluster *cluster);
void cluster_close(struct cluster *cluster);
/* One round: a turn of each machine that has something to do. Where none has, time goes on until one does. */
void cluster_round(struct cluster *cluster);
struct machine *cluster_leader(struct cluster *cluster);

#endif
