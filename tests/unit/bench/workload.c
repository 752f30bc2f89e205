#include "bench/workload.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "support/check.h"

enum { DRAWS = 400000 };

static const struct mix writes = {.weights = {[OPERATION_WRITE] = 1}};

/* How often each of KEYS keys comes in DRAWS draws. */
static uint32_t *draw(enum distribution distribution, uint32_t keys)
{
    uint32_t *counts = memory_get(keys * sizeof *counts);
    struct workload workload;
    uint32_t cursor = 0;
    workload_init(&workload, &writes, distribution, keys, 1, 42);
    for (int i = 0; i < DRAWS; i++) {
        uint32_t key = workload_key(&workload, 0, &cursor);
        ck_assert_uint_lt(key, keys);
        counts[key]++;
    }
    return counts;
}

/* Within five standard deviations of what is expected. */
static void about(double count, double expected, const char *what, uint32_t key)
{
    ck_assert_msg(fabs(count - expected) <= 5 * sqrt(expected) + 1, "%s: key %u came %.0f times, not %.0f", what,
                  (unsigned)key, count, expected);
}

START_TEST(uniform_keys_come_alike)
{
    enum { KEYS = 1000 };
    uint32_t *counts = draw(DISTRIBUTION_UNIFORM, KEYS);
    for (uint32_t key = 0; key < KEYS; key++)
        about(counts[key], (double)DRAWS / KEYS, "uniform", key);
    free(counts);
}
END_TEST

START_TEST(zipf_keys_come_by_their_rank)
{
    static const uint32_t sizes[] = {1, 2, 3, 100, 10000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint32_t keys = sizes[i];
        uint32_t *counts = draw(DISTRIBUTION_ZIPF, keys);
        double sum = 0;
        for (uint32_t key = 0; key < keys; key++)
            sum += pow(key + 1, -0.99);
        for (uint32_t key = 0; key < keys; key++)
            about(counts[key], DRAWS * pow(key + 1, -0.99) / sum, "zipf", key);
        free(counts);
    }
    free(draw(DISTRIBUTION_ZIPF, WORKLOAD_KEYS_MAX));
}
END_TEST

START_TEST(sequential_keys_go_round_over_all_connections)
{
    struct workload workload;
    uint32_t cursors[2] = {0};
    workload_init(&workload, &writes, DISTRIBUTION_SEQUENTIAL, 5, 2, 1);
    for (uint32_t i = 0; i < 17; i++)
        ck_assert_uint_eq(workload_key(&workload, i % 2, &cursors[i % 2]), i % 5);
}
END_TEST

START_TEST(own_keys_are_nobody_elses)
{
    enum { CONNECTIONS = 3, KEYS = 8 };
    static const uint32_t expected[CONNECTIONS][4] = {{0, 3, 6, 0}, {1, 4, 7, 1}, {2, 5, 2, 5}};
    struct workload workload;
    uint32_t cursors[CONNECTIONS] = {0};
    workload_init(&workload, &writes, DISTRIBUTION_OWN, KEYS, CONNECTIONS, 1);
    for (uint32_t i = 0; i < 4; i++)
        for (uint32_t c = 0; c < CONNECTIONS; c++)
            ck_assert_uint_eq(workload_key(&workload, c, &cursors[c]), expected[c][i]);
    workload_init(&workload, &writes, DISTRIBUTION_OWN, KEYS, KEYS, 1);
    uint32_t cursor = 0;
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_uint_eq(workload_key(&workload, 7, &cursor), 7);
}
END_TEST

START_TEST(mixes)
{
    struct mix mix;
    ck_assert_ptr_null(mix_parse(&mix, "write"));
    ck_assert_uint_eq(mix.weights[OPERATION_WRITE], 1);
    ck_assert_uint_eq(mix.weights[OPERATION_READ], 0);
    ck_assert_ptr_null(mix_parse(&mix, "read=70,write=20,cas,delete=1000000"));
    ck_assert_uint_eq(mix.weights[OPERATION_READ], 70);
    ck_assert_uint_eq(mix.weights[OPERATION_WRITE], 20);
    ck_assert_uint_eq(mix.weights[OPERATION_CAS], 1);
    ck_assert_uint_eq(mix.weights[OPERATION_DELETE], 1000000);
}
END_TEST

START_TEST(what_is_no_mix)
{
    static const char *const texts[] = {
        "", ",", "write,", ",write", "write=", "write=0", "write=-1", "write=1000001", "write=x", "write=5,write=5",
        "writes", "wri", "WRITE", "=5", "write 5", "write=5 ", "write=99999999999999999999", "read,help",
    };
    struct mix mix;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(mix_parse(&mix, texts[i]) != NULL, "%s", texts[i]);
}
END_TEST

START_TEST(operations_come_by_their_weights)
{
    const struct mix mix = {.weights = {10, 60, 0, 30}};
    struct workload workload;
    uint32_t counts[OPERATION_COUNT] = {0};
    workload_init(&workload, &mix, DISTRIBUTION_UNIFORM, 10, 1, 3);
    for (int i = 0; i < DRAWS; i++)
        counts[workload_operation(&workload)]++;
    for (unsigned i = 0; i < OPERATION_COUNT; i++)
        about(counts[i], DRAWS * mix.weights[i] / 100.0, "mix", i);
}
END_TEST

START_TEST(one_seed_one_load)
{
    const struct mix mix = {.weights = {1, 1, 1, 1}};
    struct workload a, b;
    uint32_t cursor = 0;
    workload_init(&a, &mix, DISTRIBUTION_ZIPF, 1000, 1, 9);
    workload_init(&b, &mix, DISTRIBUTION_ZIPF, 1000, 1, 9);
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(workload_operation(&a), workload_operation(&b));
        ck_assert_uint_eq(workload_key(&a, 0, &cursor), workload_key(&b, 0, &cursor));
    }
}
END_TEST

START_TEST(pauses_have_their_mean_and_no_memory)
{
    struct workload workload;
    double sum = 0, squares = 0;
    workload_init(&workload, &writes, DISTRIBUTION_UNIFORM, 1, 1, 8);
    for (int i = 0; i < DRAWS; i++) {
        double pause = workload_pause_ns(&workload, 1000);
        ck_assert(pause >= 0 && isfinite(pause));
        sum += pause;
        squares += pause * pause;
    }
    ck_assert(fabs(sum / DRAWS - 1000) < 10);
    ck_assert(fabs(squares / DRAWS - 2e6) < 4e4); /* an exponential distribution's */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("workload");
    TCase *tests = tcase_create("workload");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, uniform_keys_come_alike);
    tcase_add_test(tests, zipf_keys_come_by_their_rank);
    tcase_add_test(tests, sequential_keys_go_round_over_all_connections);
    tcase_add_test(tests, own_keys_are_nobody_elses);
    tcase_add_test(tests, mixes);
    tcase_add_test(tests, what_is_no_mix);
    tcase_add_test(tests, operations_come_by_their_weights);
    tcase_add_test(tests, one_seed_one_load);
    tcase_add_test(tests, pauses_have_their_mean_and_no_memory);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
