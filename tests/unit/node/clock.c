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

START_TEST(late_news_of_the_same_leader_does_not_set_it_back)
{
    struct clock clock = {0};
    clock_learn(&clock, 3, 5000, 100);
    clock_learn(&clock, 3, 5010, 200); /* 90 ms on the way */
    ck_assert_uint_eq(clock_now_ms(&clock, 200), 5100);
    clock_learn(&clock, 3, 5150, 210);
    ck_assert_uint_eq(clock_now_ms(&clock, 210), 5150);
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
    tcase_add_test(tests, late_news_of_the_same_leader_does_not_set_it_back);
    tcase_add_test(tests, a_newer_leader_is_right_even_if_it_is_behind);
    tcase_add_test(tests, an_older_leader_is_not_heard_any_more);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
