/* The cluster's time in ms: stamped by the leader, carried by entries and heartbeats; along the log it never goes back.
 *
 * A node knows the last time that the newest leader told it, and counts on from there by its own monotonic clock; so the
 * next leader goes on where the last one stopped. What it was told took a while to come, so of one leader's news the
 * one that is furthest ahead is the best, and it is never ahead of that leader's clock (but for the drift between the
 * two). What an older leader told is forgotten when a newer one speaks, even if it was ahead: a node that led later by
 * the older time would let files expire early that the newer leader had stamped. Wall clocks do not matter. */
#ifndef CLEAT_NODE_CLOCK_H
#define CLEAT_NODE_CLOCK_H

#include <stdint.h>

struct clock {
    uint64_t known_ms; /* cluster time ... */
    uint64_t at_ms;    /* ... at this moment of the node's own time */
    uint64_t term;     /* of the leader who told it */
};

static inline uint64_t clock_now_ms(const struct clock *clock, uint64_t now_ms)
{
    return clock->known_ms + (now_ms - clock->at_ms);
}

/* The leader of TERM said that it is TIME_MS. */
static inline void clock_learn(struct clock *clock, uint64_t term, uint64_t time_ms, uint64_t now_ms)
{
    if (term < clock->term || (term == clock->term && time_ms <= clock_now_ms(clock, now_ms)))
        return;
    *clock = (struct clock){.known_ms = time_ms, .at_ms = now_ms, .term = term};
}

#endif
