#include "base/names.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/random.h"
#include "support/check.h"

/* Things are freed as soon as they are taken out, so that a sanitizer sees any use after that. Loops of many steps use
 * ensure(): Check's own assertions write to a file each time. */

static struct named *thing_make(const void *name, size_t name_size)
{
    struct named *thing = malloc(sizeof *thing + name_size);
    ensure(thing != NULL);
    uint8_t *copy = (uint8_t *)(thing + 1);
    memcpy(copy, name, name_size);
    *thing = (struct named){.name = copy, .name_size = (uint16_t)name_size};
    return thing;
}

/* The naive model: a sorted array. */
struct model {
    struct named **things;
    size_t count;
};

/* The index of the first thing that is not smaller than NAME. */
static size_t model_index(const struct model *model, const void *name, size_t name_size)
{
    size_t low = 0;
    size_t high = model->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct named *thing = model->things[middle];
        if (names_compare(thing->name, thing->name_size, name, name_size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool model_has(const struct model *model, size_t index, const void *name, size_t name_size)
{
    if (index == model->count)
        return false;
    const struct named *thing = model->things[index];
    return names_compare(thing->name, thing->name_size, name, name_size) == 0;
}

/* Puts NAME in where it is absent, takes it out where it is there, in both; or leaves both if INSERT says otherwise. */
static void both_change(struct names *names, struct model *model, const void *name, size_t name_size, bool insert)
{
    size_t index = model_index(model, name, name_size);
    bool there = model_has(model, index, name, name_size);
    struct named **at = model->things + index;
    if (insert && !there) {
        memmove(at + 1, at, (model->count - index) * sizeof *at);
        *at = thing_make(name, name_size);
        model->count++;
        names_insert(names, *at);
    } else if (!insert && there) {
        struct named *thing = *at;
        memmove(at, at + 1, (model->count - index - 1) * sizeof *at);
        model->count--;
        names_remove(names, thing);
        free(thing);
    }
    ensure(names->count == model->count);
}

/* Walks in steps of STEP and compares. */
static void both_walk(const struct names *names, const struct model *model, size_t step)
{
    struct named *things[100];
    const struct named *last = NULL;
    size_t index = 0;
    ensure(step <= sizeof things / sizeof *things);
    for (;;) {
        size_t count = names_walk(names, last ? last->name : NULL, last ? last->name_size : 0, things, step);
        ensure(count == (model->count - index < step ? model->count - index : step));
        if (count == 0)
            return;
        ensure(memcmp(things, model->things + index, count * sizeof *things) == 0);
        index += count;
        last = things[count - 1];
    }
}

static void both_look(const struct names *names, const struct model *model, const void *name, size_t name_size)
{
    size_t index = model_index(model, name, name_size);
    if (model_has(model, index, name, name_size))
        index++;
    ensure(names_after(names, name, name_size) == (index < model->count ? model->things[index] : NULL));
    ensure(names_first(names) == (model->count > 0 ? model->things[0] : NULL));
}

START_TEST(an_empty_order_has_no_first)
{
    struct names names = {0};
    struct named *thing;
    ck_assert_ptr_null(names_first(&names));
    ck_assert_ptr_null(names_after(&names, "a", 1));
    ck_assert_uint_eq(names_walk(&names, NULL, 0, &thing, 1), 0);
    names_close(&names);
}
END_TEST

START_TEST(a_prefix_comes_first_and_bytes_are_unsigned)
{
    ck_assert_int_lt(names_compare("a", 1, "ab", 2), 0);
    ck_assert_int_gt(names_compare("ab", 2, "a", 1), 0);
    ck_assert_int_eq(names_compare("ab", 2, "ab", 2), 0);
    ck_assert_int_lt(names_compare("", 0, "a", 1), 0);
    ck_assert_int_eq(names_compare(NULL, 0, NULL, 0), 0);
    ck_assert_int_gt(names_compare("\xff", 1, "a", 1), 0);
}
END_TEST

START_TEST(after_takes_names_that_are_not_there)
{
    struct names names = {0};
    struct named b = {.name = (const uint8_t *)"b", .name_size = 1};
    struct named d = {.name = (const uint8_t *)"d", .name_size = 1};
    names_insert(&names, &d);
    names_insert(&names, &b);
    ck_assert_ptr_eq(names_first(&names), &b);
    ck_assert_ptr_eq(names_after(&names, "a", 1), &b);
    ck_assert_ptr_eq(names_after(&names, "b", 1), &d);
    ck_assert_ptr_eq(names_after(&names, "c", 1), &d);
    ck_assert_ptr_null(names_after(&names, "d", 1));
    names_remove(&names, &b);
    names_remove(&names, &d);
    ck_assert_uint_eq(names.memory_bytes, 0);
    names_close(&names);
}
END_TEST

/* Rounds that mostly insert and rounds that mostly remove, over names that share long prefixes. */
START_TEST(it_agrees_with_a_sorted_array)
{
    enum { THINGS = 20000, STEPS = 200000 };
    struct random random = {.state = 5 + (uint64_t)_i};
    struct model model = {.things = calloc(THINGS, sizeof *model.things)};
    struct names names = {0};
    uint64_t bias = 50;
    char name[32];
    for (int step = 0; step < STEPS; step++) {
        if (step % 20000 == 0) {
            bias = random_between(&random, 2, 98);
            both_walk(&names, &model, random_between(&random, 1, 100));
        }
        size_t size = (size_t)snprintf(name, sizeof name, "/%s/%llu", random_u64(&random) % 3 ? "queue" : "queues",
                                       (unsigned long long)random_between(&random, 0, THINGS / 2 - 1));
        both_change(&names, &model, name, size, random_between(&random, 1, 100) <= bias);
        if (step % 16 == 0)
            both_look(&names, &model, name, random_between(&random, 1, size));
    }
    both_walk(&names, &model, 7);
    while (model.count > 0) {
        struct named *thing = model.things[random_between(&random, 0, model.count - 1)];
        size_t size = thing->name_size;
        memcpy(name, thing->name, size);
        both_change(&names, &model, name, size, false);
    }
    ck_assert_uint_eq(names.memory_bytes, 0);
    names_close(&names);
    free(model.things);
}
END_TEST

/* What a snapshot does: between its steps, names come and go. What was there all the time is seen once, in order. */
START_TEST(a_walk_goes_on_while_names_change)
{
    enum { THINGS = 2000 };
    struct random random = {.state = 9};
    struct model model = {.things = calloc(2 * THINGS, sizeof *model.things)};
    struct names names = {0};
    char name[16];
    for (int i = 0; i < THINGS; i++)
        both_change(&names, &model, name, (size_t)snprintf(name, sizeof name, "%04d", i), true);
    char last[16] = "";
    int stable = 0; /* names of four digits that are multiples of ten stay */
    for (;;) {
        struct named *thing = names_after(&names, last, strlen(last));
        if (!thing)
            break;
        ensure(names_compare(last, strlen(last), thing->name, thing->name_size) < 0);
        memcpy(last, thing->name, thing->name_size);
        last[thing->name_size] = '\0';
        stable += thing->name_size == 4 && last[3] == '0';
        for (int i = 0; i < 3; i++) {
            int number = (int)random_between(&random, 0, THINGS - 1);
            const char *form = number % 10 == 0 ? "%04d+" : "%04d";
            bool insert = random_u64(&random) % 2;
            both_change(&names, &model, name, (size_t)snprintf(name, sizeof name, form, number), insert);
        }
    }
    ck_assert_int_eq(stable, THINGS / 10);
    while (model.count > 0) {
        struct named *thing = model.things[--model.count];
        names_remove(&names, thing);
        free(thing);
    }
    names_close(&names);
    free(model.things);
}
END_TEST

enum order { ASCENDING, DESCENDING, SHUFFLED };

START_TEST(a_name_takes_about_twelve_bytes_and_removals_give_them_back)
{
    enum { THINGS = 60000 };
    struct random random = {.state = 17};
    struct named *things = calloc(THINGS, sizeof *things);
    char (*bytes)[8] = calloc(THINGS, sizeof *bytes);
    struct names names = {0};
    for (size_t i = 0; i < THINGS; i++) {
        snprintf(bytes[i], sizeof bytes[i], "%07zu", _i == DESCENDING ? THINGS - 1 - i : i);
        things[i] = (struct named){.name = (const uint8_t *)bytes[i], .name_size = 7};
    }
    for (size_t i = THINGS - 1; i > 0 && _i == SHUFFLED; i--) {
        size_t j = random_between(&random, 0, i);
        struct named other = things[i];
        things[i] = things[j];
        things[j] = other;
    }
    for (size_t i = 0; i < THINGS; i++)
        names_insert(&names, &things[i]);
    ck_assert_uint_le(names.memory_bytes, 12 * (size_t)THINGS);
    for (size_t i = 0; i < THINGS; i++) {
        names_remove(&names, &things[i]);
        ensure(names.memory_bytes <= 30 * names.count + 2048);
    }
    ck_assert_uint_eq(names.memory_bytes, 0);
    names_close(&names);
    free(things);
    free(bytes);
}
END_TEST

START_TEST(closing_gives_everything_back)
{
    struct names names = {0};
    struct named things[500];
    char bytes[500][4];
    for (int i = 0; i < 500; i++) {
        snprintf(bytes[i], sizeof bytes[i], "%03d", i);
        things[i] = (struct named){.name = (const uint8_t *)bytes[i], .name_size = 3};
        names_insert(&names, &things[i]);
    }
    names_close(&names);
    ck_assert_ptr_null(names.root);
    ck_assert_uint_eq(names.count, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names");
    TCase *tests = tcase_create("names");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, an_empty_order_has_no_first);
    tcase_add_test(tests, a_prefix_comes_first_and_bytes_are_unsigned);
    tcase_add_test(tests, after_takes_names_that_are_not_there);
    tcase_add_loop_test(tests, it_agrees_with_a_sorted_array, 0, 3);
    tcase_add_test(tests, a_walk_goes_on_while_names_change);
    tcase_add_loop_test(tests, a_name_takes_about_twelve_bytes_and_removals_give_them_back, ASCENDING, SHUFFLED + 1);
    tcase_add_test(tests, closing_gives_everything_back);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
