/* Rafts in a storm: three or five of them, with messages lost, repeated, delayed and overtaken, links cut, crashes that
 * lose what was not synced, snapshots, transfers, wiped disks. After everything that happens the invariants must hold;
 * then the storm ends, and the cluster must work. A seed tells the whole story again. */
#ifndef CLEAT_TESTS_SUPPORT_STORM_H
#define CLEAT_TESTS_SUPPORT_STORM_H

#include <stdbool.h>
#include <stdint.h>

/* Runs it; stops the program, saying why, where something is not as it must be. */
void storm_run(uint64_t seed, bool figures);

#endif
