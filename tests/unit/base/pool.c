#include "base/pool.h"

#include <string.h>

#include "base/ensure.h"
#include "base/random.h"
#include "support/check.h"

enum { ITEM_BYTES = 64, CHUNK_BYTES = 16 * 1024, CHUNK_ITEMS = (CHUNK_BYTES - 64) / ITEM_BYTES };

static struct pool pool;

static void setup(void)
{
    pool_init(&pool, ITEM_BYTES);
}

static void teardown(void)
{
    pool_close(&pool);
}

START_TEST(items_are_zeroed_each_time)
{
    for (int i = 0; i < 3; i++) {
        uint8_t *item = pool_get(&pool);
        for (size_t j = 0; j < ITEM_BYTES; j++)
            ck_assert_uint_eq(item[j], 0);
        memset(item, 0xff, ITEM_BYTES);
        pool_put(&pool, item);
    }
}
END_TEST

START_TEST(a_chunk_is_full_before_the_next_one_is_begun)
{
    void *items[CHUNK_ITEMS + 1];
    for (size_t i = 0; i < CHUNK_ITEMS; i++)
        items[i] = pool_get(&pool);
    ck_assert_uint_eq(pool_memory_bytes(&pool), CHUNK_BYTES);
    items[CHUNK_ITEMS] = pool_get(&pool);
    ck_assert_uint_eq(pool_memory_bytes(&pool), 2 * CHUNK_BYTES);
    pool_put(&pool, items[7]);
    ck_assert_uint_eq(pool_memory_bytes(&pool), 2 * CHUNK_BYTES);
    pool_put(&pool, items[CHUNK_ITEMS]);
    ck_assert_uint_eq(pool_memory_bytes(&pool), CHUNK_BYTES);
    ck_assert_ptr_eq(pool_get(&pool), items[7]); /* the room in a full chunk is found again */
    for (size_t i = 0; i < CHUNK_ITEMS; i++)
        pool_put(&pool, items[i]);
    ck_assert_uint_eq(pool_memory_bytes(&pool), 0);
}
END_TEST

/* Items of many chunks come and go in any order: none overlaps another, and all memory goes back in the end. */
START_TEST(whatever_the_order_no_two_items_overlap)
{
    enum { COUNT = 4 * CHUNK_ITEMS };
    static uint8_t *items[COUNT];
    struct random random = {.state = 5};
    size_t out = 0;
    for (int i = 0; i < 50000; i++) {
        size_t place = random_u64(&random) % COUNT;
        if (items[place]) {
            for (size_t j = 0; j < ITEM_BYTES; j++)
                ensure(items[place][j] == (uint8_t)(place * 31 + j));
            pool_put(&pool, items[place]);
            items[place] = NULL;
            out--;
            continue;
        }
        items[place] = pool_get(&pool);
        ensure((uintptr_t)items[place] % 8 == 0);
        for (size_t j = 0; j < ITEM_BYTES; j++)
            items[place][j] = (uint8_t)(place * 31 + j);
        ensure(++out * ITEM_BYTES < pool_memory_bytes(&pool));
    }
    for (size_t i = 0; i < COUNT; i++)
        if (items[i])
            pool_put(&pool, items[i]);
    ck_assert_uint_eq(pool_memory_bytes(&pool), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool");
    TCase *tests = tcase_create("pool");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, items_are_zeroed_each_time);
    tcase_add_test(tests, a_chunk_is_full_before_the_next_one_is_begun);
    tcase_add_test(tests, whatever_the_order_no_two_items_overlap);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
