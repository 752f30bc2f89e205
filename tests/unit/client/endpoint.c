#include "client/endpoint.h"

#include <string.h>

#include "client/leader.h"
#include "support/check.h"

static struct endpoints endpoints;

static char reason[ENDPOINTS_REASON_MAX];

static bool parse(const char *text)
{
    reason[0] = '\0';
    return endpoints_parse(&endpoints, text, reason);
}

START_TEST(lists_of_hosts_and_ports)
{
    static const char *const lists[] = {
        "127.0.0.1:8081,[::1]:9,name,[fe80::1],a.b.c:65535",
        " 127.0.0.1:8081, [::1]:9 ,\tname\t,\n[fe80::1] , a.b.c:65535 \r\n",
    };
    static const struct endpoint expected[] = {
        {"127.0.0.1", "8081"}, {"::1", "9"}, {"name", "8080"}, {"fe80::1", "8080"}, {"a.b.c", "65535"},
    };
    for (size_t list = 0; list < sizeof lists / sizeof lists[0]; list++) {
        ck_assert_msg(parse(lists[list]), "%s: %s", lists[list], reason);
        ck_assert_uint_eq(endpoints.count, 5);
        for (size_t i = 0; i < 5; i++) {
            ck_assert_str_eq(endpoints.list[i].host, expected[i].host);
            ck_assert_str_eq(endpoints.list[i].port, expected[i].port);
        }
    }
    ck_assert(parse(ENDPOINTS_DEFAULT));
}
END_TEST

/* Nothing of such a list is taken, and what is told names the element. */
START_TEST(what_is_no_list)
{
    static const struct {
        const char *text;
        const char *reason;
    } cases[] = {
        {"", "element 1 of the list is empty"},
        {" \t", "element 1 of the list is empty"},
        {",", "element 1 of the list is empty"},
        {"a:1,", "element 2 of the list is empty"},
        {"a:1, ", "element 2 of the list is empty"},
        {"a:1,\t,b:2", "element 2 of the list is empty"},
        {",a:1", "element 1 of the list is empty"},
        {"a:1,b:2,,", "element 3 of the list is empty"},
        {"a:1,:8080", "':8080': HOST:PORT"},
        {"a:1,b:", "'b:': a PORT"},
        {"a:1, b:0 ", "'b:0': a PORT"},
        {"a:65536,b:1", "'a:65536': a PORT"},
        {"a:-1", "'a:-1': a PORT"},
        {"a:+1", "'a:+1': a PORT"},
        {"a:x", "'a:x': a PORT"},
        {"a:999999999999", "a PORT"},
        {"a:1/", "'a:1/': a PORT"},
        {"a:1 b:2", "'a:1 b:2': endpoints are separated by commas"},
        {"c:3,a:1 b:2", "'a:1 b:2': endpoints are separated by commas"},
        {"a:1\tb:2", "separated by commas"},
        {"a:1;b:2", "'a:1;b:2': endpoints are separated by commas"},
        {"a:8 0", "separated by commas"},
        {"a :1", "separated by commas"},
        {"::1", "'::1': an IPv6 address goes in brackets"},
        {"a:1,::1:80", "'::1:80': an IPv6 address goes in brackets"},
        {"fe80::1%eth0", "in brackets"},
        {"a:1:2", "'a:1:2': a PORT"},
        {"[]:80", "'[]:80': HOST:PORT"},
        {"[::1", "'[::1': HOST:PORT"},
        {"[::1]80", "'[::1]80': HOST:PORT"},
        {"[::1]:", "'[::1]:': a PORT"},
        {"::1]:80", "'::1]:80': "},
        {"a[b]:80", "'a[b]:80': a host has no spaces, no brackets"},
        {"\"a:1\"", "a PORT"},
        {"http://localhost:8080", "without http"},
        {"a:1, https://localhost", "'https://localhost': each must be HOST:PORT, without http"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_msg(!parse(cases[i].text), "%s", cases[i].text);
        ck_assert_msg(strstr(reason, cases[i].reason) != NULL, "%s: %s", cases[i].text, reason);
        ck_assert_uint_eq(endpoints.count, 0);
    }
}
END_TEST

START_TEST(as_long_as_a_host_may_be)
{
    char text[HOSTPORT_HOST_MAX + 4];
    memset(text, 'a', sizeof text);
    strcpy(text + HOSTPORT_HOST_MAX, ":1");
    ck_assert(parse(text));
    strcpy(text + HOSTPORT_HOST_MAX, "a:1");
    ck_assert(!parse(text));
}
END_TEST

START_TEST(sixty_four_and_no_more)
{
    char text[2 * (ENDPOINTS_MAX + 1)] = "a";
    for (int i = 1; i < ENDPOINTS_MAX; i++)
        strcat(text, ",a");
    ck_assert(parse(text));
    ck_assert_uint_eq(endpoints.count, ENDPOINTS_MAX);
    strcat(text, ",a");
    ck_assert(!parse(text));
    ck_assert_str_eq(reason, "there are more than 64 of them");
}
END_TEST

static bool claim_of(const char *text, struct leader_claim *claim)
{
    return leader_claim_parse(claim, text, strlen(text));
}

START_TEST(what_a_status_says_of_its_node)
{
    struct leader_claim claim;
    ck_assert(claim_of("id=2\nrole=leader\nterm=7\nnode=1 role=voter link=self leader=yes\n", &claim));
    ck_assert(claim.leads);
    ck_assert_uint_eq(claim.term, 7);
    ck_assert(claim_of("term=12\r\nrole=follower\r\n", &claim));
    ck_assert(!claim.leads);
    ck_assert_uint_eq(claim.term, 12);
    ck_assert(claim_of("role=leader\nterm=1", &claim));
    ck_assert(!claim_of("role=leader\nterm=x\n", &claim));
    ck_assert(!claim_of("role=leader\n", &claim));
    ck_assert(!claim_of("term=1\nnode=1 role=leader\n", &claim));
    ck_assert(!claim_of("", &claim));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("endpoint");
    TCase *tests = tcase_create("endpoint");
    tcase_add_test(tests, lists_of_hosts_and_ports);
    tcase_add_test(tests, what_is_no_list);
    tcase_add_test(tests, as_long_as_a_host_may_be);
    tcase_add_test(tests, sixty_four_and_no_more);
    tcase_add_test(tests, what_a_status_says_of_its_node);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
