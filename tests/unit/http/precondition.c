#include "http/precondition.h"

#include "support/check.h"

START_TEST(tags_that_match_a_version)
{
    ck_assert(precondition_matches("\"7\"", 7, false));
    ck_assert(precondition_matches("*", 7, false));
    ck_assert(precondition_matches(" \"5\" , \"7\"", 7, false));
    ck_assert(precondition_matches("W/\"7\"", 7, true));
    ck_assert(precondition_matches("W/\"6\", \"7\"", 7, false));
    ck_assert(precondition_matches("\"18446744073709551614\"", UINT64_MAX - 1, false));
    ck_assert(!precondition_matches("W/\"7\"", 7, false));
    ck_assert(!precondition_matches("\"07\"", 7, false));
    ck_assert(!precondition_matches("\"70\"", 7, false));
    ck_assert(!precondition_matches("7", 7, false));
    ck_assert(!precondition_matches("\"7", 7, false));
    ck_assert(!precondition_matches("", 7, false));
    ck_assert(!precondition_matches("\"\"", 0, false));
    ck_assert(!precondition_matches("\"5\" \"7\"", 7, false));
}
END_TEST

START_TEST(ranges_of_ten_bytes)
{
    static const struct {
        const char *header;
        enum range_kind kind;
        uint64_t first, size;
    } cases[] = {
        {NULL, RANGE_WHOLE, 0, 10},          {"bytes=0-3", RANGE_PART, 0, 4},
        {"bytes=4-", RANGE_PART, 4, 6},      {"bytes=-3", RANGE_PART, 7, 3},
        {"bytes=-30", RANGE_PART, 0, 10},    {"bytes=9-9", RANGE_PART, 9, 1},
        {"bytes=0-99", RANGE_PART, 0, 10},   {"bytes=10-", RANGE_UNSATISFIABLE, 0, 10},
        {"bytes=-0", RANGE_UNSATISFIABLE, 0, 10}, {"bytes=5-4", RANGE_WHOLE, 0, 10},
        {"bytes=0-1,3-4", RANGE_WHOLE, 0, 10}, {"lines=0-1", RANGE_WHOLE, 0, 10},
        {"bytes=-", RANGE_WHOLE, 0, 10},     {"bytes=", RANGE_WHOLE, 0, 10},
        {"bytes=a-b", RANGE_WHOLE, 0, 10},   {"bytes=0-18446744073709551615", RANGE_PART, 0, 10},
        {"bytes=0-18446744073709551616", RANGE_PART, 0, 10},
        {"bytes=99999999999999999999999-", RANGE_UNSATISFIABLE, 0, 10}, {"Bytes=1-1", RANGE_PART, 1, 1},
        {"bytes=-99999999999999999999999", RANGE_PART, 0, 10}, {"bytes=--1", RANGE_WHOLE, 0, 10},
    };
    struct range range;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_msg(range_parse(cases[i].header, 10, &range) == cases[i].kind, "%s", cases[i].header);
        ck_assert_uint_eq(range.first, cases[i].first);
        ck_assert_uint_eq(range.size, cases[i].size);
    }
    ck_assert_int_eq(range_parse("bytes=0-0", 0, &range), RANGE_UNSATISFIABLE);
    ck_assert_int_eq(range_parse("bytes=-1", 0, &range), RANGE_UNSATISFIABLE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("precondition");
    TCase *tests = tcase_create("precondition");
    tcase_add_test(tests, tags_that_match_a_version);
    tcase_add_test(tests, ranges_of_ten_bytes);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
