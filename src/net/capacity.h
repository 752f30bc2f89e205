/* How the descriptors that the process may have (RLIMIT_NOFILE) are shared out: what the node needs for itself first,
 * at any limit; clients get what is left. */
#ifndef CLEAT_NET_CAPACITY_H
#define CLEAT_NET_CAPACITY_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CAPACITY_OWN = 56,       /* standard ones, loop, data directory and its reserve, look-ups, accepting */
    CAPACITY_PER_MEMBER = 4, /* links to another member: one of each kind, and those that replace them */
    CAPACITY_STRANGERS = 8,  /* links of which it is not known yet whose they are */
};

struct capacity {
    uint64_t limit;         /* descriptors of the process */
    uint64_t open_count;    /* of these were there when the program began, beside the standard ones */
    uint32_t clients_count; /* connections of clients */
    uint32_t links_count;   /* connections of other nodes; LINKS_MAX where there are enough descriptors */
};

/* Raises the limit as far as it is wanted and the hard one allows, and shares it out: for CLIENTS_COUNT connections of
 * clients and OTHERS_COUNT other members, with at most LINKS_MAX links. To be called first. False: what is there is
 * less than the node needs; REASON says so in one line. */
enum { CAPACITY_REASON_MAX = 256 };
bool capacity_share(struct capacity *capacity, uint32_t clients_count, uint32_t others_count, uint32_t links_max,
                    char reason[CAPACITY_REASON_MAX]);

#endif
