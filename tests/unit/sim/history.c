/* The judge of clients' histories must itself be judged: histories that can have happened pass, and each kind of one
 * that cannot is found. */
#include "sim/history.h"

#include <string.h>

#include "support/check.h"

static struct history history;
static struct history_rules rules;
static char reason[HISTORY_REASON_MAX];

static void setup(void)
{
    history = (struct history){0};
    rules = (struct history_rules){.files = 3, .slack_us = 10};
    reason[0] = '\0';
}

static void teardown(void)
{
    history_close(&history);
}

/* Times are in units of 1 s. An operation on file 0 by CONNECTION, answered with OUTCOME and VERSION. */
static uint64_t add(enum operation_kind kind, uint64_t connection, uint64_t from_s, uint64_t to_s,
                    enum operation_outcome outcome, uint64_t version)
{
    struct operation asked = {.kind = kind, .connection = connection, .invoked_us = from_s * 1000000};
    uint64_t id = history_invoke(&history, &asked);
    struct operation *operation = history_operation(&history, id);
    operation->outcome = outcome;
    operation->returned_us = outcome == RESULT_UNKNOWN ? UINT64_MAX : to_s * 1000000;
    operation->version = version;
    return id;
}

static uint64_t writes(uint64_t connection, uint64_t from_s, uint64_t to_s, uint64_t version)
{
    return add(OPERATION_WRITE, connection, from_s, to_s, RESULT_OK, version);
}

static uint64_t reads(uint64_t connection, uint64_t from_s, uint64_t to_s, uint64_t version, uint64_t writer)
{
    uint64_t id = add(OPERATION_READ, connection, from_s, to_s, RESULT_CONTENTS, version);
    history_operation(&history, id)->seen = writer;
    return id;
}

static uint64_t misses(uint64_t connection, uint64_t from_s, uint64_t to_s)
{
    return add(OPERATION_READ, connection, from_s, to_s, RESULT_NOT_FOUND, 0);
}

static uint64_t replaces(uint64_t connection, uint64_t from_s, uint64_t to_s, uint64_t expected, uint64_t version)
{
    uint64_t id = add(OPERATION_CAS, connection, from_s, to_s, RESULT_OK, version);
    history_operation(&history, id)->expected = expected;
    return id;
}

static void lives(uint64_t id, uint64_t exptime_s)
{
    history_operation(&history, id)->exptime_s = exptime_s;
}

static void possible(void)
{
    ck_assert_msg(history_check(&history, &rules, reason), "%s", reason);
}

/* It cannot have happened, and the reason has WORDS. */
static void impossible(const char *words)
{
    ck_assert(!history_check(&history, &rules, reason));
    ck_assert_msg(strstr(reason, words) != NULL, "%s", reason);
}

/* --- what can have happened ------------------------------------------------------------------------------------- */

START_TEST(nothing_is_possible)
{
    possible();
}
END_TEST

START_TEST(reads_see_what_was_written)
{
    uint64_t a = writes(1, 1, 2, 1);
    uint64_t b = writes(1, 3, 4, 2);
    reads(2, 2, 3, 1, a);
    reads(2, 5, 6, 2, b);
    possible();
}
END_TEST

START_TEST(while_a_write_is_under_way_both_may_be_seen)
{
    uint64_t a = writes(1, 1, 2, 1);
    uint64_t b = writes(1, 3, 9, 2);
    reads(2, 4, 5, 1, a);
    reads(2, 6, 7, 2, b);
    possible();
}
END_TEST

START_TEST(an_unknown_write_may_take_effect_late_or_never)
{
    uint64_t a = writes(1, 1, 2, 1);
    uint64_t lost = add(OPERATION_WRITE, 1, 3, 0, RESULT_UNKNOWN, 0);
    add(OPERATION_WRITE, 1, 3, 0, RESULT_UNKNOWN, 0);
    reads(2, 20, 21, 1, a);
    reads(2, 30, 31, 2, lost);
    possible();
}
END_TEST

START_TEST(deleted_and_written_again)
{
    writes(1, 1, 2, 1);
    add(OPERATION_DELETE, 1, 3, 4, RESULT_OK, 0);
    misses(2, 5, 6);
    uint64_t b = writes(1, 7, 8, 2);
    reads(2, 9, 10, 2, b);
    possible();
}
END_TEST

START_TEST(a_file_ends_when_its_life_is_over)
{
    lives(writes(1, 1, 2, 1), 5);
    misses(2, 6, 7);
    possible();
}
END_TEST

START_TEST(versions_replace_each_other)
{
    writes(1, 1, 2, 1);
    replaces(1, 3, 4, 1, 2);
    uint64_t missed = add(OPERATION_CAS, 2, 5, 6, RESULT_MISMATCH, 2);
    history_operation(&history, missed)->expected = 1;
    possible();
}
END_TEST

/* --- what cannot ------------------------------------------------------------------------------------------------- */

START_TEST(a_stale_read)
{
    uint64_t a = writes(1, 1, 2, 1);
    writes(1, 3, 4, 2);
    reads(2, 5, 6, 1, a);
    impossible("had been seen before");
}
END_TEST

START_TEST(a_read_before_a_read_that_returned)
{
    uint64_t a = writes(1, 1, 2, 1);
    uint64_t b = writes(1, 3, 20, 2);
    reads(2, 4, 5, 2, b);
    reads(3, 6, 7, 1, a);
    impossible("had been seen before");
}
END_TEST

START_TEST(an_acknowledged_write_is_lost)
{
    writes(1, 1, 2, 1);
    misses(2, 3, 4);
    impossible("nothing removed it");
}
END_TEST

START_TEST(a_refused_write_is_read)
{
    uint64_t refused = add(OPERATION_WRITE, 1, 1, 2, RESULT_REFUSED, 0);
    reads(2, 3, 4, 1, refused);
    impossible("which was refused");
}
END_TEST

START_TEST(a_value_from_the_future)
{
    writes(1, 1, 2, 1);
    reads(2, 3, 4, 2, 3);
    writes(1, 5, 6, 2);
    impossible("before that was sent");
}
END_TEST

START_TEST(a_value_of_no_one)
{
    writes(1, 1, 2, 1);
    reads(2, 3, 4, 1, 99);
    impossible("no one wrote");
}
END_TEST

START_TEST(a_write_that_took_effect_twice)
{
    uint64_t a = writes(1, 1, 9, 1);
    reads(2, 2, 3, 1, a);
    reads(2, 4, 5, 2, a);
    impossible("took effect twice");
}
END_TEST

START_TEST(two_writes_of_one_version)
{
    writes(1, 1, 2, 1);
    writes(2, 1, 2, 1);
    impossible("version 1 is of operation");
}
END_TEST

START_TEST(a_later_write_with_a_lower_version)
{
    writes(1, 1, 2, 7);
    writes(2, 3, 4, 6);
    impossible("is not above");
}
END_TEST

START_TEST(a_lost_update)
{
    writes(1, 1, 2, 1);
    replaces(1, 3, 9, 1, 2);
    replaces(2, 3, 9, 1, 3);
    impossible("in between");
}
END_TEST

START_TEST(a_mismatch_with_the_version_that_was_asked_for)
{
    writes(1, 1, 2, 1);
    uint64_t missed = add(OPERATION_CAS, 2, 5, 6, RESULT_MISMATCH, 1);
    history_operation(&history, missed)->expected = 1;
    impossible("was the file's");
}
END_TEST

START_TEST(a_file_that_was_gone_is_found)
{
    uint64_t a = writes(1, 1, 2, 1);
    add(OPERATION_DELETE, 1, 3, 4, RESULT_OK, 0);
    reads(2, 5, 6, 1, a);
    impossible("seen to be gone");
}
END_TEST

START_TEST(a_file_that_ended_early)
{
    lives(writes(1, 1, 2, 1), 5);
    misses(2, 3, 4);
    impossible("nothing removed it");
}
END_TEST

START_TEST(a_life_that_grew)
{
    uint64_t a = writes(1, 1, 2, 1);
    lives(a, 5);
    uint64_t read = reads(2, 3, 4, 1, a);
    history_operation(&history, read)->remaining_s = 6;
    impossible("6 s remain of 5 s");
}
END_TEST

START_TEST(a_life_that_runs_too_fast)
{
    uint64_t a = writes(1, 1, 2, 1);
    lives(a, 9);
    uint64_t read = reads(2, 3, 4, 1, a);
    history_operation(&history, read)->remaining_s = 1;
    impossible("1 s remain of 9 s");
}
END_TEST

START_TEST(more_deletions_than_writes)
{
    writes(1, 1, 2, 1);
    add(OPERATION_DELETE, 1, 3, 4, RESULT_OK, 0);
    add(OPERATION_DELETE, 2, 3, 4, RESULT_OK, 0);
    impossible("was deleted 2 times");
}
END_TEST

START_TEST(a_connection_out_of_order)
{
    uint64_t a = writes(1, 1, 2, 1);
    uint64_t b = writes(1, 3, 9, 2);
    reads(2, 4, 8, 2, b); /* both are under way at once: only the order on their connection tells */
    reads(2, 4, 8, 1, a);
    impossible("(connection)");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_stale_read);
    tcase_add_test(tests, a_read_before_a_read_that_returned);
    tcase_add_test(tests, an_acknowledged_write_is_lost);
    tcase_add_test(tests, a_refused_write_is_read);
    tcase_add_test(tests, a_value_from_the_future);
    tcase_add_test(tests, a_value_of_no_one);
    tcase_add_test(tests, a_write_that_took_effect_twice);
    tcase_add_test(tests, two_writes_of_one_version);
    tcase_add_test(tests, a_later_write_with_a_lower_version);
    tcase_add_test(tests, a_lost_update);
    tcase_add_test(tests, a_mismatch_with_the_version_that_was_asked_for);
    tcase_add_test(tests, a_file_that_was_gone_is_found);
    tcase_add_test(tests, a_file_that_ended_early);
    tcase_add_test(tests, a_life_that_grew);
    tcase_add_test(tests, a_life_that_runs_too_fast);
    tcase_add_test(tests, more_deletions_than_writes);
    tcase_add_test(tests, a_connection_out_of_order);
}

int main(void)
{
    Suite *suite = suite_create("history");
    TCase *fine = tcase_create("possible");
    tcase_add_checked_fixture(fine, setup, teardown);
    tcase_add_test(fine, nothing_is_possible);
    tcase_add_test(fine, reads_see_what_was_written);
    tcase_add_test(fine, while_a_write_is_under_way_both_may_be_seen);
    tcase_add_test(fine, an_unknown_write_may_take_effect_late_or_never);
    tcase_add_test(fine, deleted_and_written_again);
    tcase_add_test(fine, a_file_ends_when_its_life_is_over);
    tcase_add_test(fine, versions_replace_each_other);
    suite_add_tcase(suite, fine);
    TCase *bad = tcase_create("impossible");
    tcase_add_checked_fixture(bad, setup, teardown);
    add_tests(bad);
    suite_add_tcase(suite, bad);
    return check_run(suite);
}
