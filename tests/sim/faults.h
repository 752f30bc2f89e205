/* What breaks, and when: drawn one after another while the phase of faults lasts. None outlasts it. */
#ifndef CLEAT_TESTS_SIM_FAULTS_H
#define CLEAT_TESTS_SIM_FAULTS_H

#include <stdbool.h>

#include "sim/events.h"

struct machine;
struct world;

/* EVENT_FAULT: something breaks, and the next fault is planned. */
void faults_next(struct world *world);
/* True if MACHINE may lose what it has: never more than the cluster can do without. */
bool faults_may_lose(const struct world *world, const struct machine *machine);
/* EVENT_AMBUSH, EVENT_DEPOSE. */
void faults_ambush(struct world *world, const struct event *event);
void faults_depose(struct world *world);
/* Who leads the newest term; NULL: no one. */
struct machine *faults_leading(struct world *world);
/* True if a file of some machine was damaged, and may be met at any time. */
bool faults_rot(const struct world *world);
/* EVENT_HEAL_PATHS, EVENT_DISK_FREED. */
void faults_paths_healed(struct world *world, const struct event *event);
void faults_disk_freed(struct world *world, const struct event *event);
/* Everything that is broken is mended, and down machines start; all, or a majority that can decide. */
void faults_heal(struct world *world);

#endif
