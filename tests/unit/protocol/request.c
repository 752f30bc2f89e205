#include "protocol/request.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/random.h"
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

static enum request_status parse(const void *bytes, size_t size, struct request *request, size_t *consumed)
{
    return request_parse(guard_copy(&guard, bytes, size), size, VALUE_MAX, request, consumed);
}

/* Parses LINE, which ends in LF, with nothing behind it; before that every beginning of it, which must say "more". */
static enum request_status parse_line(const char *line, struct request *request)
{
    size_t size = strlen(line);
    size_t consumed;
    for (size_t i = 0; i < size; i++) {
        ck_assert_msg(parse(line, i, request, &consumed) == REQUEST_MORE, "%zu bytes of: %s", i, line);
        ck_assert_uint_eq(consumed, 0);
    }
    enum request_status status = parse(line, size, request, &consumed);
    if (status == REQUEST_LINE)
        ck_assert_uint_eq(consumed, size);
    return status;
}

static const struct good {
    const char *line;
    enum verb verb;
    const char *name;
    uint64_t version;
    uint64_t numbytes;
    uint64_t exptime_s;
} good[] = {
    {"read foo\r\n", VERB_READ, "foo", 0, 0, 0},
    {"read foo\n", VERB_READ, "foo", 0, 0, 0},
    {"read foo \r\n", VERB_READ, "foo", 0, 0, 0},
    {"  read   foo  \n", VERB_READ, "foo", 0, 0, 0},
    {"read \xc3\xa9t\xc3\xa9/%41\r\n", VERB_READ, "\xc3\xa9t\xc3\xa9/%41", 0, 0, 0},
    {"read 0\r\n", VERB_READ, "0", 0, 0, 0},
    {"write foo 6\r\n", VERB_WRITE, "foo", 0, 6, 0},
    {"write foo 0\r\n", VERB_WRITE, "foo", 0, 0, 0},
    {"write foo 6 10\r\n", VERB_WRITE, "foo", 0, 6, 10},
    {"write foo 1000 4294967295\n", VERB_WRITE, "foo", 0, 1000, 4294967295},
    {"write foo 0006 000000000000000000000000000000010\n", VERB_WRITE, "foo", 0, 6, 10},
    {"cas foo 1 7\r\n", VERB_CAS, "foo", 1, 7, 0},
    {"cas foo 1 7 0\r\n", VERB_CAS, "foo", 1, 7, 0},
    {"cas foo 0 7 30\r\n", VERB_CAS, "foo", 0, 7, 30},
    {"cas foo 9223372036854775808 7\r\n", VERB_CAS, "foo", 9223372036854775808u, 7, 0},
    {"cas foo 18446744073709551615 7\r\n", VERB_CAS, "foo", UINT64_MAX, 7, 0},
    {"delete foo\r\n", VERB_DELETE, "foo", 0, 0, 0},
    {"help\r\n", VERB_HELP, NULL, 0, 0, 0},
    {"help cas\r\n", VERB_HELP, "cas", 0, 0, 0},
    {"ping\r\n", VERB_PING, NULL, 0, 0, 0},
    {"version\r\n", VERB_VERSION, NULL, 0, 0, 0},
    {"quit\n", VERB_QUIT, NULL, 0, 0, 0},
    {"status \r\n", VERB_STATUS, NULL, 0, 0, 0},
};

START_TEST(good_lines)
{
    const struct good *expected = &good[_i];
    struct request request;
    ck_assert_int_eq(parse_line(expected->line, &request), REQUEST_LINE);
    ck_assert_int_eq(request.error, REQUEST_OK);
    ck_assert_int_eq(request.verb, expected->verb);
    ck_assert_int_eq(request.has_contents, expected->verb == VERB_WRITE || expected->verb == VERB_CAS);
    ck_assert_uint_eq(request.version, expected->version);
    ck_assert_uint_eq(request.exptime_s, expected->exptime_s);
    ck_assert_uint_eq(request.numbytes, expected->numbytes);
    if (!expected->name) {
        ck_assert_ptr_null(request.name);
        return;
    }
    ck_assert_uint_eq(request.name_size, strlen(expected->name));
    ck_assert_mem_eq(request.name, expected->name, request.name_size);
}
END_TEST

/* The end of the command is known, contents included: the connection goes on. */
static const struct bad {
    const char *line;
    enum request_error error;
    uint64_t contents; /* numbytes where contents follow */
} bad[] = {
    {"\r\n", REQUEST_EMPTY_LINE, 0},
    {"\n", REQUEST_EMPTY_LINE, 0},
    {"   \r\n", REQUEST_EMPTY_LINE, 0},
    {"read\r\n", REQUEST_BAD_WORDS, 0},
    {"read foo bar\r\n", REQUEST_BAD_WORDS, 0},
    {"delete\r\n", REQUEST_BAD_WORDS, 0},
    {"delete a b c d e f g h\r\n", REQUEST_BAD_WORDS, 0},
    {"ping pong\r\n", REQUEST_BAD_WORDS, 0},
    {"help read write\r\n", REQUEST_BAD_WORDS, 0},
    {"write foo 6 0 0\r\n", REQUEST_BAD_WORDS, 6},
    {"write foo 6 0 0 0 0 0 0 0\r\n", REQUEST_BAD_WORDS, 6},
    {"cas foo 1 6 0 0\r\n", REQUEST_BAD_WORDS, 6},
    {"read a\tb\r\n", REQUEST_BAD_NAME, 0},
    {"read a\rb\r\n", REQUEST_BAD_NAME, 0},
    {"read foo\r\r\n", REQUEST_BAD_NAME, 0},
    {"delete \x7f\r\n", REQUEST_BAD_NAME, 0},
    {"write a\x01 6\r\n", REQUEST_BAD_NAME, 6},
    {"cas a\x1b 1 6\r\n", REQUEST_BAD_NAME, 6},
    {"write foo 6 -1\r\n", REQUEST_BAD_EXPTIME, 6},
    {"write foo 6 +1\r\n", REQUEST_BAD_EXPTIME, 6},
    {"write foo 6 0x1\r\n", REQUEST_BAD_EXPTIME, 6},
    {"write foo 6 1.5\r\n", REQUEST_BAD_EXPTIME, 6},
    {"write foo 6 soon\r\n", REQUEST_BAD_EXPTIME, 6},
    {"write foo 6 1\r\r\n", REQUEST_BAD_EXPTIME, 6},
    {"write foo 6 4294967296\r\n", REQUEST_BAD_EXPTIME, 6},
    {"write foo 6 9223372036854775808\r\n", REQUEST_BAD_EXPTIME, 6},
    {"write foo 6 18446744073709551616\r\n", REQUEST_BAD_EXPTIME, 6},
    {"cas foo 1 6 99999999999999999999999999\r\n", REQUEST_BAD_EXPTIME, 6},
    {"cas foo -1 6\r\n", REQUEST_BAD_VERSION, 6},
    {"cas foo +1 6\r\n", REQUEST_BAD_VERSION, 6},
    {"cas foo 0x1 6\r\n", REQUEST_BAD_VERSION, 6},
    {"cas foo new 6 0\r\n", REQUEST_BAD_VERSION, 6},
    {"cas foo 18446744073709551616 6\r\n", REQUEST_BAD_VERSION, 6},
    {"cas foo 184467440737095516150 6\r\n", REQUEST_BAD_VERSION, 6},
};

START_TEST(bad_lines_after_which_it_goes_on)
{
    struct request request;
    ck_assert_int_eq(parse_line(bad[_i].line, &request), REQUEST_LINE);
    ck_assert_int_eq(request.error, bad[_i].error);
    ck_assert_int_eq(request.has_contents, bad[_i].contents > 0);
    if (request.has_contents)
        ck_assert_uint_eq(request.numbytes, bad[_i].contents);
}
END_TEST

static const struct {
    const char *line;
    enum request_error error;
} fatal[] = {
    {"hello\r\n", REQUEST_UNKNOWN_VERB},
    {"READ foo\r\n", REQUEST_UNKNOWN_VERB},
    {"Read foo\r\n", REQUEST_UNKNOWN_VERB},
    {"readfoo\r\n", REQUEST_UNKNOWN_VERB},
    {"rea foo\r\n", REQUEST_UNKNOWN_VERB},
    {"read\tfoo\r\n", REQUEST_UNKNOWN_VERB},
    {"\r\r\n", REQUEST_UNKNOWN_VERB},
    {"GET / HTTP/1.1\r\n", REQUEST_UNKNOWN_VERB},
    {"write\r\n", REQUEST_BAD_NUMBYTES},
    {"write foo\r\n", REQUEST_BAD_NUMBYTES},
    {"write my file 6\r\n", REQUEST_BAD_NUMBYTES},
    {"write foo six\r\n", REQUEST_BAD_NUMBYTES},
    {"write foo -6\r\n", REQUEST_BAD_NUMBYTES},
    {"write foo +6\r\n", REQUEST_BAD_NUMBYTES},
    {"write foo 0x6\r\n", REQUEST_BAD_NUMBYTES},
    {"write foo 6,\r\n", REQUEST_BAD_NUMBYTES},
    {"write foo 6\r\r\n", REQUEST_BAD_NUMBYTES},
    {"write foo -99999999999999999999\r\n", REQUEST_BAD_NUMBYTES},
    {"write foo 99999999999999999999x\r\n", REQUEST_BAD_NUMBYTES},
    {"cas foo\r\n", REQUEST_BAD_NUMBYTES},
    {"cas foo 1\r\n", REQUEST_BAD_NUMBYTES},
    {"cas foo 1 six\r\n", REQUEST_BAD_NUMBYTES},
    {"write foo 1001\r\n", REQUEST_TOO_BIG},
    {"write a\x01 1001 soon 1 2 3\r\n", REQUEST_TOO_BIG},
    {"write foo 9223372036854775808\r\n", REQUEST_TOO_BIG},
    {"write foo 18446744073709551615\r\n", REQUEST_TOO_BIG},
    {"write foo 18446744073709551616\r\n", REQUEST_TOO_BIG},
    {"cas foo 1 99999999999999999999999999999999\r\n", REQUEST_TOO_BIG},
};

START_TEST(bad_lines_after_which_it_closes)
{
    struct request request;
    ck_assert_int_eq(parse_line(fatal[_i].line, &request), REQUEST_FATAL);
    ck_assert_int_eq(request.error, fatal[_i].error);
    ck_assert(!request.has_contents);
}
END_TEST

/* "read ", a's, and an end: LINE_SIZE bytes without the end. Returns the size with it. */
static size_t long_line(char *line, size_t line_size, const char *end)
{
    memset(line, 'a', line_size);
    memcpy(line, "read ", 5);
    memcpy(line + line_size, end, strlen(end));
    return line_size + strlen(end);
}

START_TEST(a_name_has_250_bytes_at_most)
{
    char line[600];
    struct request request;
    size_t consumed;
    size_t size = long_line(line, 5 + 250, "\r\n");
    ck_assert_int_eq(parse(line, size, &request, &consumed), REQUEST_LINE);
    ck_assert_int_eq(request.error, REQUEST_OK);
    ck_assert_uint_eq(request.name_size, 250);
    size = long_line(line, 5 + 251, "\r\n");
    ck_assert_int_eq(parse(line, size, &request, &consumed), REQUEST_LINE);
    ck_assert_int_eq(request.error, REQUEST_BAD_NAME);
    ck_assert_ptr_null(request.name);
}
END_TEST

START_TEST(a_line_of_499_bytes_is_a_line)
{
    static const char *const ends[] = {"\n", "\r\n"};
    char line[600];
    struct request request;
    size_t consumed;
    for (int i = 0; i < 2; i++) {
        size_t size = long_line(line, REQUEST_LINE_MAX, ends[i]);
        for (size_t part = 0; part < size; part++)
            ck_assert_int_eq(parse(line, part, &request, &consumed), REQUEST_MORE);
        ck_assert_int_eq(parse(line, size, &request, &consumed), REQUEST_LINE);
        ck_assert_uint_eq(consumed, size);
        ck_assert_int_eq(request.error, REQUEST_BAD_NAME);
    }
}
END_TEST

START_TEST(a_line_of_500_bytes_is_refused_before_its_end_comes)
{
    static const char *const ends[] = {"", "\n", "\r\n", "\r", "a", "a\n", "ping\n"};
    char line[600];
    struct request request;
    size_t consumed;
    size_t size = long_line(line, REQUEST_LINE_MAX + 1, ends[_i]);
    ck_assert_int_eq(parse(line, size, &request, &consumed), REQUEST_FATAL);
    ck_assert_int_eq(request.error, REQUEST_LINE_TOO_LONG);
}
END_TEST

START_TEST(a_cr_that_does_not_end_the_line_counts)
{
    char line[600];
    struct request request;
    size_t consumed;
    size_t size = long_line(line, REQUEST_LINE_MAX, "\r");
    ck_assert_int_eq(parse(line, size, &request, &consumed), REQUEST_MORE);
    size = long_line(line, REQUEST_LINE_MAX, "\ra");
    ck_assert_int_eq(parse(line, size, &request, &consumed), REQUEST_FATAL);
    ck_assert_int_eq(request.error, REQUEST_LINE_TOO_LONG);
    size = long_line(line, REQUEST_LINE_MAX, "\r\r\n");
    ck_assert_int_eq(parse(line, size, &request, &consumed), REQUEST_FATAL);
}
END_TEST

START_TEST(nul_is_a_byte_like_other_control_characters)
{
    struct request request;
    size_t consumed;
    ck_assert_int_eq(parse("read a\0b\r\n", 10, &request, &consumed), REQUEST_LINE);
    ck_assert_int_eq(request.error, REQUEST_BAD_NAME);
    ck_assert_int_eq(parse("read\0a\r\n", 8, &request, &consumed), REQUEST_FATAL);
    ck_assert_int_eq(request.error, REQUEST_UNKNOWN_VERB);
    ck_assert_int_eq(parse("write a 6\0\r\n", 12, &request, &consumed), REQUEST_FATAL);
    ck_assert_int_eq(request.error, REQUEST_BAD_NUMBYTES);
    ck_assert_int_eq(parse("\0\0\0\0", 4, &request, &consumed), REQUEST_MORE);
}
END_TEST

START_TEST(only_the_first_of_many_lines_is_taken)
{
    struct request request;
    size_t consumed;
    ck_assert_int_eq(parse("ping\nread foo\nwri", 17, &request, &consumed), REQUEST_LINE);
    ck_assert_int_eq(request.verb, VERB_PING);
    ck_assert_uint_eq(consumed, 5);
}
END_TEST

START_TEST(without_bytes_there_is_nothing_to_look_at)
{
    struct request request;
    size_t consumed;
    ck_assert_int_eq(request_parse(NULL, 0, VALUE_MAX, &request, &consumed), REQUEST_MORE);
    ck_assert_int_eq(request_end(NULL, 0), 0);
}
END_TEST

/* Whatever comes, what is parsed lies within the line, and a beginning never says otherwise than the whole does. */
START_TEST(random_bytes_do_no_harm)
{
    static const char alphabet[] = "    \r\n\r\n0123456789abcdefxwrite cas read help\t\x7f\xff-+";
    static const char *const starts[] = {"", "read ", "write ", "cas ", "write a ", "cas a 1 "};
    struct random random = {.state = 61};
    uint8_t line[520];
    for (int i = 0; i < 30000; i++) {
        const char *start = starts[random_u64(&random) % 6];
        size_t size = strlen(start);
        memcpy(line, start, size);
        size_t end = random_between(&random, size, random_u64(&random) % 50 ? 40 : sizeof line);
        while (size < end)
            line[size++] = (uint8_t)alphabet[random_u64(&random) % sizeof alphabet];
        struct request request;
        size_t consumed;
        const uint8_t *copy = guard_copy(&guard, line, size);
        enum request_status status = request_parse(copy, size, VALUE_MAX, &request, &consumed);
        ensure(consumed <= size && (status != REQUEST_LINE || consumed > 0));
        ensure(!request.name || (request.name >= copy && request.name + request.name_size < copy + consumed));
        ensure(!request.has_contents || request.numbytes <= VALUE_MAX);
        ensure(request.error < REQUEST_ERROR_COUNT && (status != REQUEST_FATAL || request.error != REQUEST_OK));
        size_t part = random_between(&random, 0, size);
        struct request other;
        enum request_status early = parse(line, part, &other, &consumed);
        ensure(early == REQUEST_MORE || (early == status && other.error == request.error));
    }
}
END_TEST

START_TEST(the_end_of_contents)
{
    static const struct {
        const char *bytes;
        int size;
        int end;
    } ends[] = {
        {"\n", 1, 1}, {"\r", 1, 0}, {"\r\n", 2, 2}, {"\n\n", 2, 1}, {"\r\r", 2, -1}, {"a", 1, -1}, {"\ra", 2, -1},
        {" \n", 2, -1}, {"\0\n", 2, -1}, {"", 0, 0},
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t size = (size_t)ends[i].size;
        ck_assert_int_eq(request_end(guard_copy(&guard, ends[i].bytes, size), size), ends[i].end);
    }
}
END_TEST

START_TEST(numbers_are_plain_decimal)
{
    static const char *const no[] = {"", "-1", "+1", " 1", "1 ", "0x10", "1e3", "1.0", "a", "18446744073709551616"};
    uint64_t number = 42;
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        ck_assert(!request_number(no[i], strlen(no[i]), &number));
    ck_assert_uint_eq(number, 42);
    ck_assert(request_number("0", 1, &number));
    ck_assert_uint_eq(number, 0);
    ck_assert(request_number("007", 3, &number));
    ck_assert_uint_eq(number, 7);
    ck_assert(request_number("12", 1, &number));
    ck_assert_uint_eq(number, 1);
    ck_assert(request_number("18446744073709551615", 20, &number));
    ck_assert_uint_eq(number, UINT64_MAX);
}
END_TEST

START_TEST(names_have_no_space_and_no_control_character)
{
    char name[REQUEST_NAME_MAX + 1];
    memset(name, 'n', sizeof name);
    ck_assert(!request_name(name, 0));
    ck_assert(request_name(name, 1));
    ck_assert(request_name(name, REQUEST_NAME_MAX));
    ck_assert(!request_name(name, REQUEST_NAME_MAX + 1));
    for (int byte = 0; byte < 256; byte++) {
        name[2] = (char)byte;
        ck_assert_int_eq(request_name(name, 3), byte > ' ' && byte != 0x7f);
    }
}
END_TEST

START_TEST(every_verb_has_its_name)
{
    static const char *const names[VERB_COUNT] = {
        [VERB_READ] = "read", [VERB_WRITE] = "write", [VERB_CAS] = "cas", [VERB_DELETE] = "delete",
        [VERB_HELP] = "help", [VERB_PING] = "ping", [VERB_VERSION] = "version", [VERB_QUIT] = "quit",
        [VERB_STATUS] = "status", [VERB_LIST] = "list", [VERB_STAT] = "stat", [VERB_TOUCH] = "touch",
        [VERB_COPY] = "copy", [VERB_MOVE] = "move", [VERB_APPEND] = "append", [VERB_INCR] = "incr",
        [VERB_SET] = "set", [VERB_SWAP] = "swap", [VERB_TXN] = "txn", [VERB_IF] = "if",
        [VERB_COMMIT] = "commit", [VERB_CANCEL] = "cancel", [VERB_CLUSTER] = "cluster",
    };
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        ck_assert_int_eq(verb_find(names[verb], strlen(names[verb])), verb);
        ck_assert_str_eq(verb_name(verb), names[verb]);
    }
    ck_assert_int_eq(verb_find("reads", 5), VERB_NONE);
    ck_assert_int_eq(verb_find("", 0), VERB_NONE);
    ck_assert_int_eq(verb_find(NULL, 0), VERB_NONE);
}
END_TEST

START_TEST(every_error_has_a_text_of_one_line)
{
    char room[REQUEST_TEXT_MAX];
    for (enum request_error error = 0; error < REQUEST_ERROR_COUNT; error++) {
        for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
            const char *text = request_error_text(&(struct request){.verb = verb, .error = error}, room);
            ck_assert_uint_gt(strlen(text), 0);
            ck_assert_ptr_null(strpbrk(text, "\r\n"));
        }
    }
}
END_TEST

/* Who gave an option that is not there learns which are; and what a value may be. */
START_TEST(what_is_wrong_with_an_option_is_told)
{
    static const struct {
        const char *line;
        const char *text;
    } lines[] = {
        {"read a fence=7\n", "no such option; read takes stale; see 'help read'"},
        {"write a 5 60 key=7\n", "no such option; write takes once=TOKEN; see 'help write'"},
        {"list delim=/ from=a\n", "no such option; list takes prefix=PREFIX, after=NAME, limit=N, delim=C, stale; "
                                  "see 'help list'"},
        {"ping once=x\n", "no such option; ping takes none; see 'help ping'"},
        {"list limit=10001\n", "limit= takes a number from 1 to 10000"},
        {"delete a once=\n", "a token has 1 to 64 bytes, no space and no control character; see 'help'"},
        {"list stale stale\n", "an option is there twice; 'help VERB' shows how it is written"},
    };
    char room[REQUEST_TEXT_MAX];
    struct request request;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        ck_assert_int_eq(parse_line(lines[i].line, &request), REQUEST_LINE);
        ck_assert_str_eq(request_error_text(&request, room), lines[i].text);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request");
    TCase *tests = tcase_create("request");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, good_lines, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(tests, bad_lines_after_which_it_goes_on, 0, sizeof bad / sizeof *bad);
    tcase_add_loop_test(tests, bad_lines_after_which_it_closes, 0, sizeof fatal / sizeof *fatal);
    tcase_add_test(tests, a_name_has_250_bytes_at_most);
    tcase_add_test(tests, a_line_of_499_bytes_is_a_line);
    tcase_add_loop_test(tests, a_line_of_500_bytes_is_refused_before_its_end_comes, 0, 7);
    tcase_add_test(tests, a_cr_that_does_not_end_the_line_counts);
    tcase_add_test(tests, nul_is_a_byte_like_other_control_characters);
    tcase_add_test(tests, only_the_first_of_many_lines_is_taken);
    tcase_add_test(tests, without_bytes_there_is_nothing_to_look_at);
    tcase_add_test(tests, random_bytes_do_no_harm);
    tcase_add_test(tests, the_end_of_contents);
    tcase_add_test(tests, numbers_are_plain_decimal);
    tcase_add_test(tests, names_have_no_space_and_no_control_character);
    tcase_add_test(tests, every_verb_has_its_name);
    tcase_add_test(tests, every_error_has_a_text_of_one_line);
    tcase_add_test(tests, what_is_wrong_with_an_option_is_told);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
