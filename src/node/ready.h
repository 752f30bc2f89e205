/* Whether a node can serve its clients: for service managers, load balancers, and people who wait for one to come up.
 *
 * A node cannot tell by itself what was committed when it started: it knows its own log only. But it opened its gateway
 * in that life, by an entry of the log. All that was committed before stands before that entry, so when the entry is
 * applied here, so is everything else. */
#ifndef CLEAT_NODE_READY_H
#define CLEAT_NODE_READY_H

#include <stdbool.h>

struct ready_facts {
    bool stopping;
    bool shutting_down;
    bool leaderless;      /* no leader is known, or no cluster */
    bool starved;         /* the disk is full, and there is no room even for what a leader writes of itself */
    bool receiving;       /* a copy of the files is on its way here */
    bool gateway_open;
    bool behind;          /* the disk has been full for so long that the log is not followed any more */
};

/* NULL: it can. Else what keeps it from serving, in few words. */
const char *ready_hindrance(const struct ready_facts *facts);
/* Whether that is, first of all, that no leader is known: who is missing for one says more then. */
bool ready_lacks_leader(const struct ready_facts *facts);

#endif
