/* What two threads do at once, one disk action at a time, in an order that a number decides: one makes a few calls,
 * then the other all of its own, and then the first goes on; or they take turns at every call. */
#ifndef CLEAT_TESTS_CRASHPOINTS_MEET_H
#define CLEAT_TESTS_CRASHPOINTS_MEET_H

#include "crashpoints/world.h"

enum { MEET_LEAD_MAX = 6, MEET_ORDERS = 2 * (MEET_LEAD_MAX + 1) };

/* Both are done after it. */
void meet(struct world *world, void (*first)(void *), void *first_context, void (*second)(void *),
          void *second_context);

#endif
