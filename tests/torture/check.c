/* Checks a history that clients recorded: can a server that keeps SPEC.md's promises have given these replies?
 *
 *      check [--steps N] HISTORY
 *
 * First what single replies tell (facts.h), then a search for an order in each file (search.h). Exits with 0 where all
 * is possible; with 1 where something is not, or was not decided within N steps for a file (after three such files the
 * rest is not looked at). */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "torture/facts.h"
#include "torture/search.h"

enum { STEPS_MAX = 10 * 1000 * 1000, EARLY_US = 10000, SHOWN_MAX = 5, NEAR_MAX = 12, UNDECIDED_MAX = 3 };

struct tally {
    size_t files;
    size_t impossible;
    size_t undecided;
    uint64_t steps;
};

/* By file; those of one file stay in the history's order, which is that of their addresses. */
static int compare_files(const void *left, const void *right)
{
    const struct operation *a = *(const struct operation *const *)left;
    const struct operation *b = *(const struct operation *const *)right;
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    return (a > b) - (a < b);
}

/* Shows what the file held when nothing fitted any more, and who was under way then. */
static void show(const struct operation *operations, size_t count, const struct search_report *report)
{
    const struct operation *blocked = report->blocked;
    printf("f%" PRIu32 ": %zu of %zu operations have a place; then the file ", operations->file, report->placed,
           report->required);
    if (!report->writer)
        printf("was absent");
    else if (report->version > 0)
        printf("had version %" PRIu64 ", =%" PRIu32, report->version, report->writer->value);
    else
        printf("had a version that nobody saw, =%" PRIu32, report->writer->value);
    if (!blocked) {
        printf("\n");
        return;
    }
    printf(", and there is none for\n  * ");
    operation_print(blocked, stdout);
    size_t shown = 0;
    for (size_t i = 0; i < count && shown < NEAR_MAX; i++) {
        const struct operation *near = &operations[i];
        if (near == blocked || near->invoked_us > blocked->returned_us || near->returned_us < blocked->invoked_us ||
            near->outcome == OUTCOME_REFUSED || (!operation_changes(near) && operation_unknown(near)))
            continue;
        printf("    ");
        operation_print(near, stdout);
        shown++;
    }
}

static void check_file(struct tally *tally, const struct operation *operations, size_t count, uint64_t steps)
{
    const struct search_limits limits = {.steps = steps, .early_us = EARLY_US};
    struct search_report report;
    enum search_verdict verdict = search_file(operations, count, &limits, &report);
    tally->files++;
    tally->steps += report.steps;
    if (verdict == SEARCH_POSSIBLE)
        return;
    tally->impossible += verdict == SEARCH_IMPOSSIBLE;
    tally->undecided += verdict == SEARCH_UNDECIDED;
    if (verdict == SEARCH_UNDECIDED)
        printf("f%" PRIu32 ": undecided after %" PRIu64 " steps\n", operations->file, report.steps);
    if (tally->impossible + tally->undecided <= SHOWN_MAX)
        show(operations, count, &report);
}

static struct tally check_files(const struct history *history, uint64_t steps)
{
    struct tally tally = {0};
    const struct operation **order = memory_get((history->count + 1) * sizeof *order);
    struct history one = {0};
    for (size_t i = 0; i < history->count; i++)
        order[i] = &history->operations[i];
    qsort(order, history->count, sizeof *order, compare_files);
    for (size_t i = 0; i < history->count; i++) {
        history_add(&one, order[i]);
        if (i + 1 < history->count && order[i + 1]->file == order[i]->file)
            continue;
        if (tally.undecided < UNDECIDED_MAX)
            check_file(&tally, one.operations, one.count, steps);
        one.count = 0;
    }
    history_close(&one);
    free(order);
    return tally;
}

static bool load(struct history *history, const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "check: %s: %s\n", path, strerror(errno));
        return false;
    }
    size_t line;
    bool fine = history_read(history, file, &line);
    if (!fine)
        fprintf(stderr, "check: %s:%zu: not a line of a history\n", path, line);
    fclose(file);
    return fine;
}

int main(int argc, char **argv)
{
    static const struct option names[] = {{"steps", required_argument, NULL, 's'}, {0}};
    uint64_t steps = STEPS_MAX;
    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        if (option != 's')
            return EXIT_FAILURE;
        steps = strtoull(optarg, NULL, 10);
    }
    if (optind + 1 != argc) {
        fprintf(stderr, "usage: check [--steps N] HISTORY\n");
        return EXIT_FAILURE;
    }
    struct history history = {0};
    if (!load(&history, argv[optind]))
        return EXIT_FAILURE;
    const struct facts_rules rules = {.early_us = EARLY_US};
    size_t wrong = facts_check(&history, &rules, stdout);
    struct tally tally = check_files(&history, steps);
    printf("operations=%zu files=%zu wrong=%zu impossible=%zu undecided=%zu steps=%" PRIu64 "\n", history.count,
           tally.files, wrong, tally.impossible, tally.undecided, tally.steps);
    bool fine = history.count > 0 && wrong == 0 && tally.impossible == 0 && tally.undecided == 0;
    history_close(&history);
    return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
