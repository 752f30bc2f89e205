/* A small deterministic generator (splitmix64): the same seed gives the same numbers, so a simulated run can be told
 * again. Not for secrets. The seed is handed in by the program. */
#ifndef CLEAT_BASE_RANDOM_H
#define CLEAT_BASE_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_u64(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* A number from LOW to HIGH, both included. */
static inline uint64_t random_between(struct random *random, uint64_t low, uint64_t high)
{
    return low + random_u64(random) % (high - low + 1);
}

#endif
