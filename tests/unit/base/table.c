#include "base/table.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ensure.h"
#include "base/random.h"
#include "support/check.h"

/* Loops of many steps use ensure(): Check's own assertions write to a file each time. */

struct thing {
    struct named named;
    bool present;
    char name[24];
};

static struct thing *things_make(size_t count)
{
    struct thing *things = calloc(count, sizeof *things);
    ensure(things != NULL);
    for (size_t i = 0; i < count; i++) {
        int size = snprintf(things[i].name, sizeof things[i].name, "/files/%zu", i);
        things[i].named.name = (const uint8_t *)things[i].name;
        things[i].named.name_size = (uint16_t)size;
    }
    return things;
}

static bool thing_found(struct table *table, const struct thing *thing)
{
    struct named *found = table_find(table, thing->name, thing->named.name_size);
    ensure(!found || found == &thing->named);
    return found != NULL;
}

START_TEST(an_empty_table_finds_nothing)
{
    struct table table;
    table_init(&table, 7);
    ck_assert_ptr_null(table_find(&table, "a", 1));
    ck_assert_uint_eq(table_memory_bytes(&table), 0);
    table_close(&table);
}
END_TEST

START_TEST(names_differ_by_size_too)
{
    struct table table;
    struct named a = {.name = (const uint8_t *)"ab", .name_size = 1};
    struct named ab = {.name = (const uint8_t *)"ab", .name_size = 2};
    table_init(&table, 7);
    table_insert(&table, &a);
    ck_assert_ptr_null(table_find(&table, "ab", 2));
    table_insert(&table, &ab);
    ck_assert_ptr_eq(table_find(&table, "ab", 2), &ab);
    ck_assert_ptr_eq(table_find(&table, "a", 1), &a);
    table_remove(&table, &a);
    ck_assert_ptr_null(table_find(&table, "a", 1));
    ck_assert_ptr_eq(table_find(&table, "ab", 2), &ab);
    table_close(&table);
}
END_TEST

/* Whatever names are expected, present or not: nothing changes. */
static void expect_some(const struct table *table, const struct thing *things, size_t count, struct random *random)
{
    struct table before = *table;
    struct table_name names[TABLE_EXPECT_MAX];
    size_t name_count = (size_t)random_between(random, 0, TABLE_EXPECT_MAX);
    for (size_t i = 0; i < name_count; i++) {
        const struct thing *thing = &things[random_between(random, 0, count - 1)];
        names[i] = (struct table_name){(const uint8_t *)thing->name, thing->named.name_size};
    }
    table_expect(table, names, name_count);
    ensure(memcmp(table, &before, sizeof before) == 0);
}

/* Rounds that mostly insert and rounds that mostly remove, so that it grows and shrinks over many sizes, and also turns
 * around while two arrays exist. */
START_TEST(it_agrees_with_a_naive_model)
{
    enum { THINGS = 3000, STEPS = 300000 };
    struct random random = {.state = 11};
    struct thing *things = things_make(THINGS);
    struct table table;
    size_t count = 0;
    uint64_t bias = 50;
    table_init(&table, random_u64(&random));
    for (int step = 0; step < STEPS; step++) {
        if (step % 2500 == 0)
            bias = random_between(&random, 5, 95);
        struct thing *thing = &things[random_between(&random, 0, THINGS - 1)];
        expect_some(&table, things, THINGS, &random);
        ensure(thing_found(&table, thing) == thing->present);
        bool insert = random_between(&random, 1, 100) <= bias;
        if (insert && !thing->present) {
            table_insert(&table, &thing->named);
            thing->present = true;
            count++;
        } else if (!insert && thing->present) {
            table_remove(&table, &thing->named);
            thing->present = false;
            count--;
        }
        ensure(table.count == count);
        if (step % 10000 == 0) {
            for (size_t i = 0; i < THINGS; i++)
                ensure(thing_found(&table, &things[i]) == things[i].present);
        }
    }
    table_close(&table);
    free(things);
}
END_TEST

START_TEST(one_call_moves_a_bounded_part)
{
    enum { THINGS = 100000, MOVES_MAX = 8 };
    struct thing *things = things_make(THINGS);
    struct table table;
    table_init(&table, 3);
    for (size_t i = 0; i < 2 * (size_t)THINGS; i++) {
        struct named *const *old = table.old;
        size_t moved = table.moved;
        if (i < THINGS)
            table_insert(&table, &things[i].named);
        else
            table_remove(&table, &things[i - THINGS].named);
        ensure(table.old != old || table.moved <= moved + MOVES_MAX);
        /* One move is done before the next is due. */
        ensure(table.count <= ((size_t)1 << table.bits) + 1);
        ensure(table_memory_bytes(&table) <= 256 + 24 * 8 * (table.count + 1));
    }
    ck_assert_uint_eq(table.count, 0);
    table_close(&table);
    free(things);
}
END_TEST

START_TEST(finding_alone_completes_a_move)
{
    enum { THINGS = 17 };
    struct thing *things = things_make(THINGS);
    struct table table;
    table_init(&table, 3);
    for (size_t i = 0; i < THINGS; i++)
        table_insert(&table, &things[i].named);
    ck_assert_ptr_nonnull(table.old);
    for (int i = 0; i < 4; i++)
        ck_assert(thing_found(&table, &things[i]));
    ck_assert_ptr_null(table.old);
    for (size_t i = 0; i < THINGS; i++)
        ck_assert(thing_found(&table, &things[i]));
    table_close(&table);
    free(things);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table");
    TCase *tests = tcase_create("table");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, an_empty_table_finds_nothing);
    tcase_add_test(tests, names_differ_by_size_too);
    tcase_add_test(tests, it_agrees_with_a_naive_model);
    tcase_add_test(tests, one_call_moves_a_bounded_part);
    tcase_add_test(tests, finding_alone_completes_a_move);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
