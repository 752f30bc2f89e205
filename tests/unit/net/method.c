#include "net/method.h"

#include <stdbool.h>
#include <string.h>

#include "support/check.h"

static enum method find(const char *text)
{
    return method_find((const uint8_t *)text, strlen(text));
}

START_TEST(a_method_and_a_space_are_http)
{
    static const char *const methods[] = {"GET /", "HEAD ", "POST  ", "PUT ", "DELETE ", "OPTIONS ", "PATCH "};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        for (size_t size = 1; size <= strlen(methods[i]); size++) {
            bool whole = memchr(methods[i], ' ', size) != NULL;
            ck_assert_int_eq(method_find((const uint8_t *)methods[i], size), whole ? METHOD_FOUND : METHOD_MORE);
        }
    ck_assert(strlen("OPTIONS ") == METHOD_SIZE_MAX);
}
END_TEST

START_TEST(all_else_is_text)
{
    static const char *const texts[] = {"",     "get /", "read x",         "GETS",     "GET\t",
                                        "GE T", "X",     "PRI * HTTP/2.0", "\x16\x03"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_int_eq(find(texts[i]), METHOD_NONE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("method");
    TCase *tests = tcase_create("method");
    tcase_add_test(tests, a_method_and_a_space_are_http);
    tcase_add_test(tests, all_else_is_text);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
