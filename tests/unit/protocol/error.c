/* What must hold of every row of the table of errors, and that SPEC.md's tables say the same. */
#include "protocol/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/spec.h"

START_TEST(codes_are_found_whole)
{
    for (enum reply_error error = 0; error < REPLY_ERROR_COUNT; error++) {
        const struct error_row *row = error_row(error);
        ck_assert_int_eq(error_find(row->code, strlen(row->code)), error);
        ck_assert_int_eq(error_find(row->code, strlen(row->code) - 1), REPLY_ERROR_COUNT);
        ck_assert_ptr_nonnull(row->reason);
        ck_assert_ptr_null(strpbrk(row->reason, "\r\n"));
    }
    ck_assert_int_eq(error_find("ERR_VERSION", 11), REPLY_ERROR_COUNT);
    ck_assert_int_eq(error_row(REPLY_ERROR_COUNT)->http, 500);
}
END_TEST

/* What may have been done is tried again elsewhere with its token alone, and ends as status 6. */
START_TEST(the_columns_hang_together)
{
    for (enum reply_error error = 0; error < REPLY_ERROR_END; error++) {
        const struct error_row *row = error_row(error);
        ck_assert_msg(row->elsewhere == (row->exit >= 5), "%s", row->code);
        ck_assert_msg(error == REPLY_ERROR_COUNT || row->definite == (row->exit != 6), "%s", row->code);
        ck_assert_msg(!row->elsewhere || row->http == 503 || row->http == 504, "%s", row->code);
    }
}
END_TEST

/* The number of rows of SECTION that begin with CODE; each must agree with ROW. *CLOSES: one says that the connection
 * may be closed. */
static unsigned rows_of(const char *section, const struct error_row *row, bool *closes)
{
    char start[48];
    const char *after = NULL;
    char *line;
    unsigned count = 0;
    int size = snprintf(start, sizeof start, "| `%s", row->code);
    *closes = false;
    while ((line = spec_line(section, start, after, &after))) {
        if (line[size] == '`' || line[size] == ' ') {
            char *effect = spec_cell(line, 2), *connection = spec_cell(line, 3);
            ck_assert(effect != NULL && connection != NULL);
            ck_assert_msg((strcmp(effect, "no") == 0) == row->definite, "%s: %s", row->code, effect);
            *closes |= strcmp(connection, "goes on") != 0;
            count++;
            free(effect);
            free(connection);
        }
        free(line);
    }
    return count;
}

START_TEST(the_table_of_errors_has_every_code)
{
    char *section = spec_section("### Errors");
    for (enum reply_error error = 0; error <= REPLY_VERSION; error++) {
        const struct error_row *row = error_row(error);
        bool closes;
        if (error == REPLY_ERROR_COUNT)
            continue;
        ck_assert_msg(rows_of(section, row, &closes) > 0, "%s is missing", row->code);
        ck_assert_msg(closes != row->goes_on, "%s: the connection", row->code);
    }
    const char *after = NULL;
    char *line;
    while ((line = spec_line(section, "| `ERR_", after, &after))) {
        size_t size = strcspn(line + 3, "` ");
        bool known = error_find(line + 3, size) != REPLY_ERROR_COUNT ||
                     strncmp(line + 3, error_row(REPLY_VERSION)->code, size) == 0 ||
                     strncmp(line + 3, error_row(REPLY_FILE_NOT_FOUND)->code, size) == 0;
        ck_assert_msg(known, "%s", line);
        free(line);
    }
    free(section);
}
END_TEST

/* The table of HTTP's statuses is in the section before `### The node`. */
START_TEST(the_table_of_statuses_has_every_code)
{
    char *section = spec_section("### Files"), *quoted = NULL;
    unsigned count = 0;
    for (enum reply_error error = 0; error < REPLY_ERROR_END; error++) {
        const struct error_row *row = error_row(error);
        char start[16];
        snprintf(start, sizeof start, "| %u |", row->http);
        char *line = spec_line(section, start, NULL, NULL);
        ck_assert_msg(line != NULL, "%s: there is no status %u", row->code, row->http);
        ck_assert_int_ge(asprintf(&quoted, "`%s`", row->code), 0);
        ck_assert_msg(strstr(line, quoted) != NULL, "%s has the status %u", row->code, row->http);
        free(quoted);
        free(line);
        count += error != REPLY_ERROR_COUNT;
    }
    unsigned told = 0;
    const char *after = NULL;
    char *line;
    for (char start[] = "| 4"; start[2] <= '5'; start[2]++, after = NULL) {
        while ((line = spec_line(section, start, after, &after))) {
            for (const char *code = line; (code = strstr(code, "`ERR_")); code++)
                told++;
            free(line);
        }
    }
    ck_assert_uint_eq(told, count); /* so there is none that the code does not know */
    free(section);
}
END_TEST

START_TEST(the_table_of_exit_statuses_has_those_of_their_own)
{
    char *section = spec_section("## 8. The command-line client");
    for (enum reply_error error = 0; error <= REPLY_VERSION; error++) {
        const struct error_row *row = error_row(error);
        char start[16];
        snprintf(start, sizeof start, "| %u |", row->exit);
        char *line = spec_line(section, start, NULL, NULL);
        ck_assert_msg(line != NULL, "%u is missing", row->exit);
        bool own = row->exit == 3 || row->exit == 4;
        ck_assert_msg((strstr(line, row->code) != NULL) == own, "%s: %s", row->code, line);
        free(line);
    }
    free(section);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("error");
    TCase *tests = tcase_create("rows");
    tcase_add_test(tests, codes_are_found_whole);
    tcase_add_test(tests, the_columns_hang_together);
    suite_add_tcase(suite, tests);
    tests = tcase_create("SPEC.md");
    tcase_add_test(tests, the_table_of_errors_has_every_code);
    tcase_add_test(tests, the_table_of_statuses_has_every_code);
    tcase_add_test(tests, the_table_of_exit_statuses_has_those_of_their_own);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
