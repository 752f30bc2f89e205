/* What the search takes for possible, and what not: histories of one file, by hand. */
#include "torture/search.h"

#include <stdlib.h>

#include "support/check.h"
#include "unit/torture/story.h"

START_TEST(what_was_written_is_read)
{
    POSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
             "30 40 c2 n2 read f0 : CONTENTS 5 =1 0\n"
             "50 60 c1 n1 delete f0 : OK\n"
             "70 80 c2 n2 read f0 : ERR_FILE_NOT_FOUND\n"
             "90 99 c2 n2 delete f0 : ERR_FILE_NOT_FOUND\n");
}
END_TEST

START_TEST(a_stale_read)
{
    IMPOSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
               "30 40 c1 n1 write f0 =2 0 : OK 6\n"
               "50 60 c2 n2 read f0 : CONTENTS 5 =1 0\n");
    /* While the second write is under way, either is right; but not the newer one first. */
    POSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
             "30 90 c1 n1 write f0 =2 0 : OK 6\n"
             "50 60 c2 n2 read f0 : CONTENTS 5 =1 0\n"
             "70 80 c2 n2 read f0 : CONTENTS 6 =2 0\n");
    IMPOSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
               "30 90 c1 n1 write f0 =2 0 : OK 6\n"
               "50 60 c2 n2 read f0 : CONTENTS 6 =2 0\n"
               "70 80 c3 n3 read f0 : CONTENTS 5 =1 0\n");
}
END_TEST

START_TEST(a_write_that_is_lost)
{
    IMPOSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
               "30 40 c2 n2 read f0 : ERR_FILE_NOT_FOUND\n");
    IMPOSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
               "30 40 c2 n2 cas f0 0 =2 0 : OK 6\n");
    IMPOSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
               "30 40 c2 n2 cas f0 0 =2 0 : ERR_VERSION 0\n");
    IMPOSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
               "30 40 c2 n2 delete f0 : ERR_FILE_NOT_FOUND\n");
}
END_TEST

START_TEST(a_file_that_was_never_there)
{
    IMPOSSIBLE("10 20 c1 n1 delete f0 : OK\n");
    IMPOSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
               "30 50 c1 n1 delete f0 : OK\n"
               "30 50 c2 n1 delete f0 : OK\n");
    IMPOSSIBLE("10 20 c1 n1 read f0 : CONTENTS 5 =1 0\n");
}
END_TEST

START_TEST(cas_has_one_winner)
{
    POSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
             "30 60 c1 n1 cas f0 5 =2 0 : OK 6\n"
             "30 60 c2 n2 cas f0 5 =3 0 : ERR_VERSION 6\n");
    IMPOSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
               "30 60 c1 n1 cas f0 5 =2 0 : OK 6\n"
               "30 60 c2 n2 cas f0 5 =3 0 : OK 7\n");
    IMPOSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
               "30 40 c1 n1 cas f0 5 =2 0 : OK 6\n"
               "50 60 c2 n2 cas f0 6 =3 0 : ERR_VERSION 5\n");
}
END_TEST

START_TEST(what_timed_out_may_happen_later_or_never)
{
    POSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
             "30 - c1 n1 write f0 =2 0 : ERR_TIMEOUT\n"
             "50 60 c2 n2 read f0 : CONTENTS 5 =1 0\n"
             "9050 9060 c2 n2 read f0 : CONTENTS 8 =2 0\n");
    POSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
             "30 - c1 n1 write f0 =2 0 : BROKEN\n"
             "9050 9060 c2 n2 read f0 : CONTENTS 5 =1 0\n");
}
END_TEST

START_TEST(what_timed_out_happens_once)
{
    IMPOSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
               "30 - c1 n1 write f0 =2 0 : BROKEN\n"
               "50 60 c2 n2 read f0 : CONTENTS 6 =2 0\n"
               "70 80 c2 n2 write f0 =3 0 : OK 7\n"
               "90 99 c2 n2 read f0 : CONTENTS 6 =2 0\n");
    IMPOSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
               "30 - c1 n1 delete f0 : BROKEN\n"
               "50 60 c2 n2 read f0 : ERR_FILE_NOT_FOUND\n"
               "70 80 c2 n2 write f0 =3 0 : OK 7\n"
               "90 99 c2 n2 read f0 : ERR_FILE_NOT_FOUND\n");
}
END_TEST

START_TEST(a_write_that_only_a_failed_cas_saw)
{
    POSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
             "30 - c1 n1 write f0 =2 0 : BROKEN\n"
             "50 60 c2 n2 cas f0 5 =3 0 : ERR_VERSION 7\n"
             "70 80 c2 n2 cas f0 7 =4 0 : OK 8\n");
    /* Its version cannot be lower than what was there, nor change. */
    IMPOSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
               "30 - c1 n1 write f0 =2 0 : BROKEN\n"
               "50 60 c2 n2 cas f0 5 =3 0 : ERR_VERSION 4\n");
    IMPOSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
               "30 - c1 n1 write f0 =2 0 : BROKEN\n"
               "50 60 c2 n2 cas f0 5 =3 0 : ERR_VERSION 7\n"
               "70 80 c2 n2 cas f0 5 =4 0 : ERR_VERSION 8\n");
}
END_TEST

START_TEST(unknown_ones_one_after_the_other)
{
    POSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
             "30 - c2 n1 delete f0 : BROKEN\n"
             "31 - c3 n1 cas f0 0 =2 0 : BROKEN\n"
             "32 - c4 n1 delete f0 : ERR_TIMEOUT\n"
             "50 60 c5 n2 read f0 : ERR_FILE_NOT_FOUND\n"
             "70 80 c5 n2 read f0 : CONTENTS 9 =2 0\n"
             "85 90 c5 n2 read f0 : ERR_FILE_NOT_FOUND\n");
    IMPOSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
               "30 - c2 n1 delete f0 : BROKEN\n"
               "31 - c3 n1 cas f0 0 =2 0 : BROKEN\n"
               "50 60 c5 n2 read f0 : ERR_FILE_NOT_FOUND\n"
               "70 80 c5 n2 read f0 : CONTENTS 9 =2 0\n"
               "85 90 c5 n2 read f0 : ERR_FILE_NOT_FOUND\n");
}
END_TEST

START_TEST(a_file_ends_at_its_time_and_not_before)
{
    POSSIBLE("1000000 1000900 c1 n1 write f0 =1 2 : OK 5\n"
             "3000500 3000600 c2 n2 read f0 : ERR_FILE_NOT_FOUND\n"
             "3000700 3000800 c2 n2 cas f0 0 =2 0 : OK 7\n");
    IMPOSSIBLE("1000000 1000900 c1 n1 write f0 =1 2 : OK 5\n"
               "2500000 2500600 c2 n2 read f0 : ERR_FILE_NOT_FOUND\n");
    /* Renewed in time. */
    IMPOSSIBLE("1000000 1000900 c1 n1 write f0 =1 2 : OK 5\n"
               "2500000 2500600 c1 n2 cas f0 5 =2 2 : OK 6\n"
               "4000000 4000100 c2 n2 read f0 : ERR_FILE_NOT_FOUND\n");
}
END_TEST

START_TEST(what_has_ended_does_not_come_back)
{
    IMPOSSIBLE("1000000 1000900 c1 n1 write f0 =1 2 : OK 5\n"
               "3000500 3000600 c2 n2 read f0 : ERR_FILE_NOT_FOUND\n"
               "3000700 3000800 c3 n3 read f0 : CONTENTS 5 =1 1\n");
    /* That an end was late is no fault. */
    POSSIBLE("1000000 1000900 c1 n1 write f0 =1 2 : OK 5\n"
             "3500500 3500600 c2 n2 read f0 : CONTENTS 5 =1 1\n");
}
END_TEST

START_TEST(a_connection_has_an_order)
{
    /* Sent together: each sees those before it. */
    POSSIBLE("10 60 c1 n1 write f0 =1 0 : OK 5\n"
             "11 60 c1 n1 read f0 : CONTENTS 5 =1 0\n"
             "12 60 c1 n1 delete f0 : OK\n"
             "13 60 c1 n1 read f0 : ERR_FILE_NOT_FOUND\n");
    IMPOSSIBLE("10 60 c1 n1 write f0 =1 0 : OK 5\n"
               "11 60 c1 n1 read f0 : ERR_FILE_NOT_FOUND\n");
    IMPOSSIBLE("10 60 c1 n1 read f0 : CONTENTS 5 =1 0\n"
               "11 60 c1 n1 write f0 =1 0 : OK 5\n");
}
END_TEST

START_TEST(what_timed_out_may_come_after_reads_but_not_after_changes)
{
    POSSIBLE("10 20 c2 n1 write f0 =1 0 : OK 5\n"
             "30 - c1 n1 write f0 =2 0 : ERR_TIMEOUT\n"
             "31 60 c1 n1 read f0 : CONTENTS 5 =1 0\n"
             "70 80 c2 n1 read f0 : CONTENTS 6 =2 0\n");
    POSSIBLE("10 - c1 n1 write f0 =1 0 : ERR_TIMEOUT\n"
             "11 60 c1 n1 write f0 =2 0 : OK 6\n"
             "70 80 c2 n1 read f0 : CONTENTS 6 =2 0\n");
    IMPOSSIBLE("10 - c1 n1 write f0 =1 0 : ERR_TIMEOUT\n"
               "11 60 c1 n1 write f0 =2 0 : OK 6\n"
               "70 80 c2 n1 read f0 : CONTENTS 7 =1 0\n");
    IMPOSSIBLE("10 20 c2 n1 write f0 =1 0 : OK 5\n"
               "30 - c1 n1 delete f0 : ERR_TIMEOUT\n"
               "31 60 c1 n1 write f0 =2 0 : OK 6\n"
               "70 80 c2 n1 read f0 : ERR_FILE_NOT_FOUND\n");
}
END_TEST

START_TEST(versions_rise)
{
    IMPOSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
               "30 40 c1 n1 write f0 =2 0 : OK 4\n");
    /* Side by side, their versions tell which came first. */
    POSSIBLE("10 40 c1 n1 write f0 =1 0 : OK 6\n"
             "10 40 c2 n1 write f0 =2 0 : OK 5\n"
             "50 60 c2 n2 read f0 : CONTENTS 6 =1 0\n");
    /* An end takes a number too: there is none left for it between 5 and 6. */
    IMPOSSIBLE("10 20 c1 n1 write f0 =1 0 : OK 5\n"
               "30 60 c1 n1 delete f0 : OK\n"
               "70 80 c2 n1 write f0 =2 0 : OK 6\n");
}
END_TEST

START_TEST(what_was_refused_has_no_place)
{
    IMPOSSIBLE("10 20 c1 n1 write f0 =1 0 : ERR_REFUSED\n"
               "30 40 c2 n2 read f0 : CONTENTS 5 =1 0\n");
    POSSIBLE("10 20 c1 n1 write f0 =1 0 : ERR_REFUSED\n"
             "30 40 c2 n2 read f0 : ERR_FILE_NOT_FOUND\n"
             "30 - c3 n2 read f0 : BROKEN\n");
}
END_TEST

START_TEST(too_many_steps_are_no_verdict)
{
    ck_assert_int_eq(story_search("10 20 c1 n1 write f0 =1 0 : OK 5\n"
                                  "30 40 c2 n2 read f0 : CONTENTS 5 =1 0\n",
                                  1),
                     SEARCH_UNDECIDED);
}
END_TEST

int main(void)
{
    TCase *stories = tcase_create("search");
    tcase_add_test(stories, what_was_written_is_read);
    tcase_add_test(stories, a_stale_read);
    tcase_add_test(stories, a_write_that_is_lost);
    tcase_add_test(stories, a_file_that_was_never_there);
    tcase_add_test(stories, cas_has_one_winner);
    tcase_add_test(stories, what_timed_out_may_happen_later_or_never);
    tcase_add_test(stories, what_timed_out_happens_once);
    tcase_add_test(stories, a_write_that_only_a_failed_cas_saw);
    tcase_add_test(stories, unknown_ones_one_after_the_other);
    tcase_add_test(stories, a_file_ends_at_its_time_and_not_before);
    tcase_add_test(stories, what_has_ended_does_not_come_back);
    tcase_add_test(stories, a_connection_has_an_order);
    tcase_add_test(stories, what_timed_out_may_come_after_reads_but_not_after_changes);
    tcase_add_test(stories, versions_rise);
    tcase_add_test(stories, what_was_refused_has_no_place);
    tcase_add_test(stories, too_many_steps_are_no_verdict);
    Suite *suite = suite_create("torture/search");
    suite_add_tcase(suite, stories);
    return check_run(suite);
}
