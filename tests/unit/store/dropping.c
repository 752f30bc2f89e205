/* Contents whose files are gone: released a bounded number at a time, and part of the state until then. */
#include "store/files/dropping.h"

#include "store/state.h"
#include "support/check.h"
#include "unit/store/story.h"

/* So many contents are dropped by one entry; the first go at once, and half of the others at its end. */
enum { FILES = 2 * TRANSACTION_PARTS_MAX, LEFT = (FILES - STORE_DROPS_MAX) / 2 };

static void name_of(char name[8], unsigned number)
{
    snprintf(name, 8, "f%u", number);
}

/* One entry that moves every second file over the one before: each makes two contents be dropped. */
static void drop_all(struct story *story)
{
    static char names[FILES][8];
    struct buffer parts = {0};
    for (unsigned i = 0; i < FILES; i += 2) {
        name_of(names[i], i);
        name_of(names[i + 1], i + 1);
        struct command move = story_command(COMMAND_MOVE, names[i], NULL);
        move.source = (const uint8_t *)names[i + 1];
        move.source_size = strlen(names[i + 1]);
        ck_assert(transaction_append(&parts, &move));
    }
    struct command command = {.kind = COMMAND_TXN, .value = buffer_start(&parts), .value_size = buffer_size(&parts)};
    ck_assert_int_eq(story_say(story, command).code, OUTCOME_WRITTEN);
    buffer_close(&parts);
}

/* A story in which an entry has just dropped more than it may release. */
static struct story dropped(void)
{
    struct story story = story_begin(1);
    for (unsigned i = 0; i < FILES; i++) {
        char name[8];
        name_of(name, i);
        story_write(&story, name, "contents", 0);
    }
    ck_assert_uint_eq(story.store->files.dropping.ring.count, 0);
    drop_all(&story);
    store_events_clear(story.store);
    ck_assert_uint_eq(story.store->files.dropping.ring.count, LEFT);
    ck_assert_uint_eq(store_file_count(story.store), FILES / 2);
    return story;
}

START_TEST(later_entries_release_the_rest)
{
    struct story story = dropped();
    uint64_t memory = store_memory_bytes(story.store), hash = store_part_hash(story.store, PART_FILES);
    ck_assert_uint_eq(store_due_ms(story.store), store_time_ms(story.store)); /* another entry is wanted */
    story_tick(&story, story.now_ms);
    ck_assert_uint_eq(story.store->files.dropping.ring.count, 0);
    ck_assert_uint_eq(story.store->files.dropping.hash, 0);
    ck_assert_uint_lt(store_memory_bytes(story.store), memory);
    ck_assert_uint_ne(store_part_hash(story.store, PART_FILES), hash);
    ck_assert_uint_eq(store_due_ms(story.store), 0);
    story_end(&story);
}
END_TEST

START_TEST(they_are_in_the_dump_and_both_go_on_alike)
{
    struct story story = dropped(), other = story;
    struct buffer dump = {0};
    uint64_t hash = store_hash(story.store);
    store_dump_begin(story.store);
    struct buffer block = {0};
    ck_assert(!store_dump_step(story.store, &block, 500));
    buffer_append(&dump, buffer_start(&block), buffer_size(&block));
    buffer_close(&block);
    story_tick(&story, story.now_ms); /* releases all of them before the walk comes to one */
    ck_assert_uint_eq(story.store->files.dropping.preimages.count, LEFT);
    story_dump_rest(story.store, &dump, 500);
    ck_assert_uint_eq(story.store->files.dropping.bytes, 0);
    other.store = story_load(&dump, 2);
    ck_assert_uint_eq(store_hash(other.store), hash);
    ck_assert_uint_eq(other.store->files.dropping.ring.count, LEFT);
    story_tick(&other, other.now_ms);
    ck_assert_uint_eq(store_hash(other.store), store_hash(story.store));
    buffer_close(&dump);
    story_end(&other);
    story_end(&story);
}
END_TEST

START_TEST(a_dump_given_up_releases_its_own)
{
    struct story story = dropped();
    store_dump_begin(story.store);
    story_tick(&story, story.now_ms);
    ck_assert_uint_gt(story.store->files.dropping.bytes, 0);
    store_dump_cancel(story.store);
    ck_assert_uint_eq(story.store->files.dropping.bytes, 0);
    story_end(&story);
}
END_TEST

START_TEST(a_store_with_some_is_drained)
{
    struct story story = dropped();
    unsigned steps = 0;
    while (!store_drain(story.store, 10))
        steps++;
    ck_assert_uint_gt(steps, 10);
    story_end(&story);
}
END_TEST

static struct blob *blob_of(size_t size)
{
    struct blob *blob = blob_new(size);
    ck_assert_ptr_nonnull(blob);
    return blob;
}

/* However many come with each entry, they do not grow without end, and a sweep's work is bounded by what comes. */
START_TEST(the_list_cannot_grow_for_ever)
{
    struct dropping dropping = {0};
    size_t most = 0;
    for (unsigned entry = 0; entry < 200; entry++) {
        for (unsigned i = 0; i < 1000; i++)
            dropping_add(&dropping, blob_of(1), i);
        dropping_sweep(&dropping, 10);
        most = dropping.ring.count > most ? dropping.ring.count : most;
    }
    ck_assert_uint_ge(most, 990);
    ck_assert_uint_le(most, 1000);
    unsigned sweeps = 0;
    for (; dropping.ring.count > 0; sweeps++)
        dropping_sweep(&dropping, 10);
    ck_assert_uint_ge(sweeps, 6);
    dropping_close(&dropping);
}
END_TEST

/* One after the other, whatever is added and released while the walk goes on. */
START_TEST(a_walk_takes_each_that_was_there_once)
{
    for (unsigned swept = 0; swept < 7; swept++) {
        struct dropping dropping = {0};
        uint64_t next = 0;
        for (uint64_t i = 0; i < 100; i++)
            dropping_add(&dropping, blob_of(1), i);
        dropping_walk_begin(&dropping);
        while (dropping_walk_left(&dropping) > 0) {
            struct dropped one = dropping_walk_next(&dropping);
            ck_assert_uint_eq(one.hash, next++);
            blob_release(one.blob);
            dropping_add(&dropping, blob_of(1), 1000);
            for (unsigned i = 0; i < swept && dropping.ring.count > 1; i++) {
                size_t count = dropping.ring.count;
                dropping_sweep(&dropping, 1);
                ck_assert_uint_lt(dropping.ring.count, count);
            }
        }
        ck_assert_uint_eq(next, 100);
        dropping_close(&dropping);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store/dropping");
    TCase *tests = tcase_create("dropping");
    tcase_add_test(tests, later_entries_release_the_rest);
    tcase_add_test(tests, they_are_in_the_dump_and_both_go_on_alike);
    tcase_add_test(tests, a_dump_given_up_releases_its_own);
    tcase_add_test(tests, a_store_with_some_is_drained);
    tcase_add_test(tests, the_list_cannot_grow_for_ever);
    tcase_add_test(tests, a_walk_takes_each_that_was_there_once);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
