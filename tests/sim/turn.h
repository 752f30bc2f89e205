/* One turn of a machine's process, as src/node/node.h lays it down: the time, the inputs, node_turn, the outputs. */
#ifndef CLEAT_TESTS_SIM_TURN_H
#define CLEAT_TESTS_SIM_TURN_H

#include <stdint.h>

struct machine;
struct world;

/* MACHINE's clock. */
uint64_t turn_clock_ms(const struct world *world, const struct machine *machine);
void turn_take(struct world *world, struct machine *machine);

#endif
