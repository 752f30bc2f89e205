/* What is taken apart: quotes, folders, listings, options. */
#include <stdlib.h>
#include <string.h>

#include "cli/complete.h"
#include "cli/folder.h"
#include "cli/listing.h"
#include "cli/options.h"
#include "cli/quote.h"
#include "support/check.h"

/* The words of LINE, each in brackets. */
static const char *split(const char *line)
{
    static char text[200];
    struct quote_words words;
    const char *problem = quote_split(&words, line);
    text[0] = '\0';
    for (size_t i = 0; i < words.count; i++)
        sprintf(text + strlen(text), "[%s]", words.list[i]);
    ck_assert_ptr_null(words.list[words.count]);
    quote_close(&words);
    return problem ? problem : text;
}

START_TEST(words_with_quotes)
{
    ck_assert_str_eq(split(""), "");
    ck_assert_str_eq(split("  \t\n"), "");
    ck_assert_str_eq(split(" get  a b\n"), "[get][a][b]");
    ck_assert_str_eq(split("'a b'\"c d\"e '' \"\""), "[a bc de][][]");
    ck_assert_str_eq(split("a\\ b \\\" x\\\\"), "[a b][\"][x\\]");
    ck_assert_str_eq(split("\"\\x41\\t\\\\\\\"\" '\\n'"), "[A\t\\\"][\\n]");
    ck_assert_str_eq(split("# nothing"), "");
    ck_assert_str_eq(split("a # but"), "[a]");
    ck_assert_str_eq(split("a#b"), "[a#b]");
    ck_assert_ptr_nonnull(strstr(split("'a"), "closed"));
    ck_assert_ptr_nonnull(strstr(split("\"a"), "closed"));
    ck_assert_ptr_nonnull(strstr(split("\"a\\"), "backslash"));
    ck_assert_ptr_nonnull(strstr(split("\"a\\x4"), "backslash"));
    ck_assert_ptr_nonnull(strstr(split("\"a\\0\""), "zero"));
}
END_TEST

/* The words of LINE up to the cursor, and behind them the quote that is open; "-": none of them goes on. */
static const char *split_begun(const char *line)
{
    static char text[200];
    static const char *const states[] = {[QUOTE_NONE] = "", [QUOTE_SINGLE] = "'", [QUOTE_DOUBLE] = "\""};
    struct quote_words words;
    enum quote_state state;
    strcpy(text, "-");
    if (quote_split_begun(&words, line, &state)) {
        text[0] = '\0';
        for (size_t i = 0; i < words.count; i++)
            sprintf(text + strlen(text), "[%s]", words.list[i]);
        strcat(text, states[state]);
        ck_assert_ptr_null(words.list[words.count]);
    }
    quote_close(&words);
    return text;
}

START_TEST(words_that_go_on)
{
    ck_assert_str_eq(split_begun(""), "[]");
    ck_assert_str_eq(split_begun(" "), "[]");
    ck_assert_str_eq(split_begun("get"), "[get]");
    ck_assert_str_eq(split_begun("get "), "[get][]");
    ck_assert_str_eq(split_begun("get t/it\\'s"), "[get][t/it's]");
    ck_assert_str_eq(split_begun("get a\\ "), "[get][a ]");
    ck_assert_str_eq(split_begun("get 'a b"), "[get][a b]'");
    ck_assert_str_eq(split_begun("get a'"), "[get][a]'");
    ck_assert_str_eq(split_begun("get 'a' "), "[get][a][]");
    ck_assert_str_eq(split_begun("get a\"\\x41 "), "[get][aA ]\"");
    ck_assert_str_eq(split_begun("get \"a\\"), "-");
    ck_assert_str_eq(split_begun("get a\\"), "-");
    ck_assert_str_eq(split_begun("get 'a\\"), "[get][a\\]'");
    ck_assert_str_eq(split_begun("get a\\\\"), "[get][a\\]");
    ck_assert_str_eq(split_begun("get # a"), "-");
    ck_assert_str_eq(split_begun("get \"\\0\" a"), "-");
}
END_TEST

/* Whatever is added reads as what it was, in each quote, from wherever it goes on. */
START_TEST(what_is_typed_for_a_word_reads_as_it)
{
    static const char *const texts[] = {"it's", "a b", "\"", "\\", "#", "a#b", "\x9b[31m", "\n\t", "\xc3\xa4",
                                        "'\"'\\ '", "", "\xe2\x82", "-r"};
    static const char *const begun[] = {"", "x", "'", "x'y", "\"", "x\"y", "'x'"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (size_t j = 0; j < sizeof begun / sizeof begun[0]; j++) {
            struct quote_words words;
            enum quote_state state;
            char line[200], expected[100];
            ck_assert(quote_split_begun(&words, begun[j], &state));
            size_t size = strlen(words.list[0]);
            snprintf(expected, sizeof expected, "%s%s", words.list[0], texts[i]);
            quote_close(&words);
            char *typed = quote_typed(texts[i], state, size == 0, true);
            for (const char *at = typed; *at; at++)
                ck_assert_msg((unsigned char)*at >= ' ' && (unsigned char)*at < 0x7f, "%s", typed);
            snprintf(line, sizeof line, "get %s%s ", begun[j], typed);
            free(typed);
            ck_assert_msg(quote_split(&words, line) == NULL, "%s", line);
            ck_assert_uint_eq(words.count, expected[0] || begun[j][0] ? 2 : 1);
            if (words.count == 2)
                ck_assert_str_eq(words.list[1], expected);
            quote_close(&words);
        }
}
END_TEST

START_TEST(paths_that_must_not_be_made)
{
    static const char *const bad[] = {"", "/", "/etc/passwd", "..", "../x", "a/../b", "a/..", ".", "./a", "a/./b",
                                      "a//b", "a/", "a/.", "//"};
    static const char *const good[] = {"a", "a/b", "...", "a/...", "..a/b..", ".a/.b", "a.", "-r"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(folder_path_problem(bad[i]) != NULL, "%s", bad[i]);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(folder_path_problem(good[i]) == NULL, "%s", good[i]);
}
END_TEST

static void same_text(char *text, const char *expected)
{
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(folders_and_last_parts)
{
    same_text(folder_prefix("a"), "a/");
    same_text(folder_prefix("a/"), "a/");
    same_text(folder_prefix(""), "");
    same_text(folder_last("a/b/c"), "c");
    same_text(folder_last("a/b/"), "b");
    same_text(folder_last("a"), "a");
    same_text(folder_last("/"), "");
}
END_TEST

START_TEST(lines_of_a_listing)
{
    static const char text[] = "a 7 120 0\nb/\nc 18446744073709551615 0 57\n";
    const char *at = text, *end = text + strlen(text);
    struct entry entry;
    ck_assert(listing_parse(&at, end, &entry));
    ck_assert(!entry.folder && entry.version == 7 && entry.size == 120 && entry.exptime_s == 0);
    same_text(entry.name, "a");
    ck_assert(listing_parse(&at, end, &entry));
    ck_assert(entry.folder);
    same_text(entry.name, "b/");
    ck_assert(listing_parse(&at, end, &entry));
    ck_assert(entry.version == UINT64_MAX && entry.exptime_s == 57);
    same_text(entry.name, "c");
    ck_assert_ptr_eq(at, end);
    static const char *const bad[] = {"\n", "a 1\n", "a 1 2\n", "a x 2 3\n", " a 1 2 3\n", "a\x01 1 2 3\n", "a 1 2 -3"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        at = bad[i];
        ck_assert_msg(!listing_parse(&at, bad[i] + strlen(bad[i]), &entry), "%s", bad[i]);
    }
}
END_TEST

static struct options options;
static char reason[ARGUMENT_REASON_MAX];

static int parse(unsigned takes, bool first_word, int argc, char **argv)
{
    options_close(&options);
    options_default(&options);
    return cli_options_parse(&options, argc, argv, takes, first_word, reason);
}

START_TEST(a_bad_list_in_the_environment_is_kept_for_who_needs_it)
{
    char *argv[] = {"get", "name", "--endpoints", "b:2", NULL};
    setenv(ENDPOINTS_VARIABLE, "a:1,,b:2", 1);
    ck_assert_int_eq(parse(0, false, 2, argv), 2);
    ck_assert_uint_eq(options.endpoints.count, 0);
    ck_assert_ptr_nonnull(strstr(options.no_endpoints, "$CLEAT_ENDPOINTS: element 2 of the list is empty"));
    ck_assert_int_eq(parse(0, false, 4, argv), 4);
    ck_assert_uint_eq(options.endpoints.count, 1);
    argv[3] = "c:3,d:x";
    ck_assert_int_eq(parse(0, false, 4, argv), -1);
    ck_assert_str_eq(reason, "--endpoints: 'd:x': a PORT is a number from 1 to 65535");
    unsetenv(ENDPOINTS_VARIABLE);
}
END_TEST

START_TEST(options_among_words)
{
    char *argv[] = {"put", "name", "-r", "--ttl", "60", "-5", "--", "--json", NULL};
    ck_assert_int_eq(parse(TAKES_RECURSIVE | TAKES_TTL, false, 8, argv), 8);
    ck_assert(options.recursive && options.has_ttl && options.ttl_s == 60 && options.form == OUTPUT_TEXT);
    ck_assert_int_eq(options.word_count, 3);
    ck_assert_str_eq(options.words[0], "name");
    ck_assert_str_eq(options.words[1], "-5");
    ck_assert_str_eq(options.words[2], "--json");
    char *cluster[] = {"ls", "-rl", "-o", "json", "-", NULL};
    ck_assert_int_eq(parse(TAKES_RECURSIVE | TAKES_LONG, false, 5, cluster), 5);
    ck_assert(options.recursive && options.long_form && options.form == OUTPUT_JSON && options.word_count == 1);
    char *before[] = {"cleat", "--endpoints", "a:1,b:2", "--timeout=0.5", "ls", "--bogus", NULL};
    ck_assert_int_eq(parse(0, true, 6, before), 4);
    ck_assert_uint_eq(options.endpoints.count, 2);
    ck_assert_uint_eq(options.timeout_ms, 500);
    options_close(&options);
}
END_TEST

START_TEST(options_that_are_refused)
{
    static const struct {
        char *argv[3];
        const char *word;
    } cases[] = {
        {{"get", "--bogus", NULL}, "--bogus"}, {{"get", "-x", NULL}, "-x"}, {{"get", "-r", NULL}, "recursive"},
        {{"get", "--ttl", NULL}, "needs a value"}, {{"get", "--ttl=x", NULL}, "number"},
        {{"get", "--timeout=0", NULL}, "seconds"}, {{"get", "--timeout=1.2345", NULL}, "seconds"},
        {{"get", "--output=xml", NULL}, "text, table or json"}, {{"get", "--endpoints=:", NULL}, "HOST:PORT"},
        {{"get", "--if-version=-1", NULL}, "number"}, {{"get", "--quiet=1", NULL}, "--quiet=1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *argv[3] = {cases[i].argv[0], cases[i].argv[1], NULL};
        ck_assert_int_eq(parse(TAKES_TTL | TAKES_VERSION, false, 2, argv), -1);
        ck_assert_msg(strstr(reason, cases[i].word) != NULL, "%s: %s", cases[i].argv[1], reason);
    }
    options_close(&options);
}
END_TEST

START_TEST(what_choices_have_in_common)
{
    char *list[] = {"status", "stat", "stay"};
    struct choices choices = {.list = list, .count = 3};
    ck_assert_uint_eq(complete_common(&choices), 3);
    choices.count = 1;
    ck_assert_uint_eq(complete_common(&choices), 6);
    choices.count = 0;
    ck_assert_uint_eq(complete_common(&choices), 0);
    const struct cli base = {0};
    complete_find(&base, "sta", &choices);
    ck_assert_uint_eq(choices.count, 2);
    ck_assert_str_eq(choices.list[0], "stat");
    complete_close(&choices);
    complete_find(&base, "ls --lo", &choices);
    ck_assert_uint_eq(choices.count, 1);
    ck_assert_str_eq(choices.list[0], "--long");
    complete_close(&choices);
    char *umlauts[] = {"a\xc3\xa4", "a\xc3\xb6"};
    choices = (struct choices){.list = umlauts, .count = 2};
    ck_assert_uint_eq(complete_common(&choices), 1);
    complete_find(&base, "put a \"/etc/host", &choices);
    ck_assert_uint_gt(choices.count, 0);
    ck_assert_uint_eq(choices.typed, 9);
    ck_assert_int_eq(choices.state, QUOTE_DOUBLE);
    complete_close(&choices);
    complete_find(&base, "put a /etc/host", &choices);
    ck_assert_uint_gt(choices.count, 0);
    ck_assert_int_eq(strncmp(choices.list[0], "/etc/host", 9), 0);
    complete_close(&choices);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("words");
    TCase *tests = tcase_create("words");
    tcase_add_test(tests, words_with_quotes);
    tcase_add_test(tests, words_that_go_on);
    tcase_add_test(tests, what_is_typed_for_a_word_reads_as_it);
    tcase_add_test(tests, paths_that_must_not_be_made);
    tcase_add_test(tests, folders_and_last_parts);
    tcase_add_test(tests, lines_of_a_listing);
    tcase_add_test(tests, a_bad_list_in_the_environment_is_kept_for_who_needs_it);
    tcase_add_test(tests, options_among_words);
    tcase_add_test(tests, options_that_are_refused);
    tcase_add_test(tests, what_choices_have_in_common);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
