#include "base/hostport.h"

#include <stdbool.h>
#include <string.h>

#include "support/check.h"
#include "support/guard.h"

/* As a part of a longer text: nothing behind it may be looked at. */
static const char *split(struct hostport *parts, const char *text)
{
    static struct guard guard;
    if (!guard.pages)
        guard_open(&guard);
    size_t size = strlen(text);
    return hostport_split(parts, (const char *)guard_copy(&guard, text, size), size);
}

START_TEST(hosts_and_ports)
{
    static const struct {
        const char *text;
        const char *host;
        const char *port;
    } cases[] = {
        {"127.0.0.1:8080", "127.0.0.1", "8080"}, {"name:1", "name", "1"},        {"a.b.c:65535", "a.b.c", "65535"},
        {"[::1]:8080", "::1", "8080"},           {"[fe80::1%eth0]:9", "fe80::1%eth0", "9"},
        {"[name]:00080", "name", "00080"},       {"name", "name", ""},           {"[::1]", "::1", ""},
        {"self", "self", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hostport parts;
        ck_assert_ptr_null(split(&parts, cases[i].text));
        ck_assert_uint_eq(parts.host_size, strlen(cases[i].host));
        ck_assert_mem_eq(parts.host, cases[i].host, parts.host_size);
        ck_assert_uint_eq(parts.port_size, strlen(cases[i].port));
        if (parts.port_size > 0)
            ck_assert_mem_eq(parts.port, cases[i].port, parts.port_size);
        bool whole = hostport_split_whole(&parts, cases[i].text, strlen(cases[i].text)) == NULL;
        ck_assert(whole == (*cases[i].port != '\0'));
    }
}
END_TEST

START_TEST(what_is_none)
{
    static const struct {
        const char *text;
        const char *reason;
    } cases[] = {
        {"", "HOST:PORT"},         {":", "HOST:PORT"},          {":8080", "HOST:PORT"},    {"[]:80", "HOST:PORT"},
        {"[::1", "HOST:PORT"},     {"[", "HOST:PORT"},          {"[::1]80", "HOST:PORT"},  {"[::1]:", "PORT"},
        {"::1", "in brackets"},    {"::1:8080", "in brackets"}, {"a:1:2", "PORT"},         {"a:", "PORT"},
        {"1:2:3:4:5:6:7:8", "in brackets"}, {"1:2:3:4:5:6:7:8:80", "in brackets"}, {"fe80::1%eth0:80", "in brackets"},
        {"::ffff:1.2.3.4:80", "in brackets"}, {"::1:99999", "in brackets"}, {"db:80:81", "PORT"}, {"a:1 b:2", "PORT"},
        {"a:0", "PORT"},           {"a:65536", "PORT"},         {"a:-1", "PORT"},          {"a:8 0", "PORT"},
        {"a:x", "PORT"},           {"a:000080", "PORT"},        {"a:999999999999", "PORT"}, {"a:1 ", "PORT"},
        {"127.0.0.1 :9081", "spaces"}, {" a:1", "spaces"},      {"a b", "spaces"},         {"a\t:1", "spaces"},
        {"\xc3\xa4:1", "printed"}, {"a\x7f:1", "printed"},      {"a]:80", "brackets"},     {"[[::1]]:80", "brackets"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hostport parts;
        const char *reason = split(&parts, cases[i].text);
        ck_assert_msg(reason && strstr(reason, cases[i].reason), "%s: %s", cases[i].text, reason ? reason : "taken");
    }
}
END_TEST

START_TEST(as_long_as_a_host_may_be)
{
    char text[HOSTPORT_HOST_MAX + 10];
    struct hostport parts;
    memset(text, 'a', sizeof text);
    memcpy(text + HOSTPORT_HOST_MAX, ":1", 2);
    ck_assert_ptr_null(hostport_split(&parts, text, HOSTPORT_HOST_MAX + 2));
    memcpy(text + HOSTPORT_HOST_MAX, "a:1", 3);
    ck_assert_ptr_nonnull(hostport_split(&parts, text, HOSTPORT_HOST_MAX + 3));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostport");
    TCase *tests = tcase_create("hostport");
    tcase_add_test(tests, hosts_and_ports);
    tcase_add_test(tests, what_is_none);
    tcase_add_test(tests, as_long_as_a_host_may_be);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
