/* A node without a cluster that is told of one. */
#include "solo.h"
#include "stranger.h"

/* What another node, which formed the cluster, says of it. */
static void tell(const struct raft_configuration *configuration)
{
    struct buffer bytes = {0};
    raft_configuration_encode(configuration, &bytes);
    bootstrap_received(parts.peers, parts.env, 2, buffer_start(&bytes), buffer_size(&bytes));
    buffer_close(&bytes);
}

static struct raft_configuration cluster(const struct limits *limits)
{
    struct raft_configuration configuration = {.cluster_id = 7, .count = 2};
    configuration.members[0] = (struct raft_member){
        .id = 1, .incarnation = parts.peers->identity.directory.incarnation, .role = RAFT_VOTER, .address = "one:1"};
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
        .value_max_bytes = 500, .memory_max_bytes = 1 << 20, .window_max = 3, .window_max_bytes = 5000,
        .level = LEVEL_BASE};
    const struct raft_configuration configuration = cluster(&limits);
    ck_assert_uint_eq(parts.gateway->count_max, LIMIT_WINDOW);
    tell(&configuration);
    turn(true);
    ck_assert(identity_settled(&parts.peers->identity));
    ck_assert_uint_eq(parts.env->limits.value_max_bytes, 500);
    ck_assert_uint_eq(parts.gateway->count_max, 3);
    ck_assert_uint_eq(parts.gateway->allowed_max, 5000);
    stop();
    start();
    ck_assert_uint_eq(parts.gateway->count_max, 3);
    ck_assert_uint_eq(parts.gateway->allowed_max, 5000);
}
END_TEST

/* It was once dropped without a word: its node waited for ever, and no one knew why. */
START_TEST(what_cannot_be_read_is_said_once)
{
    const struct limits limits = {
        .value_max_bytes = 500, .window_max = 3, .window_max_bytes = 5000, .level = LEVEL_BASE};
    const struct raft_configuration configuration = cluster(&limits);
    struct buffer bytes = {0};
    raft_configuration_encode(&configuration, &bytes);
    uint8_t *last = buffer_start(&bytes) + buffer_size(&bytes) - 1;
    *last = ' '; /* of an address */
    for (int i = 0; i < 3; i++)
        bootstrap_received(parts.peers, parts.env, 2, buffer_start(&bytes), buffer_size(&bytes));
    buffer_close(&bytes);
    buffer_append_u8(node_log(node), '\0');
    const char *said = strstr((const char *)buffer_start(node_log(node)), "event=bad_form peer=2 reason=");
    ck_assert_ptr_nonnull(said);
    ck_assert_ptr_null(strstr(said + 1, "event=bad_form"));
    buffer_clear(node_log(node), 0);
    ck_assert_uint_eq(parts.peers->identity.directory.configuration.count, 0);
    tell(&configuration);
    ck_assert_uint_eq(parts.peers->identity.directory.configuration.count, 2);
}
END_TEST

/* The log's first entry says where the state begins. */
START_TEST(a_cluster_begins_at_its_level)
{
    const struct limits limits = {
        .value_max_bytes = 500, .window_max = 3, .window_max_bytes = 5000, .level = 5};
    const struct raft_configuration configuration = cluster(&limits);
    store_limit_level(*parts.store, 7);
    ck_assert_uint_eq(parts.env->levels.reached, LEVEL_BASE);
    tell(&configuration);
    for (int i = 0; i < 20 && store_applied(*parts.store) == 0; i++)
        turn(true);
    ck_assert_uint_eq(store_applied(*parts.store), 1);
    ck_assert_uint_eq(store_level(*parts.store), 5);
    ck_assert_uint_eq(parts.env->levels.reached, 5);
    ck_assert_ptr_null(node_stop_reason(node));
}
END_TEST

START_TEST(a_cluster_of_a_level_that_is_not_known_ends_the_node)
{
    const struct limits limits = {
        .value_max_bytes = 500, .window_max = 3, .window_max_bytes = 5000, .level = LEVEL_KNOWN + 1};
    const struct raft_configuration configuration = cluster(&limits);
    tell(&configuration);
    for (int i = 0; i < 20; i++)
        turn(true);
    ck_assert_ptr_nonnull(node_stop_reason(node));
    ck_assert_ptr_nonnull(strstr(node_stop_reason(node), "this version cannot read: run the newest cleatd"));
    ck_assert_uint_eq(store_applied(*parts.store), 0);
}
END_TEST

/* What all of them know is what they begin with: here this program's, for the other knows more. */
START_TEST(it_forms_at_the_lowest_level)
{
    struct node_link *link = called_from("h:1");
    struct hello hello = HELLO(FRAME_FORMAT, NODE_LINK_CONSENSUS, 2, 1, 0);
    struct limits limits;
    hello.fresh = true;
    stranger_level = LEVEL_KNOWN + 3;
    say(link, &hello);
    for (int i = 0; i < 20; i++)
        turn(true);
    const struct raft_configuration *formed = &parts.peers->identity.directory.configuration;
    ck_assert_uint_eq(formed->count, 2);
    ck_assert(limits_decode(formed, &limits));
    ck_assert_uint_eq(limits.level, LEVEL_KNOWN);
    ck_assert_uint_eq(store_level(*parts.store), LEVEL_KNOWN);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bootstrap");
    TCase *tests = tcase_create("bootstrap");
    tcase_add_checked_fixture(tests, setup_empty, teardown);
    tcase_add_test(tests, the_clusters_limits_hold_from_when_it_is_known);
    tcase_add_test(tests, what_cannot_be_read_is_said_once);
    tcase_add_test(tests, a_cluster_begins_at_its_level);
    tcase_add_test(tests, a_cluster_of_a_level_that_is_not_known_ends_the_node);
    tcase_add_test(tests, it_forms_at_the_lowest_level);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
