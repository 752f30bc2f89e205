/* Nodes that compare their state: who differs from a majority stops, and where there is no majority, all do. */
#include <stdlib.h>

#include "base/memory.h"
#include "node/state.h"
#include "support/check.h"

static struct node *node;

/* Node 1 of five, whose store has had LIMIT_AGREEMENT_EVERY entries applied. */
static void setup(void)
{
    node = memory_get(sizeof *node);
    node->options.id = 1;
    node->options.peer_count = 5;
    node->options.agreement_every = LIMIT_AGREEMENT_EVERY;
    for (uint32_t i = 0; i < 5; i++)
        node->options.peers[i].id = i + 1;
    node->store = store_open(1);
    for (uint64_t index = 1; index <= LIMIT_AGREEMENT_EVERY; index++)
        store_apply(node->store, index, index, NULL);
    agreement_applied(node);
}

static void teardown(void)
{
    store_close(node->store);
    buffer_close(&node->log);
    free(node);
}

static void hears(uint32_t from, uint64_t difference)
{
    agreement_heard(node, from, LIMIT_AGREEMENT_EVERY, store_hash(node->store) + difference);
}

START_TEST(nodes_that_agree_go_on)
{
    for (uint32_t id = 2; id <= 5; id++)
        hears(id, 0);
    ck_assert_ptr_null(node_stop_reason(node));
}
END_TEST

START_TEST(one_that_differs_does_not_stop_the_others)
{
    hears(4, 1);
    hears(2, 0);
    hears(3, 0);
    hears(5, 0);
    ck_assert_ptr_null(node_stop_reason(node));
}
END_TEST

START_TEST(a_node_that_differs_from_a_majority_stops)
{
    hears(2, 1);
    hears(3, 1);
    ck_assert_ptr_null(node_stop_reason(node)); /* two are no majority of five */
    hears(4, 1);
    ck_assert_ptr_nonnull(node_stop_reason(node));
}
END_TEST

START_TEST(a_report_that_comes_twice_counts_once)
{
    hears(2, 1);
    hears(2, 1);
    hears(2, 1);
    hears(3, 1);
    ck_assert_ptr_null(node_stop_reason(node));
}
END_TEST

START_TEST(without_a_majority_for_any_all_stop)
{
    hears(2, 0);
    hears(3, 1);
    hears(4, 1);
    ck_assert_ptr_null(node_stop_reason(node)); /* the fifth may still decide */
    hears(5, 2);
    ck_assert_ptr_nonnull(node_stop_reason(node));
}
END_TEST

START_TEST(states_at_other_indexes_are_not_compared)
{
    for (uint32_t id = 2; id <= 5; id++)
        agreement_heard(node, id, 2 * LIMIT_AGREEMENT_EVERY, 99);
    ck_assert_ptr_null(node_stop_reason(node));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agreement");
    TCase *tests = tcase_create("agreement");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, nodes_that_agree_go_on);
    tcase_add_test(tests, one_that_differs_does_not_stop_the_others);
    tcase_add_test(tests, a_node_that_differs_from_a_majority_stops);
    tcase_add_test(tests, a_report_that_comes_twice_counts_once);
    tcase_add_test(tests, without_a_majority_for_any_all_stop);
    tcase_add_test(tests, states_at_other_indexes_are_not_compared);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
