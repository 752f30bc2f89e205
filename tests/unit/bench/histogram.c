#include "bench/histogram.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"
#include "support/check.h"

enum { VALUES = 20000 };

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* By nearest rank. */
static uint64_t exact(const uint64_t *sorted, uint64_t count, uint32_t per_million)
{
    uint64_t rank = (count * per_million + 999999) / 1000000;
    return sorted[rank > 0 ? rank - 1 : 0];
}

/* Values of all sizes up to 2^BITS: their logarithm is what is drawn evenly. */
static void compare_with_sorted(uint64_t seed, uint32_t bits, uint64_t count)
{
    static const uint32_t places[] = {0, 1, 1000, 250000, 500000, 900000, 990000, 999000, 999999, 1000000};
    struct histogram *histogram = memory_get(sizeof *histogram);
    uint64_t *values = memory_get(count * sizeof *values);
    struct random random = {.state = seed};
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        values[i] = random_u64(&random) >> (64 - random_between(&random, 1, bits));
        histogram_add(histogram, values[i]);
        sum += values[i];
    }
    qsort(values, count, sizeof *values, compare);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        uint64_t expected = exact(values, count, places[i]);
        uint64_t got = histogram_percentile_ns(histogram, places[i]);
        ck_assert_msg(got >= expected && got - expected <= expected / 1000, "%lu of %lu: %lu, not %lu",
                      (unsigned long)places[i], (unsigned long)count, (unsigned long)got, (unsigned long)expected);
    }
    ck_assert_uint_eq(histogram_percentile_ns(histogram, 0), values[0]);
    ck_assert_uint_eq(histogram_percentile_ns(histogram, 1000000), values[count - 1]);
    ck_assert_uint_eq(histogram_mean_ns(histogram), sum / count);
    ck_assert_uint_eq(histogram->min_ns, values[0]);
    free(values);
    free(histogram);
}

START_TEST(it_agrees_with_a_sorted_array)
{
    for (uint32_t bits = 1; bits <= HISTOGRAM_MAX_BITS; bits++)
        compare_with_sorted(bits, bits, VALUES);
    for (uint64_t count = 1; count < 100; count++)
        compare_with_sorted(count, 30, count);
}
END_TEST

START_TEST(buckets_are_in_order_and_narrow)
{
    uint32_t bucket = 0;
    uint64_t from = 0;
    for (uint64_t ns = 0; ns < 1000000; ns++) {
        uint32_t next = histogram_bucket(ns);
        if (next != bucket) {
            ck_assert_uint_eq(next, bucket + 1);
            ck_assert_uint_le((ns - 1 - from) * 1000, from);
            from = ns;
            bucket = next;
        }
    }
    ck_assert_uint_eq(histogram_bucket(HISTOGRAM_MAX_NS), HISTOGRAM_BUCKETS - 1);
    ck_assert_uint_eq(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}
END_TEST

START_TEST(nothing_is_in_an_empty_one)
{
    struct histogram *histogram = memory_get(sizeof *histogram);
    ck_assert_uint_eq(histogram_percentile_ns(histogram, 500000), 0);
    ck_assert_uint_eq(histogram_mean_ns(histogram), 0);
    histogram_clear(histogram);
    free(histogram);
}
END_TEST

START_TEST(what_is_longer_than_the_longest_keeps_its_maximum)
{
    struct histogram *histogram = memory_get(sizeof *histogram);
    histogram_add(histogram, 5);
    histogram_add(histogram, HISTOGRAM_MAX_NS * 4);
    ck_assert_uint_eq(histogram->max_ns, HISTOGRAM_MAX_NS * 4);
    ck_assert_uint_eq(histogram_percentile_ns(histogram, 1000000), HISTOGRAM_MAX_NS * 4);
    ck_assert_uint_eq(histogram_percentile_ns(histogram, 500000), 5);
    free(histogram);
}
END_TEST

START_TEST(parts_make_the_whole)
{
    struct histogram *whole = memory_get(sizeof *whole), *part = memory_get(sizeof *part);
    struct histogram *sum = memory_get(sizeof *sum);
    struct random random = {.state = 5};
    for (int i = 0; i < 50; i++) {
        for (int k = 0; k < i; k++) {
            uint64_t ns = random_u64(&random) >> random_between(&random, 20, 50);
            histogram_add(whole, ns);
            histogram_add(part, ns);
        }
        histogram_merge(sum, part);
        histogram_clear(part);
    }
    ck_assert_mem_eq(whole, sum, sizeof *whole);
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        ck_assert_uint_eq(part->buckets[i], 0);
    free(whole);
    free(part);
    free(sum);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("histogram");
    TCase *tests = tcase_create("histogram");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, it_agrees_with_a_sorted_array);
    tcase_add_test(tests, buckets_are_in_order_and_narrow);
    tcase_add_test(tests, nothing_is_in_an_empty_one);
    tcase_add_test(tests, what_is_longer_than_the_longest_keeps_its_maximum);
    tcase_add_test(tests, parts_make_the_whole);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
