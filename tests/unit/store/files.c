/* write, cas and delete: what they answer, what they leave behind, which versions they take. */
#include "support/check.h"
#include "unit/store/story.h"

START_TEST(versions_count_through_all_files)
{
    struct story story = story_begin(1);
    story_expect_outcome(story_write(&story, "a", "one", 0), OUTCOME_WRITTEN, 1);
    story_expect_outcome(story_write(&story, "b", "two", 0), OUTCOME_WRITTEN, 2);
    story_expect_outcome(story_write(&story, "a", "three", 0), OUTCOME_WRITTEN, 3);
    story_expect(&story, "a", "three", 3);
    story_expect(&story, "b", "two", 2);
    ck_assert_uint_eq(store_revision(story.store), 3);
    ck_assert_uint_eq(store_file_count(story.store), 2);
    story_end(&story);
}
END_TEST

START_TEST(delete_takes_a_version_too)
{
    struct story story = story_begin(1);
    story_expect_outcome(story_write(&story, "a", "one", 0), OUTCOME_WRITTEN, 1);
    story_expect_outcome(story_delete(&story, "a"), OUTCOME_DELETED, 2);
    ck_assert(!story_has(&story, "a"));
    story_expect_outcome(story_delete(&story, "a"), OUTCOME_NOT_FOUND, 0);
    story_expect_outcome(story_write(&story, "a", "again", 0), OUTCOME_WRITTEN, 3);
    story_end(&story);
}
END_TEST

START_TEST(cas_writes_only_over_the_version_it_names)
{
    struct story story = story_begin(1);
    story_expect_outcome(story_write(&story, "a", "one", 0), OUTCOME_WRITTEN, 1);
    story_expect_outcome(story_cas(&story, "a", 7, "no", 0), OUTCOME_MISMATCH, 1);
    story_expect(&story, "a", "one", 1);
    story_expect_outcome(story_cas(&story, "a", 1, "two", 0), OUTCOME_WRITTEN, 2);
    story_expect_outcome(story_cas(&story, "a", 1, "no", 0), OUTCOME_MISMATCH, 2);
    story_expect(&story, "a", "two", 2);
    ck_assert_uint_eq(store_revision(story.store), 2);
    story_end(&story);
}
END_TEST

START_TEST(cas_of_version_0_creates_only_what_is_absent)
{
    struct story story = story_begin(1);
    story_expect_outcome(story_cas(&story, "lock", 0, "mine", 0), OUTCOME_WRITTEN, 1);
    story_expect_outcome(story_cas(&story, "lock", 0, "mine too", 0), OUTCOME_MISMATCH, 1);
    story_expect(&story, "lock", "mine", 1);
    story_expect_outcome(story_cas(&story, "other", 5, "no", 0), OUTCOME_MISMATCH, 0);
    ck_assert(!story_has(&story, "other"));
    story_end(&story);
}
END_TEST

START_TEST(what_fails_takes_no_version)
{
    struct story story = story_begin(1);
    story_delete(&story, "a");
    story_cas(&story, "a", 4, "x", 0);
    story_skip(&story);
    story_tick(&story, 5000);
    story_open_gateway(&story, 9, 1);
    ck_assert_uint_eq(store_revision(story.store), 0);
    story_expect_outcome(story_write(&story, "a", "x", 0), OUTCOME_WRITTEN, 1);
    story_end(&story);
}
END_TEST

START_TEST(a_value_may_be_empty_or_hold_any_byte)
{
    struct story story = story_begin(1);
    story_write(&story, "empty", "", 0);
    story_expect(&story, "empty", "", 1);
    uint8_t bytes[256];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    struct command command = story_command(COMMAND_WRITE, "bytes", NULL);
    command.value = bytes;
    command.value_size = sizeof bytes;
    story_say(&story, command);
    struct store_file file;
    ck_assert(store_read(story.store, "bytes", 5, &file));
    ck_assert_uint_eq(file.value_size, sizeof bytes);
    ck_assert_mem_eq(file.blob->bytes + file.value_offset, bytes, sizeof bytes);
    story_end(&story);
}
END_TEST

START_TEST(names_that_begin_alike_are_different_files)
{
    struct story story = story_begin(1);
    char longest[REQUEST_NAME_MAX + 1];
    memset(longest, 'n', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    story_write(&story, "n", "short", 0);
    story_write(&story, "nn", "longer", 0);
    story_write(&story, longest, "longest", 0);
    story_expect(&story, "n", "short", 1);
    story_expect(&story, "nn", "longer", 2);
    story_expect(&story, longest, "longest", 3);
    ck_assert(!story_has(&story, "nnn"));
    story_end(&story);
}
END_TEST

START_TEST(other_entries_move_index_and_time_alone)
{
    struct story story = story_begin(1);
    uint64_t index = store_applied(story.store);
    struct outcome outcome = store_apply(story.store, index + 1, 9000, NULL);
    ck_assert_int_eq(outcome.code, OUTCOME_NONE);
    ck_assert_uint_eq(outcome.gateway, 0);
    ck_assert_uint_eq(store_applied(story.store), index + 1);
    ck_assert_uint_eq(store_time_ms(story.store), 9000);
    ck_assert_uint_eq(store_revision(story.store), 0);
    story_end(&story);
}
END_TEST

/* What another version may understand is not passed over: a flag, a kind, a format, a size that is not known here. */
START_TEST(bytes_that_are_no_command_change_nothing_not_even_the_index)
{
    static const struct {
        size_t at;
        uint8_t byte;
    } unknown[] = {
        {0, 1}, {0, 3}, {0, 255}, {1, 15}, {1, 255}, {1, 0}, {3, 64}, {2, 0}, {2, 200},
        {32, 1}, {36, 2}, {38, 1}, {39, 1},
    };
    struct story story = story_begin(1);
    const struct command write = {.kind = COMMAND_WRITE, .gateway = STORY_GATEWAY, .epoch = story.epoch, .number = 1,
                                  .lowest = 1, .name = (const uint8_t *)"a", .name_size = 1,
                                  .value = (const uint8_t *)"x", .value_size = 1};
    uint64_t hash = store_hash(story.store), applied = store_applied(story.store), time_ms = store_time_ms(story.store);
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        struct blob *blob = command_encode(&write);
        blob->bytes[unknown[i].at] = unknown[i].byte;
        struct outcome outcome = store_apply(story.store, applied + 1, time_ms + 1000, blob);
        ck_assert_int_eq(outcome.code, OUTCOME_UNKNOWN);
        ck_assert_uint_eq(blob->references, 1);
        blob_release(blob);
        ck_assert_uint_eq(store_applied(story.store), applied);
        ck_assert_uint_eq(store_time_ms(story.store), time_ms);
        ck_assert_uint_eq(store_hash(story.store), hash);
    }
    story_expect_outcome(story_write(&story, "a", "x", 0), OUTCOME_WRITTEN, 1);
    story_end(&story);
}
END_TEST

/* One entry that writes NAME; the caller keeps a reference to its payload. */
static struct blob *write_and_hold(struct story *story, const char *name, const char *value)
{
    struct command command = story_command(COMMAND_WRITE, name, value);
    struct blob *blob = command_encode(&command);
    story->number++;
    command_number(blob, STORY_GATEWAY, story->epoch, story->number, story->number);
    store_apply(story->store, store_applied(story->store) + 1, story->now_ms, blob);
    store_events_clear(story->store);
    return blob;
}

START_TEST(a_file_shares_the_bytes_of_its_entry)
{
    struct story story = story_begin(1);
    struct blob *first = write_and_hold(&story, "a", "first");
    ck_assert_uint_eq(first->references, 2);
    struct blob *second = write_and_hold(&story, "a", "second");
    ck_assert_uint_eq(first->references, 1);
    ck_assert_uint_eq(second->references, 2);
    story_delete(&story, "a");
    ck_assert_uint_eq(second->references, 2); /* whoever reads of it needs its name */
    store_events_clear(story.store);
    ck_assert_uint_eq(second->references, 1);
    struct blob *third = write_and_hold(&story, "a", "third");
    story_end(&story);
    ck_assert_uint_eq(third->references, 1);
    blob_release(first);
    blob_release(second);
    blob_release(third);
}
END_TEST

START_TEST(memory_is_counted_and_given_back)
{
    struct story story = story_begin(1);
    uint64_t empty = store_memory_bytes(story.store);
    char value[5001];
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    story_write(&story, "a", value, 60);
    uint64_t one = store_memory_bytes(story.store);
    ck_assert_uint_ge(one, empty + 5000);
    story_write(&story, "a", "short", 60);
    ck_assert_uint_le(store_memory_bytes(story.store), one - 4900);
    story_write(&story, "a", value, 0);
    ck_assert_uint_eq(store_memory_bytes(story.store), one);
    story_delete(&story, "a");
    ck_assert_uint_le(store_memory_bytes(story.store), one - 5000);
    story_end(&story);
}
END_TEST

START_TEST(the_hash_tells_states_apart_and_seeds_do_not_matter)
{
    struct story a = story_begin(1);
    struct story b = story_begin(2);
    for (int i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i % 30);
        story_write(&a, name, "same", (uint64_t)(i % 3));
        story_write(&b, name, "same", (uint64_t)(i % 3));
        ck_assert_uint_eq(store_hash(a.store), store_hash(b.store));
    }
    story_write(&a, "f1", "this", 0);
    story_write(&b, "f1", "that", 0);
    ck_assert_uint_ne(store_hash(a.store), store_hash(b.store));
    story_write(&a, "f1", "again", 0);
    story_write(&b, "f1", "again", 0);
    ck_assert_uint_eq(store_hash(a.store), store_hash(b.store));
    story_write(&a, "f1", "life", 5);
    story_write(&b, "f1", "life", 6);
    ck_assert_uint_ne(store_hash(a.store), store_hash(b.store));
    story_delete(&a, "f1");
    story_delete(&b, "f1");
    ck_assert_uint_eq(store_hash(a.store), store_hash(b.store));
    story_write(&a, "ab", "c", 0);
    story_write(&b, "a", "bc", 0);
    ck_assert_uint_ne(store_hash(a.store), store_hash(b.store));
    story_end(&a);
    story_end(&b);
}
END_TEST

START_TEST(a_store_is_drained_in_small_steps)
{
    struct story story = story_begin(1);
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        story_write(&story, name, "x", (uint64_t)(i % 2));
    }
    int steps = 1;
    while (!store_drain(story.store, 10))
        steps++;
    ck_assert_int_eq(steps, 100);
    story_end(&story);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store/files");
    TCase *tests = tcase_create("files");
    tcase_add_test(tests, versions_count_through_all_files);
    tcase_add_test(tests, delete_takes_a_version_too);
    tcase_add_test(tests, cas_writes_only_over_the_version_it_names);
    tcase_add_test(tests, cas_of_version_0_creates_only_what_is_absent);
    tcase_add_test(tests, what_fails_takes_no_version);
    tcase_add_test(tests, a_value_may_be_empty_or_hold_any_byte);
    tcase_add_test(tests, names_that_begin_alike_are_different_files);
    tcase_add_test(tests, other_entries_move_index_and_time_alone);
    tcase_add_test(tests, bytes_that_are_no_command_change_nothing_not_even_the_index);
    tcase_add_test(tests, a_file_shares_the_bytes_of_its_entry);
    tcase_add_test(tests, memory_is_counted_and_given_back);
    tcase_add_test(tests, the_hash_tells_states_apart_and_seeds_do_not_matter);
    tcase_add_test(tests, a_store_is_drained_in_small_steps);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
