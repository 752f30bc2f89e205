/* A machine's disk goes back to an earlier state, as when an older copy of the data directory is put back.
 *
 *      the process is stopped, its disk is copied, it starts again ... lives on ... is stopped, the copy is put back
 *
 * What the machine has forgotten, the others know: this is done only while all of them run and have met its process,
 * and if one of them dies before the machine has stored that it was told, its disk is replaced by an empty one, which
 * is what people are told to do. From then on it must be a learner. */
#ifndef CLEAT_TESTS_SIM_PUT_BACK_H
#define CLEAT_TESTS_SIM_PUT_BACK_H

struct event;
struct machine;
struct world;

/* Stops MACHINE, if it runs and may lose what it has, and copies its disk; plans the rest, which is the fault. */
void put_back_begin(struct world *world, struct machine *machine);
/* EVENT_PUT_BACK. */
void put_back_go_on(struct world *world, const struct event *event);
/* MACHINE's process ends, and with it what it remembers of others. */
void put_back_forgets(struct world *world, const struct machine *machine);

#endif
