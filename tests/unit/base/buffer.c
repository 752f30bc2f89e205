#include "base/buffer.h"

#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/random.h"
#include "support/check.h"

static void content_is(struct buffer *buffer, const char *text)
{
    ck_assert_uint_eq(buffer_size(buffer), strlen(text));
    ck_assert_mem_eq(buffer_start(buffer), text, strlen(text));
}

START_TEST(what_is_appended_is_consumed_in_order)
{
    struct buffer buffer = {0};
    ck_assert_uint_eq(buffer_size(&buffer), 0);
    buffer_append(&buffer, "hello ", 6);
    buffer_append_text(&buffer, "world");
    buffer_append(&buffer, NULL, 0);
    buffer_consume(&buffer, 3);
    content_is(&buffer, "lo world");
    buffer_consume(&buffer, 8);
    ck_assert_uint_eq(buffer_size(&buffer), 0);
    buffer_close(&buffer);
    ck_assert_ptr_null(buffer.bytes);
}
END_TEST

START_TEST(numbers_as_text)
{
    struct buffer buffer = {0};
    buffer_append_number(&buffer, 0);
    buffer_append_text(&buffer, " ");
    buffer_append_number(&buffer, 1234567890);
    buffer_append_text(&buffer, " ");
    buffer_append_number(&buffer, UINT64_MAX);
    buffer_append_text(&buffer, " ");
    buffer_append_hex(&buffer, 0xdeadbeef);
    content_is(&buffer, "0 1234567890 18446744073709551615 00000000deadbeef");
    buffer_close(&buffer);
}
END_TEST

START_TEST(numbers_as_bytes_come_back)
{
    struct buffer buffer = {0};
    buffer_append_u8(&buffer, 0xab);
    buffer_append_u16(&buffer, 0xabcd);
    buffer_append_u32(&buffer, 0xabcdef01);
    buffer_append_u64(&buffer, 0xabcdef0123456789);
    ck_assert_uint_eq(buffer_size(&buffer), 15);
    struct reader reader = reader_of(buffer_start(&buffer), buffer_size(&buffer));
    ck_assert_uint_eq(reader_u8(&reader), 0xab);
    ck_assert_uint_eq(reader_u16(&reader), 0xabcd);
    ck_assert_uint_eq(reader_u32(&reader), 0xabcdef01);
    ck_assert_uint_eq(reader_u64(&reader), 0xabcdef0123456789);
    ck_assert(!reader.bad);
    buffer_close(&buffer);
}
END_TEST

START_TEST(clearing_gives_large_memory_back)
{
    struct buffer buffer = {0};
    ck_assert_ptr_nonnull(buffer_reserve(&buffer, 100000));
    buffer_added(&buffer, 100000);
    buffer_clear(&buffer, 200000);
    ck_assert_uint_eq(buffer_size(&buffer), 0);
    ck_assert_uint_ge(buffer.capacity, 100000);
    buffer_clear(&buffer, 1000);
    ck_assert_uint_eq(buffer.capacity, 0);
    buffer_close(&buffer);
}
END_TEST

/* The bytes are the numbers of their places in the stream, modulo 251. */
START_TEST(long_streams_pass_through_a_small_buffer)
{
    struct random random = {.state = 31};
    struct buffer buffer = {0};
    uint64_t written = 0;
    uint64_t read = 0;
    for (int step = 0; step < 20000; step++) {
        size_t size = random_between(&random, 0, 300);
        uint8_t *at = buffer_reserve(&buffer, size);
        ensure(at != NULL);
        for (size_t i = 0; i < size; i++)
            at[i] = (uint8_t)(written++ % 251);
        buffer_added(&buffer, size);
        size = random_between(&random, 0, buffer_size(&buffer));
        for (size_t i = 0; i < size; i++)
            ensure(buffer_start(&buffer)[i] == read++ % 251);
        buffer_consume(&buffer, size);
        ensure(buffer_size(&buffer) == written - read);
    }
    ck_assert_uint_le(buffer.capacity, 16384);
    buffer_close(&buffer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("buffer");
    TCase *tests = tcase_create("buffer");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, what_is_appended_is_consumed_in_order);
    tcase_add_test(tests, numbers_as_text);
    tcase_add_test(tests, numbers_as_bytes_come_back);
    tcase_add_test(tests, clearing_gives_large_memory_back);
    tcase_add_test(tests, long_streams_pass_through_a_small_buffer);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
