#include "node/meter.h"

#include "protocol/asked.h"
#include "protocol/command.h"

const uint64_t meter_bounds_us[METER_BUCKETS - 1] = {100,   250,    500,    1000,   2500,    5000,    10000,  25000,
                                                     50000, 100000, 250000, 500000, 1000000, 2500000, 5000000};

void meter_duration(struct meter_histogram *histogram, uint64_t us)
{
    unsigned bucket = 0;
    while (bucket < METER_BUCKETS - 1 && us > meter_bounds_us[bucket])
        bucket++;
    histogram->buckets[bucket]++;
    histogram->sum_us += us;
}

enum verb meter_verb(const struct blob *command)
{
    enum verb verb = asked_verb(command_kind_in(command));
    return verb != VERB_NONE && verb_row(verb)->metric ? verb : VERB_NONE;
}
