#include "protocol/help.h"

#include <string.h>

#include "support/check.h"

START_TEST(the_overview_names_every_verb)
{
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++)
        ck_assert_msg(strstr(help_text(VERB_NONE), request_verb_name(verb)) != NULL, "%s is missing",
                      request_verb_name(verb));
}
END_TEST

START_TEST(a_verbs_text_begins_with_its_syntax_and_has_an_example)
{
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        const char *text = help_text(verb);
        ck_assert_int_eq(strncmp(text, request_verb_name(verb), strlen(request_verb_name(verb))), 0);
        ck_assert_msg(strstr(text, "\r\n\r\nExample:  ") != NULL, "%s has no example", request_verb_name(verb));
    }
}
END_TEST

START_TEST(lines_end_in_crlf_and_fit_a_terminal)
{
    for (enum verb verb = VERB_NONE; verb < VERB_COUNT; verb++) {
        const char *line = help_text(verb);
        for (;;) {
            size_t size = strcspn(line, "\r\n");
            ck_assert_msg(size < 80, "too long: %.*s", (int)size, line);
            if (line[size] == '\0')
                break;
            ck_assert_int_eq(strncmp(line + size, "\r\n", 2), 0);
            line += size + 2;
        }
        ck_assert_str_ne(line, ""); /* the last line's end is the reply's */
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("help");
    TCase *tests = tcase_create("help");
    tcase_add_test(tests, the_overview_names_every_verb);
    tcase_add_test(tests, a_verbs_text_begins_with_its_syntax_and_has_an_example);
    tcase_add_test(tests, lines_end_in_crlf_and_fit_a_terminal);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
