/* What a load consists of: which operation comes next, and on which key. Pure; from one seed. */
#ifndef CLEAT_BENCH_WORKLOAD_H
#define CLEAT_BENCH_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"

enum operation {
    OPERATION_WRITE,
    OPERATION_READ,
    OPERATION_CAS,
    OPERATION_DELETE,
    OPERATION_COUNT,
};

enum { WORKLOAD_WEIGHT_MAX = 1000000, WORKLOAD_KEYS_MAX = 100000000 };

enum distribution {
    DISTRIBUTION_UNIFORM,    /* all alike */
    DISTRIBUTION_ZIPF,       /* key k with a weight of 1 / (k + 1) ^ 0.99: few are used most */
    DISTRIBUTION_SEQUENTIAL, /* one after the other, round and round */
    DISTRIBUTION_OWN,        /* the same, but each connection has keys that are its own */
    DISTRIBUTION_COUNT,
};

/* How often each operation comes, in proportion; at least one of them is not 0. */
struct mix {
    uint32_t weights[OPERATION_COUNT];
};

struct workload {
    struct random random;
    struct mix mix;
    uint32_t weight_sum;
    bool only_one;           /* operation in the mix, `only` */
    enum operation only;
    enum distribution distribution;
    uint32_t keys;
    uint32_t connections;    /* OWN: how many share the keys; at most as many as there are keys */
    uint32_t next;           /* SEQUENTIAL */
    double zipf_first;       /* ZIPF: the area below the curve up to where key 0 begins */
    double zipf_all;         /* ... and up to the last key's end */
    double zipf_squeeze;
};

const char *operation_name(enum operation operation);
const char *distribution_name(enum distribution distribution);

/* "write", "write=50,read=50", "read,cas=2" (1 where no weight is given). NULL, or what is wrong with it. */
const char *mix_parse(struct mix *mix, const char *text);
bool distribution_parse(enum distribution *distribution, const char *text);

void workload_init(struct workload *workload, const struct mix *mix, enum distribution distribution, uint32_t keys,
                   uint32_t connections, uint64_t seed);

enum operation workload_operation(struct workload *workload);
/* A key below `keys`, for connection number CONNECTION. OWN counts in *CURSOR, which begins at 0 and is that
 * connection's. */
uint32_t workload_key(struct workload *workload, uint32_t connection, uint32_t *cursor);

/* The time to the next arrival of a Poisson process with so many a nanosecond on average: at least 0. */
double workload_pause_ns(struct workload *workload, double mean_ns);

#endif
