/* Bytes and STATUS as JSON. */
#include "json/encode.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"

/* OBJECT's reference is taken. */
static void expect(json_t *object, const char *wanted)
{
    char *got = json_dumps(object, JSON_COMPACT);
    ck_assert_str_eq(got, wanted);
    free(got);
    json_decref(object);
}

START_TEST(bytes_are_text_where_they_can_be)
{
    json_t *object = json_object();
    json_add_name(object, "h\xc3\xa9", 3);
    json_add_bytes(object, "text", "base64", NULL, 0);
    expect(object, "{\"name\":\"h\xc3\xa9\",\"text\":\"\"}");
    object = json_object();
    json_add_name(object, "h\xc3", 2);
    json_add_bytes(object, "text", "base64", "\xff\0\xfe", 3);
    expect(object, "{\"name_base64\":\"aMM=\",\"base64\":\"/wD+\"}");
}
END_TEST

START_TEST(a_message_is_always_text)
{
    json_t *object = json_object();
    json_add_message(object, "h\xc3\xa9: no", 7);
    expect(object, "{\"message\":\"h\xc3\xa9: no\"}");
    object = json_object();
    json_add_message(object, "h\xc3\xa9\xff: no", 8);
    expect(object, "{\"message\":\"h???: no\"}");
}
END_TEST

START_TEST(numbers_have_63_bits)
{
    json_t *object = json_object();
    json_add_number(object, "a", INT64_MAX);
    json_add_number(object, "b", UINT64_MAX);
    expect(object, "{\"a\":9223372036854775807,\"b\":9223372036854775807}");
}
END_TEST

START_TEST(status_has_its_keys_and_its_nodes)
{
    static const char text[] = "id=1\r\nrole=leader\r\ncluster_id=1234567890123456\r\nversion=0.1.0\r\n"
                               "big=18446744073709551615\r\nempty=\r\nno pair\r\n=value\r\n"
                               "node=1 address=127.0.0.1:9080 match=7\r\nnode=2 address=127.0.0.1:9081 match=6";
    expect(json_status(text, sizeof text - 1),
           "{\"id\":1,\"role\":\"leader\",\"cluster_id\":\"1234567890123456\",\"version\":\"0.1.0\","
           "\"big\":\"18446744073709551615\",\"empty\":\"\",\"is_leader\":true,"
           "\"nodes\":[{\"node\":1,\"address\":\"127.0.0.1:9080\",\"match\":7},"
           "{\"node\":2,\"address\":\"127.0.0.1:9081\",\"match\":6}]}");
    expect(json_status("role=follower", 13), "{\"role\":\"follower\",\"is_leader\":false,\"nodes\":[]}");
    expect(json_status(NULL, 0), "{\"is_leader\":false,\"nodes\":[]}");
}
END_TEST

START_TEST(a_key_has_bounds)
{
    char text[128];
    memset(text, 'k', sizeof text);
    memcpy(text + 64, "=1", 2);
    expect(json_status(text, 66), "{\"is_leader\":false,\"nodes\":[]}");
    json_t *object = json_status(text + 1, 65);
    ck_assert_uint_eq(json_object_size(object), 3);
    json_decref(object);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("encode");
    TCase *tests = tcase_create("encode");
    tcase_add_test(tests, bytes_are_text_where_they_can_be);
    tcase_add_test(tests, a_message_is_always_text);
    tcase_add_test(tests, numbers_have_63_bits);
    tcase_add_test(tests, status_has_its_keys_and_its_nodes);
    tcase_add_test(tests, a_key_has_bounds);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
