/* What becomes of a directory whose cluster is another than --cluster says. */
#include "node/peers/membership.h"

#include "solo.h"

/* "1=a:1,2=b:1" as members; their incarnations are their ids. */
static uint32_t members_of(const char *text, struct raft_member members[RAFT_MEMBERS_MAX])
{
    uint32_t count = 0;
    for (const char *at = text; *at != '\0'; count++) {
        members[count] = (struct raft_member){
            .id = (uint32_t)(at[0] - '0'), .incarnation = (uint32_t)(at[0] - '0'), .role = RAFT_VOTER};
        size_t size = strcspn(at + 2, ",");
        memcpy(members[count].address, at + 2, size);
        at += 2 + size + (at[2 + size] == ',');
    }
    return count;
}

/* Node 1 of a cluster with members FORMED, which was started with the nodes LISTED. */
static bool fits(const char *formed, const char *listed, char reason[DISK_REASON_MAX])
{
    struct disk_recovered recovered = {.identity = {.node_id = 1, .incarnation = 1}, .snapshot_index = 9};
    const struct limits limits = {
        .value_max_bytes = 500, .memory_max_bytes = 1 << 20, .window_max = 3, .window_max_bytes = 5000,
        .level = LEVEL_BASE};
    struct node_options options;
    node_options_default(&options);
    options.id = 1;
    options.peer_count = members_of(listed, options.peers);
    recovered.identity.configuration.cluster_id = 7;
    recovered.identity.configuration.count = members_of(formed, recovered.identity.configuration.members);
    limits_encode(&limits, &recovered.identity.configuration);
    reason[0] = '\0';
    return membership_fits(&options, &recovered, reason);
}

START_TEST(a_cluster_of_other_nodes_is_refused_with_what_to_do)
{
    static const struct {
        const char *formed;
        const char *listed;
        const char *reasons[3]; /* all are told; none: it goes on */
    } cases[] = {
        {"1=self", "1=self", {NULL}},
        {"1=self", "1=a:1", {NULL}},
        {"1=a:1", "1=self", {NULL}},
        {"1=a:1,2=b:1,3=c:1", "1=a:1,2=b:1,3=c:1", {NULL}},
        {"1=a:1,2=b:1,3=c:1", "1=a:2,2=x:1,3=y:1", {NULL}},        /* nodes move */
        {"1=a:1,2=b:1,3=c:1", "1=a:1,2=b:1,3=c:1,4=d:1", {NULL}},  /* told by a line, not refused */
        /* It ran alone, and went on alone. */
        {"1=self", "1=a:1,2=b:1,3=c:1", {"to a cluster of node 1 alone", "start it without --cluster to keep", "wipe"}},
        {"1=self", "1=a:1,2=b:1", {"to a cluster of node 1 alone", "start it without --cluster to keep", "wipe"}},
        {"1=a:1", "1=a:1,2=b:1",
         {"to a cluster of node 1 alone", "or with --cluster 1=a:1, to keep its files", "wipe"}},
        /* One of three must not lead alone, nor two of three by themselves. */
        {"1=a:1,2=b:1,3=c:1", "1=self",
         {"has a node 2 that --cluster does not name: name every", "It formed with 1=a:1,2=b:1,3=c:1", "wipe"}},
        {"1=a:1,2=b:1,3=c:1", "1=a:1", {"has a node 2 that", "It formed with 1=a:1,2=b:1,3=c:1", "wipe"}},
        {"1=a:1,2=b:1,3=c:1", "1=a:1,2=b:1", {"has a node 3 that", "It formed with 1=a:1,2=b:1,3=c:1", "wipe"}},
        {"1=a:1,2=b:1,3=c:1", "1=a:1,3=c:1,4=b:1", {"has a node 2 that", "It formed with 1=a:1,2=b:1,3=c:1", "wipe"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char reason[DISK_REASON_MAX];
        bool fit = fits(cases[i].formed, cases[i].listed, reason);
        ck_assert_msg(fit == (cases[i].reasons[0] == NULL), "%s started with %s", cases[i].formed, cases[i].listed);
        for (int j = 0; j < 3 && cases[i].reasons[j]; j++)
            ck_assert_msg(strstr(reason, cases[i].reasons[j]) != NULL, "%s is not in: %s", cases[i].reasons[j], reason);
    }
}
END_TEST

START_TEST(what_is_too_long_to_tell_is_cut)
{
    char formed[RAFT_MEMBERS_MAX * 130] = "", reason[DISK_REASON_MAX];
    for (int id = 1; id <= RAFT_MEMBERS_MAX; id++) {
        const char name[] = {(char)('0' + id), '=', '\0'};
        strcat(strcat(formed, id > 1 ? "," : ""), name);
        for (int i = 0; i < 100; i++)
            strcat(formed, "a");
        strcat(formed, ":1");
    }
    ck_assert(!fits(formed, "1=self", reason));
    ck_assert_uint_eq(strlen(reason), DISK_REASON_MAX - 1);
    ck_assert_str_eq(reason + strlen(reason) - 3, "...");
}
END_TEST

/* --- what is told ------------------------------------------------------------------------------------------------ */

/* The lines that a node of FORMED says when it was started with LISTED. */
static const char *told(const char *formed, const char *listed)
{
    static char lines[2000];
    struct buffer *log = node_log(node);
    buffer_clear(log, 0);
    parts.env->options.peer_count = members_of(listed, parts.env->options.peers);
    struct raft_configuration configuration = {.cluster_id = 7};
    configuration.count = members_of(formed, configuration.members);
    membership_say(parts.env, &configuration);
    ck_assert_uint_lt(buffer_size(log), sizeof lines);
    if (buffer_size(log) > 0)
        memcpy(lines, buffer_start(log), buffer_size(log));
    lines[buffer_size(log)] = '\0';
    buffer_clear(log, 0);
    return lines;
}

START_TEST(ids_and_addresses_of_others_are_told)
{
    struct node_options kept = parts.env->options;
    ck_assert_str_eq(told("1=a:1,2=b:1", "1=a:1,2=b:1"), "");
    ck_assert_str_eq(told("1=a:1,2=b:1", "1=a:9,2=c:1"), "");
    ck_assert_str_eq(told("1=a:1,2=b:1", "1=a:1,2=b:1,4=d:1"),
                     "event=cluster_differs peer=4 address=d:1 reason=\"the cluster formed without a node of this id, "
                     "and it cannot join: take it out of --cluster\"\n");
    ck_assert_str_eq(told("1=a:1,2=b:1,3=c:1", "1=a:1,2=c:1,3=b:1"),
                     "event=cluster_differs peer=2 address=c:1 reason=\"node 3 was at this address when the cluster "
                     "formed: are the ids in --cluster right?\"\n"
                     "event=cluster_differs peer=3 address=b:1 reason=\"node 2 was at this address when the cluster "
                     "formed: are the ids in --cluster right?\"\n");
    ck_assert_str_eq(told("1=a:1,2=b:1", "1=a:1,2=c:1,3=b:1"),
                     "event=cluster_differs peer=3 address=b:1 reason=\"the cluster formed without a node of this id, "
                     "and it cannot join: take it out of --cluster; node 2 was at this address when the cluster "
                     "formed: are the ids in --cluster right?\"\n");
    parts.env->options = kept;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("membership");
    TCase *tests = tcase_create("membership");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_cluster_of_other_nodes_is_refused_with_what_to_do);
    tcase_add_test(tests, what_is_too_long_to_tell_is_cut);
    tcase_add_test(tests, ids_and_addresses_of_others_are_told);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
