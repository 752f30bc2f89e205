/* Who keeps a cluster from a level, and what is told of it. */
#include "node/levels.h"

#include <string.h>

#include "protocol/level.h"
#include "support/check.h"

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

int main(void)
{
    Suite *suite = suite_create("node/levels");
    TCase *texts = tcase_create("texts");
    tcase_add_test(texts, who_must_do_what_is_told);
    tcase_add_test(texts, the_version_is_told_where_it_is_known);
    tcase_add_test(texts, what_needs_a_level_says_how_to_get_it);
    tcase_add_test(texts, the_longest_text_fits);
    tcase_add_test(texts, a_cluster_forms_at_what_all_know);
    suite_add_tcase(suite, texts);
    return check_run(suite);
}
