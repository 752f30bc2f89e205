#include "protocol/words.h"

#include <string.h>

#include "support/check.h"
#include "support/guard.h"

static struct guard guard;

static void setup(void)
{
    guard_open(&guard);
}

static void teardown(void)
{
    guard_close(&guard);
}

static struct words split(const char *line)
{
    struct words words;
    words_split(guard_copy(&guard, line, strlen(line)), strlen(line), &words);
    return words;
}

START_TEST(spaces_separate_words)
{
    ck_assert_uint_eq(split("").count, 0);
    ck_assert_uint_eq(split("    ").count, 0);
    struct words words = split("  copy a   b ");
    ck_assert_uint_eq(words.count, 3);
    ck_assert(word_is(&words.at[0], "copy") && word_is(&words.at[1], "a") && word_is(&words.at[2], "b"));
    ck_assert(!word_is(&words.at[0], "cop") && !word_is(&words.at[0], "copya") && !word_is(&words.at[0], ""));
    words = split("a\tb");
    ck_assert_uint_eq(words.count, 1);
}
END_TEST

START_TEST(more_words_than_any_command_has_are_cut_off)
{
    struct words words = split("1 2 3 4 5 6 7 8 9 10");
    ck_assert_uint_eq(words.count, WORDS_MAX);
    ck_assert(word_is(&words.at[WORDS_MAX - 1], "8"));
}
END_TEST

START_TEST(what_follows_a_key)
{
    struct words words = split("once=abc once= once onc");
    struct word rest;
    ck_assert(word_begins(&words.at[0], "once=", &rest));
    ck_assert(word_is(&rest, "abc"));
    ck_assert(word_begins(&words.at[1], "once=", &rest));
    ck_assert_uint_eq(rest.size, 0);
    ck_assert(!word_begins(&words.at[2], "once=", &rest));
    ck_assert(!word_begins(&words.at[3], "once=", &rest));
}
END_TEST

START_TEST(too_large_is_told_from_bad)
{
    static const struct {
        const char *text;
        enum number number;
        uint64_t value;
    } numbers[] = {
        {"0", NUMBER_OK, 0},
        {"00000000000000000000000000000000000012", NUMBER_OK, 12},
        {"18446744073709551615", NUMBER_OK, UINT64_MAX},
        {"18446744073709551616", NUMBER_LARGE, 0},
        {"18446744073709551620", NUMBER_LARGE, 0},
        {"99999999999999999999999999", NUMBER_LARGE, 0},
        {"99999999999999999999999999x", NUMBER_BAD, 0},
        {"", NUMBER_BAD, 0},
        {"-0", NUMBER_BAD, 0},
        {"1/", NUMBER_BAD, 0},
        {"1:", NUMBER_BAD, 0},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        size_t size = strlen(numbers[i].text);
        uint64_t value = 77;
        enum number number = number_parse(guard_copy(&guard, numbers[i].text, size), size, &value);
        ck_assert_msg(number == numbers[i].number, "%s", numbers[i].text);
        ck_assert_uint_eq(value, number == NUMBER_OK ? numbers[i].value : 77);
    }
}
END_TEST

static bool integer(const char *text, int64_t *value)
{
    return integer_parse(guard_copy(&guard, text, strlen(text)), strlen(text), value);
}

START_TEST(integers_have_a_minus_sign_at_most)
{
    static const char *const no[] = {"", "-", "--1", "+1", " 1", "1 ", "1-", "0x1", "1.0", "9223372036854775808",
                                     "-9223372036854775809", "18446744073709551616", "-18446744073709551616"};
    int64_t value = 5;
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        ck_assert_msg(!integer(no[i], &value), "%s", no[i]);
    ck_assert_int_eq(value, 5);
    ck_assert(integer("-0", &value));
    ck_assert_int_eq(value, 0);
    ck_assert(integer("-007", &value));
    ck_assert_int_eq(value, -7);
}
END_TEST

START_TEST(integers_to_text_and_back)
{
    static const struct {
        int64_t value;
        const char *text;
    } integers[] = {
        {0, "0"}, {7, "7"}, {-7, "-7"}, {10, "10"}, {INT64_MAX, "9223372036854775807"},
        {INT64_MIN, "-9223372036854775808"}, {INT64_MIN + 1, "-9223372036854775807"},
    };
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        uint8_t text[INTEGER_TEXT_MAX + 1] = {0};
        int64_t value;
        ck_assert_uint_eq(integer_format(integers[i].value, text), strlen(integers[i].text));
        ck_assert_str_eq((const char *)text, integers[i].text);
        ck_assert(integer(integers[i].text, &value));
        ck_assert_int_eq(value, integers[i].value);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("words");
    TCase *tests = tcase_create("words");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, spaces_separate_words);
    tcase_add_test(tests, more_words_than_any_command_has_are_cut_off);
    tcase_add_test(tests, what_follows_a_key);
    tcase_add_test(tests, too_large_is_told_from_bad);
    tcase_add_test(tests, integers_have_a_minus_sign_at_most);
    tcase_add_test(tests, integers_to_text_and_back);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
