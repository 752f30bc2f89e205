#include "bench/pace.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include "base/ensure.h"

bool pace_open(struct pace *pace, uint64_t rate, enum arrivals arrivals)
{
    *pace = (struct pace){
        .clock_file = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC),
        .mean_ns = 1e9 / (double)rate,
        .poisson = arrivals == ARRIVALS_POISSON,
    };
    return pace->clock_file >= 0;
}

void pace_close(struct pace *pace)
{
    if (pace->clock_file >= 0)
        close(pace->clock_file);
    pace->clock_file = -1;
}

void pace_start(struct pace *pace, uint64_t now_ns)
{
    pace->start_ns = now_ns;
    pace->due_ns = 0;
}

void pace_advance(struct pace *pace, struct workload *workload)
{
    pace->due_ns += pace->poisson ? workload_pause_ns(workload, pace->mean_ns) : pace->mean_ns;
}

static void set(struct pace *pace, uint64_t at_ns)
{
    const struct itimerspec at = {
        .it_value = {.tv_sec = (time_t)(at_ns / 1000000000), .tv_nsec = (long)(at_ns % 1000000000)},
    };
    ensure(timerfd_settime(pace->clock_file, TFD_TIMER_ABSTIME, &at, NULL) == 0);
}

/* Setting it also takes back that it is readable, so it is never read. */
void pace_arm(struct pace *pace)
{
    uint64_t due_ns = pace_due_ns(pace);
    set(pace, due_ns > 0 ? due_ns : 1);
}

void pace_disarm(struct pace *pace)
{
    set(pace, 0);
}
