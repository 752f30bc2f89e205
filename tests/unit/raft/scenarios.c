/* The conversations in tests/scenarios: each file tells one, and each must still go as it is told there. A file is of
 * comments and empty lines, commands ("> ..."), and below each command what came of it ("  ...").
 *
 *      scenarios                     runs them all (from the top of the source tree)
 *      scenarios --rewrite FILE...   tells them anew: to be read before they are believed */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "support/check.h"
#include "support/scenario.h"

static const char directory[] = "tests/scenarios";
static char **paths;
static int path_count;

/* The whole file as text. */
static char *file_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    struct buffer content = {0};
    char part[4096];
    for (size_t size = fread(part, 1, sizeof part, file); size > 0; size = fread(part, 1, sizeof part, file))
        buffer_append(&content, part, size);
    fclose(file);
    buffer_append_u8(&content, 0);
    char *text = memory_get(buffer_size(&content));
    memcpy(text, buffer_start(&content), buffer_size(&content));
    buffer_close(&content);
    return text;
}

/* The scenario in TEXT as it goes now. */
static char *tell(const char *text)
{
    struct scenario *scenario = scenario_open();
    struct buffer told = {0};
    while (*text) {
        size_t size = strcspn(text, "\n");
        char *line = memory_get(size + 1);
        memcpy(line, text, size);
        if (strncmp(line, "  ", 2) != 0) {
            buffer_append_text(&told, line);
            buffer_append_text(&told, "\n");
        }
        if (strncmp(line, "> ", 2) == 0)
            scenario_run(scenario, line + 2, &told);
        free(line);
        text += size + (text[size] == '\n');
    }
    scenario_close(scenario);
    buffer_append_u8(&told, 0);
    char *copy = memory_get(buffer_size(&told));
    memcpy(copy, buffer_start(&told), buffer_size(&told));
    buffer_close(&told);
    return copy;
}

/* Says where they part. */
static void compare(const char *path, const char *expected, const char *told)
{
    int line = 1;
    while (*expected || *told) {
        size_t expected_size = strcspn(expected, "\n");
        size_t told_size = strcspn(told, "\n");
        if (expected_size != told_size || memcmp(expected, told, told_size) != 0)
            ck_abort_msg("%s:%d:\n  told:  %.*s\n  goes:  %.*s", path, line, (int)expected_size, expected,
                         (int)told_size, told);
        expected += expected_size + (expected[expected_size] == '\n');
        told += told_size + (told[told_size] == '\n');
        line++;
    }
}

START_TEST(goes_as_it_is_told)
{
    char *expected = file_read(paths[_i]);
    char *told = tell(expected);
    compare(paths[_i], expected, told);
    free(expected);
    free(told);
}
END_TEST

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void find(void)
{
    DIR *open = opendir(directory);
    if (!open) {
        fprintf(stderr, "%s: no such folder here\n", directory);
        exit(2);
    }
    for (const struct dirent *entry = readdir(open); entry; entry = readdir(open)) {
        size_t size = strlen(entry->d_name);
        if (size < 4 || strcmp(entry->d_name + size - 4, ".txt") != 0)
            continue;
        paths = memory_resize(paths, (size_t)path_count + 1, sizeof *paths);
        paths[path_count] = memory_get(sizeof directory + size + 1);
        snprintf(paths[path_count++], sizeof directory + size + 1, "%s/%s", directory, entry->d_name);
    }
    closedir(open);
    qsort(paths, (size_t)path_count, sizeof *paths, by_name);
}

static int rewrite(int count, char **names)
{
    for (int i = 0; i < count; i++) {
        char *text = file_read(names[i]);
        char *told = tell(text);
        FILE *file = fopen(names[i], "wb");
        if (!file || fputs(told, file) == EOF || fclose(file) != 0) {
            fprintf(stderr, "%s: cannot be written\n", names[i]);
            return 2;
        }
        free(text);
        free(told);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--rewrite") == 0)
        return rewrite(argc - 2, argv + 2);
    find();
    Suite *suite = suite_create("raft/scenarios");
    TCase *tests = tcase_create("scenarios");
    tcase_add_loop_test(tests, goes_as_it_is_told, 0, path_count);
    suite_add_tcase(suite, tests);
    int result = check_run(suite);
    for (int i = 0; i < path_count; i++)
        free(paths[i]);
    free(paths);
    return path_count > 0 ? result : 2;
}
