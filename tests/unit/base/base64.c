#include "base/base64.h"

#include <string.h>

#include "support/check.h"

/* RFC 4648, section 10. */
static const struct {
    const char *bytes;
    const char *text;
} pairs[] = {
    {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

START_TEST(the_vectors_of_the_rfc)
{
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct buffer text = {0}, bytes = {0};
        base64_encode(&text, pairs[i].bytes, strlen(pairs[i].bytes));
        ck_assert_uint_eq(buffer_size(&text), strlen(pairs[i].text));
        if (*pairs[i].text)
            ck_assert_mem_eq(buffer_start(&text), pairs[i].text, buffer_size(&text));
        ck_assert(base64_decode(&bytes, pairs[i].text, strlen(pairs[i].text)));
        ck_assert_uint_eq(buffer_size(&bytes), strlen(pairs[i].bytes));
        if (*pairs[i].bytes)
            ck_assert_mem_eq(buffer_start(&bytes), pairs[i].bytes, buffer_size(&bytes));
        buffer_close(&text);
        buffer_close(&bytes);
    }
}
END_TEST

START_TEST(every_byte_comes_back)
{
    uint8_t all[256];
    for (int byte = 0; byte < 256; byte++)
        all[byte] = (uint8_t)byte;
    for (size_t size = 250; size <= sizeof all; size++) {
        struct buffer text = {0}, bytes = {0};
        base64_encode(&text, all, size);
        ck_assert(base64_decode(&bytes, (const char *)buffer_start(&text), buffer_size(&text)));
        ck_assert_uint_eq(buffer_size(&bytes), size);
        ck_assert_mem_eq(buffer_start(&bytes), all, size);
        buffer_close(&text);
        buffer_close(&bytes);
    }
}
END_TEST

START_TEST(what_is_not_strict_is_refused)
{
    static const char *const texts[] = {
        "Z", "Zg", "Zg=", "Zg==Zg==", "Z===", "====", "Zh==", "Zm9=", "Zm9-", "Zm 9", "=Zg=",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct buffer bytes = {0};
        ck_assert_msg(!base64_decode(&bytes, texts[i], strlen(texts[i])), "%s", texts[i]);
        buffer_close(&bytes);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base64");
    TCase *tests = tcase_create("base64");
    tcase_add_test(tests, the_vectors_of_the_rfc);
    tcase_add_test(tests, every_byte_comes_back);
    tcase_add_test(tests, what_is_not_strict_is_refused);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
