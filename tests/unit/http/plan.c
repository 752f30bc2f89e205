#include "http/plan.h"

#include <string.h>

#include "support/check.h"

static struct fields fields_of(const char *method, const char *target)
{
    return (struct fields){.method = method, .target = target, .browser = {.host = "localhost:8080"}};
}

/* What the node is asked for FIELDS; "REST" is what comes behind the size of contents, END behind them. */
static void asks(const struct fields *fields, const char *lines, const char *rest, const char *end)
{
    struct plan plan;
    struct refusal refusal;
    plan_make(fields, NULL, &plan, &refusal);
    ck_assert_msg(!refusal.message, "%s %s: %s", fields->method, fields->target, refusal.message);
    buffer_append_u8(&plan.lines, 0);
    buffer_append_u8(&plan.rest, 0);
    ck_assert_str_eq((char *)buffer_start(&plan.lines), lines);
    ck_assert_str_eq((char *)buffer_start(&plan.rest), rest);
    ck_assert_str_eq(plan.end ? plan.end : "", end);
    plan_close(&plan);
}

static void refused(const struct fields *fields, unsigned status)
{
    struct plan plan;
    struct refusal refusal;
    plan_make(fields, "cleat.example.com", &plan, &refusal);
    unsigned got = refusal.message ? error_row(refusal.error)->http : 0;
    ck_assert_msg(got == status, "%s %s: %u", fields->method, fields->target, got);
    if (status != 0) {
        ck_assert(status != 405 || refusal.allow);
    }
    plan_close(&plan);
}

START_TEST(requests_without_conditions)
{
    static const struct {
        const char *method, *target, *lines, *rest, *end;
    } cases[] = {
        {"GET", "/files/x", "read x\r\n", "", ""},
        {"HEAD", "/files/a/b/c", "read a/b/c\r\n", "", ""},
        {"GET", "/upload/a%2Fb?stale", "read a/b stale\r\n", "", ""},
        {"GET", "/files/a+b%2B", "read a+b+\r\n", "", ""},
        {"GET", "http://localhost:8080/files/x", "read x\r\n", "", ""},
        {"GET", "HTTP://LocalHost:8080/files/x?stale=true", "read x stale\r\n", "", ""},
        {"GET", "/files/%C3%A9", "read \xc3\xa9\r\n", "", ""},
        {"PUT", "/files/x", "write x ", " 0\r\n", "\r\n"},
        {"PUT", "/files/x?ttl=60", "write x ", " 60\r\n", "\r\n"},
        {"POST", "/upload/x", "write x ", " 0\r\n", "\r\n"},
        {"POST", "/files/x?op=append", "append x ", "\r\n", "\r\n"},
        {"POST", "/files/x?op=append&ttl=60", "append x ", " 60\r\n", "\r\n"},
        {"POST", "/files/x?op=incr&ttl=60", "incr x 1 60\r\n", "", ""},
        {"POST", "/files/x?ttl=0&delta=5&op=incr", "incr x 5 0\r\n", "", ""},
        {"POST", "/files/x?op=incr", "incr x 1\r\n", "", ""},
        {"POST", "/files/x?op=incr&delta=-20", "incr x -20\r\n", "", ""},
        {"POST", "/files/x?op=touch&ttl=9", "touch x 9\r\n", "", ""},
        {"POST", "/files/x?op=copy&from=a/b", "copy a/b x\r\n", "", ""},
        {"POST", "/files/x?op=move&from=y", "move y x\r\n", "", ""},
        {"POST", "/files/x?op=swap&from=y", "swap x y\r\n", "", ""},
        {"DELETE", "/files/x", "delete x\r\n", "", ""},
        {"GET", "/files", "list\r\n", "", ""},
        {"GET", "/files/?prefix=a/&after=a/b&limit=10&delimiter=/&stale=1",
         "list prefix=a/ after=a/b limit=10 delim=/ stale\r\n", "", ""},
        {"GET", "/status", "status\r\n", "", ""},
        {"GET", "/metrics", "status\r\n", "", ""},
        {"POST", "/cluster?level=2", "cluster level 2\r\n", "", ""},
        {"POST", "/cluster?level=65535", "cluster level 65535\r\n", "", ""},
        {"HEAD", "/livez", "ping\r\n", "", ""},
        {"GET", "/readyz", "ping\r\n", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fields fields = fields_of(cases[i].method, cases[i].target);
        asks(&fields, cases[i].lines, cases[i].rest, cases[i].end);
    }
}
END_TEST

START_TEST(changes_with_conditions_and_tokens)
{
    static const struct {
        const char *method, *target, *if_match, *if_none_match, *key, *lines, *rest, *end;
    } cases[] = {
        {"PUT", "/files/x", "\"7\"", NULL, NULL, "cas x 7 ", " 0\r\n", "\r\n"},
        {"PUT", "/files/x?ttl=5", NULL, "*", "t", "cas x 0 ", " 5 once=t\r\n", "\r\n"},
        {"PUT", "/files/x", "*", NULL, "t", "txn once=t\r\nif x present\r\nwrite x ", " 0\r\n", "\r\ncommit\r\n"},
        {"POST", "/files/x?op=append", "\"7\"", NULL, NULL, "txn\r\nif x 7\r\nappend x ", "\r\n", "\r\ncommit\r\n"},
        {"POST", "/files/x?op=append", NULL, "*", NULL, "txn\r\nif x absent\r\nappend x ", "\r\n", "\r\ncommit\r\n"},
        {"POST", "/files/x?op=append&ttl=9", "\"7\"", NULL, "t", "txn once=t\r\nif x 7\r\nappend x ", " 9\r\n",
         "\r\ncommit\r\n"},
        {"POST", "/files/x?op=append&ttl=9", NULL, NULL, "t", "append x ", " 9 once=t\r\n", "\r\n"},
        {"POST", "/files/x?op=touch&ttl=3", "\"7\"", NULL, "t", "touch x 3 7 once=t\r\n", "", ""},
        {"POST", "/files/x?op=touch&ttl=3", "*", NULL, NULL, "touch x 3\r\n", "", ""},
        {"POST", "/files/x?op=touch&ttl=3", NULL, "*", NULL, "touch x 3 0\r\n", "", ""},
        {"POST", "/files/x?op=touch&ttl=3", "W/\"7\"", NULL, NULL, "touch x 3 18446744073709551615\r\n", "", ""},
        {"POST", "/files/x?op=incr&ttl=3", NULL, NULL, "t", "incr x 1 3 once=t\r\n", "", ""},
        {"POST", "/files/x?op=copy&from=y", NULL, "*", "t", "copy y x 0 once=t\r\n", "", ""},
        {"POST", "/files/x?op=move&from=y", "\"7\"", NULL, NULL, "move y x 7\r\n", "", ""},
        {"POST", "/files/x?op=move&from=y", "*", NULL, NULL, "txn\r\nif x present\r\nmove y x\r\ncommit\r\n", "", ""},
        {"POST", "/files/x?op=swap&from=y&from_version=8", "\"7\"", NULL, "t", "swap x y 7 8 once=t\r\n", "", ""},
        {"POST", "/files/x?op=swap&from=y", "*", NULL, NULL, "txn\r\nif x present\r\nswap x y\r\ncommit\r\n", "", ""},
        {"POST", "/files/x?op=incr", NULL, NULL, "t", "incr x 1 once=t\r\n", "", ""},
        {"DELETE", "/files/x", "\"7\"", NULL, "t", "delete x 7 once=t\r\n", "", ""},
        {"DELETE", "/files/x", "*", NULL, NULL, "delete x\r\n", "", ""},
        /* No file has these: the version given is none that ever was. */
        {"PUT", "/files/x", "\"seven\"", NULL, NULL, "cas x 18446744073709551615 ", " 0\r\n", "\r\n"},
        {"PUT", "/files/x", "W/\"7\"", NULL, NULL, "cas x 18446744073709551615 ", " 0\r\n", "\r\n"},
        {"PUT", "/files/x", "\"0\"", NULL, NULL, "cas x 18446744073709551615 ", " 0\r\n", "\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fields fields = fields_of(cases[i].method, cases[i].target);
        fields.if_match = cases[i].if_match;
        fields.if_none_match = cases[i].if_none_match;
        fields.idempotency_key = cases[i].key;
        asks(&fields, cases[i].lines, cases[i].rest, cases[i].end);
    }
}
END_TEST

START_TEST(what_is_refused)
{
    static const struct {
        const char *method, *target;
        unsigned status;
    } cases[] = {
        {"GET", "/", 404},                          {"GET", "/file", 404},
        {"GET", "/upload", 404},                    {"GET", "/filesx", 404},
        {"GET", "", 404},                           {"OPTIONS", "*", 404},
        {"PATCH", "/files/x", 405},                 {"POST", "/files", 405},
        {"DELETE", "/status", 405},                 {"GET", "/txn", 405},
        {"get", "/files/x", 405},                   {"GET", "/files/%", 400},
        {"GET", "/files/%4", 400},                  {"GET", "/files/%4g", 400},
        {"GET", "/files/a%00b", 400},               {"GET", "/files/a%0Ab", 400},
        {"GET", "/files/a%0Db", 400},               {"GET", "/files/a%20b", 400},
        {"GET", "/files/%7f", 400},                 {"GET", "/files/x?ttl=5", 400},
        {"GET", "/files/x?stale=0", 400},           {"GET", "/files?stale=false", 400},
        {"GET", "/files/x?nonsense", 400},          {"GET", "/files/x?stale&stale", 400},
        {"PUT", "/files/x?ttl=", 400},              {"PUT", "/files/x?ttl=-1", 400},
        {"PUT", "/files/x?ttl=4294967296", 400},    {"PUT", "/files/x?op=append", 400},
        {"POST", "/files/x?op=explode", 400},       {"POST", "/files/x?op=append&ttl=x", 400},
        {"POST", "/files/x?op=incr&ttl=4294967296", 400}, {"POST", "/files/x?op=incr&ttl=", 400},
        {"POST", "/files/x?op=touch", 400},         {"PUT", "/files/x?op=touch&ttl=5", 400},
        {"POST", "/files/x?op=copy", 400},          {"POST", "/files/x?op=copy&from=a+b", 400},
        {"POST", "/files/x?op=incr&delta=1.5", 400}, {"POST", "/files/x?op=incr&delta=", 400},
        {"GET", "/files?limit=x", 400},             {"GET", "/files?prefix=a+b", 400},
        {"GET", "/files?delimiter=%0a", 400},       {"GET", "http://other/files/x", 400},
        {"POST", "/txn", 415},
        {"GET", "/cluster?level=1", 405},           {"PUT", "/cluster?level=1", 405},
        {"POST", "/cluster", 400},                  {"POST", "/cluster?level=", 400},
        {"POST", "/cluster?level=0", 400},          {"POST", "/cluster?level=65536", 400},
        {"POST", "/cluster?level=one", 400},        {"POST", "/cluster?level=-1", 400},
        {"POST", "/cluster?level=1&ttl=5", 400},    {"POST", "/files/x?op=incr&level=1", 400},
        {"POST", "/cluster/?level=1", 404},         {"POST", "/cluster?level=1&level=2", 400},
        {"GET", "/files?limit=0", 400},             {"GET", "/files?limit=10001", 400},
        {"GET", "/files?limit=10000", 0},           {"GET", "/files?delimiter=ab", 400},
        {"POST", "/files/x?op=copy&from=x", 400},   {"POST", "/files/x?op=incr&delta=9223372036854775808", 400},
        {"POST", "/files/x?op=incr&delta=-9223372036854775808", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fields fields = fields_of(cases[i].method, cases[i].target);
        refused(&fields, cases[i].status);
    }
}
END_TEST

START_TEST(what_an_operation_lacks_is_told)
{
    static const struct {
        const char *target, *message;
    } cases[] = {
        {"/files/x?op=touch", "op=touch needs ttl=SECONDS, 0 for ever"},
        {"/files/x?op=move", "op=move needs from=NAME"},
        {"/files/x?op=write", "op is one of these: append incr touch copy move swap"},
        {"/files/x?op=incr&from=y", "a parameter has no meaning for this request"},
        {"/files/x?op=copy&from=x", "from is the file itself"},
        {"/files/x?op=swap&from=y&from_version=8",
         "op=swap takes If-Match: \"VERSION\" and from_version=VERSION together, or neither"},
        {"/files/x?op=swap&from=y&from_version=x", "op=swap takes a version as from_version="},
        {"/files/x?op=move&from=y&from_version=8", "a parameter has no meaning for this request"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fields fields = fields_of("POST", cases[i].target);
        struct plan plan;
        struct refusal refusal;
        plan_make(&fields, NULL, &plan, &refusal);
        ck_assert_msg(strncmp(refusal.message, cases[i].message, strlen(cases[i].message)) == 0, "%s", refusal.message);
        plan_close(&plan);
    }
}
END_TEST

/* A change like others: not for pages of others, and perhaps done where no answer came. */
START_TEST(the_level_is_raised_as_files_are_changed)
{
    struct fields fields = fields_of("POST", "/cluster?level=2");
    struct plan plan;
    struct refusal refusal;
    plan_make(&fields, "cleat.example.com", &plan, &refusal);
    ck_assert_int_eq(plan.kind, PLAN_CHANGE);
    ck_assert(plan.of_level && !plan.name.given && plan.body == PLAN_BODY_NONE);
    plan_close(&plan);
    fields.if_match = "\"7\"";
    refused(&fields, 400);
    fields.if_match = NULL;
    fields.if_none_match = "*";
    refused(&fields, 400);
    fields = fields_of("POST", "/cluster?level=2");
    fields.browser.origin = "http://evil.example.com";
    refused(&fields, 403);
    fields = fields_of("POST", "/cluster?level=2");
    fields.has_length = true;
    fields.length = 1;
    refused(&fields, 400);
}
END_TEST

START_TEST(names_and_lines_have_their_longest)
{
    char target[700] = "/files/";
    memset(target + 7, 'n', 250);
    struct fields fields = fields_of("GET", target);
    refused(&fields, 0);
    target[257] = 'n';
    refused(&fields, 400);
    /* copy with two names of 250 bytes would be a line that is too long. */
    memcpy(target + 257, "?op=copy&from=", 14);
    memset(target + 271, 'm', 250);
    fields = fields_of("POST", target);
    refused(&fields, 400);
    target[271 + 200] = '\0';
    refused(&fields, 0);
}
END_TEST

START_TEST(bodies_headers_and_tokens_that_are_refused)
{
    struct fields fields = fields_of("GET", "/files/x");
    fields.has_length = true;
    refused(&fields, 0);
    fields.length = 1;
    refused(&fields, 400);
    fields = fields_of("DELETE", "/files/x");
    fields.chunked = true;
    refused(&fields, 400);
    fields = fields_of("PUT", "/files/x");
    fields.idempotency_key = "two words";
    refused(&fields, 400);
    fields.idempotency_key = "";
    refused(&fields, 400);
    fields.idempotency_key = NULL;
    fields.if_match = "\"7\", \"8\"";
    refused(&fields, 400);
    fields.if_match = "7";
    refused(&fields, 400);
    fields.if_match = NULL;
    fields.if_none_match = "\"7\"";
    refused(&fields, 400);
    fields.if_match = "*";
    refused(&fields, 400);
    /* What would be lost of the contents if it were not heeded. */
    fields = fields_of("PUT", "/files/x");
    fields.content_range = "bytes 0-2/10";
    refused(&fields, 400);
    fields.content_range = NULL;
    fields.content_encoding = "gzip";
    refused(&fields, 415);
    fields.content_encoding = "Identity";
    refused(&fields, 0);
}
END_TEST

START_TEST(a_transaction_is_json)
{
    static const struct {
        const char *type;
        unsigned status;
    } types[] = {
        {"application/json", 0}, {"Application/JSON", 0}, {"application/json; charset=utf-8", 0},
        {"application/json;charset=utf-8", 0}, {"application/jsonx", 415}, {"text/json", 415}, {"", 415},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct fields fields = fields_of("POST", "/txn");
        fields.browser.content_type = types[i].type;
        fields.has_length = true;
        fields.length = 2;
        refused(&fields, types[i].status);
    }
}
END_TEST

START_TEST(browsers_are_kept_out)
{
    struct fields fields = fields_of("PUT", "/files/x");
    fields.browser.origin = "http://evil.example.com";
    refused(&fields, 403);
    fields.browser.origin = "null";
    refused(&fields, 403);
    fields.browser.origin = "http://localhost:8081";
    refused(&fields, 403);
    fields.browser.origin = "http://localhost:8080";
    refused(&fields, 0);
    fields.browser.sec_fetch_site = "cross-site";
    refused(&fields, 403);
    fields.browser.origin = NULL;
    fields.browser.sec_fetch_site = "cross-site";
    refused(&fields, 403);
    fields.browser.sec_fetch_site = "same-site";
    refused(&fields, 403);
    fields.browser.sec_fetch_site = "same-origin";
    refused(&fields, 0);
    /* A form of a browser that tells nothing of where it comes from. */
    fields = fields_of("POST", "/upload/x");
    fields.browser.user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:60.0) Gecko/20100101 Firefox/60.0";
    fields.browser.content_type = "application/x-www-form-urlencoded";
    refused(&fields, 403);
    fields.browser.content_type = NULL;
    refused(&fields, 403);
    fields.browser.content_type = "application/octet-stream";
    refused(&fields, 0);
    fields.browser.user_agent = "curl/7.88.1";
    fields.browser.content_type = "application/x-www-form-urlencoded";
    refused(&fields, 0);
    /* Reading is for browsers too, under a name of ours. */
    static const struct {
        const char *host;
        unsigned status;
    } hosts[] = {
        {"127.0.0.1:8080", 0}, {"[::1]:8080", 0}, {"[::1]", 0}, {"localhost", 0}, {"node1:8080", 0}, {"a.localhost", 0},
        {"cleat.example.com:80", 0}, {"CLEAT.example.com", 0}, {"evil.example.com", 421}, {"127.0.0.1.evil.com", 421},
        {"localhost.evil.com", 421}, {"[::1", 421}, {"", 421}, {":80", 421}, {"a:b", 421}, {"a.b:80:90", 421},
        {"[evil.com]", 421}, {"[node]", 421}, {"example.com", 421}, {"256.1.1.1", 421},
    };
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        fields = fields_of("GET", "/files/x");
        fields.browser.host = hosts[i].host;
        refused(&fields, hosts[i].status);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan");
    TCase *tests = tcase_create("plan");
    tcase_add_test(tests, requests_without_conditions);
    tcase_add_test(tests, changes_with_conditions_and_tokens);
    tcase_add_test(tests, what_is_refused);
    tcase_add_test(tests, what_an_operation_lacks_is_told);
    tcase_add_test(tests, the_level_is_raised_as_files_are_changed);
    tcase_add_test(tests, names_and_lines_have_their_longest);
    tcase_add_test(tests, bodies_headers_and_tokens_that_are_refused);
    tcase_add_test(tests, a_transaction_is_json);
    tcase_add_test(tests, browsers_are_kept_out);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
