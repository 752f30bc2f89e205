/* What must hold of every row of the tables of verbs and options, and that SPEC.md has them all. Runs at the top of the
 * checkout. */
#include "protocol/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/asked.h"
#include "protocol/words.h"
#include "support/check.h"
#include "support/spec.h"

START_TEST(a_line_has_room_for_all_words_and_options)
{
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        const struct verb_row *row = verb_row(verb);
        size_t words = row->most + (size_t)__builtin_popcount(row->options);
        ck_assert_msg(words < WORDS_MAX, "%s", row->name); /* one more than the longest line has */
    }
}
END_TEST

START_TEST(what_may_be_left_out_is_behind_what_may_not)
{
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        const struct verb_row *row = verb_row(verb);
        ck_assert_uint_ge(row->most, row->needs);
        for (size_t place = 1; place < row->most; place++) {
            ck_assert_int_ne(row->operands[place], OPERAND_NONE);
            ck_assert_int_ne(verb_form(row, place), FORM_NONE);
        }
        ck_assert_int_eq(verb_form(row, row->most), FORM_NONE);
        for (size_t count = 0; count <= row->most + 1u; count++) {
            bool between = count > row->needs && count < row->most;
            bool inside = count >= row->needs && count <= row->most;
            ck_assert_int_eq(verb_takes(row, count), inside && !(between && row->together));
        }
        ck_assert_msg(!row->together || row->contents + row->text == 0, "%s: one of them is always there",
                      row->name);
        size_t contents = verb_place(row, FORM_NUMBYTES);
        ck_assert_msg(contents < row->needs || contents == 0, "%s: its contents' end must be known", row->name);
    }
}
END_TEST

START_TEST(a_verb_is_found_by_its_whole_name)
{
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        const char *name = verb_name(verb);
        ck_assert_int_eq(verb_find(name, strlen(name)), verb);
        ck_assert_int_ne(verb_find(name, strlen(name) - 1), verb);
        ck_assert_uint_eq(verb_row(verb)->name_size, strlen(name));
    }
    ck_assert_int_eq(verb_find("reads", 5), VERB_NONE);
    ck_assert_int_eq(verb_find(NULL, 0), VERB_NONE);
}
END_TEST

/* What a change is, is counted as, may stand in and needs a right to hangs together. */
START_TEST(what_the_columns_say_of_a_change)
{
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        const struct verb_row *row = verb_row(verb);
        bool change = row->class == CLASS_CHANGE;
        ck_assert_msg((row->right == RIGHT_WRITE) == change, "%s: who changes files needs the right to", row->name);
        ck_assert_msg(!change || row->in_txn, "%s: every change may be a part of a transaction", row->name);
        ck_assert_msg(row->class != CLASS_QUESTION || row->right == RIGHT_READ, "%s: a right to read", row->name);
        if (row->metric)
            ck_assert_str_eq(row->metric, row->name);
    }
}
END_TEST

/* A command is counted as one verb, and that verb has a label. */
START_TEST(every_kind_of_change_has_a_verb_that_is_counted)
{
    for (unsigned kind = 0; kind < COMMAND_NUMBERS; kind++) {
        enum verb verb = asked_verb((enum command_kind)kind);
        bool counted = verb != VERB_NONE && verb_row(verb)->metric;
        bool asked = command_changes((enum command_kind)kind) || kind == COMMAND_TXN || kind == COMMAND_RAISE;
        ck_assert_msg(counted == asked, "kind %u", kind);
        if (counted)
            ck_assert_uint_ge(verb_row(verb)->level, command_row((enum command_kind)kind)->level);
    }
    ck_assert_int_eq(asked_verb(COMMAND_WRITE), VERB_WRITE);
    ck_assert_int_eq(asked_verb(COMMAND_IF_PRESENT), VERB_IF);
    ck_assert_int_eq(asked_verb(COMMAND_TICK), VERB_NONE);
}
END_TEST

START_TEST(no_option_begins_as_another_does)
{
    for (unsigned i = 0; i < VERB_OPTION_COUNT; i++) {
        const struct option_row *row = &option_rows[i];
        ck_assert_uint_eq(row->word_size, strlen(row->word));
        ck_assert((row->value != NULL) == (row->word[row->word_size - 1] == '='));
        ck_assert_ptr_nonnull(row->rule);
        for (unsigned j = 0; j < VERB_OPTION_COUNT; j++)
            ck_assert(i == j || strncmp(option_rows[j].word, row->word, row->word_size) != 0);
    }
}
END_TEST

/* --- SPEC.md ------------------------------------------------------------------------------------------------------ */

/* Every operand and option of a verb is in its line of the grammar, and every line there is one of a verb. */
START_TEST(the_grammar_has_every_verb)
{
    char *grammar = spec_section("### Grammar");
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        const struct verb_row *row = verb_row(verb);
        char start[32];
        snprintf(start, sizeof start, "    %s%s", row->name, row->most > 1 || row->options > 0 ? " " : "");
        char *line = spec_line(grammar, start, NULL, NULL);
        ck_assert_msg(line != NULL, "%s is missing", row->name);
        for (size_t place = 1; place < row->most; place++) {
            const char *label = operand_rows[row->operands[place]].label;
            ck_assert_msg(strstr(line, strncmp(label, "TEXT", 4) == 0 ? "TEXT" :
                                       strchr(label, '|') ? "(VERSION | absent | present)" : label) != NULL,
                          "%s has no %s", line, label);
        }
        for (unsigned i = 0; i < VERB_OPTION_COUNT; i++) {
            const char *word = i == VERB_OPTION_ONCE ? "[ONCE]" : option_rows[i].word;
            ck_assert_msg((strstr(line, word) != NULL) == ((row->options & 1u << i) != 0), "%s: %s", line, word);
        }
        free(line);
    }
    char *line = grammar;
    for (; (line = strstr(line, "\n    ")); line++) {
        const char *word = line + 5;
        size_t size = strspn(word, "abcdefghijklmnopqrstuvwxyz");
        bool defines = word[size] == ' ' && word[size + strspn(word + size, " ")] == '=';
        if (size > 0 && !defines)
            ck_assert_msg(verb_find(word, size) != VERB_NONE, "%.*s is no verb", (int)size, word);
    }
    free(grammar);
}
END_TEST

/* Each has a row that says what it does; `if` and `commit` have a section. */
START_TEST(the_table_of_commands_has_every_verb)
{
    char *table = spec_section("### Commands and their replies");
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        char cell[32];
        snprintf(cell, sizeof cell, "| `%s`", verb_name(verb));
        char *line = spec_line(table, cell, NULL, NULL);
        ck_assert_msg((line != NULL) == (verb != VERB_IF && verb != VERB_COMMIT), "%s", cell);
        free(line);
    }
    free(table);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verb");
    TCase *tests = tcase_create("rows");
    tcase_add_test(tests, a_line_has_room_for_all_words_and_options);
    tcase_add_test(tests, what_may_be_left_out_is_behind_what_may_not);
    tcase_add_test(tests, a_verb_is_found_by_its_whole_name);
    tcase_add_test(tests, what_the_columns_say_of_a_change);
    tcase_add_test(tests, every_kind_of_change_has_a_verb_that_is_counted);
    tcase_add_test(tests, no_option_begins_as_another_does);
    suite_add_tcase(suite, tests);
    tests = tcase_create("SPEC.md");
    tcase_add_test(tests, the_grammar_has_every_verb);
    tcase_add_test(tests, the_table_of_commands_has_every_verb);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
