/* What is known to be committed outlives its node: what its log was told, and synced, a start knows at least; and it
 * takes nothing for committed that is not. */
#ifndef CLEAT_TESTS_SIM_HINT_H
#define CLEAT_TESTS_SIM_HINT_H

#include "sim/invariants.h"

/* Node ID's WAL request was executed, and is durable. */
void hint_synced(struct invariants *invariants, uint32_t id, const struct disk_log *request);
/* Node ID starts with what recovery found. NULL, or what is wrong. */
const char *hint_recovered(struct invariants *invariants, uint32_t id, const struct disk_recovered *recovered);
/* Node ID has started with that. NULL, or what it has not made of it. */
const char *hint_started(struct invariants *invariants, const struct disk_recovered *recovered,
                         const struct node *node);

#endif
