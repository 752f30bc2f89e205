/* What a node says of those who decide, while nothing is decided. */
#include "node/handover.h"
#include "solo.h"
#include "stranger.h"

enum { NODES = 5, OWN = 1 };

/* How node I stands to this one: by place. */
enum stand { LINKED, AWAY, WIPED /* linked, with another data directory than the cluster formed with */ };

static struct node_link *links[NODES + 1];

static uint64_t incarnation_of(uint32_t id)
{
    return id == OWN ? parts.peers->identity.directory.incarnation : 100 + id;
}

/* The cluster of all of them forms; this node is told of it. */
static void form(bool own_disk_is_new)
{
    struct raft_configuration configuration = {.cluster_id = 7, .count = NODES};
    struct buffer bytes = {0};
    for (uint32_t id = 1; id <= NODES; id++)
        configuration.members[id - 1] = (struct raft_member){
            .id = id, .incarnation = incarnation_of(id) + (id == OWN && own_disk_is_new), .role = RAFT_VOTER,
            .address = "h:1"};
    limits_encode(&parts.env->limits, &configuration);
    raft_configuration_encode(&configuration, &bytes);
    bootstrap_received(parts.peers, parts.env, 2, buffer_start(&bytes), buffer_size(&bytes));
    buffer_close(&bytes);
    for (int i = 0; i < 10; i++)
        turn(true);
    ck_assert(identity_settled(&parts.peers->identity));
}

static void stand(uint32_t id, enum stand how)
{
    if (links[id])
        node_link_close(node, links[id]);
    links[id] = NULL;
    if (how == AWAY)
        return;
    const struct hello hello = {
        .format = FRAME_FORMAT, .kind = NODE_LINK_CONSENSUS, .from = id, .to = OWN,
        .cluster_id = parts.peers->identity.directory.configuration.cluster_id,
        .fresh = parts.peers->identity.directory.configuration.cluster_id == 0,
        .incarnation = incarnation_of(id) + (how == WIPED ? 1000 : 0)};
    links[id] = called_from("h:1");
    say(links[id], &hello);
    ck_assert(!node_link_ends(links[id]));
}

static void stand_all(const enum stand how[NODES + 1])
{
    for (uint32_t id = 2; id <= NODES; id++)
        stand(id, how[id]);
}

/* The value of KEY in `status`. */
static const char *status_value(const char *key)
{
    static char value[40];
    struct buffer status = {0};
    char line[60] = "\r\n";
    strcat(strcat(line, key), "=");
    facts_status(node_all(node), &status);
    buffer_append_u8(&status, '\0');
    const char *at = strstr((const char *)buffer_start(&status), line);
    ck_assert_ptr_nonnull(at);
    at += strlen(line);
    size_t size = strcspn(at, "\r\n");
    ck_assert_uint_lt(size, sizeof value);
    memcpy(value, at, size);
    value[size] = '\0';
    buffer_close(&status);
    return value;
}

/* What a write is answered when its time is over. */
static void expect_refusal(const char *text)
{
    struct connection connection;
    struct node_client *client = node_client_open(node, &connection);
    char line[400] = "ERR_NO_LEADER ";
    type(client, "write a 1\nx\n");
    now_ms += parts.env->options.command_timeout_ms;
    turn(true);
    expect(client, strcat(strcat(line, text), "\r\n"));
    node_client_close(node, client);
}

START_TEST(who_is_missing_is_told_in_errors_status_and_readiness)
{
    static const struct {
        enum stand how[NODES + 1];
        const char *quorum;
        const char *text;
    } cases[] = {
        {{0, 0, LINKED, AWAY, WIPED, WIPED}, "2/3",
         "2 of 5 voters are here, 3 are needed (node 3 is down; 4, 5 do not vote)"},
        {{0, 0, AWAY, AWAY, AWAY, AWAY}, "1/3", "1 of 5 voters are here, 3 are needed (nodes 2, 3, 4, 5 are down)"},
        {{0, 0, LINKED, AWAY, AWAY, AWAY}, "2/3", "2 of 5 voters are here, 3 are needed (nodes 3, 4, 5 are down)"},
        {{0, 0, WIPED, WIPED, WIPED, WIPED}, "1/3",
         "1 of 5 voters are here, 3 are needed (nodes 2, 3, 4, 5 do not vote)"},
        {{0, 0, AWAY, AWAY, AWAY, WIPED}, "1/3",
         "1 of 5 voters are here, 3 are needed (nodes 2, 3, 4 are down; 5 does not vote)"},
        {{0, 0, LINKED, LINKED, LINKED, WIPED}, "4/3",
         "no leader is elected yet: 4 of 5 voters are here, 3 are needed (node 5 does not vote)"},
        {{0, 0, LINKED, LINKED, LINKED, LINKED}, "5/3",
         "no leader is elected yet: 5 of 5 voters are here, 3 are needed"},
        {{0, 0, LINKED, LINKED, AWAY, LINKED}, "4/3",
         "no leader is elected yet: 4 of 5 voters are here, 3 are needed (node 4 is down)"},
    };
    form(false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        stand_all(cases[i].how);
        turn(true);
        ck_assert_uint_eq(raft_leader(parts.raft), 0);
        ck_assert_str_eq(node_unready(node), cases[i].text);
        ck_assert_str_eq(status_value("quorum"), cases[i].quorum);
        expect_refusal(cases[i].text);
    }
}
END_TEST

/* It does not count itself. */
START_TEST(a_node_whose_disk_is_new_does_not_vote)
{
    static const enum stand how[] = {0, 0, LINKED, AWAY, LINKED, WIPED};
    form(true);
    stand_all(how);
    turn(true);
    ck_assert_str_eq(status_value("quorum"), "2/3");
    expect_refusal("2 of 5 voters are here, 3 are needed (node 3 is down; 1, 5 do not vote)");
}
END_TEST

START_TEST(before_it_forms_a_cluster_needs_all)
{
    static const enum stand how[] = {0, 0, LINKED, AWAY, LINKED, AWAY};
    parts.peers->identity.directory.fresh = false; /* so that it does not form behind our back */
    ck_assert_str_eq(status_value("quorum"), "1/5");
    stand_all(how);
    ck_assert_str_eq(status_value("quorum"), "3/5");
    expect_refusal("the cluster has not formed: 3 of 5 nodes are here, 5 are needed (nodes 3, 5 are down)");
    ck_assert_str_eq(node_unready(node),
                     "the cluster has not formed: 3 of 5 nodes are here, 5 are needed (nodes 3, 5 are down)");
}
END_TEST

/* It once waited without a word for as long as one of them did not come. */
START_TEST(what_it_waits_for_is_said_once_a_minute)
{
    stand(3, LINKED);
    turn(true);
    ck_assert_int_eq(said("event=not_formed"), 0);
    ck_assert_uint_le(node_deadline_ms(node), now_ms + QUORUM_WAIT_MS);
    node_call_failed(node, 4, "Connection refused");
    now_ms += QUORUM_WAIT_MS;
    turn(true);
    ck_assert_int_eq(said("event=not_formed here=2 needed=5 reason=\"the cluster has not formed: 2 of 5 nodes are "
                          "here, 5 are needed (nodes 2, 4, 5 are down)\" nodes=\"1 at self is this node; 2 at self is "
                          "not linked (it has not called); 3 at self is linked; 4 at self is not linked (Connection "
                          "refused); 5 at self is not linked (it has not called)\"\n"), 1);
    for (uint64_t ms = 0; ms < QUORUM_AGAIN_MS - 1000; ms += 500) {
        now_ms += 500;
        turn(true);
    }
    ck_assert_int_eq(said("event=not_formed"), 1);
    ck_assert_uint_le(node_deadline_ms(node), now_ms + 1000);
    now_ms += 1000;
    turn(true);
    ck_assert_int_eq(said("event=not_formed"), 2);
}
END_TEST

START_TEST(without_a_leader_it_says_why_once_a_minute)
{
    const struct hello stranger = {
        .format = FRAME_FORMAT, .kind = NODE_LINK_CONSENSUS, .from = 5, .to = OWN, .cluster_id = 8};
    form(false);
    stand(2, LINKED);
    stand(4, LINKED);
    stand(4, AWAY);
    struct node_link *link = called_from("h:2");
    say(link, &stranger);
    node_link_close(node, link);
    turn(true);
    now_ms += QUORUM_WAIT_MS;
    turn(true);
    ck_assert_int_eq(said("event=no_leader here=2 needed=3 reason=\"2 of 5 voters are here, 3 are needed (nodes 3, 4, "
                          "5 are down)\" nodes=\"1 at self is this node; 2 at self is linked; 3 at self is not linked "
                          "(it has not called); 4 at self is not linked (the connection ended); 5 at self is not "
                          "linked (it belongs to another cluster: "), 1);
    turn(true);
    ck_assert_int_eq(said("event=no_leader"), 1);
    now_ms += QUORUM_AGAIN_MS;
    turn(true);
    ck_assert_int_eq(said("event=no_leader"), 2);
}
END_TEST

/* Node 1 of five, alone and empty. */
static void setup_empty(void)
{
    make_directory();
    peers = NODES;
    start();
}

int main(void)
{
    Suite *suite = suite_create("quorum");
    TCase *tests = tcase_create("quorum");
    tcase_add_checked_fixture(tests, setup_empty, teardown);
    tcase_add_test(tests, who_is_missing_is_told_in_errors_status_and_readiness);
    tcase_add_test(tests, a_node_whose_disk_is_new_does_not_vote);
    tcase_add_test(tests, before_it_forms_a_cluster_needs_all);
    tcase_add_test(tests, what_it_waits_for_is_said_once_a_minute);
    tcase_add_test(tests, without_a_leader_it_says_why_once_a_minute);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
