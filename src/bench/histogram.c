#include "bench/histogram.h"

#include <string.h>

#include "base/ensure.h"

void histogram_merge(struct histogram *histogram, const struct histogram *from)
{
    if (from->count == 0)
        return;
    if (histogram->count == 0 || from->min_ns < histogram->min_ns)
        histogram->min_ns = from->min_ns;
    if (from->max_ns > histogram->max_ns)
        histogram->max_ns = from->max_ns;
    histogram->count += from->count;
    histogram->sum_ns += from->sum_ns;
    for (uint32_t i = histogram_bucket(from->min_ns); i <= histogram_bucket(from->max_ns); i++)
        histogram->buckets[i] += from->buckets[i];
}

void histogram_clear(struct histogram *histogram)
{
    if (histogram->count == 0)
        return;
    uint32_t first = histogram_bucket(histogram->min_ns);
    uint32_t last = histogram_bucket(histogram->max_ns);
    memset(histogram->buckets + first, 0, (last - first + 1) * sizeof histogram->buckets[0]);
    histogram->count = histogram->sum_ns = histogram->min_ns = histogram->max_ns = 0;
}

/* The largest that falls into BUCKET. */
static uint64_t bucket_top_ns(uint32_t bucket)
{
    uint32_t half = bucket >> HISTOGRAM_LINEAR_BITS;
    if (half <= 1)
        return bucket;
    uint32_t shift = half - 1;
    uint64_t place = bucket - (shift << HISTOGRAM_LINEAR_BITS);
    return ((place + 1) << shift) - 1;
}

uint64_t histogram_percentile_ns(const struct histogram *histogram, uint32_t per_million)
{
    ensure(per_million <= 1000000);
    if (histogram->count == 0)
        return 0;
    /* Rounded up, and in two parts, so that no count is too large for it. */
    uint64_t whole = histogram->count / 1000000, rest = histogram->count % 1000000;
    uint64_t rank = whole * per_million + (rest * per_million + 999999) / 1000000;
    if (rank == 0)
        return histogram->min_ns;
    uint64_t seen = 0;
    uint32_t bucket = histogram_bucket(histogram->min_ns);
    for (;; bucket++) {
        ensure(bucket < HISTOGRAM_BUCKETS);
        seen += histogram->buckets[bucket];
        if (seen >= rank)
            break;
    }
    uint64_t top_ns = bucket_top_ns(bucket);
    if (bucket == HISTOGRAM_BUCKETS - 1 || top_ns > histogram->max_ns)
        return histogram->max_ns;
    return top_ns < histogram->min_ns ? histogram->min_ns : top_ns;
}

uint64_t histogram_mean_ns(const struct histogram *histogram)
{
    return histogram->count > 0 ? histogram->sum_ns / histogram->count : 0;
}
