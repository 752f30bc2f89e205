/* When operations are due in an open loop, and a clock that says so to the microsecond: the timers of event loops only
 * know milliseconds, which would go into every latency that is measured. */
#ifndef CLEAT_BENCH_PACE_H
#define CLEAT_BENCH_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/options.h"

struct pace {
    int clock_file;      /* readable when it is time; -1: none */
    double mean_ns;      /* between two operations */
    bool poisson;
    double due_ns;       /* since the start, of the next operation: a fraction, so that nothing is lost by rounding */
    uint64_t start_ns;
};

/* False: there is no clock, see errno. */
bool pace_open(struct pace *pace, uint64_t rate, enum arrivals arrivals);
void pace_close(struct pace *pace);

/* The first operation is due NOW. */
void pace_start(struct pace *pace, uint64_t now_ns);
/* When the next operation is due, and on to the one after it. */
static inline uint64_t pace_due_ns(const struct pace *pace)
{
    return pace->start_ns + (uint64_t)pace->due_ns;
}
void pace_advance(struct pace *pace, struct workload *workload);

/* The clock becomes readable when the next operation is due. */
void pace_arm(struct pace *pace);
void pace_disarm(struct pace *pace);

#endif
