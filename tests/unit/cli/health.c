/* What is said of a cluster, from what its nodes say. */
#include "cli/health.h"

#include <stdlib.h>
#include <string.h>

#include "json/encode.h"
#include "support/check.h"

enum { NODES_MAX = 5 };

/* The line that is made of these statuses; those that are NULL are of endpoints that do not answer. */
static const char *line_of(const char *const statuses[NODES_MAX], size_t endpoints)
{
    static char text[400];
    json_t *objects[NODES_MAX];
    size_t count = 0;
    struct buffer line = {0};
    for (size_t i = 0; i < endpoints; i++)
        if (statuses[i])
            objects[count++] = json_status(statuses[i], strlen(statuses[i]));
    health_write(&line, objects, count, endpoints);
    ck_assert_uint_lt(buffer_size(&line), sizeof text);
    memset(text, 0, sizeof text);
    memcpy(text, buffer_start(&line), buffer_size(&line));
    buffer_close(&line);
    for (size_t i = 0; i < count; i++)
        json_decref(objects[i]);
    return text;
}

#define SELF(id, role) "node=" id " address=a:" id " role=" role " link=self\n"
#define UP(id, role) "node=" id " address=a:" id " role=" role " link=up\n"
#define DOWN(id, role) "node=" id " address=a:" id " role=" role " link=down\n"
#define HEAD(id, role, leader) "id=" id "\nrole=" role "\nterm=7\nleader=" leader "\ncommit=5000\napplied=5000\n" \
                               "disk=ok\nversion=0.1\ncluster_id=00000000000000aa\nsurprise=1\n"
#define LEADER(id, nodes) HEAD(id, "leader", id) nodes
#define FOLLOWER(id, leader) HEAD(id, "follower", leader) SELF(id, "voter")

START_TEST(what_is_said_of_a_cluster)
{
    static const struct {
        const char *line;
        size_t endpoints;
        const char *statuses[NODES_MAX];
    } cases[] = {
        {"ok: node 2 leads, all 3 nodes are up; 1 may fail", 3,
         {FOLLOWER("1", "2"), LEADER("2", SELF("2", "voter") UP("1", "voter") UP("3", "voter")), FOLLOWER("3", "2")}},
        {"ok: node 2 leads, all 3 nodes are up; 1 may fail; 1 endpoint does not answer", 3,
         {FOLLOWER("1", "2"), LEADER("2", SELF("2", "voter") UP("1", "voter") UP("3", "voter")), NULL}},
        {"ok: node 1 leads, alone; none may fail", 1, {LEADER("1", SELF("1", "voter"))}},
        {"degraded: node 2 leads; down: 3; no more may fail", 3,
         {FOLLOWER("1", "2"), LEADER("2", SELF("2", "voter") UP("1", "voter") DOWN("3", "voter")), NULL}},
        /* A former leader, of an earlier term, does not know better. */
        {"degraded: node 2 leads; cut off: 3; no more may fail; 1 endpoint does not answer", 3,
         {"id=3\nrole=leader\nterm=6\nleader=3\n" SELF("3", "voter"),
          LEADER("2", SELF("2", "voter") UP("1", "voter") DOWN("3", "voter")), NULL}},
        {"degraded: node 2 leads; cut off: 3; no more may fail", 3,
         {FOLLOWER("1", "2"), LEADER("2", SELF("2", "voter") UP("1", "voter") DOWN("3", "voter")),
          "id=3\nrole=candidate\nterm=7\nleader=0\n" SELF("3", "voter") DOWN("1", "voter")}},
        {"degraded: node 2 leads; not voting: 4; disk full: 3, 4; 1 more may fail", 2,
         {LEADER("2", SELF("2", "voter") UP("1", "voter") "node=3 role=voter link=up disk=full\n"
                      "node=4 role=learner link=up disk=full\n"), FOLLOWER("1", "2")}},
        {"degraded: node 2 leads; behind: 1, 3; 1 more may fail", 2,
         {LEADER("2", SELF("2", "voter") UP("1", "voter") "node=3 role=voter link=up match=5000 state=snapshot\n"),
          "id=1\nrole=follower\nterm=7\nleader=2\ncommit=5000\napplied=3999\n"}},
        {"ok: node 2 leads, all 3 nodes are up; 1 may fail", 2,
         {LEADER("2", SELF("2", "voter") UP("1", "voter") "node=3 role=voter link=up match=4000 state=replicate\n"),
          "id=1\nrole=follower\nterm=7\nleader=2\ncommit=5000\napplied=4000\n"}},
        /* The leader is not among the endpoints. */
        {"ok: node 2 leads, all 3 nodes are up; 1 may fail", 1,
         {FOLLOWER("1", "2") UP("2", "voter") UP("3", "voter")}},
        {"no leader: 1 of 3 voters is in touch, 2 are needed; down: 2, 3", 3,
         {HEAD("1", "candidate", "0") SELF("1", "voter") DOWN("2", "voter") DOWN("3", "voter"), NULL, NULL}},
        {"no leader: 2 of 3 voters are in touch, 2 are needed; cut off: 3", 3,
         {HEAD("3", "candidate", "0") SELF("3", "voter") DOWN("2", "voter") DOWN("1", "voter"),
          HEAD("1", "candidate", "0") SELF("1", "voter") UP("2", "voter") DOWN("3", "voter"),
          HEAD("2", "follower", "0") SELF("2", "voter") UP("1", "voter") DOWN("3", "voter")}},
        /* The server's own count goes before ours. */
        {"no leader: 2 of 5 voters are in touch, 3 are needed; not voting: 3", 1,
         {HEAD("1", "candidate", "0") "quorum=2/3\n" SELF("1", "voter") UP("2", "voter") UP("3", "learner")
          UP("4", "voter") UP("5", "voter") UP("6", "voter")}},
        {"no quorum: node 1 leads; 1 of 3 voters is in touch, 2 are needed; down: 2, 3", 3,
         {LEADER("1", "quorum=1/2\n" SELF("1", "voter") DOWN("2", "voter") DOWN("3", "voter")), NULL, NULL}},
        {"ok: node 2 leads, all 2 nodes are up; none may fail", 1,
         {LEADER("2", "quorum=x/\n" SELF("2", "voter") UP("1", "voter"))}},
        {"forming: it waits for all 3 nodes; down: 2, 3", 3,
         {"id=1\nrole=forming\nterm=0\nleader=0\ncluster_id=0000000000000000\n" SELF("1", "unknown")
          DOWN("2", "unknown") DOWN("3", "unknown"), NULL, NULL}},
        {"mixed: the endpoints belong to 2 clusters", 3,
         {FOLLOWER("1", "2"), "id=1\nrole=leader\ncluster_id=00000000000000ab\n", FOLLOWER("3", "2")}},
        {"ok: node 1 leads, all 2 nodes are up; none may fail; versions 0.1, 0.2", 2,
         {LEADER("1", SELF("1", "voter") UP("2", "voter")), "id=2\nrole=follower\nleader=1\nversion=0.2\n"
          "applied=5000\n"}},
        {"down: none of the 3 endpoints answers", 3, {NULL}},
        {"down: the endpoint does not answer", 1, {NULL}},
        {"no leader: 0 of 0 voters are in touch, 1 is needed", 1, {"nothing of the kind\nrole\n=\nnode=\n"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_str_eq(line_of(cases[i].statuses, cases[i].endpoints), cases[i].line);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("health");
    TCase *tests = tcase_create("health");
    tcase_add_test(tests, what_is_said_of_a_cluster);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
