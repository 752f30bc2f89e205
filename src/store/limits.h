/* How much the state may hold, and how much one step does. The numbers of the state are the same on every node. */
#ifndef CLEAT_STORE_LIMITS_H
#define CLEAT_STORE_LIMITS_H

enum {
    STORE_SWEEP_MAX = 100,      /* due files that one entry expires */
    STORE_DROPS_MAX = 128,      /* contents that are gone of which one entry releases what they refer to; or half of
                                   those that wait, where that is more */
    STORE_GATEWAYS_MAX = 16,
    STORE_OUTCOMES_MAX = 65536, /* kept for one gateway; beyond that the oldest is dropped */
    STORE_TOKENS_MAX = 65536,   /* changes with a token whose outcome is kept; likewise */
    STORE_TOKENS_S = 600,       /* and no longer than this, in cluster time */
};

#endif
