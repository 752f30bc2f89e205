#include "bench/workload.h"

#include <math.h>
#include <string.h>

#include "base/ensure.h"
#include "protocol/request.h"

static const char *const operation_names[OPERATION_COUNT] = {
    [OPERATION_WRITE] = "write",
    [OPERATION_READ] = "read",
    [OPERATION_CAS] = "cas",
    [OPERATION_DELETE] = "delete",
};

static const char *const distribution_names[DISTRIBUTION_COUNT] = {
    [DISTRIBUTION_UNIFORM] = "uniform",
    [DISTRIBUTION_ZIPF] = "zipf",
    [DISTRIBUTION_SEQUENTIAL] = "sequential",
    [DISTRIBUTION_OWN] = "own",
};

const char *operation_name(enum operation operation)
{
    ensure(operation < OPERATION_COUNT);
    return operation_names[operation];
}

const char *distribution_name(enum distribution distribution)
{
    ensure(distribution < DISTRIBUTION_COUNT);
    return distribution_names[distribution];
}

static const char *mix_add(struct mix *mix, const char *text, size_t size)
{
    const char *equals = memchr(text, '=', size);
    size_t name_size = equals ? (size_t)(equals - text) : size;
    uint64_t weight = 1;
    if (equals && (!request_number(equals + 1, size - name_size - 1, &weight) || weight == 0 ||
                   weight > WORKLOAD_WEIGHT_MAX))
        return "a weight is a number from 1 to 1000000";
    for (unsigned i = 0; i < OPERATION_COUNT; i++) {
        if (strlen(operation_names[i]) != name_size || memcmp(operation_names[i], text, name_size) != 0)
            continue;
        if (mix->weights[i] > 0)
            return "an operation is there twice";
        mix->weights[i] = (uint32_t)weight;
        return NULL;
    }
    return "it must be of write, read, cas and delete, like write=50,read=50";
}

const char *mix_parse(struct mix *mix, const char *text)
{
    *mix = (struct mix){0};
    for (const char *at = text;;) {
        size_t size = strcspn(at, ",");
        const char *problem = mix_add(mix, at, size);
        if (problem)
            return problem;
        if (at[size] == '\0')
            return NULL;
        at += size + 1;
    }
}

bool distribution_parse(enum distribution *distribution, const char *text)
{
    for (unsigned i = 0; i < DISTRIBUTION_COUNT; i++) {
        if (strcmp(distribution_names[i], text) == 0) {
            *distribution = (enum distribution)i;
            return true;
        }
    }
    return false;
}

/* --- zipf -----------------------------------------------------------------------------------------------------------
 *
 * W. Hoermann, G. Derflinger: Rejection-inversion to generate variates from monotone discrete distributions, 1996. No
 * table, so that any number of keys costs the same. Ranks are 1, 2, ...; a rank's weight is rank ^ -0.99. */

#define ZIPF_EXPONENT 0.99

static double zipf_weight(double rank)
{
    return exp(-ZIPF_EXPONENT * log(rank));
}

/* The integral of zipf_weight from 1 to RANK, and its inverse. */
static double zipf_area(double rank)
{
    return expm1((1 - ZIPF_EXPONENT) * log(rank)) / (1 - ZIPF_EXPONENT);
}

static double zipf_rank(double area)
{
    return exp(log1p(area * (1 - ZIPF_EXPONENT)) / (1 - ZIPF_EXPONENT));
}

/* From 0 up to, but not including, 1. */
static double random_fraction(struct random *random)
{
    return (double)(random_u64(random) >> 11) * 0x1p-53;
}

static uint32_t zipf_key(struct workload *workload)
{
    for (;;) {
        double area = workload->zipf_all +
                      random_fraction(&workload->random) * (workload->zipf_first - workload->zipf_all);
        double exact = zipf_rank(area);
        double rank = floor(exact + 0.5);
        if (rank < 1)
            rank = 1;
        if (rank > workload->keys)
            rank = workload->keys;
        if (rank - exact <= workload->zipf_squeeze || area >= zipf_area(rank + 0.5) - zipf_weight(rank))
            return (uint32_t)rank - 1;
    }
}

/* --- */

void workload_init(struct workload *workload, const struct mix *mix, enum distribution distribution, uint32_t keys,
                   uint32_t connections, uint64_t seed)
{
    ensure(keys > 0 && keys <= WORKLOAD_KEYS_MAX);
    ensure(distribution != DISTRIBUTION_OWN || connections <= keys);
    *workload = (struct workload){
        .random = {.state = seed},
        .mix = *mix,
        .distribution = distribution,
        .keys = keys,
        .connections = connections,
        .zipf_first = zipf_area(1.5) - 1,
        .zipf_all = zipf_area(keys + 0.5),
        .zipf_squeeze = 2 - zipf_rank(zipf_area(2.5) - zipf_weight(2)),
    };
    unsigned kinds = 0;
    for (unsigned i = 0; i < OPERATION_COUNT; i++) {
        workload->weight_sum += mix->weights[i];
        if (mix->weights[i] > 0) {
            workload->only = (enum operation)i;
            kinds++;
        }
    }
    ensure(kinds > 0);
    workload->only_one = kinds == 1;
}

/* Below LIMIT; without the division that a remainder would take. */
static uint32_t random_below(struct random *random, uint32_t limit)
{
    return (uint32_t)((random_u64(random) >> 32) * limit >> 32);
}

enum operation workload_operation(struct workload *workload)
{
    if (workload->only_one)
        return workload->only;
    uint32_t place = random_below(&workload->random, workload->weight_sum);
    unsigned operation = 0;
    while (place >= workload->mix.weights[operation])
        place -= workload->mix.weights[operation++];
    return (enum operation)operation;
}

uint32_t workload_key(struct workload *workload, uint32_t connection, uint32_t *cursor)
{
    uint32_t key;
    switch (workload->distribution) {
    case DISTRIBUTION_ZIPF:
        return zipf_key(workload);
    case DISTRIBUTION_SEQUENTIAL:
        key = workload->next;
        workload->next = key + 1 < workload->keys ? key + 1 : 0;
        return key;
    case DISTRIBUTION_OWN:
        /* Connection c of n has the keys c, c + n, c + 2n, ... */
        key = connection + *cursor;
        *cursor = workload->keys - key > workload->connections ? *cursor + workload->connections : 0;
        return key;
    default:
        return random_below(&workload->random, workload->keys);
    }
}

double workload_pause_ns(struct workload *workload, double mean_ns)
{
    return -log1p(-random_fraction(&workload->random)) * mean_ns;
}
