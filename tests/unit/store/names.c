/* Names as the log may have them: longer than a client's, of any byte but 0. And the level that brings such things. */
#include "store/core.h"
#include "support/check.h"
#include "unit/store/story.h"

static struct story story;
static uint8_t any[COMMAND_NAME_MAX], almost[COMMAND_NAME_MAX];

/* Two names of the largest size that differ in their last byte alone; every value but 0 is in them. */
static void setup(void)
{
    story = story_begin(1);
    for (size_t i = 0; i < sizeof any; i++)
        any[i] = almost[i] = (uint8_t)(255 - i % 255);
    almost[sizeof almost - 1] ^= 1;
    ck_assert(command_name_valid(any, sizeof any) && command_name_valid(almost, sizeof almost));
}

static void teardown(void)
{
    story_end(&story);
}

static struct command named(enum command_kind kind, const uint8_t *name, size_t name_size, const char *value)
{
    struct command command = story_command(kind, NULL, value);
    command.name = name;
    command.name_size = name_size;
    return command;
}

static void expect(struct store *store, const uint8_t *name, size_t name_size, const char *value, uint64_t version)
{
    struct store_file file;
    ck_assert(store_read(store, name, name_size, &file));
    ck_assert_uint_eq(file.version, version);
    ck_assert_uint_eq(file.name_size, name_size);
    ck_assert_mem_eq(file.name, name, name_size);
    ck_assert_uint_eq(file.value_size, strlen(value));
    ck_assert_mem_eq(file.blob->bytes + file.value_offset, value, file.value_size);
}

START_TEST(the_longest_names_of_any_bytes)
{
    struct store_file file;
    story_expect_outcome(story_say(&story, named(COMMAND_WRITE, any, sizeof any, "1")), OUTCOME_WRITTEN, 1);
    story_expect_outcome(story_say(&story, named(COMMAND_CAS, almost, sizeof almost, "two")), OUTCOME_WRITTEN, 2);
    expect(story.store, any, sizeof any, "1", 1);
    expect(story.store, almost, sizeof almost, "two", 2);
    struct command incr = named(COMMAND_INCR, any, sizeof any, NULL);
    incr.delta = 41;
    story_expect_outcome(story_say(&story, incr), OUTCOME_COUNTED, 3);
    expect(story.store, any, sizeof any, "42", 3);
    struct command copy = named(COMMAND_MOVE, any, sizeof any, NULL);
    copy.source = almost;
    copy.source_size = sizeof almost;
    story_expect_outcome(story_say(&story, copy), OUTCOME_WRITTEN, 4);
    expect(story.store, any, sizeof any, "two", 4);
    ck_assert(!store_read(story.store, almost, sizeof almost, &file));
    ck_assert(!store_read(story.store, any, sizeof any - 1, &file));
    story_expect_outcome(story_say(&story, named(COMMAND_DELETE, any, sizeof any, NULL)), OUTCOME_DELETED, 5);
}
END_TEST

/* In steps so small that the walk stops behind each of them, and goes on from there. */
START_TEST(they_come_through_a_dump)
{
    struct buffer dump = {0};
    for (size_t size = sizeof any; size > sizeof any - 40; size--)
        story_say(&story, named(COMMAND_WRITE, any, size, "any"));
    story_say(&story, named(COMMAND_WRITE, almost, sizeof almost, "almost"));
    store_dump_begin(story.store);
    story_dump_rest(story.store, &dump, 1);
    struct store *loaded = story_load(&dump, 9);
    ck_assert_uint_eq(store_hash(loaded), store_hash(story.store));
    ck_assert_uint_eq(store_file_count(loaded), store_file_count(story.store));
    expect(loaded, any, sizeof any, "any", 1);
    expect(loaded, any, sizeof any - 39, "any", 40);
    expect(loaded, almost, sizeof almost, "almost", 41);
    store_close(loaded);
    buffer_close(&dump);
}
END_TEST

START_TEST(the_level_is_in_the_state)
{
    struct buffer dump = {0};
    ck_assert_uint_eq(store_level(story.store), LEVEL_BASE);
    struct outcome outcome = story_say(&story, (struct command){.kind = COMMAND_RAISE, .level = LEVEL_KNOWN});
    ck_assert_int_eq(outcome.code, OUTCOME_LEVEL);
    ck_assert_int_eq(outcome.value, LEVEL_KNOWN);
    ck_assert_uint_eq(store_level(story.store), LEVEL_KNOWN);
    store_dump_begin(story.store);
    story_dump_rest(story.store, &dump, 1000);
    struct store *loaded = story_load(&dump, 9);
    ck_assert_uint_eq(store_level(loaded), LEVEL_KNOWN);
    ck_assert_uint_eq(store_hash(loaded), store_hash(story.store));
    outcome = store_outcome(loaded, STORY_GATEWAY, 1); /* whoever asked is told, whatever is loaded in between */
    ck_assert_int_eq(outcome.code, OUTCOME_LEVEL);
    ck_assert_int_eq(outcome.value, LEVEL_KNOWN);
    store_close(loaded);
    buffer_close(&dump);
}
END_TEST

/* A RAISE to more than this program knows is not passed over. */
START_TEST(a_level_that_is_not_known_is_not_applied)
{
    struct blob *blob = command_encode(&(struct command){.kind = COMMAND_RAISE, .level = LEVEL_KNOWN});
    uint64_t applied = store_applied(story.store);
    blob->bytes[36] = blob->bytes[COMMAND_HEADER_SIZE] = LEVEL_KNOWN + 1;
    story_expect_outcome(store_apply(story.store, applied + 1, story.now_ms, blob), OUTCOME_UNKNOWN, 0);
    ck_assert_uint_eq(store_applied(story.store), applied);
    ck_assert_uint_eq(store_level(story.store), LEVEL_KNOWN);
    blob_release(blob);
}
END_TEST

/* A program that can follow more: the level goes up, and never down. */
START_TEST(the_level_never_falls)
{
    struct buffer dump = {0};
    store_limit_level(story.store, 7);
    ck_assert_uint_eq(core_raise(story.store, 5), 5);
    struct outcome outcome = story_say(&story, (struct command){.kind = COMMAND_RAISE, .level = LEVEL_BASE});
    ck_assert_int_eq(outcome.code, OUTCOME_LEVEL);
    ck_assert_int_eq(outcome.value, 5);
    uint64_t hash = store_hash(story.store), core = store_part_hash(story.store, PART_CORE);
    ck_assert_uint_eq(core_raise(story.store, 5), 5);
    ck_assert_uint_eq(store_level(story.store), 5);
    ck_assert_uint_eq(store_hash(story.store), hash);
    ck_assert_uint_eq(core_raise(story.store, 7), 7);
    ck_assert_uint_ne(store_hash(story.store), hash);
    ck_assert_uint_ne(store_part_hash(story.store, PART_CORE), core);
    ck_assert_uint_eq(store_revision(story.store), 0);
    /* A dump says it, and a program that does not know it does not take that. */
    store_dump_begin(story.store);
    core_raise(story.store, 7);
    story_dump_rest(story.store, &dump, 1000);
    struct store *loaded = store_open(2), *older = store_open(2);
    store_limit_level(loaded, 7);
    ck_assert(store_load(loaded, buffer_start(&dump), buffer_size(&dump)) && store_load_end(loaded));
    ck_assert_uint_eq(store_level(loaded), 7);
    ck_assert_uint_eq(store_hash(loaded), store_hash(story.store));
    store_limit_level(older, 6);
    ck_assert(!store_load(older, buffer_start(&dump), buffer_size(&dump)));
    ck_assert(store_load_newer(older));
    store_close(older);
    store_close(loaded);
    buffer_close(&dump);
}
END_TEST

/* So whoever asked for it is told, and it is done once, whoever leads. */
START_TEST(a_raise_has_a_number_as_changes_have)
{
    struct command raise = {.kind = COMMAND_RAISE, .level = LEVEL_KNOWN};
    story_expect_outcome(story_say(&story, raise), OUTCOME_LEVEL, 0);
    raise.gateway = STORY_GATEWAY;
    raise.epoch = story.epoch;
    raise.number = raise.lowest = story.number;
    story_expect_outcome(story_apply(&story, &raise), OUTCOME_NONE, 0); /* again */
    raise.number += 2;
    story_expect_outcome(story_apply(&story, &raise), OUTCOME_NONE, 0);
    raise.number = raise.lowest = 0;
    story_expect_outcome(story_apply(&story, &raise), OUTCOME_NONE, 0);
    story_expect_outcome(store_outcome(story.store, STORY_GATEWAY, story.number), OUTCOME_LEVEL, 0);
    story_expect_outcome(story_write(&story, "a", "x", 0), OUTCOME_WRITTEN, 1);
}
END_TEST

START_TEST(a_cluster_forms_at_a_level_that_is_known)
{
    struct store *store = store_open(1);
    store_limit_level(store, 7);
    uint64_t hash = store_hash(store);
    ck_assert(!store_form(store, 0));
    ck_assert(!store_form(store, 8));
    ck_assert_uint_eq(store_level(store), LEVEL_BASE);
    ck_assert_uint_eq(store_hash(store), hash);
    ck_assert(store_form(store, 7));
    ck_assert_uint_eq(store_level(store), 7);
    ck_assert_uint_ne(store_hash(store), hash);
    store_close(store);
}
END_TEST

START_TEST(a_program_of_an_older_level_stops_at_the_raise)
{
    store_limit_level(story.store, LEVEL_BASE - 1);
    uint64_t applied = store_applied(story.store), hash = store_hash(story.store);
    struct outcome outcome = story_apply(&story, &(struct command){.kind = COMMAND_RAISE, .level = LEVEL_BASE});
    ck_assert_int_eq(outcome.code, OUTCOME_UNKNOWN);
    ck_assert_uint_eq(store_applied(story.store), applied);
    ck_assert_uint_eq(store_hash(story.store), hash);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store/names");
    TCase *tests = tcase_create("names");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, the_longest_names_of_any_bytes);
    tcase_add_test(tests, they_come_through_a_dump);
    tcase_add_test(tests, the_level_is_in_the_state);
    tcase_add_test(tests, a_level_that_is_not_known_is_not_applied);
    tcase_add_test(tests, the_level_never_falls);
    tcase_add_test(tests, a_raise_has_a_number_as_changes_have);
    tcase_add_test(tests, a_cluster_forms_at_a_level_that_is_known);
    tcase_add_test(tests, a_program_of_an_older_level_stops_at_the_raise);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
