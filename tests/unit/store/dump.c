/* A dump holds the state of the moment it began, whatever happens while it is written. */
#include "store/state.h"
#include "support/check.h"
#include "unit/store/story.h"

static void name_of(char name[16], unsigned number)
{
    snprintf(name, 16, "f%05u", number);
}

static void write_number(struct story *story, unsigned number, const char *value)
{
    char name[16];
    name_of(name, number);
    story_write(story, name, value, 0);
}

static void delete_number(struct story *story, unsigned number)
{
    char name[16];
    name_of(name, number);
    ck_assert_int_eq(story_delete(story, name).code, OUTCOME_DELETED);
}

/* A hundred files, and a dump of them that has begun. */
static struct story hundred_files(uint64_t *hash_at_begin)
{
    struct story story = story_begin(1);
    for (unsigned i = 0; i < 100; i++)
        write_number(&story, i, "old");
    *hash_at_begin = store_hash(story.store);
    store_dump_begin(story.store);
    ck_assert(store_dump_active(story.store));
    return story;
}

/* The dump ends; loaded, it is the state that had HASH, with a hundred files that say "old". */
static void expect_dump_of_hundred(struct story *story, struct buffer *dump, uint64_t hash)
{
    story_dump_rest(story->store, dump, 100);
    struct story loaded = {.store = story_load(dump, 2)};
    ck_assert_uint_eq(store_hash(loaded.store), hash);
    ck_assert_uint_eq(store_file_count(loaded.store), 100);
    for (unsigned i = 0; i < 100; i++) {
        char name[16];
        name_of(name, i);
        story_expect(&loaded, name, "old", i + 1);
    }
    story_end(&loaded);
    buffer_close(dump);
    story_end(story);
}

START_TEST(an_empty_store_comes_back_empty)
{
    struct store *store = store_open(1);
    struct buffer dump = {0};
    store_dump_begin(store);
    ck_assert(store_dump_step(store, &dump, 4096));
    ck_assert_uint_eq(buffer_size(&dump), DUMP_RECORD_HEADER + 27 + 2 * 9);
    struct store *loaded = story_load(&dump, 2);
    ck_assert_uint_eq(store_hash(loaded), store_hash(store));
    ck_assert_uint_eq(store_applied(loaded), 0);
    store_close(loaded);
    store_close(store);
    buffer_close(&dump);
}
END_TEST

START_TEST(everything_comes_back)
{
    struct story story = story_begin(1);
    story_write(&story, "plain", "value", 0);
    story_write(&story, "mortal", "value", 60);
    story_cas(&story, "plain", 1, "", 0);
    story_cas(&story, "plain", 1, "no", 0);
    story_delete(&story, "nothing");
    story_skip(&story);
    story_open_gateway(&story, 9, 5);
    struct buffer dump = {0};
    store_dump_begin(story.store);
    story_dump_rest(story.store, &dump, 10);
    struct story loaded = story;
    loaded.store = story_load(&dump, 2);
    ck_assert_uint_eq(store_hash(loaded.store), store_hash(story.store));
    ck_assert_uint_eq(store_applied(loaded.store), store_applied(story.store));
    ck_assert_uint_eq(store_time_ms(loaded.store), store_time_ms(story.store));
    ck_assert_uint_eq(store_revision(loaded.store), 3);
    ck_assert_uint_eq(store_due_ms(loaded.store), 61000);
    story_expect(&loaded, "plain", "", 3);
    story_expect(&loaded, "mortal", "value", 2);
    story_expect_outcome(store_outcome(loaded.store, STORY_GATEWAY, 6), OUTCOME_SKIPPED, 0);
    /* Both go on alike. */
    story_expect_outcome(story_write(&story, "plain", "next", 0), OUTCOME_WRITTEN, 4);
    story_expect_outcome(story_write(&loaded, "plain", "next", 0), OUTCOME_WRITTEN, 4);
    ck_assert_uint_eq(store_hash(loaded.store), store_hash(story.store));
    buffer_close(&dump);
    story_end(&loaded);
    story_end(&story);
}
END_TEST

START_TEST(a_file_changed_before_the_walk_comes_to_it_is_in_the_dump_as_it_was)
{
    uint64_t hash;
    struct story story = hundred_files(&hash);
    for (unsigned i = 0; i < 100; i++)
        write_number(&story, i, "new");
    for (unsigned i = 0; i < 100; i++)
        write_number(&story, i, "newer");
    expect_dump_of_hundred(&story, &(struct buffer){0}, hash);
}
END_TEST

START_TEST(a_file_deleted_before_the_walk_comes_to_it_is_in_the_dump)
{
    uint64_t hash;
    struct story story = hundred_files(&hash);
    for (unsigned i = 0; i < 100; i++)
        delete_number(&story, i);
    expect_dump_of_hundred(&story, &(struct buffer){0}, hash);
}
END_TEST

START_TEST(a_file_deleted_and_made_again_is_in_the_dump_once_as_it_was)
{
    uint64_t hash;
    struct story story = hundred_files(&hash);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 100; i++) {
            delete_number(&story, i);
            write_number(&story, i, "new");
        }
    }
    expect_dump_of_hundred(&story, &(struct buffer){0}, hash);
}
END_TEST

START_TEST(a_file_made_after_the_beginning_is_not_in_the_dump)
{
    uint64_t hash;
    struct story story = hundred_files(&hash);
    for (unsigned i = 100; i < 300; i++)
        write_number(&story, i, "new");
    story_write(&story, "a", "before all others", 0);
    write_number(&story, 200, "changed");
    delete_number(&story, 201);
    expect_dump_of_hundred(&story, &(struct buffer){0}, hash);
}
END_TEST

START_TEST(what_happens_behind_and_at_the_cursor_does_not_matter)
{
    uint64_t hash;
    struct story story = hundred_files(&hash);
    struct buffer dump = {0};
    for (unsigned round = 0; round < 4; round++) {
        size_t size = buffer_size(&dump) + 300;
        ck_assert(!store_dump_step(story.store, &dump, size));
        ck_assert_uint_gt(story.store->files.walk.cursor_size, 0);
        /* The file that the walk stands at goes, and so do the first and the last; they all come back. */
        char at[16] = {0};
        memcpy(at, story.store->files.walk.cursor, story.store->files.walk.cursor_size);
        story_delete(&story, at);
        story_delete(&story, "f00000");
        story_delete(&story, "f00099");
        story_write(&story, at, "new", 0);
        story_write(&story, "f00000", "new", 0);
        story_write(&story, "f00099", "new", 0);
    }
    expect_dump_of_hundred(&story, &dump, hash);
}
END_TEST

START_TEST(a_file_that_expires_during_the_dump_is_in_it)
{
    struct story story = story_begin(1);
    story_write(&story, "a", "x", 1);
    story_write(&story, "b", "x", 1);
    uint64_t hash = store_hash(story.store);
    store_dump_begin(story.store);
    story_tick(&story, 2000);
    ck_assert_uint_eq(store_file_count(story.store), 0);
    struct buffer dump = {0};
    story_dump_rest(story.store, &dump, 100);
    struct story loaded = story;
    loaded.store = story_load(&dump, 2);
    ck_assert_uint_eq(store_hash(loaded.store), hash);
    story_tick(&loaded, 2000);
    ck_assert_uint_eq(store_hash(loaded.store), store_hash(story.store));
    buffer_close(&dump);
    story_end(&loaded);
    story_end(&story);
}
END_TEST

START_TEST(gateways_are_dumped_as_they_were)
{
    struct story story = story_begin(1);
    story_write(&story, "a", "x", 0);
    uint64_t hash = store_hash(story.store);
    store_dump_begin(story.store);
    story_write(&story, "a", "y", 0);
    story_open_gateway(&story, STORY_GATEWAY, 1234);
    story_open_gateway(&story, 9, 1234);
    struct buffer dump = {0};
    story_dump_rest(story.store, &dump, 100);
    struct store *loaded = story_load(&dump, 2);
    ck_assert_uint_eq(store_hash(loaded), hash);
    story_expect_outcome(store_outcome(loaded, STORY_GATEWAY, 1), OUTCOME_WRITTEN, 1);
    store_close(loaded);
    buffer_close(&dump);
    story_end(&story);
}
END_TEST

START_TEST(blocks_hold_whole_records_and_about_what_was_asked_for)
{
    uint64_t hash;
    struct story story = hundred_files(&hash);
    struct store *loaded = store_open(2);
    struct buffer block = {0};
    bool complete = false;
    unsigned blocks = 0;
    for (; !complete; blocks++) {
        complete = store_dump_step(story.store, &block, 500);
        ck_assert_uint_gt(buffer_size(&block), 0);
        ck_assert_uint_lt(buffer_size(&block), 500 + 100);
        ck_assert(store_load(loaded, buffer_start(&block), buffer_size(&block)));
        buffer_clear(&block, SIZE_MAX);
    }
    ck_assert_uint_gt(blocks, 10);
    ck_assert(store_load_end(loaded));
    ck_assert_uint_eq(store_hash(loaded), hash);
    buffer_close(&block);
    store_close(loaded);
    story_end(&story);
}
END_TEST

START_TEST(a_step_that_only_passes_files_over_is_bounded_too)
{
    struct story story = story_begin(1);
    write_number(&story, 99999, "last");
    uint64_t hash = store_hash(story.store);
    struct buffer dump = {0};
    store_dump_begin(story.store);
    for (unsigned i = 0; i < 20000; i++)
        write_number(&story, i, "new");
    unsigned steps = 1;
    while (!store_dump_step(story.store, &dump, SIZE_MAX))
        steps++;
    ck_assert_uint_ge(steps, 4);
    ck_assert_uint_le(steps, 10);
    struct store *loaded = story_load(&dump, 2);
    ck_assert_uint_eq(store_hash(loaded), hash);
    store_close(loaded);
    buffer_close(&dump);
    story_end(&story);
}
END_TEST

START_TEST(what_the_dump_has_taken_is_no_longer_held)
{
    uint64_t hash;
    struct story story = hundred_files(&hash);
    uint64_t before = store_memory_bytes(story.store);
    char large[5001];
    memset(large, 'v', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    struct buffer out = {0};
    store_dump_cancel(story.store);
    write_number(&story, 50, large);
    store_dump_begin(story.store);
    write_number(&story, 50, "old");
    ck_assert_uint_gt(store_memory_bytes(story.store), before + 5000);
    ck_assert(!store_dump_step(story.store, &out, 2000));
    ck_assert_uint_gt(buffer_size(&out), 5000);
    ck_assert_uint_lt(store_memory_bytes(story.store), before + 5000);
    ck_assert(store_dump_active(story.store));
    buffer_close(&out);
    story_end(&story);
}
END_TEST

START_TEST(a_dump_given_up_gives_back_what_it_kept)
{
    uint64_t hash;
    struct story story = hundred_files(&hash);
    struct buffer out = {0};
    ck_assert(!store_dump_step(story.store, &out, 1000));
    uint64_t before = store_memory_bytes(story.store);
    for (unsigned i = 0; i < 100; i++)
        write_number(&story, i, "old");
    ck_assert_uint_gt(store_memory_bytes(story.store), before);
    store_dump_cancel(story.store);
    ck_assert(!store_dump_active(story.store));
    ck_assert_uint_eq(store_memory_bytes(story.store), before);
    /* The next one is whole. */
    hash = store_hash(story.store);
    buffer_clear(&out, 0);
    store_dump_begin(story.store);
    story_dump_rest(story.store, &out, 1000);
    struct store *loaded = story_load(&out, 2);
    ck_assert_uint_eq(store_hash(loaded), hash);
    store_close(loaded);
    buffer_close(&out);
    story_end(&story);
}
END_TEST

START_TEST(a_store_may_be_closed_during_a_dump)
{
    uint64_t hash;
    struct story story = hundred_files(&hash);
    write_number(&story, 5, "new");
    story_end(&story);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store/dump");
    TCase *tests = tcase_create("dump");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, an_empty_store_comes_back_empty);
    tcase_add_test(tests, everything_comes_back);
    tcase_add_test(tests, a_file_changed_before_the_walk_comes_to_it_is_in_the_dump_as_it_was);
    tcase_add_test(tests, a_file_deleted_before_the_walk_comes_to_it_is_in_the_dump);
    tcase_add_test(tests, a_file_deleted_and_made_again_is_in_the_dump_once_as_it_was);
    tcase_add_test(tests, a_file_made_after_the_beginning_is_not_in_the_dump);
    tcase_add_test(tests, what_happens_behind_and_at_the_cursor_does_not_matter);
    tcase_add_test(tests, a_file_that_expires_during_the_dump_is_in_it);
    tcase_add_test(tests, gateways_are_dumped_as_they_were);
    tcase_add_test(tests, blocks_hold_whole_records_and_about_what_was_asked_for);
    tcase_add_test(tests, a_step_that_only_passes_files_over_is_bounded_too);
    tcase_add_test(tests, what_the_dump_has_taken_is_no_longer_held);
    tcase_add_test(tests, a_dump_given_up_gives_back_what_it_kept);
    tcase_add_test(tests, a_store_may_be_closed_during_a_dump);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
