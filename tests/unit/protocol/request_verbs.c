/* The lines of what changes more than one thing, lists, or is done once. */
#include <string.h>

#include "protocol/request.h"
#include "support/check.h"
#include "support/guard.h"

enum { VALUE_MAX = 1000 };

static struct guard guard;

static void setup(void)
{
    guard_open(&guard);
}

static void teardown(void)
{
    guard_close(&guard);
}

static enum request_status parse(const char *line, struct request *request)
{
    size_t size = strlen(line), consumed;
    enum request_status status = request_parse(guard_copy(&guard, line, size), size, VALUE_MAX, request, &consumed);
    if (status == REQUEST_LINE)
        ck_assert_uint_eq(consumed, size);
    return status;
}

static struct request good(const char *line)
{
    struct request request;
    ck_assert_msg(parse(line, &request) == REQUEST_LINE, "%s", line);
    ck_assert_msg(request.error == REQUEST_OK, "%s: %u", line, request.error);
    return request;
}

/* BYTES is TEXT; NULL is nothing. */
static void is(const uint8_t *bytes, size_t size, const char *text)
{
    if (!text) {
        ck_assert_ptr_null(bytes);
        return;
    }
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(size, strlen(text));
    ck_assert_mem_eq(bytes, text, size);
}

START_TEST(changes)
{
    static const struct {
        const char *line;
        enum verb verb;
        const char *name;
        const char *other;
        const char *token;
        bool has_version;
        uint64_t version;
        uint64_t exptime_s;
        int64_t delta;
    } lines[] = {
        {"delete a\n", VERB_DELETE, "a", NULL, NULL, false, 0, 0, 0},
        {"delete a 7\n", VERB_DELETE, "a", NULL, NULL, true, 7, 0, 0},
        {"delete a 7 once=x\n", VERB_DELETE, "a", NULL, "x", true, 7, 0, 0},
        {"delete a once=x\n", VERB_DELETE, "a", NULL, "x", false, 0, 0, 0},
        {"delete once=x\n", VERB_DELETE, "once=x", NULL, NULL, false, 0, 0, 0},
        {"touch a 0\n", VERB_TOUCH, "a", NULL, NULL, false, 0, 0, 0},
        {"touch a 4294967295 once=1\n", VERB_TOUCH, "a", NULL, "1", false, 0, 4294967295, 0},
        {"touch a 5 7\n", VERB_TOUCH, "a", NULL, NULL, true, 7, 5, 0},
        {"touch a 5 0\n", VERB_TOUCH, "a", NULL, NULL, true, 0, 5, 0},
        {"touch a 0 18446744073709551615 once=1\n", VERB_TOUCH, "a", NULL, "1", true, UINT64_MAX, 0, 0},
        {"incr a 1 60\n", VERB_INCR, "a", NULL, NULL, false, 0, 60, 1},
        {"incr a -1 4294967295 once=t\n", VERB_INCR, "a", NULL, "t", false, 0, 4294967295, -1},
        {"incr a -9223372036854775808\n", VERB_INCR, "a", NULL, NULL, false, 0, 0, INT64_MIN},
        {"incr a 007 once=t\n", VERB_INCR, "a", NULL, "t", false, 0, 0, 7},
        {"copy a b\n", VERB_COPY, "b", "a", NULL, false, 0, 0, 0},
        {"copy a b 0\n", VERB_COPY, "b", "a", NULL, true, 0, 0, 0},
        {"copy a once=b\n", VERB_COPY, "once=b", "a", NULL, false, 0, 0, 0},
        {"move a b 18446744073709551615 once=z\n", VERB_MOVE, "b", "a", "z", true, UINT64_MAX, 0, 0},
        {"swap a b\n", VERB_SWAP, "a", "b", NULL, false, 0, 0, 0},
        {"swap a b once=t\n", VERB_SWAP, "a", "b", "t", false, 0, 0, 0},
        {"txn\n", VERB_TXN, NULL, NULL, NULL, false, 0, 0, 0},
        {"txn once=\xc3\xa9\r\n", VERB_TXN, NULL, NULL, "\xc3\xa9", false, 0, 0, 0},
        {"if a 7\n", VERB_IF, "a", NULL, NULL, true, 7, 0, 0},
        {"if a absent\n", VERB_IF, "a", NULL, NULL, true, 0, 0, 0},
        {"if a present\n", VERB_IF, "a", NULL, NULL, false, 0, 0, 0},
        {"commit\n", VERB_COMMIT, NULL, NULL, NULL, false, 0, 0, 0},
        {" cancel \r\n", VERB_CANCEL, NULL, NULL, NULL, false, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct request request = good(lines[i].line);
        ck_assert_int_eq(request.verb, lines[i].verb);
        is(request.name, request.name_size, lines[i].name);
        is(request.other, request.other_size, lines[i].other);
        is(request.token, request.token_size, lines[i].token);
        ck_assert_msg(request.has_version == lines[i].has_version, "%s", lines[i].line);
        ck_assert_uint_eq(request.version, lines[i].version);
        ck_assert_uint_eq(request.exptime_s, lines[i].exptime_s);
        ck_assert_int_eq(request.delta, lines[i].delta);
        ck_assert(!request.has_contents && !request.stale);
    }
}
END_TEST

START_TEST(versions_of_two_files)
{
    struct request request = good("swap a b 7 18446744073709551615 once=t\r\n");
    is(request.name, request.name_size, "a");
    is(request.other, request.other_size, "b");
    ck_assert(request.has_version);
    ck_assert_uint_eq(request.version, 7);
    ck_assert_uint_eq(request.other_version, UINT64_MAX);
}
END_TEST

START_TEST(contents_and_a_token)
{
    struct request request = good("append a 1000 once=abc\r\n");
    ck_assert_int_eq(request.verb, VERB_APPEND);
    ck_assert(request.has_contents);
    ck_assert_uint_eq(request.numbytes, 1000);
    is(request.token, request.token_size, "abc");
    ck_assert_uint_eq(request.exptime_s, 0);
    request = good("append a 1 60 once=abc\r\n");
    ck_assert_uint_eq(request.exptime_s, 60);
    is(request.token, request.token_size, "abc");
    ck_assert_uint_eq(good("append a 0 4294967295\n").exptime_s, 4294967295);
    request = good("write a 5 once=abc\r\n");
    ck_assert_uint_eq(request.exptime_s, 0);
    is(request.token, request.token_size, "abc");
    request = good("write once=a 5 60 once=abc\r\n");
    is(request.name, request.name_size, "once=a");
    ck_assert_uint_eq(request.exptime_s, 60);
    request = good("cas a 1 5 60 once=abc\r\n");
    ck_assert_uint_eq(request.version, 1);
    is(request.token, request.token_size, "abc");
}
END_TEST

START_TEST(a_text_is_all_behind_one_blank)
{
    static const struct {
        const char *line, *name, *text;
    } lines[] = {
        {"set a hello\n", "a", "hello"},
        {"set a hello, world\r\n", "a", "hello, world"},
        {"set a  two blanks, and two behind  \n", "a", " two blanks, and two behind  "},
        {"  set   a   b\n", "a", "  b"},
        {"set a \n", "a", ""},
        {"set a \r\n", "a", ""},
        {"set a once=t\n", "a", "once=t"},
        {"set once=t 5 60 once=u\n", "once=t", "5 60 once=u"},
        {"set a \tb\x01\xff\r\r\n", "a", "\tb\x01\xff\r"},
        {"set a 1 2 3 4 5 6 7 8 9 10\n", "a", "1 2 3 4 5 6 7 8 9 10"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct request request = good(lines[i].line);
        ck_assert_int_eq(request.verb, VERB_SET);
        is(request.name, request.name_size, lines[i].name);
        is(request.text, request.text_size, lines[i].text);
        ck_assert(!request.has_contents && !request.token && !request.has_version && request.exptime_s == 0);
    }
}
END_TEST

/* The longest that a line holds, and one byte more than a file may have: the line's end is known all the same. */
START_TEST(a_text_has_a_largest)
{
    char line[REQUEST_LINE_MAX + 3] = "set a ";
    struct request request;
    size_t consumed;
    memset(line + 6, 'x', REQUEST_LINE_MAX - 6);
    strcpy(line + REQUEST_LINE_MAX, "\r\n");
    ck_assert_uint_eq(good(line).text_size, REQUEST_LINE_MAX - 6);
    for (size_t max = REQUEST_LINE_MAX - 7; max <= REQUEST_LINE_MAX - 6; max++) {
        ck_assert_int_eq(request_parse((uint8_t *)line, strlen(line), max, &request, &consumed), REQUEST_LINE);
        ck_assert_int_eq(request.error, max < REQUEST_LINE_MAX - 6 ? REQUEST_TOO_BIG : REQUEST_OK);
        ck_assert_uint_eq(consumed, strlen(line));
    }
}
END_TEST

START_TEST(what_may_be_stale)
{
    ck_assert(good("read a stale\n").stale);
    ck_assert(good("stat a stale\n").stale);
    ck_assert(!good("stat a\n").stale);
    struct request request = good("read stale\n");
    ck_assert(!request.stale);
    is(request.name, request.name_size, "stale");
}
END_TEST

START_TEST(lists)
{
    static const struct {
        const char *line;
        const char *prefix;
        const char *after;
        uint32_t limit;
        int delimiter;
        bool stale;
    } lines[] = {
        {"list\n", NULL, NULL, 1000, -1, false},
        {"list foo/\n", "foo/", NULL, 1000, -1, false},
        {"list stale\n", NULL, NULL, 1000, -1, true},
        {"list prefix=stale\n", "stale", NULL, 1000, -1, false},
        {"list limit=1\n", NULL, NULL, 1, -1, false},
        {"list a limit=10000 delim=/ after=a/b stale\n", "a", "a/b", 10000, '/', true},
        {"list after=x prefix=limit=3\n", "limit=3", "x", 1000, -1, false},
        {"list delim=\xff\n", NULL, NULL, 1000, 255, false},
        {"list delim==\n", NULL, NULL, 1000, '=', false},
        {"list prefix= after=\n", "", "", 1000, -1, false},
        {"list prefix=unknown=1\n", "unknown=1", NULL, 1000, -1, false},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct request request = good(lines[i].line);
        ck_assert_int_eq(request.verb, VERB_LIST);
        is(request.name, request.name_size, lines[i].prefix);
        is(request.other, request.other_size, lines[i].after);
        ck_assert_uint_eq(request.limit, lines[i].limit);
        ck_assert_int_eq(request.delimiter, lines[i].delimiter);
        ck_assert(request.stale == lines[i].stale);
    }
}
END_TEST

static const struct {
    const char *line;
    enum request_error error;
} bad[] = {
    {"read a later\n", REQUEST_BAD_WORDS},
    {"read a stale stale\n", REQUEST_OPTION_TWICE},
    {"stat\n", REQUEST_BAD_WORDS},
    {"stat a\tb\n", REQUEST_BAD_NAME},
    {"delete a x\n", REQUEST_BAD_VERSION},
    {"delete a -1\n", REQUEST_BAD_VERSION},
    {"delete a 1 2\n", REQUEST_BAD_WORDS},
    {"delete a once=x 1\n", REQUEST_BAD_WORDS},
    {"delete a once=\n", REQUEST_BAD_VALUE},
    {"delete a once=a\tb\n", REQUEST_BAD_VALUE},
    {"touch a\n", REQUEST_BAD_WORDS},
    {"touch a soon\n", REQUEST_BAD_EXPTIME},
    {"touch a 4294967296\n", REQUEST_BAD_EXPTIME},
    {"touch a once=5\n", REQUEST_BAD_EXPTIME},
    {"touch a 5 6 7\n", REQUEST_BAD_WORDS},
    {"touch a 5 x\n", REQUEST_BAD_VERSION},
    {"touch a 5 once=\n", REQUEST_BAD_VALUE},
    {"incr a 1 2 3\n", REQUEST_BAD_WORDS},
    {"incr a 1 x\n", REQUEST_BAD_EXPTIME},
    {"incr a 1 4294967296\n", REQUEST_BAD_EXPTIME},
    {"incr a\n", REQUEST_BAD_WORDS},
    {"incr a one\n", REQUEST_BAD_DELTA},
    {"incr a +1\n", REQUEST_BAD_DELTA},
    {"incr a 9223372036854775808\n", REQUEST_BAD_DELTA},
    {"copy a\n", REQUEST_BAD_WORDS},
    {"copy a b c\n", REQUEST_BAD_VERSION},
    {"copy a b 1 2\n", REQUEST_BAD_WORDS},
    {"copy a a\n", REQUEST_SAME_NAME},
    {"move a a 3\n", REQUEST_SAME_NAME},
    {"move a\x01 b\n", REQUEST_BAD_NAME},
    {"move a b\x7f\n", REQUEST_BAD_NAME},
    {"swap a\n", REQUEST_BAD_WORDS},
    {"swap a a\n", REQUEST_SAME_NAME},
    {"swap a b 1\n", REQUEST_BAD_WORDS},
    {"swap a b 1 once=t\n", REQUEST_BAD_WORDS},
    {"swap a b 1 2 3\n", REQUEST_BAD_WORDS},
    {"swap a b x 1\n", REQUEST_BAD_VERSION},
    {"swap a b 1 18446744073709551616\n", REQUEST_BAD_VERSION},
    {"txn now\n", REQUEST_BAD_WORDS},
    {"txn once=\n", REQUEST_BAD_VALUE},
    {"set\n", REQUEST_NO_TEXT},
    {"set  \r\n", REQUEST_NO_TEXT},
    {"set a\n", REQUEST_NO_TEXT},
    {"set a\r\n", REQUEST_NO_TEXT},
    {"set a\x01 b\n", REQUEST_BAD_NAME},
    {"set a\tb c\n", REQUEST_BAD_NAME},
    {"if a\n", REQUEST_BAD_WORDS},
    {"if a absent present\n", REQUEST_BAD_WORDS},
    {"if a gone\n", REQUEST_BAD_CONDITION},
    {"if a -1\n", REQUEST_BAD_CONDITION},
    {"if a\x01 1\n", REQUEST_BAD_NAME},
    {"commit all\n", REQUEST_BAD_WORDS},
    {"cancel once=x\n", REQUEST_BAD_OPTION},
    {"list a b\n", REQUEST_BAD_WORDS},
    {"list a prefix=b\n", REQUEST_OPTION_TWICE},
    {"list prefix= prefix=\n", REQUEST_OPTION_TWICE},
    {"list limit=0\n", REQUEST_BAD_VALUE},
    {"list LIMIT=1\n", REQUEST_BAD_OPTION},
    {"list unknown=1\n", REQUEST_BAD_OPTION},
    {"list limit=10001\n", REQUEST_BAD_VALUE},
    {"list limit=\n", REQUEST_BAD_VALUE},
    {"list limit=1 limit=1\n", REQUEST_OPTION_TWICE},
    {"list delim=\n", REQUEST_BAD_VALUE},
    {"list delim=ab\n", REQUEST_BAD_VALUE},
    {"list delim=/ delim=/\n", REQUEST_OPTION_TWICE},
    {"list delim=\x01\n", REQUEST_BAD_VALUE},
    {"list after=a after=b\n", REQUEST_OPTION_TWICE},
    {"list stale stale\n", REQUEST_OPTION_TWICE},
    {"list a\x01\n", REQUEST_BAD_NAME},
    {"list p after=a limit=1 delim=/ stale x y z\n", REQUEST_BAD_WORDS},
    {"list a=b\n", REQUEST_BAD_OPTION},
    {"list stale p\n", REQUEST_BAD_WORDS},
    {"read a stale=1\n", REQUEST_BAD_OPTION},
    {"read a once=x\n", REQUEST_BAD_OPTION},
    {"delete a fence=7\n", REQUEST_BAD_OPTION},
    {"delete a 7 fence=7\n", REQUEST_BAD_OPTION},
    {"delete a 7 fence=7 once=x\n", REQUEST_BAD_OPTION},
    {"delete a once=x once=x\n", REQUEST_OPTION_TWICE},
    {"delete a =7\n", REQUEST_BAD_VERSION},
    {"ping once=x\n", REQUEST_BAD_OPTION},
};

START_TEST(what_is_wrong_with_a_line)
{
    struct request request;
    ck_assert_int_eq(parse(bad[_i].line, &request), REQUEST_LINE);
    ck_assert_msg(request.error == bad[_i].error, "%s: %u", bad[_i].line, request.error);
    ck_assert(!request.has_contents);
}
END_TEST

/* Contents follow all the same, and are to be dropped. */
START_TEST(what_is_wrong_before_contents)
{
    struct request request;
    ck_assert_int_eq(parse("append a 5 60 70\n", &request), REQUEST_LINE);
    ck_assert_int_eq(request.error, REQUEST_BAD_WORDS);
    ck_assert(request.has_contents && request.numbytes == 5);
    ck_assert_int_eq(parse("append a 5 soon\n", &request), REQUEST_LINE);
    ck_assert_int_eq(request.error, REQUEST_BAD_EXPTIME);
    ck_assert(request.has_contents && request.numbytes == 5);
    ck_assert_int_eq(parse("write a 5 once=\n", &request), REQUEST_LINE);
    ck_assert_int_eq(request.error, REQUEST_BAD_VALUE);
    ck_assert(request.has_contents && request.numbytes == 5);
    ck_assert_int_eq(parse("append a\n", &request), REQUEST_FATAL);
    ck_assert_int_eq(request.error, REQUEST_BAD_NUMBYTES);
    ck_assert_int_eq(parse("append a once=x\n", &request), REQUEST_FATAL);
    ck_assert_int_eq(parse("append a 1001\n", &request), REQUEST_FATAL);
    ck_assert_int_eq(request.error, REQUEST_TOO_BIG);
}
END_TEST

START_TEST(a_token_has_64_bytes_at_most)
{
    char line[100] = "txn once=";
    struct request request;
    memset(line + 9, 't', REQUEST_TOKEN_MAX);
    strcpy(line + 9 + REQUEST_TOKEN_MAX, "\n");
    ck_assert_uint_eq(good(line).token_size, REQUEST_TOKEN_MAX);
    strcpy(line + 9 + REQUEST_TOKEN_MAX, "t\n");
    ck_assert_int_eq(parse(line, &request), REQUEST_LINE);
    ck_assert_int_eq(request.error, REQUEST_BAD_VALUE);
}
END_TEST

START_TEST(a_level)
{
    static const struct {
        const char *line;
        enum request_error error;
        unsigned level;
    } lines[] = {
        {"cluster level 1\n", REQUEST_OK, 1},
        {" cluster  level 00065535 \r\n", REQUEST_OK, 65535},
        {"cluster level 0\n", REQUEST_BAD_LEVEL, 0},
        {"cluster level 65536\n", REQUEST_BAD_LEVEL, 0},
        {"cluster level 18446744073709551617\n", REQUEST_BAD_LEVEL, 0},
        {"cluster level -1\n", REQUEST_BAD_LEVEL, 0},
        {"cluster level two\n", REQUEST_BAD_LEVEL, 0},
        {"cluster Level 1\n", REQUEST_BAD_KEYWORD, 0},
        {"cluster levels 1\n", REQUEST_BAD_KEYWORD, 0},
        {"cluster leve 1\n", REQUEST_BAD_KEYWORD, 0},
        {"cluster level\n", REQUEST_BAD_WORDS, 0},
        {"cluster\n", REQUEST_BAD_WORDS, 0},
        {"cluster level 1 2\n", REQUEST_BAD_WORDS, 0},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct request request;
        ck_assert_int_eq(parse(lines[i].line, &request), REQUEST_LINE);
        ck_assert_int_eq(request.verb, VERB_CLUSTER);
        ck_assert_msg(request.error == lines[i].error, "%s: %u", lines[i].line, request.error);
        ck_assert_uint_eq(request.error == REQUEST_OK ? request.level : 0, lines[i].level);
        ck_assert(!request.has_contents && !request.name);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request verbs");
    TCase *tests = tcase_create("request verbs");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, changes);
    tcase_add_test(tests, versions_of_two_files);
    tcase_add_test(tests, contents_and_a_token);
    tcase_add_test(tests, a_text_is_all_behind_one_blank);
    tcase_add_test(tests, a_text_has_a_largest);
    tcase_add_test(tests, what_may_be_stale);
    tcase_add_test(tests, lists);
    tcase_add_loop_test(tests, what_is_wrong_with_a_line, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tests, what_is_wrong_before_contents);
    tcase_add_test(tests, a_level);
    tcase_add_test(tests, a_token_has_64_bytes_at_most);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
