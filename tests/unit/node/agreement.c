/* Nodes that compare their state: who differs from a majority stops, and where there is no majority, all do. */
#include <stdlib.h>

#include "base/memory.h"
#include "node/state.h"
#include "support/check.h"

static struct node *node;

/* Node 1, whose store has had LIMIT_AGREEMENT_EVERY entries applied: --cluster names ids from 1 to LISTED, and ids from
 * 1 to MEMBERS are members, the last of them a learner if there are more than two. */
static void open_node(uint32_t listed, uint32_t members)
{
    struct raft_start start = {.configuration = {.cluster_id = 7, .count = members}};
    const struct raft_options options = {
        .id = 1, .incarnation = 101, .election_min_ms = 150, .election_max_ms = 300, .heartbeat_ms = 30,
        .append_bytes_max = 1000, .inflight_bytes_max = 10000, .inflight_count_max = 10, .seed = 1};
    for (uint32_t i = 0; i < members; i++)
        start.configuration.members[i] =
            (struct raft_member){.id = i + 1, .incarnation = 101 + i, .address = "self",
                                 .role = i > 1 && i == members - 1 ? RAFT_LEARNER : RAFT_VOTER};
    node = memory_get(sizeof *node);
    node->env.options.id = 1;
    node->env.options.peer_count = listed;
    node->env.options.agreement_every = LIMIT_AGREEMENT_EVERY;
    for (uint32_t i = 0; i < listed; i++)
        node->env.options.peers[i].id = i + 1;
    node->raft = raft_open(&options, &start);
    node->store = store_open(1);
    for (uint64_t index = 1; index <= LIMIT_AGREEMENT_EVERY; index++)
        store_apply(node->store, index, index, NULL);
    agreement_applied(node);
}

static void setup(void)
{
    open_node(5, 5);
}

static void teardown(void)
{
    raft_close(node->raft);
    store_close(node->store);
    buffer_close(&node->env.log);
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

/* Members are counted, not who --cluster names: it may name more, and may leave one out. */
START_TEST(a_majority_is_one_of_the_members)
{
    static const struct {
        uint32_t listed, members;
        const char *heard; /* from 2 on: '=' the same as here, a digit: a difference, ' ': nothing */
        bool stops;
    } cases[] = {
        {5, 5, "11", false},      {5, 5, "111", true},
        {9, 3, "1", false},       {9, 3, "11", true},       /* two of three are a majority, not of nine */
        {9, 5, "111", true},      {9, 5, "==11", false},
        {9, 3, "12", true},       {9, 5, "=112", true},     /* all members have spoken */
        {9, 3, "  111111", false}, {9, 3, "=1111111", false}, /* others are none */
        {9, 3, "1 111111", false},
        {3, 5, "11", false},      {4, 5, "111", true},      {4, 5, "123", false}, /* one that is not heard may decide */
        {2, 1, "1", false},       {9, 1, "11111111", false},
        {9, 2, "1", true},        {9, 2, "=", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        teardown();
        open_node(cases[i].listed, cases[i].members);
        for (uint32_t k = 0; cases[i].heard[k]; k++) {
            ck_assert_uint_le(k + 2, cases[i].listed);
            if (cases[i].heard[k] != ' ')
                hears(k + 2, cases[i].heard[k] == '=' ? 0 : (uint64_t)(cases[i].heard[k] - '0'));
        }
        ck_assert_msg((node_stop_reason(node) != NULL) == cases[i].stops, "case %zu", i);
    }
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
    tcase_add_test(tests, a_majority_is_one_of_the_members);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
