#include "client/leader.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "unit/client/servers.h"

/* The leader with the later term; a server that says lines of its own before its answer is asked no less. */
START_TEST(the_leader_is_found_behind_lines_that_nobody_asked_for)
{
    static const struct life follower = {1, "STATUS 29\r\nrole=follower\r\nterm=8\r\nid=1\r\n\r\n", true};
    static const struct life leader = {1, "+HELLO\r\n+\r\nSTATUS 27\r\nrole=leader\r\nterm=7\r\nid=1\r\n\r\n", true};
    memset(servers, 0, sizeof servers);
    struct endpoints endpoints = {.count = 2};
    start(&servers[0], &endpoints.list[0], &follower, 1);
    start(&servers[1], &endpoints.list[1], &leader, 1);
    ck_assert_int_eq(leader_find(&endpoints, 2000), 1);
    stop(&servers[0]);
    stop(&servers[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("leader");
    TCase *tests = tcase_create("leader");
    tcase_add_test(tests, the_leader_is_found_behind_lines_that_nobody_asked_for);
    suite_add_tcase(suite, tests);
    (void)begin;
    (void)end;
    (void)change;
    (void)answered;
    return check_run(suite);
}
