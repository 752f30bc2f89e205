/* The bar, on terminals of any width. */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>

#include "support/check.h"

START_TEST(what_has_room_on_a_line)
{
    static const struct {
        int width;
        const char *line;
    } cases[] = {
        {200, "putting [##########....................] 100 of 300 files, 2.0 MiB"},
        {80, "putting [##########....................] 100 of 300 files, 2.0 MiB"},
        {67, "putting [##########....................] 100 of 300 files, 2.0 MiB"},
        {66, "putting [#########....................] 100 of 300 files, 2.0 MiB"},
        {60, "putting [#######................] 100 of 300 files, 2.0 MiB"},
        {42, "putting [#....] 100 of 300 files, 2.0 MiB"},
        {41, "putting [####.........] 100 of 300 files"},
        {40, "putting [####........] 100 of 300 files"},
        {33, "putting [#....] 100 of 300 files"},
        {32, "putting 100 of 300 files"},
        {25, "putting 100 of 300 files"},
        {20, "putting 100 of 300 "},
        {2, "p"},
        {1, ""},
    };
    const struct progress progress = {.what = "putting", .files = 100, .total = 300, .bytes = 2 * 1024 * 1024};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[PROGRESS_LINE_SIZE];
        progress_line(&progress, cases[i].width, text);
        ck_assert_msg(strcmp(text, cases[i].line) == 0, "%d: %s", cases[i].width, text);
    }
}
END_TEST

/* Whatever is counted, and on whatever width: never more than one line. */
START_TEST(never_more_than_a_line)
{
    static const struct progress all[] = {
        {.what = "getting"}, {.what = "getting", .files = 1, .total = 1},
        {.what = "getting", .files = SIZE_MAX, .total = SIZE_MAX, .bytes = UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        for (int width = 1; width <= 300; width++) {
            char text[PROGRESS_LINE_SIZE];
            progress_line(&all[i], width, text);
            ck_assert_int_lt((int)strlen(text), width);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("progress");
    TCase *tests = tcase_create("progress");
    tcase_add_test(tests, what_has_room_on_a_line);
    tcase_add_test(tests, never_more_than_a_line);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
