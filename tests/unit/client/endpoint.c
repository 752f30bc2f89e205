#include "client/endpoint.h"

#include <string.h>

#include "client/leader.h"
#include "support/check.h"

static struct endpoints endpoints;

START_TEST(lists_of_hosts_and_ports)
{
    ck_assert_ptr_null(endpoints_parse(&endpoints, "127.0.0.1:8081,[::1]:9,name,[fe80::1],a.b.c:65535"));
    static const struct endpoint expected[] = {
        {"127.0.0.1", "8081"}, {"::1", "9"}, {"name", "8080"}, {"fe80::1", "8080"}, {"a.b.c", "65535"},
    };
    ck_assert_uint_eq(endpoints.count, 5);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_str_eq(endpoints.list[i].host, expected[i].host);
        ck_assert_str_eq(endpoints.list[i].port, expected[i].port);
    }
    ck_assert_ptr_null(endpoints_parse(&endpoints, ENDPOINTS_DEFAULT));
}
END_TEST

START_TEST(what_is_no_list)
{
    static const char *const lists[] = {
        "", ",", "a:1,", ",a:1", ":8080", "a:", "a:0", "a:65536", "a:-1", "a:x", "a:999999999999", "a:8 0", "::1",
        "::1:80", "[]:80", "[::1", "a:1,,b:2",
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        ck_assert_msg(endpoints_parse(&endpoints, lists[i]) != NULL, "%s", lists[i]);
    ck_assert_ptr_nonnull(strstr(endpoints_parse(&endpoints, "http://localhost:8080"), "without http"));
    ck_assert_ptr_nonnull(strstr(endpoints_parse(&endpoints, "http://localhost"), "without http"));
    char text[HOSTPORT_HOST_MAX + 4];
    memset(text, 'a', sizeof text);
    strcpy(text + HOSTPORT_HOST_MAX, ":1");
    ck_assert_ptr_null(endpoints_parse(&endpoints, text));
    strcpy(text + HOSTPORT_HOST_MAX, "a:1");
    ck_assert_ptr_nonnull(endpoints_parse(&endpoints, text));
}
END_TEST

START_TEST(sixty_four_and_no_more)
{
    char text[2 * (ENDPOINTS_MAX + 1)] = "a";
    for (int i = 1; i < ENDPOINTS_MAX; i++)
        strcat(text, ",a");
    ck_assert_ptr_null(endpoints_parse(&endpoints, text));
    ck_assert_uint_eq(endpoints.count, ENDPOINTS_MAX);
    strcat(text, ",a");
    ck_assert_ptr_nonnull(endpoints_parse(&endpoints, text));
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
    tcase_add_test(tests, sixty_four_and_no_more);
    tcase_add_test(tests, what_a_status_says_of_its_node);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
