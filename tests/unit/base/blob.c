#include "base/blob.h"

#include <string.h>

#include "support/check.h"

START_TEST(the_last_reference_frees)
{
    struct blob *blob = blob_new(3);
    ck_assert_ptr_nonnull(blob);
    memcpy(blob->bytes, "abc", 3);
    ck_assert_uint_eq(blob->size, 3);
    ck_assert_uint_eq(blob->references, 1);
    ck_assert_ptr_eq(blob_hold(blob), blob);
    ck_assert_uint_eq(blob->references, 2);
    blob_release(blob);
    ck_assert_mem_eq(blob->bytes, "abc", 3);
    blob_release(blob); /* a leak check shows whether it did */
    blob_release(NULL);
}
END_TEST

START_TEST(an_empty_blob_is_one_too)
{
    struct blob *blob = blob_new(0);
    ck_assert_ptr_nonnull(blob);
    ck_assert_uint_eq(blob->size, 0);
    blob_release(blob);
}
END_TEST

START_TEST(four_gibibytes_are_refused)
{
    ck_assert_ptr_null(blob_new(UINT32_MAX));
    ck_assert_ptr_null(blob_new(SIZE_MAX));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("blob");
    TCase *tests = tcase_create("blob");
    tcase_add_test(tests, the_last_reference_frees);
    tcase_add_test(tests, an_empty_blob_is_one_too);
    tcase_add_test(tests, four_gibibytes_are_refused);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
