#include "protocol/help.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"

/* The text, which the caller frees. */
static char *help_text(enum verb verb)
{
    struct buffer out = {0};
    help_write(&out, verb);
    buffer_append_u8(&out, 0);
    return (char *)out.bytes;
}

static char *usage(enum verb verb)
{
    struct buffer out = {0};
    help_usage(&out, verb);
    buffer_append_u8(&out, 0);
    return (char *)out.bytes;
}

START_TEST(the_overview_names_every_verb)
{
    char *text = help_text(VERB_NONE);
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++)
        ck_assert_msg(strstr(text, verb_name(verb)) != NULL, "%s is missing", verb_name(verb));
    free(text);
}
END_TEST

START_TEST(a_verbs_text_begins_with_its_syntax_and_has_an_example)
{
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        char *text = help_text(verb);
        ck_assert_int_eq(strncmp(text, verb_name(verb), strlen(verb_name(verb))), 0);
        ck_assert_msg(strstr(text, "\r\n\r\nExample:  ") != NULL, "%s has no example", verb_name(verb));
        free(text);
    }
}
END_TEST

START_TEST(a_usage_is_made_of_the_row)
{
    static const struct {
        enum verb verb;
        const char *usage;
    } usages[] = {
        {VERB_READ, "read NAME [stale]"},
        {VERB_SET, "set NAME TEXT..."},
        {VERB_CAS, "cas NAME VERSION NUMBYTES [EXPTIME] [once=TOKEN]"},
        {VERB_COPY, "copy SRC DST [VERSION] [once=TOKEN]"},
        {VERB_SWAP, "swap A B [AVERSION BVERSION] [once=TOKEN]"},
        {VERB_LIST, "list [PREFIX] [after=NAME] [limit=N] [delim=C] [stale]"},
        {VERB_IF, "if NAME VERSION|absent|present"},
        {VERB_PING, "ping"},
    };
    for (size_t i = 0; i < sizeof usages / sizeof *usages; i++) {
        char *text = usage(usages[i].verb);
        ck_assert_str_eq(text, usages[i].usage);
        free(text);
    }
}
END_TEST

START_TEST(lines_end_in_crlf_and_fit_a_terminal)
{
    for (enum verb verb = VERB_NONE; verb < VERB_COUNT; verb++) {
        char *text = help_text(verb);
        const char *line = text;
        for (;;) {
            size_t size = strcspn(line, "\r\n");
            ck_assert_msg(size < 80, "too long: %.*s", (int)size, line);
            if (line[size] == '\0')
                break;
            ck_assert_int_eq(strncmp(line + size, "\r\n", 2), 0);
            line += size + 2;
        }
        ck_assert_str_ne(line, ""); /* the last line's end is the reply's */
        free(text);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("help");
    TCase *tests = tcase_create("help");
    tcase_add_test(tests, the_overview_names_every_verb);
    tcase_add_test(tests, a_verbs_text_begins_with_its_syntax_and_has_an_example);
    tcase_add_test(tests, a_usage_is_made_of_the_row);
    tcase_add_test(tests, lines_end_in_crlf_and_fit_a_terminal);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
