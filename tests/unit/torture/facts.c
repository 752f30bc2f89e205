/* What is wrong with a history though each file by itself may be right; and the text of histories. */
#include "torture/facts.h"

#include <stdlib.h>

#include "support/check.h"
#include "unit/torture/story.h"

static size_t wrong(const char *text)
{
    struct history history = story_read(text);
    size_t count = story_facts(&history);
    history_close(&history);
    return count;
}

START_TEST(values_have_one_writer_and_one_version)
{
    ck_assert_uint_eq(wrong("10 20 c1 n1 write f0 =1 0 : OK 5\n"
                            "30 40 c2 n2 read f0 : CONTENTS 5 =1 0\n"
                            "50 60 c2 n2 read f1 : ERR_FILE_NOT_FOUND\n"), 0);
    ck_assert_uint_gt(wrong("30 40 c2 n2 read f0 : CONTENTS 5 =0 0\n"), 0);
    ck_assert_uint_gt(wrong("10 20 c1 n1 write f0 =1 0 : ERR_REFUSED\n"
                            "30 40 c2 n2 read f0 : CONTENTS 5 =1 0\n"), 0);
    ck_assert_uint_gt(wrong("10 20 c1 n1 write f1 =1 0 : OK 5\n"
                            "30 40 c2 n2 read f0 : CONTENTS 5 =1 0\n"), 0);
    /* Applied twice. */
    ck_assert_uint_gt(wrong("10 20 c1 n1 write f0 =1 0 : OK 5\n"
                            "30 40 c2 n2 read f0 : CONTENTS 6 =1 0\n"), 0);
    ck_assert_uint_gt(wrong("10 - c1 n1 write f0 =1 0 : BROKEN\n"
                            "30 40 c2 n2 read f0 : CONTENTS 5 =1 0\n"
                            "50 60 c2 n2 read f0 : CONTENTS 7 =1 0\n"), 0);
    /* Read before it was sent. */
    ck_assert_uint_gt(wrong("30 40 c2 n2 read f0 : CONTENTS 5 =1 0\n"
                            "50 60 c1 n1 write f0 =1 0 : OK 5\n"), 0);
}
END_TEST

START_TEST(versions_are_given_once_over_all_files)
{
    ck_assert_uint_gt(wrong("10 40 c1 n1 write f0 =1 0 : OK 5\n"
                            "10 40 c2 n1 write f1 =2 0 : OK 5\n"), 0);
    ck_assert_uint_gt(wrong("10 20 c1 n1 write f0 =1 0 : OK 5\n"
                            "30 40 c2 n1 write f1 =2 0 : OK 4\n"), 0);
    ck_assert_uint_gt(wrong("10 20 c1 n1 write f0 =1 0 : OK 18446744073709551615\n"), 0);
}
END_TEST

START_TEST(a_connection_sees_all_files_at_its_last_version)
{
    ck_assert_uint_eq(wrong("10 60 c1 n1 write f0 =1 0 : OK 5\n"
                            "11 60 c1 n1 write f1 =2 0 : OK 6\n"), 0);
    ck_assert_uint_gt(wrong("10 60 c1 n1 write f0 =1 0 : OK 6\n"
                            "11 60 c1 n1 write f1 =2 0 : OK 5\n"), 0);
    /* Who was told of version 7 must see f1 as version 6 made it. */
    ck_assert_uint_gt(wrong("10 20 c1 n1 write f1 =1 0 : OK 5\n"
                            "30 90 c2 n2 write f1 =2 0 : OK 6\n"
                            "40 50 c3 n3 write f0 =3 0 : OK 7\n"
                            "60 70 c4 n4 read f1 : CONTENTS 5 =1 0\n"), 0);
}
END_TEST

START_TEST(remaining_time)
{
    const char *format = "1000000 1000900 c1 n1 write f0 =1 %u : OK 5\n"
                         "%u %u c2 n2 read f0 : CONTENTS 5 =1 %u\n";
    static const struct { unsigned exptime_s, at_us, remaining_s; bool fine; } cases[] = {
        {0, 1500000, 0, true}, {0, 1500000, 1, false}, {3, 1500000, 0, false}, {3, 1500000, 3, true},
        {3, 1500000, 4, false}, {3, 1500000, 2, false}, {3, 2500000, 2, true}, {3, 9000000, 1, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        snprintf(text, sizeof text, format, cases[i].exptime_s, cases[i].at_us, cases[i].at_us, cases[i].remaining_s);
        ck_assert_msg((wrong(text) == 0) == cases[i].fine, "%s", text);
    }
}
END_TEST

START_TEST(in_the_end_all_nodes_hold_the_same)
{
    ck_assert_uint_eq(wrong("10 20 c1 n1 write f0 =1 0 : OK 5\n"
                            "30 40 c2 n1 final f0 : CONTENTS 5 =1 0\n"
                            "50 60 c3 n2 final f0 : CONTENTS 5 =1 0\n"), 0);
    ck_assert_uint_gt(wrong("10 20 c1 n1 write f0 =1 0 : OK 5\n"
                            "20 - c1 n1 write f0 =2 0 : BROKEN\n"
                            "30 40 c2 n1 final f0 : CONTENTS 5 =1 0\n"
                            "50 60 c3 n2 final f0 : CONTENTS 6 =2 0\n"), 0);
    ck_assert_uint_gt(wrong("10 20 c1 n1 write f0 =1 1 : OK 5\n"
                            "9000000 9000001 c2 n1 final f0 : CONTENTS 5 =1 1\n"), 0);
}
END_TEST

START_TEST(what_is_printed_can_be_read)
{
    const char *text = "10 20 c1 n1 write f0 =1 2 : OK 5\n"
                       "11 21 c2 n3 cas f0 5 =4711 0 : ERR_VERSION 0\n"
                       "12 - c3 n4 delete f12 : BROKEN\n"
                       "13 23 c4 n5 read f0 : CONTENTS 5 =1 2\n"
                       "14 24 c4 n5 delete f0 : OK\n"
                       "15 - c5 n1 write f0 =4712 0 : ERR_TIMEOUT\n"
                       "16 26 c6 n2 final f7 : ERR_FILE_NOT_FOUND\n"
                       "17 27 c6 n2 read f7 : ERR_REFUSED\n";
    struct history history = story_read(text);
    char *printed = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&printed, &size);
    for (size_t i = 0; i < history.count; i++)
        operation_print(&history.operations[i], file);
    fclose(file);
    ck_assert_str_eq(printed, text);
    free(printed);
    history_close(&history);
}
END_TEST

START_TEST(what_is_no_history)
{
    static const char *const lines[] = {
        "10 20 c1 n1 write f0 =1 0 : OK\n",        "10 20 c1 n1 read f0 : OK 5 6\n",
        "20 10 c1 n1 delete f0 : OK\n",            "10 - c1 n1 delete f0 : OK\n",
        "10 20 c1 n1 delete f0 : BROKEN\n",        "10 20 c1 n1 delete f0 OK\n",
        "10 20 c1 n1 cas f0 5 1 0 : OK 6\n",       "10 20 c1 n1 delete f0 : OK",
        "ten 20 c1 n1 delete f0 : OK\n",           "\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct history history = {0};
        size_t line;
        FILE *file = fmemopen((void *)(uintptr_t)lines[i], strlen(lines[i]), "r");
        ck_assert_msg(!history_read(&history, file, &line), "%s", lines[i]);
        fclose(file);
        history_close(&history);
    }
}
END_TEST

int main(void)
{
    TCase *stories = tcase_create("facts");
    tcase_add_test(stories, values_have_one_writer_and_one_version);
    tcase_add_test(stories, versions_are_given_once_over_all_files);
    tcase_add_test(stories, a_connection_sees_all_files_at_its_last_version);
    tcase_add_test(stories, remaining_time);
    tcase_add_test(stories, in_the_end_all_nodes_hold_the_same);
    tcase_add_test(stories, what_is_printed_can_be_read);
    tcase_add_test(stories, what_is_no_history);
    Suite *suite = suite_create("torture/facts");
    suite_add_tcase(suite, stories);
    return check_run(suite);
}
