#include "bench/tally.h"

#include "base/ensure.h"

void tally_merge(struct tally *tally, const struct tally *from)
{
    for (unsigned i = 0; i < OPERATION_COUNT; i++) {
        histogram_merge(&tally->latency[i], &from->latency[i]);
        tally->misses[i] += from->misses[i];
    }
    for (unsigned i = 0; i < TALLY_ERRORS; i++)
        tally->errors[i] += from->errors[i];
    tally->conflicts += from->conflicts;
    tally->unknown += from->unknown;
}

void tally_clear(struct tally *tally)
{
    for (unsigned i = 0; i < OPERATION_COUNT; i++) {
        histogram_clear(&tally->latency[i]);
        tally->misses[i] = 0;
    }
    for (unsigned i = 0; i < TALLY_ERRORS; i++)
        tally->errors[i] = 0;
    tally->conflicts = 0;
    tally->unknown = 0;
}

uint64_t tally_results(const struct tally *tally)
{
    uint64_t results = 0;
    for (unsigned i = 0; i < OPERATION_COUNT; i++)
        results += tally->latency[i].count;
    return results;
}

uint64_t tally_errors(const struct tally *tally)
{
    uint64_t errors = 0;
    for (unsigned i = 0; i < TALLY_ERRORS; i++)
        errors += tally->errors[i];
    return errors;
}

uint64_t tally_misses(const struct tally *tally)
{
    uint64_t misses = 0;
    for (unsigned i = 0; i < OPERATION_COUNT; i++)
        misses += tally->misses[i];
    return misses;
}

const char *tally_error_name(uint32_t error)
{
    ensure(error < TALLY_ERRORS);
    return error < REPLY_ERROR_COUNT ? error_row((enum reply_error)error)->code : "ERR_OTHER";
}
