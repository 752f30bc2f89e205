/* How many durations had which length, to three digits: log-linear, of fixed size.
 *
 *      below 2048 ns each has a bucket of its own; from there on each power of two is cut into 1024 buckets:
 *
 *      | 0 | 1 | ... | 2047 | 2048-2049 | ... | 4094-4095 | 4096-4099 | ... | 8188-8191 | 8192-8199 | ...
 *
 * So a bucket is never wider than a thousandth of what is in it. What takes longer than HISTOGRAM_MAX_NS counts as
 * that long; the largest, the smallest and the sum are kept as they are. */
#ifndef CLEAT_BENCH_HISTOGRAM_H
#define CLEAT_BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_LINEAR_BITS = 10,
    HISTOGRAM_MAX_BITS = 40,
    HISTOGRAM_BUCKETS = (HISTOGRAM_MAX_BITS - HISTOGRAM_LINEAR_BITS + 1) << HISTOGRAM_LINEAR_BITS,
};
#define HISTOGRAM_MAX_NS (((uint64_t)1 << HISTOGRAM_MAX_BITS) - 1) /* 18 minutes */

/* Zeroed, it is empty. */
struct histogram {
    uint64_t count;
    uint64_t sum_ns;
    uint64_t min_ns; /* meaningful if count > 0 */
    uint64_t max_ns;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

static inline uint32_t histogram_bucket(uint64_t ns)
{
    if (ns > HISTOGRAM_MAX_NS)
        ns = HISTOGRAM_MAX_NS;
    if (ns < (uint64_t)2 << HISTOGRAM_LINEAR_BITS)
        return (uint32_t)ns;
    uint32_t shift = (uint32_t)(63 - __builtin_clzll(ns)) - HISTOGRAM_LINEAR_BITS;
    return (shift << HISTOGRAM_LINEAR_BITS) + (uint32_t)(ns >> shift);
}

static inline void histogram_add(struct histogram *histogram, uint64_t ns)
{
    if (histogram->count == 0 || ns < histogram->min_ns)
        histogram->min_ns = ns;
    if (ns > histogram->max_ns)
        histogram->max_ns = ns;
    histogram->count++;
    histogram->sum_ns += ns;
    histogram->buckets[histogram_bucket(ns)]++;
}

/* Adds all that is in FROM. */
void histogram_merge(struct histogram *histogram, const struct histogram *from);
void histogram_clear(struct histogram *histogram);

/* The smallest length that at least PER_MILLION of a million do not exceed (nearest rank), to a thousandth; 0 where it
 * is empty. */
uint64_t histogram_percentile_ns(const struct histogram *histogram, uint32_t per_million);
uint64_t histogram_mean_ns(const struct histogram *histogram);

#endif
