/* A node without a cluster that is told of one. */
#include "solo.h"

/* What another node, which formed the cluster, says of it. */
static void tell(const struct raft_configuration *configuration)
{
    struct buffer bytes = {0};
    raft_configuration_encode(configuration, &bytes);
    formation_received(node, buffer_start(&bytes), buffer_size(&bytes));
    buffer_close(&bytes);
}

static struct raft_configuration cluster(const struct limits *limits)
{
    struct raft_configuration configuration = {.cluster_id = 7, .count = 2};
    configuration.members[0] = (struct raft_member){
        .id = 1, .incarnation = node->identity.incarnation, .role = RAFT_VOTER, .address = "one:1"};
    configuration.members[1] = (struct raft_member){
        .id = 2, .incarnation = 5, .role = RAFT_VOTER, .address = "two:1"};
    limits_encode(limits, &configuration);
    return configuration;
}

/* Node 1 of two, alone and empty. */
static void setup_empty(void)
{
    make_directory();
    peers = 2;
    start();
}

/* Those of its own options hold until then. */
START_TEST(the_clusters_limits_hold_from_when_it_is_known)
{
    const struct limits limits = {
        .value_max_bytes = 500, .memory_max_bytes = 1 << 20, .window_max = 3, .window_max_bytes = 5000};
    const struct raft_configuration configuration = cluster(&limits);
    ck_assert_uint_eq(node->gateway.count_max, LIMIT_WINDOW);
    tell(&configuration);
    turn(true);
    ck_assert(formation_settled(node));
    ck_assert_uint_eq(node->limits.value_max_bytes, 500);
    ck_assert_uint_eq(node->gateway.count_max, 3);
    ck_assert_uint_eq(node->gateway.allowed_max, 5000);
    stop();
    start();
    ck_assert_uint_eq(node->gateway.count_max, 3);
    ck_assert_uint_eq(node->gateway.allowed_max, 5000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("formation");
    TCase *tests = tcase_create("formation");
    tcase_add_checked_fixture(tests, setup_empty, teardown);
    tcase_add_test(tests, the_clusters_limits_hold_from_when_it_is_known);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
