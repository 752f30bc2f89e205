/* The cluster's limits as they stand in its configuration. */
#include "node/limits.h"

#include <string.h>

#include "support/check.h"

static const struct limits sample = {
    .value_max_bytes = 0x0102, .memory_max_bytes = 0x0304, .window_max = 0x0506, .window_max_bytes = 0x0708,
    .level = 0x090a};

START_TEST(the_format_byte_by_byte)
{
    static const uint8_t expected[] = {2, 2, 1, 0, 0, 0, 0, 0, 0, 4, 3, 0, 0, 0, 0, 0, 0,
                                       6, 5, 0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 10, 9, 1};
    struct raft_configuration configuration;
    struct limits limits;
    limits_encode(&sample, &configuration);
    ck_assert_uint_eq(configuration.extra_size, sizeof expected);
    ck_assert_mem_eq(configuration.extra, expected, sizeof expected);
    ck_assert(limits_decode(&configuration, &limits));
    ck_assert_uint_eq(limits.value_max_bytes, sample.value_max_bytes);
    ck_assert_uint_eq(limits.memory_max_bytes, sample.memory_max_bytes);
    ck_assert_uint_eq(limits.window_max, sample.window_max);
    ck_assert_uint_eq(limits.window_max_bytes, sample.window_max_bytes);
    ck_assert_uint_eq(limits.level, sample.level);
}
END_TEST

/* What this program cannot keep, or does not know, is not taken for limits: one rule broken at a time. */
START_TEST(what_cannot_be_kept_is_refused)
{
    static const struct {
        size_t at;
        uint8_t byte;
        const char *why;
    } bad[] = {
        {0, 1, "an older format"},        {0, 3, "a newer format"},      {4, 1, "a value above the largest"},
        {19, 1, "a window above the largest"}, {22, 0, "a window below a value"}, {31, 0, "users are needed"},
        {31, 2, "something else is needed"},
    };
    struct raft_configuration configuration;
    struct limits limits;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        limits_encode(&sample, &configuration);
        configuration.extra[bad[i].at] = bad[i].byte;
        if (bad[i].at == 22)
            configuration.extra[21] = 0;
        ck_assert_msg(!limits_decode(&configuration, &limits), "%s", bad[i].why);
    }
    limits_encode(&sample, &configuration);
    memset(configuration.extra + 17, 0, 4);
    ck_assert_msg(!limits_decode(&configuration, &limits), "no window");
    limits_encode(&sample, &configuration);
    memset(configuration.extra + 29, 0, 2);
    ck_assert_msg(!limits_decode(&configuration, &limits), "no level");
    for (uint32_t size = 0; size < RAFT_EXTRA_MAX; size++) {
        limits_encode(&sample, &configuration);
        bool whole = size == configuration.extra_size;
        configuration.extra_size = size;
        ck_assert(limits_decode(&configuration, &limits) == whole);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("node/limits");
    TCase *tests = tcase_create("limits");
    tcase_add_test(tests, the_format_byte_by_byte);
    tcase_add_test(tests, what_cannot_be_kept_is_refused);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
