/* When a node says that it can serve: not before it has what was committed when it started. */
#include "solo.h"

/* It has applied what its log knew to be committed; there may be more. */
START_TEST(a_restarted_node_is_ready_when_it_has_applied_what_was_committed)
{
    struct connection connection;
    struct node_client *client = node_client_open(node, &connection);
    type(client, "write a 1\nx\nwrite a 1\ny\n");
    for (int i = 0; i < 100 && node_client_output(client)->size < strlen("OK 1\r\nOK 2\r\n"); i++)
        turn(true);
    expect(client, "OK 1\r\nOK 2\r\n");
    node_client_close(node, client);
    stop();
    start();
    ck_assert_uint_eq(store_revision(*parts.store), 2);
    ck_assert(!node_ready(node));
    for (int i = 0; i < 1000 && !node_ready(node); i++) {
        ck_assert_ptr_nonnull(node_unready(node));
        turn(true);
    }
    ck_assert(node_ready(node));
    ck_assert_ptr_null(node_unready(node));
    ck_assert_uint_eq(store_revision(*parts.store), 2);
}
END_TEST

/* It leads as soon as its vote is on its disk, but not even the first entry of its term is. */
START_TEST(a_leader_is_not_ready_before_its_own_first_entries)
{
    stop();
    start();
    for (int i = 0; i < 1000 && raft_leader(parts.raft) == 0; i++)
        turn(true);
    for (int i = 0; i < 10; i++)
        turn(false);
    ck_assert_uint_eq(raft_leader(parts.raft), 1);
    ck_assert(!node_ready(node));
}
END_TEST

START_TEST(an_empty_node_waits_for_its_cluster)
{
    struct raft_configuration configuration = parts.peers->identity.directory.configuration;
    parts.peers->identity.directory.configuration.count = 0;
    ck_assert(strstr(node_unready(node), "formed") != NULL);
    parts.peers->identity.directory.configuration = configuration;
    ck_assert(node_ready(node));
}
END_TEST

START_TEST(a_node_whose_place_was_taken_is_not_ready_until_it_is_back)
{
    gateway_reopen(parts.gateway, 4711);
    ck_assert(!node_ready(node));
    for (int i = 0; i < 1000 && !node_ready(node); i++)
        turn(true);
    ck_assert(node_ready(node));
}
END_TEST

START_TEST(a_node_that_gets_a_copy_is_not_ready)
{
    parts.transfers->receiving.state = RECEIVE_WAIT;
    ck_assert(!node_ready(node));
    parts.transfers->receiving.state = RECEIVE_IDLE;
    ck_assert(node_ready(node));
}
END_TEST

START_TEST(without_a_leader_it_is_not_ready)
{
    raft_step_down(parts.raft);
    ck_assert(!node_ready(node));
    for (int i = 0; i < 1000 && !node_ready(node); i++)
        turn(true);
    ck_assert(node_ready(node));
}
END_TEST

START_TEST(a_node_that_ends_is_not_ready)
{
    node_shutdown(node);
    ck_assert(!node_ready(node));
}
END_TEST

START_TEST(a_node_that_has_to_stop_is_not_ready)
{
    env_stop(parts.env, LOG_STOPPED, "because");
    ck_assert(!node_ready(node));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ready");
    TCase *tests = tcase_create("ready");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_restarted_node_is_ready_when_it_has_applied_what_was_committed);
    tcase_add_test(tests, a_leader_is_not_ready_before_its_own_first_entries);
    tcase_add_test(tests, an_empty_node_waits_for_its_cluster);
    tcase_add_test(tests, a_node_whose_place_was_taken_is_not_ready_until_it_is_back);
    tcase_add_test(tests, a_node_that_gets_a_copy_is_not_ready);
    tcase_add_test(tests, without_a_leader_it_is_not_ready);
    tcase_add_test(tests, a_node_that_ends_is_not_ready);
    tcase_add_test(tests, a_node_that_has_to_stop_is_not_ready);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
