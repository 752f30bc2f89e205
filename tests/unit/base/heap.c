#include "base/heap.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/ensure.h"
#include "base/random.h"
#include "support/check.h"

static bool item_before(const struct heap_item *a, const struct heap_item *b)
{
    return a->key < b->key || (a->key == b->key && a->tie < b->tie);
}

START_TEST(the_smallest_comes_first)
{
    struct heap heap = {0};
    struct heap_item items[] = {{.key = 5}, {.key = 3}, {.key = UINT64_MAX}, {.key = 4}, {.key = 0}};
    ck_assert_ptr_null(heap_first(&heap));
    for (size_t i = 0; i < 5; i++)
        heap_insert(&heap, &items[i]);
    const uint64_t expected[] = {0, 3, 4, 5, UINT64_MAX};
    for (size_t i = 0; i < 5; i++) {
        struct heap_item *first = heap_first(&heap);
        ck_assert_uint_eq(first->key, expected[i]);
        heap_remove(&heap, first);
        ck_assert_uint_eq(first->place, 0);
    }
    ck_assert_ptr_null(heap_first(&heap));
    heap_close(&heap);
}
END_TEST

START_TEST(among_equal_keys_the_smallest_tie_comes_first)
{
    struct heap heap = {0};
    struct heap_item items[] = {{.key = 5, .tie = 2}, {.key = 5, .tie = 0}, {.key = 5, .tie = 1}, {.key = 4, .tie = 9}};
    for (size_t i = 0; i < 4; i++)
        heap_insert(&heap, &items[i]);
    const size_t expected[] = {3, 1, 2, 0};
    for (size_t i = 0; i < 4; i++) {
        ck_assert_ptr_eq(heap_first(&heap), &items[expected[i]]);
        heap_remove(&heap, heap_first(&heap));
    }
    heap_close(&heap);
}
END_TEST

/* With few different keys, so that many are equal. */
START_TEST(it_agrees_with_looking_through_all)
{
    enum { ITEMS = 400, STEPS = 40000 };
    struct random random = {.state = 23};
    static struct heap_item items[ITEMS];
    struct heap heap = {0};
    size_t count = 0;
    uint64_t bias = 50;
    for (int step = 0; step < STEPS; step++) {
        if (step % 1000 == 0)
            bias = random_between(&random, 10, 90);
        struct heap_item *item = &items[random_between(&random, 0, ITEMS - 1)];
        bool insert = random_between(&random, 1, 100) <= bias;
        if (insert && item->place == 0) {
            item->key = random_between(&random, 0, 50);
            item->tie = (uint64_t)(item - items);
            heap_insert(&heap, item);
            count++;
        } else if (!insert && item->place != 0) {
            heap_remove(&heap, item);
            count--;
        }
        struct heap_item *first = NULL;
        for (size_t i = 0; i < ITEMS; i++) {
            if (items[i].place != 0 && (!first || item_before(&items[i], first)))
                first = &items[i];
        }
        ensure(heap_first(&heap) == first);
        ensure(heap.count == count);
    }
    while (heap_first(&heap))
        heap_remove(&heap, heap_first(&heap));
    heap_close(&heap);
}
END_TEST

START_TEST(memory_is_given_back)
{
    enum { ITEMS = 10000 };
    struct heap heap = {0};
    struct heap_item *items = calloc(ITEMS, sizeof *items);
    for (size_t i = 0; i < ITEMS; i++) {
        items[i].key = ITEMS - i;
        heap_insert(&heap, &items[i]);
    }
    ck_assert_uint_ge(heap.capacity, ITEMS);
    for (size_t i = 0; i < ITEMS; i++)
        heap_remove(&heap, &items[i]);
    ck_assert_uint_le(heap.capacity, 64);
    heap_close(&heap);
    free(items);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("heap");
    TCase *tests = tcase_create("heap");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_smallest_comes_first);
    tcase_add_test(tests, among_equal_keys_the_smallest_tie_comes_first);
    tcase_add_test(tests, it_agrees_with_looking_through_all);
    tcase_add_test(tests, memory_is_given_back);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
