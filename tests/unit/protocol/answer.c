#include "protocol/answer.h"

#include <string.h>

#include "protocol/request.h"
#include "support/check.h"
#include "support/guard.h"

static struct guard guard;

/* What comes of TEXT, which ends right before memory that cannot be touched. */
static enum answer_status parse(const char *text, struct answer *answer)
{
    size_t consumed = 0, size = strlen(text);
    enum answer_status status = answer_parse(guard_copy(&guard, text, size), size, answer, &consumed);
    if (status == ANSWER_LINE)
        ck_assert_uint_eq(consumed, size);
    return status;
}

static struct answer good(const char *text)
{
    struct answer answer;
    ck_assert_msg(parse(text, &answer) == ANSWER_LINE, "%s", text);
    return answer;
}

START_TEST(every_kind_of_answer)
{
    guard_open(&guard);
    struct answer answer = good("OK 18446744073709551615\r\n");
    ck_assert_int_eq(answer.kind, ANSWER_OK);
    ck_assert_uint_eq(answer.version, UINT64_MAX);
    answer = good("OK\r\n");
    ck_assert_int_eq(answer.kind, ANSWER_OK);
    ck_assert_uint_eq(answer.version, 0);
    answer = good("CONTENTS 7 256 60\r\n");
    ck_assert_int_eq(answer.kind, ANSWER_CONTENTS);
    ck_assert(answer.has_body);
    ck_assert_uint_eq(answer.version, 7);
    ck_assert_uint_eq(answer.body_size, 256);
    ck_assert_uint_eq(answer.exptime_s, 60);
    answer = good("CONTENTS 7 0 0\r\n");
    ck_assert(answer.has_body);
    ck_assert_int_eq(good("ERR_FILE_NOT_FOUND\r\n").kind, ANSWER_NOT_FOUND);
    answer = good("ERR_VERSION 12\r\n");
    ck_assert_int_eq(answer.kind, ANSWER_VERSION_MISMATCH);
    ck_assert_uint_eq(answer.version, 12);
    ck_assert_int_eq(good("PONG\r\n").kind, ANSWER_PONG);
    ck_assert_int_eq(good("BYE\r\n").kind, ANSWER_BYE);
    answer = good("VERSION cleatd 0.1.0\r\n");
    ck_assert_int_eq(answer.kind, ANSWER_VERSION);
    ck_assert_uint_eq(answer.line_size, strlen("VERSION cleatd 0.1.0"));
    answer = good("STATUS 20\r\n");
    ck_assert_int_eq(answer.kind, ANSWER_STATUS);
    ck_assert(answer.has_body);
    ck_assert_uint_eq(answer.body_size, 20);
    ck_assert_int_eq(good("HELP 1\r\n").kind, ANSWER_HELP);
    guard_close(&guard);
}
END_TEST

START_TEST(every_error_by_its_code_alone)
{
    guard_open(&guard);
    for (unsigned i = 0; i < REPLY_ERROR_COUNT; i++) {
        char line[200];
        strcpy(line, error_row((enum reply_error)i)->code);
        strcat(line, " ERR_BUSY is not what happened\r\n");
        struct answer answer = good(line);
        ck_assert_int_eq(answer.kind, ANSWER_ERROR);
        ck_assert_int_eq(answer.error, (enum reply_error)i);
        strcpy(line, error_row((enum reply_error)i)->code);
        strcat(line, "\n");
        ck_assert_int_eq(good(line).error, (enum reply_error)i);
    }
    ck_assert_int_eq(good("ERR_OF_TOMORROW it is not known yet\r\n").error, REPLY_ERROR_COUNT);
    ck_assert_int_eq(good("ERR_BUSYBODY\r\n").error, REPLY_ERROR_COUNT);
    guard_close(&guard);
}
END_TEST

/* Each of the lines, cut anywhere: "more" up to its last byte; and it looks at no byte that has not come. */
START_TEST(a_line_in_two_pieces)
{
    static const char *const lines[] = {"OK 123\r\n", "OK\n", "CONTENTS 1 22 333\r\n", "ERR_VERSION 5\r\n",
                                        "ERR_TIMEOUT not confirmed\r\n", "STATUS 99\r\n", "PONG\r\n", "\r\n",
                                        "OK 1 -2\r\n", "LIST 1 2 more stale\r\n", "ERR_FILE_NOT_FOUND a\r\n",
                                        "STAT version=1 size=2 exptime=3 created=4 xxh3=0123456789abcdef\r\n"};
    guard_open(&guard);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        for (size_t size = 0; size < strlen(lines[i]); size++) {
            struct answer answer;
            size_t consumed = 99;
            ck_assert_int_eq(answer_parse(guard_copy(&guard, lines[i], size), size, &answer, &consumed), ANSWER_MORE);
            ck_assert_uint_eq(consumed, 99);
        }
    }
    guard_close(&guard);
}
END_TEST

START_TEST(only_the_first_of_several_is_taken)
{
    static const char text[] = "OK 1\r\nOK 2\r\n";
    struct answer answer;
    size_t consumed;
    ck_assert_int_eq(answer_parse((const uint8_t *)text, strlen(text), &answer, &consumed), ANSWER_LINE);
    ck_assert_uint_eq(answer.version, 1);
    ck_assert_uint_eq(consumed, 6);
}
END_TEST

START_TEST(values_and_names)
{
    guard_open(&guard);
    struct answer answer = good("OK 7 -9223372036854775808\r\n");
    ck_assert(answer.kind == ANSWER_OK && answer.version == 7 && answer.has_value && answer.value == INT64_MIN);
    ck_assert(!good("OK 7\r\n").has_value);
    answer = good("ERR_FILE_NOT_FOUND a/b\r\n");
    ck_assert_int_eq(answer.kind, ANSWER_NOT_FOUND);
    ck_assert_uint_eq(answer.name_size, 3);
    ck_assert_mem_eq(answer.name, "a/b", 3);
    ck_assert(!answer.stale);
    ck_assert_uint_eq(good("ERR_FILE_NOT_FOUND stale\r\n").name_size, 5); /* a file's name, or the word */
    ck_assert_ptr_null(good("ERR_FILE_NOT_FOUND\r\n").name);
    answer = good("ERR_VERSION 0 a\n");
    ck_assert(answer.kind == ANSWER_VERSION_MISMATCH && answer.version == 0 && answer.name_size == 1);
    ck_assert_int_eq(good("ERR_FILE_NOT_FOUNDLING\r\n").kind, ANSWER_ERROR);
    guard_close(&guard);
}
END_TEST

START_TEST(what_is_asked_of_the_state)
{
    guard_open(&guard);
    struct answer answer = good("STAT version=7 size=120 exptime=57 created=3 xxh3=2d06800538d394c2\r\n");
    ck_assert(answer.kind == ANSWER_STAT && answer.version == 7 && answer.size == 120 && answer.exptime_s == 57);
    ck_assert(answer.created == 3 && answer.hash == 0x2d06800538d394c2 && !answer.stale && !answer.has_body);
    ck_assert(good("STAT version=7 size=120 exptime=57 created=3 xxh3=ffffffffffffffff stale\r\n").stale);
    answer = good("LIST 18446744073709551615 0 end\r\n");
    ck_assert(answer.kind == ANSWER_LIST && answer.version == UINT64_MAX && answer.has_body && !answer.more);
    answer = good("LIST 9 44 more stale\r\n");
    ck_assert(answer.version == 9 && answer.body_size == 44 && answer.more && answer.stale);
    ck_assert(good("CONTENTS 1 2 3 stale\r\n").stale);
    /* How far it goes; what is not known is passed over, wherever it stands. */
    static const char *const how[] = {
        "CONTENTS 1 2 3 stale revision=44 leaderless_s=5\r\n", "LIST 9 44 more stale leaderless_s=5 revision=44\r\n",
        "ERR_FILE_NOT_FOUND stale revision=44 leaderless_s=5\r\n",
        "CONTENTS 1 2 3 stale x=y revision=44 new=1,2 leaderless_s=5 z=\r\n",
        "CONTENTS 1 2 3 stale revision=44 leaderless_s=5 revision_of=9\r\n",
    };
    for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
        answer = good(how[i]);
        ck_assert(answer.stale && answer.how_stale.revision == 44 && answer.how_stale.leaderless);
        ck_assert_uint_eq(answer.how_stale.leaderless_s, 5);
        ck_assert_ptr_null(answer.name);
    }
    ck_assert(!good("CONTENTS 1 2 3 stale revision=44\r\n").how_stale.leaderless);
    guard_close(&guard);
}
END_TEST

/* What the server writes is what its clients take it for. */
START_TEST(replies_come_back_as_answers)
{
    struct chain out = {0};
    char name[REQUEST_NAME_MAX + 1], lines[2000] = "";
    const struct reply_stale how = {.revision = UINT64_MAX, .leaderless = true, .leaderless_s = UINT64_MAX};
    memset(name, 0xff, REQUEST_NAME_MAX);
    reply_version_mismatch(&out, UINT64_MAX, name, REQUEST_NAME_MAX);
    reply_not_found(&out, name, REQUEST_NAME_MAX);
    reply_stat(&out, &(struct reply_stat){UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}, &how);
    reply_ok_value(&out, UINT64_MAX, INT64_MIN);
    reply_not_found_stale(&out, &how);
    reply_list(&out, UINT64_MAX, true, "", 0, &how);
    chain_copy(&out, lines, out.size);
    static const enum answer_kind kinds[] = {ANSWER_VERSION_MISMATCH, ANSWER_NOT_FOUND, ANSWER_STAT, ANSWER_OK,
                                             ANSWER_NOT_FOUND, ANSWER_LIST};
    size_t at = 0, consumed;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++, at += consumed) {
        struct answer answer;
        ck_assert_int_eq(answer_parse((uint8_t *)lines + at, out.size - at, &answer, &consumed), ANSWER_LINE);
        ck_assert_int_eq(answer.kind, kinds[i]);
        if (i == 0 || i == 2)
            ck_assert_uint_eq(answer.version, UINT64_MAX);
        if (i < 2)
            ck_assert_uint_eq(answer.name_size, REQUEST_NAME_MAX);
        if (i == 2)
            ck_assert(answer.created == UINT64_MAX && answer.hash == UINT64_MAX);
        ck_assert(answer.stale == (i == 2 || i >= 4));
        if (answer.stale)
            ck_assert(answer.how_stale.revision == UINT64_MAX && answer.how_stale.leaderless &&
                      answer.how_stale.leaderless_s == UINT64_MAX);
    }
    ck_assert_uint_eq(at + 2, out.size); /* the list's empty text has a line end */
    chain_close(&out);
}
END_TEST

/* A later version's server may say more than it was asked, and more of a file. */
START_TEST(what_later_versions_say_is_passed_over)
{
    static const char *const pushed[] = {"+\r\n", "+\n", "+WAITING lock x behind 1: session=5\r\n", "+OK 1\r\n",
                                         "+CONTENTS 1 5 0\r\n", "++ \x01\xff\r\n"};
    struct answer answer;
    size_t consumed;
    guard_open(&guard);
    for (size_t i = 0; i < sizeof pushed / sizeof *pushed; i++) {
        size_t size = strlen(pushed[i]);
        ck_assert_int_eq(answer_parse(guard_copy(&guard, pushed[i], size), size, &answer, &consumed), ANSWER_PUSHED);
        ck_assert_uint_eq(consumed, size);
        ck_assert(!answer.has_body);
        for (size_t part = 0; part < size; part++)
            ck_assert_int_eq(answer_parse(guard_copy(&guard, pushed[i], part), part, &answer, &consumed), ANSWER_MORE);
    }
    answer = good("STAT version=7 size=1 exptime=5 created=3 xxh3=2d06800538d394c2 session=5 x=\r\n");
    ck_assert(answer.kind == ANSWER_STAT && answer.version == 7 && answer.hash == 0x2d06800538d394c2 && !answer.stale);
    answer = good("STAT version=7 size=1 exptime=5 created=3 xxh3=2d06800538d394c2 session=5 stale revision=9 y=z\r\n");
    ck_assert(answer.stale && answer.how_stale.revision == 9);
    guard_close(&guard);
}
END_TEST

START_TEST(what_is_no_answer)
{
    static const char *const lines[] = {
        "\r\n", "\n", "OK \r\n", "OK 1 \r\n", "OK  1\r\n", "OK -1\r\n", "OK one\r\n", "OKAY\r\n", "ok 1\r\n",
        "OK 18446744073709551616\r\n", "OK 99999999999999999999999\r\n", "OK 1\r\r\n", "CONTENTS\r\n",
        "CONTENTS 1 2\r\n", "CONTENTS 1 2 3 4\r\n", "CONTENTS 1 x 3\r\n", "CONTENTS 1  2 3\r\n", "ERR_VERSION \r\n",
        "ERR_VERSION x\r\n", "STATUS\r\n", "STATUS 1 2\r\n", "HELP 99999999999999999999\r\n", "PONG 1\r\n",
        "BYEBYE\r\n",
        "HTTP/1.1 400 Bad Request\r\n", "VERSION\r\n", "OK 1 \r\n", "OK 1 x\r\n", "OK 1 2 3\r\n", "OK 1 +2\r\n",
        "OK 1 9223372036854775808\r\n", "ERR_FILE_NOT_FOUND \r\n", "ERR_FILE_NOT_FOUND a b\r\n",
        "ERR_VERSION 1 \r\n", "ERR_VERSION 1 a b\r\n", "LIST 1 2\r\n", "LIST 1 2 more end\r\n", "LIST 1 2 most\r\n",
        "LIST 1 2 end stale \r\n", "CONTENTS 1 2 3 fresh\r\n", "CONTENTS 1 2 3 stale revision\r\n",
        "CONTENTS 1 2 3 stale  revision=1\r\n", "CONTENTS 1 2 3 stalerevision=1\r\n", "ERR_FILE_NOT_FOUND stale x\r\n",
        "STAT\r\n", "STAT version=1\r\n", " +\r\n",
        "STAT version=1 size=2 exptime=3 created=4 xxh3=0123456789abcdef session\r\n",
        "STAT version=1 size=2 exptime=3 created=4 xxh3=0123456789abcdef  session=1\r\n",
        "STAT version=1 size=2 exptime=3 created=4 xxh3=0123456789abcdef session=1 \r\n",
        "STAT version=1 size=2 exptime=3 created=4 xxh3=0123456789abcde\r\n",
        "STAT version=1 size=2 exptime=3 created=4 xxh3=0123456789ABCDEF\r\n",
        "STAT version=1 size=2 exptime=3 created=4 xxh3=0123456789abcdef0\r\n",
    };
    struct answer answer;
    guard_open(&guard);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        ck_assert_msg(parse(lines[i], &answer) == ANSWER_BAD, "%s", lines[i]);
    guard_close(&guard);
}
END_TEST

START_TEST(a_line_has_its_longest)
{
    uint8_t line[ANSWER_LINE_MAX + 4];
    struct answer answer;
    size_t consumed;
    memset(line, 'x', sizeof line);
    memcpy(line, "ERR_SOMEDAY_ ", 13);
    memcpy(line + ANSWER_LINE_MAX, "\r\n", 2);
    ck_assert_int_eq(answer_parse(line, ANSWER_LINE_MAX + 2, &answer, &consumed), ANSWER_LINE);
    ck_assert_uint_eq(consumed, ANSWER_LINE_MAX + 2);
    memset(line, 'x', sizeof line);
    memcpy(line, "ERR_SOMEDAY_ ", 13);
    ck_assert_int_eq(answer_parse(line, ANSWER_LINE_MAX + 1, &answer, &consumed), ANSWER_MORE);
    ck_assert_int_eq(answer_parse(line, ANSWER_LINE_MAX + 2, &answer, &consumed), ANSWER_BAD);
    line[ANSWER_LINE_MAX + 1] = '\n';
    ck_assert_int_eq(answer_parse(line, ANSWER_LINE_MAX + 2, &answer, &consumed), ANSWER_BAD);
    line[0] = '+';
    ck_assert_int_eq(answer_parse(line, ANSWER_LINE_MAX + 2, &answer, &consumed), ANSWER_BAD);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("answer");
    TCase *tests = tcase_create("answer");
    tcase_add_test(tests, every_kind_of_answer);
    tcase_add_test(tests, every_error_by_its_code_alone);
    tcase_add_test(tests, a_line_in_two_pieces);
    tcase_add_test(tests, only_the_first_of_several_is_taken);
    tcase_add_test(tests, values_and_names);
    tcase_add_test(tests, what_is_asked_of_the_state);
    tcase_add_test(tests, replies_come_back_as_answers);
    tcase_add_test(tests, what_later_versions_say_is_passed_over);
    tcase_add_test(tests, what_is_no_answer);
    tcase_add_test(tests, a_line_has_its_longest);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
