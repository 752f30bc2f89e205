#include "node/ready.h"

#include <stddef.h>

#include "base/ensure.h"

#define STARVED \
    "the disk of this node is full: there is no room even for what a new leader writes; free some room there"

const char *ready_hindrance(const struct ready_facts *facts)
{
    if (facts->stopping)
        return "this node has to stop";
    if (facts->shutting_down)
        return "this node shuts down";
    if (facts->leaderless)
        return facts->starved ? STARVED : "no leader is known"; /* with a leader it may follow all the same */
    if (facts->receiving)
        return "a copy of the files is on its way to this node";
    if (!facts->gateway_open)
        return facts->starved ? STARVED : "this node has not caught up with the leader";
    if (facts->behind)
        return "the disk of this node is full";
    return NULL;
}

bool ready_lacks_leader(const struct ready_facts *facts)
{
    bool lacks = facts->leaderless && !facts->stopping && !facts->shutting_down && !facts->starved;
    ensure(!lacks || ready_hindrance(facts));
    return lacks;
}
