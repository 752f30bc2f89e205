/* Nodes that compare their state: who differs from a majority stops, and where there is no majority, all do. */
#include <string.h>

#include "node/replica/state_check.h"
#include "support/check.h"

enum { OWN_HASH = 1000, INDEX = LIMIT_AGREEMENT_EVERY };

static struct state_check check;
static struct env env;
static struct raft *raft;

/* Node 1, which has applied INDEX entries. Ids from 1 to MEMBERS are members, the last of them a learner if there are
 * more than two. */
static void open_node(uint32_t members)
{
    struct raft_start start = {.configuration = {.cluster_id = 7, .count = members}};
    const struct raft_options options = {
        .id = 1, .incarnation = 101, .election_min_ms = 150, .election_max_ms = 300, .heartbeat_ms = 30,
        .append_bytes_max = 1000, .inflight_bytes_max = 10000, .inflight_count_max = 10, .seed = 1};
    for (uint32_t i = 0; i < members; i++)
        start.configuration.members[i] =
            (struct raft_member){.id = i + 1, .incarnation = 101 + i, .address = "self",
                                 .role = i > 1 && i == members - 1 ? RAFT_LEARNER : RAFT_VOTER};
    memset(&env, 0, sizeof env);
    memset(&check, 0, sizeof check);
    env.options.id = 1;
    env.options.agreement_every = LIMIT_AGREEMENT_EVERY;
    raft = raft_open(&options, &start);
    if (state_check_due(&env, raft, INDEX))
        state_check_heard(&check, &env, raft, 1, INDEX, OWN_HASH);
}

static void setup(void)
{
    open_node(5);
}

static void teardown(void)
{
    raft_close(raft);
    buffer_close(&env.log);
}

static void hears(uint32_t from, uint64_t difference)
{
    state_check_heard(&check, &env, raft, from, INDEX, OWN_HASH + difference);
}

START_TEST(nodes_that_agree_go_on)
{
    for (uint32_t id = 2; id <= 5; id++)
        hears(id, 0);
    ck_assert(!env.stopping);
}
END_TEST

START_TEST(one_that_differs_does_not_stop_the_others)
{
    hears(4, 1);
    hears(2, 0);
    hears(3, 0);
    hears(5, 0);
    ck_assert(!env.stopping);
}
END_TEST

START_TEST(a_node_that_differs_from_a_majority_stops)
{
    hears(2, 1);
    hears(3, 1);
    ck_assert(!env.stopping); /* two are no majority of five */
    hears(4, 1);
    ck_assert(env.stopping);
}
END_TEST

START_TEST(a_report_that_comes_twice_counts_once)
{
    hears(2, 1);
    hears(2, 1);
    hears(2, 1);
    hears(3, 1);
    ck_assert(!env.stopping);
}
END_TEST

START_TEST(without_a_majority_for_any_all_stop)
{
    hears(2, 0);
    hears(3, 1);
    hears(4, 1);
    ck_assert(!env.stopping); /* the fifth may still decide */
    hears(5, 2);
    ck_assert(env.stopping);
}
END_TEST

START_TEST(states_at_other_indexes_are_not_compared)
{
    for (uint32_t id = 2; id <= 5; id++)
        state_check_heard(&check, &env, raft, id, 2 * INDEX, 99);
    ck_assert(!env.stopping);
}
END_TEST

/* Members are counted, not who is heard of: that may be more, or fewer. */
START_TEST(a_majority_is_one_of_the_members)
{
    static const struct {
        uint32_t members;
        const char *heard; /* from 2 on: '=' the same as here, a digit: a difference, ' ': nothing */
        bool stops;
    } cases[] = {
        {5, "11", false},       {5, "111", true},
        {3, "1", false},        {3, "11", true},       /* two of three are a majority, not of nine */
        {5, "==11", false},
        {3, "12", true},        {5, "=112", true},     /* all members have spoken */
        {3, "  111111", false}, {3, "=1111111", false}, /* others are none */
        {3, "1 111111", false},
        {5, "123", false},                             /* one that is not heard may decide */
        {1, "1", false},        {1, "11111111", false},
        {2, "1", true},         {2, "=", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        teardown();
        open_node(cases[i].members);
        for (uint32_t k = 0; cases[i].heard[k]; k++)
            if (cases[i].heard[k] != ' ')
                hears(k + 2, cases[i].heard[k] == '=' ? 0 : (uint64_t)(cases[i].heard[k] - '0'));
        ck_assert_msg(env.stopping == cases[i].stops, "case %zu", i);
    }
}
END_TEST

/* Its id may come back as another node. */
START_TEST(what_a_node_said_that_is_none_any_more_does_not_count)
{
    hears(2, 1);
    hears(3, 1);
    state_check_forget(&check, 2);
    state_check_forget(&check, 9); /* it has said nothing */
    ck_assert_uint_eq(check.count, 2);
    hears(4, 1);
    ck_assert(!env.stopping); /* 3 and 4 are no majority of five */
    hears(2, 1);
    ck_assert(env.stopping);
}
END_TEST

START_TEST(all_that_can_be_peers_have_a_place)
{
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t id = 2; id <= STATE_CHECK_NODES_MAX; id++)
            hears(100 * round + id, 0);
        ck_assert_uint_eq(check.count, STATE_CHECK_NODES_MAX);
        for (uint32_t id = 2; id <= STATE_CHECK_NODES_MAX; id++)
            state_check_forget(&check, 100 * round + id);
        ck_assert_uint_eq(check.count, 1);
    }
    ck_assert(!env.stopping);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("state_check");
    TCase *tests = tcase_create("state_check");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, nodes_that_agree_go_on);
    tcase_add_test(tests, one_that_differs_does_not_stop_the_others);
    tcase_add_test(tests, a_node_that_differs_from_a_majority_stops);
    tcase_add_test(tests, a_report_that_comes_twice_counts_once);
    tcase_add_test(tests, without_a_majority_for_any_all_stop);
    tcase_add_test(tests, states_at_other_indexes_are_not_compared);
    tcase_add_test(tests, a_majority_is_one_of_the_members);
    tcase_add_test(tests, what_a_node_said_that_is_none_any_more_does_not_count);
    tcase_add_test(tests, all_that_can_be_peers_have_a_place);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
