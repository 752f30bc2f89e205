/* The cluster's time in ms: stamped by the leader, carried by entries and heartbeats, never going back.
 *
 * A node knows the last time it heard of and counts on from there by its own monotonic clock; so a new leader goes on
 * where the old one stopped. What a node believes is never ahead of the leader's (but for the drift between their
 * clocks), for news is never younger than when it was sent. Wall clocks do not matter. */
#ifndef CLEAT_NODE_CLOCK_H
#define CLEAT_NODE_CLOCK_H

#include <stdint.h>

struct clock {
    uint64_t known_ms; /* cluster time ... */
    uint64_t at_ms;    /* ... at this moment of the node's own time */
};

static inline uint64_t clock_now_ms(const struct clock *clock, uint64_t now_ms)
{
    return clock->known_ms + (now_ms - clock->at_ms);
}

/* The cluster's time is at least TIME_MS. */
static inline void clock_learn(struct clock *clock, uint64_t time_ms, uint64_t now_ms)
{
    if (time_ms > clock_now_ms(clock, now_ms)) {
        clock->known_ms = time_ms;
        clock->at_ms = now_ms;
    }
}

#endif
