#include "bench/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

static struct bench_options options;
static char reason[ARGUMENT_REASON_MAX];

/* TEXT's words, separated by single spaces, as a command line. */
static bool parse(const char *text)
{
    static char copy[1000];
    char *words[40] = {(char[]){"bench"}};
    int count = 1;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        words[count++] = word;
    opterr = 0;
    reason[0] = '\0';
    return bench_options_parse(&options, count, words, reason);
}

START_TEST(without_any)
{
    unsetenv(ENDPOINTS_VARIABLE);
    ck_assert(parse(""));
    ck_assert_uint_eq(options.endpoints.count, 1);
    ck_assert_str_eq(options.endpoints.list[0].host, "localhost");
    ck_assert_uint_eq(options.duration_ms, 10000);
    ck_assert_uint_eq(options.count, 0);
    ck_assert_uint_eq(options.mix.weights[OPERATION_WRITE], 1);
}
END_TEST

START_TEST(endpoints_from_the_environment)
{
    setenv(ENDPOINTS_VARIABLE, "a:1,b:2", 1);
    ck_assert(parse(""));
    ck_assert_uint_eq(options.endpoints.count, 2);
    ck_assert(parse("--endpoints c:3"));
    ck_assert_str_eq(options.endpoints.list[0].host, "c");
    setenv(ENDPOINTS_VARIABLE, " a:1 , b:2", 1);
    ck_assert(parse(""));
    ck_assert_uint_eq(options.endpoints.count, 2);
    setenv(ENDPOINTS_VARIABLE, "c:3,a:b", 1);
    ck_assert(!parse(""));
    ck_assert_str_eq(reason, "$CLEAT_ENDPOINTS: 'a:b': a PORT is a number from 1 to 65535");
    ck_assert(parse("--endpoints c:3"));
    ck_assert(parse("--help"));
    ck_assert(options.help);
    unsetenv(ENDPOINTS_VARIABLE);
}
END_TEST

START_TEST(all_of_them)
{
    ck_assert(parse("--endpoints h:1 --leader --connections 10000 --depth 1024 --size 8388608 --keys 100000000 "
                    "--distribution own --mix read=3,cas=4 --seconds 0.25 --count 7 --warmup 1.5 --rate 9 --fill "
                    "--prefix p/ --exptime 4294967295 --seed 18446744073709551615 --json --quiet --arrivals even "
                    "--keep"));
    ck_assert(options.leader && options.fill && options.json && options.quiet && options.keep && !options.help);
    ck_assert_uint_eq(options.connections, 10000);
    ck_assert_uint_eq(options.duration_ms, 250);
    ck_assert_uint_eq(options.warmup_ms, 1500);
    ck_assert_uint_eq(options.seed, UINT64_MAX);
    ck_assert_int_eq(options.arrivals, ARRIVALS_EVEN);
    ck_assert(parse("--count 5"));
    ck_assert_uint_eq(options.duration_ms, 0);
}
END_TEST

START_TEST(wrong_ones_are_named)
{
    static const char *const lines[] = {
        "--connections 0", "--connections 10001", "--connections -1", "--connections 1e3", "--depth 0", "--depth 1025",
        "--size 8388609", "--size x", "--keys 0", "--keys 100000001", "--distribution normal", "--mix fly",
        "--seconds 0", "--seconds -1", "--seconds .5", "--seconds 1.", "--seconds 1.0001", "--seconds 604801",
        "--seconds 99999999999999999999", "--count 0", "--warmup -1", "--rate 0", "--rate 10000001", "--exptime -1",
        "--exptime 4294967296", "--seed -1", "--arrivals late", "--endpoints a:b", "surplus", "--nonsense", "--depth",
        "--connections 20 --keys 10 --distribution own", "--leader=1",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        ck_assert_msg(!parse(lines[i]), "%s", lines[i]);
        ck_assert_msg(reason[0] != '\0' && !strchr(reason, '\n'), "%s", lines[i]);
    }
}
END_TEST

START_TEST(a_name_has_room_for_its_number)
{
    char line[300] = "--keys 1000 --prefix ";
    char *prefix = line + strlen(line);
    memset(prefix, 'p', 247);
    ck_assert(parse(line));
    prefix[247] = 'p';
    ck_assert(!parse(line));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tests = tcase_create("options");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, without_any);
    tcase_add_test(tests, endpoints_from_the_environment);
    tcase_add_test(tests, all_of_them);
    tcase_add_test(tests, wrong_ones_are_named);
    tcase_add_test(tests, a_name_has_room_for_its_number);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
