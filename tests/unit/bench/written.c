/* Which keys a load has written. */
#include "bench/written.h"

#include "support/check.h"

static struct written written;

START_TEST(each_key_is_found_again)
{
    static const uint32_t sizes[] = {1, 63, 64, 65, 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint32_t keys = sizes[i];
        written_init(&written, keys);
        ck_assert_uint_eq(written_next(&written, 0), keys);
        ck_assert_uint_eq(written_count(&written), 0);
        for (uint32_t key = 0; key < keys; key++) {
            written_add(&written, key);
            written_add(&written, key);
            ck_assert_uint_eq(written_next(&written, 0), 0);
            ck_assert_uint_eq(written_next(&written, key), key);
            ck_assert_uint_eq(written_next(&written, key + 1), keys);
            ck_assert_uint_eq(written_count(&written), key + 1);
        }
        written_close(&written);
    }
}
END_TEST

START_TEST(what_lies_between_is_passed_over)
{
    static const uint32_t keys[] = {0, 62, 63, 64, 127, 128, 500, 999};
    enum { COUNT = sizeof keys / sizeof keys[0] };
    written_init(&written, 1000);
    for (size_t i = 0; i < COUNT; i++)
        written_add(&written, keys[i]);
    uint32_t key = written_next(&written, 0);
    for (size_t i = 0; i < COUNT; i++, key = written_next(&written, key + 1))
        ck_assert_uint_eq(key, keys[i]);
    ck_assert_uint_eq(key, 1000);
    ck_assert_uint_eq(written_count(&written), COUNT);
    written_close(&written);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("written");
    TCase *tests = tcase_create("written");
    tcase_add_test(tests, each_key_is_found_again);
    tcase_add_test(tests, what_lies_between_is_passed_over);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
