/* Hand-made histories, as text: what the checker says of them. */
#ifndef CLEAT_TESTS_UNIT_TORTURE_STORY_H
#define CLEAT_TESTS_UNIT_TORTURE_STORY_H

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "torture/facts.h"
#include "torture/search.h"

enum { STORY_EARLY_US = 10000, STORY_STEPS = 100000 };

/* Fails the test where TEXT is no history. */
static inline struct history story_read(const char *text)
{
    struct history history = {0};
    size_t line;
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_msg(history_read(&history, file, &line), "line %zu of:\n%s", line, text);
    fclose(file);
    return history;
}

/* How many facts are wrong. */
static inline size_t story_facts(struct history *history)
{
    const struct facts_rules rules = {.early_us = STORY_EARLY_US};
    FILE *nowhere = fopen("/dev/null", "w");
    ck_assert_ptr_nonnull(nowhere);
    size_t wrong = facts_check(history, &rules, nowhere);
    fclose(nowhere);
    return wrong;
}

/* The search's verdict on a history of one file, within STEPS. */
static inline enum search_verdict story_search(const char *text, uint64_t steps)
{
    const struct search_limits limits = {.steps = steps, .early_us = STORY_EARLY_US};
    struct search_report report;
    struct history history = story_read(text);
    story_facts(&history);
    enum search_verdict verdict = search_file(history.operations, history.count, &limits, &report);
    history_close(&history);
    return verdict;
}

#define POSSIBLE(text) ck_assert_int_eq(story_search(text, STORY_STEPS), SEARCH_POSSIBLE)
#define IMPOSSIBLE(text) ck_assert_int_eq(story_search(text, STORY_STEPS), SEARCH_IMPOSSIBLE)

#endif
