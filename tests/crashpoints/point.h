/* One crash: a life ends at one of its disk actions, by one death; perhaps the start that follows ends too, at one of
 * its own. After that a start must succeed and find what was promised. */
#ifndef CLEAT_TESTS_CRASHPOINTS_POINT_H
#define CLEAT_TESTS_CRASHPOINTS_POINT_H

#include "crashpoints/life.h"

struct point {
    const struct life *life;
    uint64_t action;
    struct death death;
    uint64_t again;          /* the action of the start that follows; 0: it is not interrupted */
    struct death death_again;
};

/* What came of many points. Shared between processes: each has one of its own, and the parent reads them. */
struct tally {
    struct point point; /* that is being tried */
    uint64_t points;
    uint64_t starts;    /* interrupted or not */
    uint64_t failed;
    uint64_t told;      /* failures that were printed */
};

/* Lives to the end, with no crash: how many disk actions there are. 0: something is wrong, and was said. */
uint64_t point_actions(const struct life *life, bool trace);
/* All points with ACTION; of the actions of each start that follows every STRIDE-th. PROGRAM: for the commands that are
 * printed for those that fail. */
void point_try_all(const struct life *life, uint64_t action, uint64_t stride, const char *program, struct tally *tally);
/* One, with its story. */
void point_try(const struct point *point, const char *program, struct tally *tally);
/* Prints the command for POINT. */
void point_print(const struct point *point, const char *program);

#endif
