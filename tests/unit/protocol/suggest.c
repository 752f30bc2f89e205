#include "protocol/suggest.h"

#include <string.h>

#include "support/check.h"
#include "support/guard.h"

static struct guard guard;

static void setup(void)
{
    guard_open(&guard);
}

static void teardown(void)
{
    guard_close(&guard);
}

static enum verb suggested(const char *word, size_t size)
{
    return suggest_verb(guard_copy(&guard, word, size), size);
}

START_TEST(words_of_other_systems)
{
    static const struct {
        const char *word;
        enum verb verb;
    } words[] = {
        {"get", VERB_READ},     {"gets", VERB_READ},     {"GET", VERB_READ},      {"cat", VERB_READ},
        {"put", VERB_WRITE},    {"PUT", VERB_WRITE},     {"store", VERB_WRITE},   {"update", VERB_WRITE},
        {"SET", VERB_SET},      {"setnx", VERB_CAS},     {"create", VERB_CAS},    {"add", VERB_CAS},
        {"del", VERB_DELETE},   {"rm", VERB_DELETE},     {"remove", VERB_DELETE}, {"unlink", VERB_DELETE},
        {"ls", VERB_LIST},      {"dir", VERB_LIST},      {"keys", VERB_LIST},     {"scan", VERB_LIST},
        {"cp", VERB_COPY},      {"mv", VERB_MOVE},       {"rename", VERB_MOVE},   {"expire", VERB_TOUCH},
        {"exists", VERB_STAT},  {"ttl", VERB_STAT},      {"INCRBY", VERB_INCR},   {"decr", VERB_INCR},
        {"multi", VERB_TXN},    {"begin", VERB_TXN},     {"exec", VERB_COMMIT},   {"discard", VERB_CANCEL},
        {"rollback", VERB_CANCEL}, {"info", VERB_STATUS}, {"stats", VERB_STATUS}, {"members", VERB_STATUS},
        {"exit", VERB_QUIT},    {"bye", VERB_QUIT},      {"?", VERB_HELP},        {"man", VERB_HELP},
        {"ruok", VERB_PING},    {"hello", VERB_PING},    {"ver", VERB_VERSION},   {"watch", VERB_IF},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        ck_assert_msg(suggested(words[i].word, strlen(words[i].word)) == words[i].verb, "%s", words[i].word);
}
END_TEST

/* Each verb in capitals is itself; and with one slip, anywhere, some verb is named: itself, unless the slip makes
 * another system's word, or another verb is as near. */
START_TEST(every_verb_mistyped)
{
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        const char *name = verb_name(verb);
        size_t size = strlen(name), same = 0, count = 0;
        char word[32];
        for (size_t i = 0; i < size; i++)
            word[i] = (char)(name[i] - 'a' + 'A');
        ck_assert_int_eq(suggested(word, size), verb);
        if (size < 3)
            continue;
        for (size_t i = 0; i < size; i++) {
            for (int slip = 0; slip < 4; slip++) {
                size_t length = size;
                memcpy(word, name, size);
                if (slip == 0) { /* another byte */
                    word[i] = '_';
                } else if (slip == 1) { /* one is missing */
                    memmove(word + i, word + i + 1, size - i - 1);
                    length--;
                } else if (slip == 2) { /* one too many */
                    memmove(word + i + 1, word + i, size - i);
                    word[i] = '_';
                    length++;
                } else if (i + 1 < size) { /* two are exchanged */
                    word[i] = name[i + 1];
                    word[i + 1] = name[i];
                }
                enum verb found = suggested(word, length);
                ck_assert_msg(found != VERB_NONE, "%.*s", (int)length, word);
                same += found == verb;
                count++;
            }
        }
        ck_assert_msg(same * 4 >= count * 3, "%s: %zu of %zu", name, same, count);
    }
}
END_TEST

START_TEST(what_resembles_no_verb)
{
    static const char *const words[] = {"frobnicate", "x", "zz", "xyzzy", "commitcommitcommit", "PRI", "g t",
                                        "\xff\xfe", "read\x01", "\x16\x03\x01", "readwrite", " ", " get", "",
                                        "aaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        ck_assert_msg(suggested(words[i], strlen(words[i])) == VERB_NONE, "'%s'", words[i]);
    ck_assert_int_eq(suggested("read\0", 5), VERB_NONE);
}
END_TEST

START_TEST(what_is_said)
{
    static const struct {
        const char *word, *unknown, *help;
    } says[] = {
        {"get", "unknown verb; did you mean read? 'help' lists them; closing",
         "no such verb; did you mean read? 'help' alone lists them"},
        {"READ", "unknown verb (they are lower case); did you mean read? 'help' lists them; closing",
         "no such verb; did you mean read? 'help' alone lists them"},
        {"transaction", "unknown verb; did you mean txn? 'help' lists them; closing",
         "no such verb; did you mean txn? 'help' alone lists them"},
        {"frobnicate", "unknown verb (they are lower case); 'help' lists them; closing",
         "no such verb; 'help' alone lists them"},
    };
    char text[SUGGEST_TEXT_MAX];
    for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
        ck_assert_str_eq(suggest_unknown(says[i].word, strlen(says[i].word), text), says[i].unknown);
        ck_assert_str_eq(suggest_help(says[i].word, strlen(says[i].word), text), says[i].help);
    }
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) /* the longest fit */
        suggest_unknown(verb_name(verb), strlen(verb_name(verb)), text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("suggest");
    TCase *tests = tcase_create("suggest");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, words_of_other_systems);
    tcase_add_test(tests, every_verb_mistyped);
    tcase_add_test(tests, what_resembles_no_verb);
    tcase_add_test(tests, what_is_said);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
