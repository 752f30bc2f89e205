/* What `status` says of a node, and what keeps one from serving: as text, from facts. */
#include <string.h>

#include "node/ready.h"
#include "node/status.h"
#include "support/check.h"

static struct status leader(void)
{
    return (struct status){
        .id = 2, .formed = true, .role = RAFT_LEADER, .votes = true, .learner_reason = "none", .term = 7, .leader = 2,
        .voters_here = 2, .voters_needed = 2, .commit = 90, .applied = 89, .revision = 40, .level = 5,
        .files = 3, .memory_bytes = 1000, .log_bytes = 2000, .sizes = {.wal_bytes = 4096, .snapshot_bytes = 500,
        .snapshot_index = 50}, .has_room = true, .wal_batches = 12, .wal_sync_us = 345, .connections = 6,
        .uptime_s = 99, .cluster_id = 0xabc, .node_count = 4,
        .nodes = {
            {.id = 1, .address = "a:1", .member = true, .votes = true, .linked = true, .followed = true,
             .view = {.match = 88, .state = RAFT_PEER_REPLICATE}, .heard_ms = 5, .has_room = false},
            {.id = 2, .address = "b:1", .self = true, .member = true, .votes = true},
            {.id = 3, .address = "c:1", .member = true},
            {.id = 9, .address = "d:1"},
        }};
}

static const char *printed(const struct status *status)
{
    static char text[4000];
    struct buffer out = {0};
    status_print(status, &out);
    ck_assert_uint_lt(buffer_size(&out), sizeof text);
    memcpy(text, buffer_start(&out), buffer_size(&out));
    text[buffer_size(&out)] = '\0';
    buffer_close(&out);
    return text;
}

START_TEST(a_leader_says_how_the_others_stand)
{
    const struct status status = leader();
    ck_assert_str_eq(printed(&status),
                     "id=2\r\nrole=leader\r\nterm=7\r\nleader=2\r\nquorum=2/2\r\ncommit=90\r\napplied=89\r\n"
                     "revision=40\r\nlevel=5\r\nfiles=3\r\nmemory_bytes=1000\r\nlog_bytes=2000\r\nwal_bytes=4096\r\n"
                     "snapshot_bytes=500\r\nsnapshot_index=50\r\ndisk=ok\r\nwal_batches=12\r\nwal_sync_us=345\r\n"
                     "connections=6\r\nuptime_s=99\r\nversion=" CLEAT_VERSION "\r\ncluster_id=0000000000000abc\r\n"
                     "node=1 address=a:1 role=voter link=up match=88 state=replicate heard_ms=5 disk=full\r\n"
                     "node=2 address=b:1 role=voter link=self leader=yes\r\n"
                     "node=3 address=c:1 role=learner link=down\r\n"
                     "node=9 address=d:1 role=stranger link=down");
}
END_TEST

START_TEST(roles_are_told_apart)
{
    static const struct {
        bool formed, votes;
        enum raft_role role;
        const char *text;
    } cases[] = {
        {false, true, RAFT_FOLLOWER, "role=forming\r\nterm"},
        {true, false, RAFT_FOLLOWER, "role=learner\r\nlearner_reason=none\r\nterm"},
        {true, true, RAFT_FOLLOWER, "role=follower\r\nterm"},
        {true, true, RAFT_PRECANDIDATE, "role=candidate\r\nterm"},
        {true, true, RAFT_CANDIDATE, "role=candidate\r\nterm"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct status status = leader();
        status.formed = cases[i].formed;
        status.votes = cases[i].votes;
        status.role = cases[i].role;
        const char *text = printed(&status);
        ck_assert_msg(strstr(text, cases[i].text) != NULL, "%s is not in %s", cases[i].text, text);
        ck_assert((strstr(text, "role=unknown") != NULL) == !cases[i].formed);
    }
}
END_TEST

/* The first of several is said. */
START_TEST(what_keeps_a_node_from_serving)
{
    static const struct {
        struct ready_facts facts;
        const char *text; /* NULL: nothing */
        bool lacks_leader;
    } cases[] = {
        {{.gateway_open = true}, NULL, false},
        {{.gateway_open = true, .starved = true}, NULL, false}, /* it follows */
        {{.gateway_open = true, .behind = true}, "the disk of this node is full", false},
        {{.behind = true}, "this node has not caught up", false},
        {{.starved = true, .behind = true}, "no room even for what a new leader writes", false},
        {{.receiving = true}, "a copy of the files is on its way", false},
        {{.leaderless = true, .receiving = true}, "no leader is known", true},
        {{.leaderless = true, .starved = true}, "no room even for what a new leader writes", false},
        {{.leaderless = true, .shutting_down = true}, "this node shuts down", false},
        {{.leaderless = true, .shutting_down = true, .stopping = true}, "this node has to stop", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = ready_hindrance(&cases[i].facts);
        ck_assert_msg((text == NULL) == (cases[i].text == NULL), "case %zu", i);
        ck_assert_msg(!text || strstr(text, cases[i].text) != NULL, "case %zu: %s", i, text);
        ck_assert_msg(ready_lacks_leader(&cases[i].facts) == cases[i].lacks_leader, "case %zu", i);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("status");
    TCase *tests = tcase_create("status");
    tcase_add_test(tests, a_leader_says_how_the_others_stand);
    tcase_add_test(tests, roles_are_told_apart);
    tcase_add_test(tests, what_keeps_a_node_from_serving);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
