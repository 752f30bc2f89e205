/* The lives whose every disk action is a death: each goes through all that its disk ever does. */
#ifndef CLEAT_TESTS_CRASHPOINTS_LIFE_H
#define CLEAT_TESTS_CRASHPOINTS_LIFE_H

#include "crashpoints/follower.h"
#include "crashpoints/ledger.h"

/* What was promised in a life so far. */
union promises {
    struct ledger ledger;     /* of the node */
    struct follower follower;
};

struct life {
    const char *name;
    void (*begin)(union promises *promises);
    /* From birth to the end, or until the disk stops. */
    enum result (*live)(struct world *world, union promises *promises);
    /* A start, the check of what is there, and a little more, which shows that it goes on well. No process is left. */
    enum result (*start)(struct world *world, union promises *promises);
    unsigned order;           /* for the world */
    bool dies_in_meets;       /* its other actions are those of other lives too: they are left out */
};

extern const struct life life_node;     /* a cluster of one node with its clients: node.c */
extern const struct life life_full;     /* that disk, full for a while */
extern const struct life life_follower; /* the disk of a follower, without the node: follower.c */
extern const struct life life_threads;  /* likewise, with both threads at work at once: one of many orders */

#endif
