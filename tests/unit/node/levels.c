/* Who keeps a cluster from a level, and what is told of it. */
#include "node/levels.h"

#include <string.h>

#include "protocol/level.h"
#include "solo.h"

enum { NEXT = LEVEL_KNOWN + 1 };

/* Members with the ids 1, 2, 3, ..., which know the levels in KNOWN (a digit each); the cluster is at REACHED. */
static struct levels members(unsigned reached, const char *known)
{
    struct levels levels = {.reached = reached, .count = (uint32_t)strlen(known)};
    for (uint32_t i = 0; i < levels.count; i++)
        levels.members[i] = (struct levels_member){.id = i + 1, .known = (unsigned)(known[i] - '0')};
    return levels;
}

START_TEST(who_must_do_what_is_told)
{
    static const struct {
        const char *known; /* relative to NEXT: '=' knows it, '-' knows one less, '0' is not linked */
        const char *text;
    } cases[] = {
        {"===", "this node must run a cleatd that knows level 2 first"}, /* it is none of them, then */
        {"==-", "node 3 must run a cleatd that knows level 2 first"},
        {"-==", "node 1 must run a cleatd that knows level 2 first"},
        {"-=-", "nodes 1 and 3 must run a cleatd that knows level 2 first"},
        {"---", "nodes 1, 2 and 3 must run a cleatd that knows level 2 first"},
        {"----=", "nodes 1, 2, 3 and 4 must run a cleatd that knows level 2 first"},
        {"==0", "node 3 is not linked, and must say that it knows level 2"},
        {"=00", "nodes 2 and 3 are not linked, and must say that they know level 2"},
        {"=0=00", "nodes 2, 4 and 5 are not linked, and must say that they know level 2"},
        {"=-0", "node 2 must run a cleatd that knows level 2 first; node 3 is not linked, and must say that it knows "
                "level 2"},
        {"0-0-=", "nodes 2 and 4 must run a cleatd that knows level 2 first; nodes 1 and 3 are not linked, and must "
                  "say that they know level 2"},
        {"", "this node must run a cleatd that knows level 2 first"}, /* it knows no cluster yet */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char known[RAFT_MEMBERS_MAX + 1] = "", text[LEVELS_TEXT_MAX] = "";
        for (size_t j = 0; cases[i].known[j] != '\0'; j++)
            known[j] = (char)(cases[i].known[j] == '0' ? '0' : '0' + NEXT - (cases[i].known[j] == '-'));
        struct levels levels = members(LEVEL_KNOWN, known);
        ck_assert_msg(!levels_allow(&levels, NEXT, text), "%s", cases[i].known);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

/* A level that this program knows has a version by which people know it. */
START_TEST(the_version_is_told_where_it_is_known)
{
    char text[LEVELS_TEXT_MAX];
    ck_assert_str_eq(level_version(LEVEL_BASE), "0.2");
    ck_assert_ptr_nonnull(level_version(LEVEL_KNOWN));
    ck_assert_ptr_null(level_version(0));
    ck_assert_ptr_null(level_version(LEVEL_KNOWN + 1));
    ck_assert_ptr_null(level_version(UINT16_MAX));
    struct levels levels = members(0, "101");
    ck_assert(!levels_allow(&levels, LEVEL_BASE, text));
    ck_assert_str_eq(text, "node 2 is not linked, and must say that it knows level 1");
    levels = members(LEVEL_BASE, "101");
    ck_assert(levels_allow(&levels, LEVEL_BASE, text)); /* it is there */
    levels = members(0, "111");
    ck_assert(levels_allow(&levels, LEVEL_BASE, text));
}
END_TEST

START_TEST(what_needs_a_level_says_how_to_get_it)
{
    char text[LEVELS_TEXT_MAX];
    struct levels levels = members(LEVEL_BASE, "100");
    ck_assert(levels_reached(&levels, LEVEL_BASE, text));
    levels = members(0, "111");
    ck_assert(!levels_reached(&levels, LEVEL_BASE, text));
    ck_assert_str_eq(text, "all nodes know level 1: cleat level 1");
    levels = members(0, "110");
    ck_assert(!levels_reached(&levels, LEVEL_BASE, text));
    ck_assert_str_eq(text, "node 3 is not linked, and must say that it knows level 1");
}
END_TEST

/* As many members as there can be, with the longest ids and the longest level: nothing is cut. */
START_TEST(the_longest_text_fits)
{
    char text[LEVELS_TEXT_MAX];
    struct levels levels = {.reached = LEVEL_BASE, .count = RAFT_MEMBERS_MAX};
    for (uint32_t i = 0; i < levels.count; i++)
        levels.members[i] = (struct levels_member){.id = UINT32_MAX - i, .known = i % 2};
    ck_assert(!levels_allow(&levels, UINT16_MAX, text));
    ck_assert_uint_lt(strlen(text), LEVELS_TEXT_MAX - 1);
    ck_assert_str_eq(text + strlen(text) - 11, "level 65535");
}
END_TEST

START_TEST(a_cluster_forms_at_what_all_know)
{
    ck_assert_uint_eq(levels_lowest(NULL, 0), LEVEL_KNOWN); /* one node alone */
    ck_assert_uint_eq(levels_lowest((const unsigned[]){9, 7, 8}, 3), LEVEL_KNOWN);
    ck_assert_uint_eq(levels_lowest((const unsigned[]){9, 0, 8}, 3), 0);
    ck_assert_uint_eq(levels_lowest((const unsigned[]){9, 8, 0}, 3), 0);
    ck_assert_uint_eq(levels_lowest((const unsigned[]){0, LEVEL_KNOWN}, 2), 0);
}
END_TEST

/* --- at a node ---------------------------------------------------------------------------------------------------- */

static struct connection connection;
static struct node_client *client;

static void begin(void)
{
    setup();
    client = node_client_open(node, &connection);
}

static void end(void)
{
    ck_assert_uint_eq(parts.session->held_bytes, 0);
    node_client_close(node, client);
    teardown();
}

/* CLIENT says TEXT and is told ANSWERS. */
static void ask(const char *text, const char *answers)
{
    type(client, text);
    for (int i = 0; i < 100 && (i == 0 || client->count > 0); i++)
        turn(true);
    expect(client, answers);
}

START_TEST(the_level_is_raised_in_the_log)
{
    uint64_t number = parts.gateway->next;
    ask("cluster level 1\nstat nothing\ncluster level 001\n", "OK 1\r\nERR_FILE_NOT_FOUND\r\nOK 1\r\n");
    ck_assert_uint_eq(parts.gateway->next, number + 2);
    ck_assert_uint_eq(store_revision(*parts.store), 0);
    ck_assert_uint_eq(parts.env->meter.commands[VERB_CLUSTER][METER_DONE], 2);
}
END_TEST

/* A number that is given cannot be taken back, and its entry would end every node that does not know it. */
START_TEST(what_is_not_known_gets_no_number)
{
    uint64_t number = parts.gateway->next, commit = raft_commit(parts.raft);
    ask("cluster level 2\n", "ERR_UPGRADE node 1 must run a cleatd that knows level 2 first\r\n");
    ask("cluster level 65535\n", "ERR_UPGRADE node 1 must run a cleatd that knows level 65535 first\r\n");
    ck_assert_uint_eq(parts.gateway->next, number);
    ck_assert_uint_eq(raft_commit(parts.raft), commit); /* nothing else came either */
    ck_assert_uint_eq(parts.env->meter.errors[REPLY_UPGRADE], 2);
    ask("write a 1\nx\n", "OK 1\r\n");
}
END_TEST

START_TEST(what_is_no_level_is_said)
{
#define BAD_LEVEL "ERR_CMD_ERR a level is a number from 1 to 65535; see 'help cluster'\r\n"
    ask("cluster level 0\n", BAD_LEVEL);
    ask("cluster level 65536\n", BAD_LEVEL);
    ask("cluster level one\n", BAD_LEVEL);
    ask("cluster level -1\n", BAD_LEVEL);
    ask("cluster levels 1\n", "ERR_CMD_ERR what can be changed of the cluster is its level; see 'help cluster'\r\n");
    ask("cluster level\n", "ERR_CMD_ERR too few or too many words; 'help VERB' shows how it is written\r\n");
    ask("cluster level 1 once=x\n", "ERR_CMD_ERR no such option; cluster takes none; see 'help cluster'\r\n");
    ask("txn\nwrite a 1\nx\ncluster level 1\ncommit\nread a\n",
        "ERR_CMD_ERR line 2 of the transaction: only 'if' and what changes a file can be in it; commit or cancel "
        "ends it\r\nERR_FILE_NOT_FOUND\r\n");
}
END_TEST

#define NOT_YET "ERR_UPGRADE all nodes know level 1: cleat level 1\r\n"

/* The cluster is put below what every verb needs, so that all of them are of a level that is not reached. Contents of
 * what is refused are read and dropped, and what follows is taken. */
START_TEST(a_verb_of_a_level_that_is_not_reached_is_refused)
{
    uint64_t number = parts.gateway->next;
    parts.env->levels.reached = 0;
    type(client, "write a 5\nping\n\nread a\nincr n 1\nwrite b 3\nx");
    expect(client, NOT_YET NOT_YET NOT_YET);
    ck_assert_uint_eq(parts.session->held_bytes, 0);
    type(client, "yz\nstat a\n");
    expect(client, NOT_YET NOT_YET);
    ck_assert_uint_eq(parts.gateway->next, number);
    parts.env->levels.reached = LEVEL_BASE;
    ask("read a\nwrite a 1\nx\n", "ERR_FILE_NOT_FOUND\r\nOK 1\r\n");
}
END_TEST

/* The level is raised between the line and the end of its contents: it was refused, and stays so. */
START_TEST(what_was_refused_is_not_taken_after_all)
{
    parts.env->levels.reached = 0;
    type(client, "write a 1\n");
    parts.env->levels.reached = LEVEL_BASE;
    type(client, "x\n");
    expect(client, "ERR_UPGRADE the cluster's level is too low for this\r\n");
    ask("read a\n", "ERR_FILE_NOT_FOUND\r\n");
}
END_TEST

START_TEST(in_a_transaction_it_spoils_all)
{
    type(client, "txn\nwrite a 1\nx\n");
    parts.env->levels.reached = 0;
    type(client, "write b 5\nping\n\nwrite c 1\nx\ncommit\n");
    parts.env->levels.reached = LEVEL_BASE;
    expect(client, "ERR_UPGRADE line 2 of the transaction: all nodes know level 1: cleat level 1\r\n");
    ask("list\n", "LIST 0 0 end\r\n\r\n");
}
END_TEST

/* It may not even know who the members will be. */
START_TEST(without_a_cluster_nothing_is_raised)
{
    make_directory();
    peers = 2;
    start();
    client = node_client_open(node, &connection);
    type(client, "cluster level 2\n");
    expect(client, "ERR_UPGRADE this node must run a cleatd that knows level 2 first\r\n");
    node_client_close(node, client);
    teardown();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("node/levels");
    TCase *texts = tcase_create("texts"), *solo = tcase_create("solo"), *empty = tcase_create("empty");
    tcase_add_test(texts, who_must_do_what_is_told);
    tcase_add_test(texts, the_version_is_told_where_it_is_known);
    tcase_add_test(texts, what_needs_a_level_says_how_to_get_it);
    tcase_add_test(texts, the_longest_text_fits);
    tcase_add_test(texts, a_cluster_forms_at_what_all_know);
    suite_add_tcase(suite, texts);
    tcase_add_checked_fixture(solo, begin, end);
    tcase_add_test(solo, the_level_is_raised_in_the_log);
    tcase_add_test(solo, what_is_not_known_gets_no_number);
    tcase_add_test(solo, what_is_no_level_is_said);
    tcase_add_test(solo, a_verb_of_a_level_that_is_not_reached_is_refused);
    tcase_add_test(solo, what_was_refused_is_not_taken_after_all);
    tcase_add_test(solo, in_a_transaction_it_spoils_all);
    suite_add_tcase(suite, solo);
    tcase_add_test(empty, without_a_cluster_nothing_is_raised);
    suite_add_tcase(suite, empty);
    return check_run(suite);
}
