/* The cluster's time as a node counts it: on from what the newest leader said, and never ahead of that leader. */
#include "node/clock.h"

#include "support/check.h"

START_TEST(counts_on_by_its_own_clock)
{
    struct clock clock = {.known_ms = 5000, .at_ms = 100};
    ck_assert_uint_eq(clock_now_ms(&clock, 100), 5000);
    ck_assert_uint_eq(clock_now_ms(&clock, 350), 5250);
}
END_TEST

START_TEST(older_news_of_the_same_leader_is_not_listened_to)
{
    struct clock clock = {0};
    clock_learn(&clock, 3, 5000, 100);
    clock_learn(&clock, 3, 4990, 105); /* it was overtaken */
    ck_assert_uint_eq(clock_now_ms(&clock, 110), 5010);
}
END_TEST

START_TEST(a_faster_clock_does_not_run_away)
{
    struct clock clock = {0};
    for (uint64_t i = 0; i < 1000; i++)
        clock_learn(&clock, 3, 5000 + 100 * i, 110 * i); /* it counts 110 where its leader counts 100 */
    ck_assert_uint_eq(clock_now_ms(&clock, 110 * 999 + 50), 5000 + 100 * 999 + 50);
}
END_TEST

START_TEST(a_newer_leader_is_right_even_if_it_is_behind)
{
    struct clock clock = {0};
    clock_learn(&clock, 3, 5000, 100);
    clock_learn(&clock, 4, 4900, 150);
    ck_assert_uint_eq(clock_now_ms(&clock, 160), 4910);
}
END_TEST

START_TEST(an_older_leader_is_not_heard_any_more)
{
    struct clock clock = {0};
    clock_learn(&clock, 4, 4900, 150);
    clock_learn(&clock, 3, 9000, 160);
    ck_assert_uint_eq(clock_now_ms(&clock, 160), 4910);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clock");
    TCase *tests = tcase_create("clock");
    tcase_add_test(tests, counts_on_by_its_own_clock);
    tcase_add_test(tests, older_news_of_the_same_leader_is_not_listened_to);
    tcase_add_test(tests, a_faster_clock_does_not_run_away);
    tcase_add_test(tests, a_newer_leader_is_right_even_if_it_is_behind);
    tcase_add_test(tests, an_older_leader_is_not_heard_any_more);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
