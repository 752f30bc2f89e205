/* The cluster's level, which levels its members know, and what that means for who wants one: protocol/level.h says what
 * a level is. What a member knows it says in the HELLO of its present link; who is not linked may be of any version. */
#ifndef CLEAT_NODE_LEVELS_H
#define CLEAT_NODE_LEVELS_H

#include <stdbool.h>
#include <stdint.h>

#include "raft/configuration.h"

struct levels {
    unsigned reached;   /* the cluster's level, in the state as it is applied here */
    uint32_t count;
    struct levels_member {
        uint32_t id;
        unsigned known; /* the highest; 0: it is not linked */
    } members[RAFT_MEMBERS_MAX];
};

enum { LEVELS_TEXT_MAX = 256 };

/* Whether the cluster may be raised to LEVEL: all members know it, or it is there already. False: TEXT says who must do
 * what first. */
bool levels_allow(const struct levels *levels, unsigned level, char text[LEVELS_TEXT_MAX]);

/* Whether the cluster is at LEVEL, which this program knows. False: TEXT says what must be done first. */
bool levels_reached(const struct levels *levels, unsigned level, char text[LEVELS_TEXT_MAX]);

/* The highest level that all nodes of a cluster which is to form know: what they said, and this program. */
unsigned levels_lowest(const unsigned *known, uint32_t count);

#endif
