/* What came of a load's operations, in numbers. */
#ifndef CLEAT_BENCH_TALLY_H
#define CLEAT_BENCH_TALLY_H

#include <stdint.h>

#include "bench/histogram.h"
#include "bench/workload.h"
#include "protocol/reply.h"

enum { TALLY_ERRORS = REPLY_ERROR_COUNT + 1 }; /* the last: a code that this program does not know */

/* Zeroed, it is empty. It is large: never on the stack. */
struct tally {
    struct histogram latency[OPERATION_COUNT]; /* of successes, misses and conflicts */
    uint64_t misses[OPERATION_COUNT];          /* read, delete: there is no such file */
    uint64_t conflicts;                        /* cas: another version */
    uint64_t errors[TALLY_ERRORS];
    uint64_t unknown;                          /* under way when their connection was lost */
};

void tally_merge(struct tally *tally, const struct tally *from);
void tally_clear(struct tally *tally);

/* How many have a result. */
uint64_t tally_results(const struct tally *tally);
uint64_t tally_errors(const struct tally *tally);
uint64_t tally_misses(const struct tally *tally);
const char *tally_error_name(uint32_t error);

#endif
