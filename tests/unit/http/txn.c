#include "http/txn.h"

#include <stdio.h>
#include <string.h>

#include "support/check.h"

static const struct target_text none;
static char reason[TXN_REASON_MAX];

static void becomes(const char *json, const char *expected)
{
    struct buffer lines = {0};
    bool good = txn_lines(json, strlen(json), &none, &lines, reason);
    ck_assert_msg(good, "%s: %s", json, reason);
    buffer_append_u8(&lines, 0);
    ck_assert_str_eq((char *)buffer_start(&lines), expected);
    buffer_close(&lines);
}

START_TEST(every_condition_and_change)
{
    becomes("{}", "txn\r\ncommit\r\n");
    becomes("{\"if\": [{\"name\": \"a\", \"version\": 7}, {\"name\": \"b\", \"absent\": true},"
            " {\"name\": \"c\", \"present\": true}]}",
            "txn\r\nif a 7\r\nif b absent\r\nif c present\r\ncommit\r\n");
    becomes("{\"do\": [{\"op\": \"write\", \"name\": \"a\", \"text\": \"h\\u00e9\\n\", \"ttl\": 60},"
            " {\"op\": \"write\", \"name\": \"b\", \"base64\": \"aGVsbG8=\"},"
            " {\"op\": \"cas\", \"name\": \"c\", \"version\": 0, \"text\": \"\"},"
            " {\"op\": \"append\", \"name\": \"d\", \"text\": \"x\"}]}",
            "txn\r\nwrite a 4 60\r\nh\xc3\xa9\n\r\nwrite b 5\r\nhello\r\n"
            "cas c 0 0\r\n\r\nappend d 1\r\nx\r\ncommit\r\n");
    becomes("{\"do\": [{\"op\": \"delete\", \"name\": \"f\"}, {\"op\": \"delete\", \"name\": \"g\", \"version\": 3},"
            " {\"op\": \"touch\", \"name\": \"h\", \"ttl\": 9}, {\"op\": \"incr\", \"name\": \"i\", \"delta\": -1},"
            " {\"op\": \"incr\", \"name\": \"j\", \"delta\": -9223372036854775808},"
            " {\"op\": \"copy\", \"from\": \"k\", \"name\": \"l\"},"
            " {\"op\": \"move\", \"from\": \"m\", \"name\": \"n\", \"version\": 0}]}",
            "txn\r\ndelete f\r\ndelete g 3\r\ntouch h 9\r\nincr i -1\r\nincr j -9223372036854775808\r\n"
            "copy k l\r\nmove m n 0\r\ncommit\r\n");
    becomes("{\"do\": [{\"op\": \"touch\", \"name\": \"a\", \"version\": 7, \"ttl\": 9},"
            " {\"ttl\": 60, \"op\": \"incr\", \"delta\": 2, \"name\": \"b\"},"
            " {\"op\": \"append\", \"ttl\": 0, \"text\": \"x\", \"name\": \"c\"}]}",
            "txn\r\ntouch a 9 7\r\nincr b 2 60\r\nappend c 1 0\r\nx\r\ncommit\r\n");
}
END_TEST

START_TEST(two_files_with_their_versions)
{
    becomes("{\"do\": [{\"op\": \"swap\", \"name\": \"a\", \"from\": \"b\"},"
            " {\"from_version\": 8, \"op\": \"swap\", \"version\": 7, \"from\": \"d\", \"name\": \"c\"}]}",
            "txn\r\nswap a b\r\nswap c d 7 8\r\ncommit\r\n");
}
END_TEST

START_TEST(a_token_goes_along)
{
    const struct target_text once = {.given = true, .size = 2, .bytes = "t1"};
    struct buffer lines = {0};
    ck_assert(txn_lines("{}", 2, &once, &lines, reason));
    ck_assert(memcmp(buffer_start(&lines), "txn once=t1\r\ncommit", 19) == 0);
    buffer_close(&lines);
}
END_TEST

START_TEST(what_is_no_transaction)
{
    static const char *const texts[] = {
        "", "[]", "{", "1", "{\"do\": 1}", "{\"do\": [1]}", "{\"du\": []}", "{\"do\": [], \"do\": []}",
        "{\"do\": [{\"op\": \"write\", \"name\": \"a\"}]}",
        "{\"do\": [{\"op\": \"write\", \"name\": \"a\", \"text\": \"\", \"base64\": \"\"}]}",
        "{\"do\": [{\"op\": \"write\", \"name\": \"a\", \"base64\": \"a\"}]}",
        "{\"do\": [{\"op\": \"write\", \"name\": \"a b\", \"text\": \"\"}]}",
        "{\"do\": [{\"op\": \"write\", \"name\": \"a\\r\\nb\", \"text\": \"\"}]}",
        "{\"do\": [{\"op\": \"write\", \"name\": \"a\\u0000b\", \"text\": \"\"}]}",
        "{\"do\": [{\"op\": \"write\", \"name\": 7, \"text\": \"\"}]}",
        "{\"do\": [{\"op\": \"write\", \"name\": \"a\", \"text\": \"\", \"ttl\": -1}]}",
        "{\"do\": [{\"op\": \"write\", \"name\": \"a\", \"text\": \"\", \"ttl\": 1.5}]}",
        "{\"do\": [{\"op\": \"write\", \"name\": \"a\", \"text\": \"\", \"version\": 1}]}",
        "{\"do\": [{\"op\": \"cas\", \"name\": \"a\", \"text\": \"\"}]}",
        "{\"do\": [{\"op\": \"read\", \"name\": \"a\"}]}", "{\"do\": [{\"name\": \"a\", \"text\": \"\"}]}",
        "{\"do\": [{\"op\": \"incr\", \"name\": \"a\", \"delta\": \"1\"}]}",
        "{\"do\": [{\"op\": \"incr\", \"name\": \"a\", \"delta\": 1, \"ttl\": -1}]}",
        "{\"do\": [{\"op\": \"touch\", \"name\": \"a\", \"ttl\": 1, \"version\": -1}]}",
        "{\"do\": [{\"op\": \"append\", \"name\": \"a\", \"text\": \"x\", \"version\": 1}]}",
        "{\"do\": [{\"op\": \"copy\", \"name\": \"a\"}]}", "{\"do\": [{\"op\": \"touch\", \"name\": \"a\"}]}",
        "{\"if\": [{\"name\": \"a\"}]}", "{\"if\": [{\"name\": \"a\", \"absent\": false}]}",
        "{\"if\": [{\"name\": \"a\", \"absent\": true, \"version\": 1}]}", "{\"if\": [{\"version\": 1}]}",
        "{\"if\": [{\"name\": \"a\", \"version\": \"1\"}]}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct buffer lines = {0};
        ck_assert_msg(!txn_lines(texts[i], strlen(texts[i]), &none, &lines, reason), "%s", texts[i]);
        buffer_close(&lines);
    }
}
END_TEST

START_TEST(where_it_is_wrong)
{
    static const struct {
        const char *json, *reason;
    } cases[] = {
        {"{\"do\": [{\"op\": \"delete\", \"name\": \"a\"}, 1]}", "do[1]: this is no object"},
        {"{\"if\": [{\"nam\": \"a\"}]}", "if[0]: it has a member that is not known"},
        {"{\"do\": [{\"op\": \"touch\", \"name\": \"a\"}]}", "do[0]: touch has a name, a ttl, and perhaps a version"},
        {"{\"do\": [{\"op\": \"swap\", \"name\": \"a\", \"from\": \"b\", \"version\": 1}]}",
         "do[0]: swap has a name, from, and perhaps a version with a from_version"},
        {"{\"do\": [{\"op\": \"swap\", \"name\": \"a\", \"from\": \"b\", \"from_version\": 1}]}",
         "do[0]: swap has a name, from, and perhaps a version with a from_version"},
        {"{\"do\": [{\"op\": \"move\", \"name\": \"a\", \"from\": \"b\", \"from_version\": 1}]}",
         "do[0]: move has a name, from, and perhaps a version"},
        {"{\"do\": [{\"op\": \"touch\", \"name\": \"a\", \"ttl\": 4294967296}]}",
         "do[0]: ttl is at most 4294967295 seconds"},
        {"{\"do\":\n [{\"op\": \"delete\", \"op\": \"\xc3\xa9\"}]}", "JSON, line 2, column 23: duplicate object key"},
        {"{\"do\": [{\"op\": \"incr\", \"name\": \"a\", \"delta\": 9223372036854775808}]}",
         "JSON, line 1, column 64: too big integer"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer lines = {0};
        ck_assert(!txn_lines(cases[i].json, strlen(cases[i].json), &none, &lines, reason));
        ck_assert_str_eq(reason, cases[i].reason);
        buffer_close(&lines);
    }
}
END_TEST

/* Strings may have any number of commas; the last of 128 parts has its six members. */
START_TEST(as_many_values_as_a_transaction_may_have)
{
    struct buffer json = {0}, lines = {0};
    buffer_append_text(&json, "{\"do\": [");
    for (int i = 0; i < 128; i++) {
        char part[96];
        snprintf(part, sizeof part,
                 "%s{\"op\": \"cas\", \"name\": \"%d\", \"version\": 1, \"ttl\": 1, \"text\": \"\\\"",
                 i > 0 ? ", " : "", i);
        buffer_append_text(&json, part);
        for (int j = 0; j < 100; j++)
            buffer_append_text(&json, ",:[{\\\\");
        buffer_append_text(&json, "\"}");
    }
    buffer_append_text(&json, "]}");
    ck_assert(txn_lines(buffer_start(&json), buffer_size(&json), &none, &lines, reason));
    buffer_close(&lines);
    buffer_close(&json);
    buffer_append_text(&json, "{\"do\": [0");
    for (int i = 0; i < 4100; i++)
        buffer_append_text(&json, ",0");
    buffer_append_text(&json, "]}");
    ck_assert(!txn_lines(buffer_start(&json), buffer_size(&json), &none, &lines, reason));
    ck_assert_ptr_nonnull(strstr(reason, "more values"));
    buffer_close(&json);
}
END_TEST

/* What a change has is told by its verb's row, for every verb. */
START_TEST(what_a_change_has_is_told)
{
    static const struct {
        const char *op, *reason;
    } cases[] = {
        {"write", "do[0]: write has a name, text or base64, and perhaps a ttl"},
        {"cas", "do[0]: cas has a name, a version, text or base64, and perhaps a ttl"},
        {"delete", "do[0]: delete has a name, and perhaps a version"},
        {"touch", "do[0]: touch has a name, a ttl, and perhaps a version"},
        {"incr", "do[0]: incr has a name, a delta, which is a whole number, and perhaps a ttl"},
        {"move", "do[0]: move has a name, from, and perhaps a version"},
        {"set", "do[0]: op is one of these: write cas append incr delete touch copy move"},
        {"read", "do[0]: op is one of these: write cas append incr delete touch copy move"},
    };
    char json[64];
    struct buffer lines = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(json, sizeof json, "{\"do\": [{\"op\": \"%s\"}]}", cases[i].op);
        ck_assert(!txn_lines(json, strlen(json), &none, &lines, reason));
        ck_assert_msg(strncmp(reason, cases[i].reason, strlen(cases[i].reason)) == 0, "%s", reason);
        buffer_clear(&lines, 0);
    }
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        snprintf(json, sizeof json, "{\"do\": [{\"op\": \"%s\"}]}", verb_name(verb));
        ck_assert(!txn_lines(json, strlen(json), &none, &lines, reason));
        ck_assert(strstr(reason, "(null)") == NULL);
        buffer_clear(&lines, 0);
    }
    buffer_close(&lines);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("txn");
    TCase *tests = tcase_create("txn");
    tcase_add_test(tests, every_condition_and_change);
    tcase_add_test(tests, two_files_with_their_versions);
    tcase_add_test(tests, a_token_goes_along);
    tcase_add_test(tests, what_is_no_transaction);
    tcase_add_test(tests, where_it_is_wrong);
    tcase_add_test(tests, what_a_change_has_is_told);
    tcase_add_test(tests, as_many_values_as_a_transaction_may_have);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
