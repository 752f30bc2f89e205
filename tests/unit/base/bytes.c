#include "base/bytes.h"

#include "support/check.h"
#include "support/guard.h"

START_TEST(integers_are_little_endian)
{
    uint8_t bytes[8];
    bytes_put_u16(bytes, 0x0102);
    ck_assert_mem_eq(bytes, "\2\1", 2);
    ck_assert_uint_eq(bytes_u16(bytes), 0x0102);
    bytes_put_u32(bytes, 0xf1020304);
    ck_assert_mem_eq(bytes, "\4\3\2\xf1", 4);
    ck_assert_uint_eq(bytes_u32(bytes), 0xf1020304);
    bytes_put_u64(bytes, 0xf102030405060708);
    ck_assert_mem_eq(bytes, "\10\7\6\5\4\3\2\xf1", 8);
    ck_assert_uint_eq(bytes_u64(bytes), 0xf102030405060708);
}
END_TEST

START_TEST(a_reader_never_goes_past_the_end)
{
    static const uint8_t bytes[15] = {1, 2, 0, 3, 0, 0, 0, 4};
    struct guard guard;
    guard_open(&guard);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        struct reader reader = reader_of(guard_copy(&guard, bytes, size), size);
        ck_assert_uint_eq(reader_u8(&reader), size >= 1 ? 1 : 0);
        ck_assert_uint_eq(reader_u16(&reader), size >= 3 ? 2 : 0);
        ck_assert_uint_eq(reader_u32(&reader), size >= 7 ? 3 : 0);
        ck_assert_uint_eq(reader_u64(&reader), size >= 15 ? 4 : 0);
        ck_assert_int_eq(reader.bad, size < sizeof bytes);
    }
    guard_close(&guard);
}
END_TEST

START_TEST(a_reader_that_went_bad_stays_bad)
{
    struct reader reader = reader_of("abc", 3);
    ck_assert_uint_eq(reader_u32(&reader), 0);
    ck_assert(reader.bad);
    ck_assert_uint_eq(reader_u8(&reader), 0);
    ck_assert_ptr_null(reader_bytes(&reader, 0));
}
END_TEST

START_TEST(borrowed_bytes_are_the_inputs_own)
{
    static const char text[] = "abc";
    struct reader reader = reader_of(text, 3);
    ck_assert_ptr_eq(reader_bytes(&reader, 2), text);
    ck_assert_uint_eq(reader_left(&reader), 1);
    ck_assert_ptr_null(reader_bytes(&reader, SIZE_MAX));
    ck_assert(reader.bad);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bytes");
    TCase *tests = tcase_create("bytes");
    tcase_add_test(tests, integers_are_little_endian);
    tcase_add_test(tests, a_reader_never_goes_past_the_end);
    tcase_add_test(tests, a_reader_that_went_bad_stays_bad);
    tcase_add_test(tests, borrowed_bytes_are_the_inputs_own);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
