/* The cluster's time in ms: stamped by the leader, carried by entries and heartbeats; along the log it never goes back.
 *
 * A node knows the last time that the newest leader told it, and counts on from there by its own monotonic clock, so
 * that the next leader goes on where the last one stopped. What it was told took a while to come, so it is a little
 * behind that leader's clock, never ahead; and each time it is told again it forgets what it counted itself, so that
 * the difference between two clocks' speeds does not add up. News of an older leader, or older news of the same, are
 * not listened to. Wall clocks do not matter. */
#ifndef CLEAT_NODE_CLOCK_H
#define CLEAT_NODE_CLOCK_H

#include <stdint.h>

#include "base/ensure.h"

struct clock {
    uint64_t known_ms; /* cluster time ... */
    uint64_t at_ms;    /* ... at this moment of the node's own time */
    uint64_t term;     /* of the leader who told it */
};

static inline uint64_t clock_now_ms(const struct clock *clock, uint64_t now_ms)
{
    ensure(now_ms >= clock->at_ms);
    return clock->known_ms + (now_ms - clock->at_ms);
}

/* The leader of TERM said that it is TIME_MS. */
static inline void clock_learn(struct clock *clock, uint64_t term, uint64_t time_ms, uint64_t now_ms)
{
    ensure(now_ms >= clock->at_ms);
    if (term < clock->term || (term == clock->term && time_ms < clock->known_ms))
        return;
    *clock = (struct clock){.known_ms = time_ms, .at_ms = now_ms, .term = term};
}

#endif
