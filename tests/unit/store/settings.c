/* Settings: in the state as files are, judged when they are applied, and nothing that a client sees. */
#include "store/files/settings.h"

#include "store/state.h"
#include "support/check.h"
#include "unit/store/story.h"

/* One digit. */
static bool is_digit(const uint8_t *value, size_t size)
{
    return size == 1 && *value >= '0' && *value <= '9';
}

static bool is_anything(const uint8_t *value, size_t size)
{
    (void)value;
    (void)size;
    return true;
}

static const struct setting settings[] = {
    {"digit", LEVEL_BASE, is_digit},
    {"of/", LEVEL_BASE, is_anything},
    {"later", LEVEL_BASE + 1, is_anything},
    {NULL, 0, NULL},
};

static struct story story;

static void setup(void)
{
    story = story_begin(1);
    store_settings(story.store, settings);
}

static void teardown(void)
{
    story_end(&story);
}

static struct outcome set(const char *name, const char *value)
{
    return story_say(&story, story_command(COMMAND_SET, name, value));
}

static struct outcome unset(const char *name)
{
    return story_say(&story, story_command(COMMAND_UNSET, name, NULL));
}

/* Its value; NULL: it is not set. */
static const char *get(const char *name)
{
    static char value[100];
    struct store_file file;
    if (!store_setting_read(story.store, name, strlen(name), &file))
        return NULL;
    ck_assert_uint_lt(file.value_size, sizeof value);
    memcpy(value, file.blob->bytes + file.value_offset, file.value_size);
    value[file.value_size] = '\0';
    return value;
}

START_TEST(one_is_set_and_unset)
{
    story_expect_outcome(set("\x01" "digit", "5"), OUTCOME_WRITTEN, 1);
    ck_assert_str_eq(get("\x01" "digit"), "5");
    story_expect_outcome(set("\x01" "digit", "7"), OUTCOME_WRITTEN, 2);
    ck_assert_str_eq(get("\x01" "digit"), "7");
    ck_assert_uint_eq(store_revision(story.store), 2);
    story_expect_outcome(unset("\x01" "digit"), OUTCOME_DELETED, 3);
    story_expect_outcome(unset("\x01" "digit"), OUTCOME_NOT_FOUND, 0);
    ck_assert_ptr_null(get("\x01" "digit"));
}
END_TEST

START_TEST(what_does_not_parse_is_refused)
{
    set("\x01" "digit", "5");
    uint64_t files = store_part_hash(story.store, PART_FILES);
    story_expect_outcome(set("\x01" "digit", "55"), OUTCOME_REFUSED, 0);
    story_expect_outcome(set("\x01" "digit", ""), OUTCOME_REFUSED, 0);
    story_expect_outcome(set("\x01" "digi", "5"), OUTCOME_REFUSED, 0);
    story_expect_outcome(set("\x01" "digits", "5"), OUTCOME_REFUSED, 0);
    story_expect_outcome(set("\x01", "5"), OUTCOME_REFUSED, 0);
    story_expect_outcome(set("\x01" "of/", "5"), OUTCOME_REFUSED, 0);
    story_expect_outcome(set("\x01" "of/one", "5"), OUTCOME_WRITTEN, 2);
    unset("\x01" "of/one");
    ck_assert_str_eq(get("\x01" "digit"), "5");
    ck_assert_uint_eq(store_part_hash(story.store, PART_FILES), files);
    ck_assert_int_eq(store_outcome(story.store, STORY_GATEWAY, story.number).code, OUTCOME_DELETED);
}
END_TEST

START_TEST(one_of_a_later_level_is_refused_until_that_is_raised)
{
    story_expect_outcome(set("\x01" "later", "x"), OUTCOME_REFUSED, 0);
    story.store->level = LEVEL_BASE + 1;
    story_expect_outcome(set("\x01" "later", "x"), OUTCOME_WRITTEN, 1);
}
END_TEST

/* A later client sends it again: it is not set twice, nor is it judged again. */
START_TEST(one_with_a_token_is_set_once)
{
    struct command command = story_command(COMMAND_SET, "\x01" "digit", "5");
    command.token = (const uint8_t *)"0123456789abcdef";
    story_expect_outcome(story_say(&story, command), OUTCOME_WRITTEN, 1);
    story_expect_outcome(story_say(&story, command), OUTCOME_WRITTEN, 1);
    command.token = (const uint8_t *)"refused_456789ab";
    command.value_size = 0;
    story_expect_outcome(story_say(&story, command), OUTCOME_REFUSED, 0);
    command.value_size = 1;
    story_expect_outcome(story_say(&story, command), OUTCOME_REFUSED, 0);
    ck_assert_uint_eq(store_revision(story.store), 1);
}
END_TEST

/* The names of what the walk finds, from NAME on, each with a comma. */
static const char *listed(bool of_settings, const char *name, size_t count)
{
    static char names[200];
    struct store_file files[STORE_WALK_MAX];
    size_t name_size = name ? strlen(name) : 0, used = 0;
    count = of_settings ? store_setting_walk(story.store, name, name_size, files, count)
                        : store_walk(story.store, name, name_size, files, count);
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%.*s,", (int)files[i].name_size, files[i].name);
    names[used] = '\0';
    return names;
}

START_TEST(no_client_sees_one)
{
    struct store_file file;
    story_write(&story, "\x02", "the very first name", 0);
    story_write(&story, "a", "x", 0);
    ck_assert_str_eq(listed(false, NULL, 64), "\x02,a,");
    set("\x01" "digit", "5");
    set("\x01" "of/\xff\xff", "x");
    set("\x01" "of/a", "x");
    ck_assert(!store_read(story.store, "\x01" "digit", 6, &file));
    ck_assert(store_read(story.store, "\x02", 1, &file));
    ck_assert_uint_eq(store_file_count(story.store), 2);
    ck_assert_str_eq(listed(false, NULL, 64), "\x02,a,");
    ck_assert_str_eq(listed(false, NULL, 1), "\x02,");
    ck_assert_str_eq(listed(false, "\x01", 64), "\x02,a,");
    ck_assert_str_eq(listed(false, "\x01" "digit", 64), "\x02,a,");
    ck_assert_str_eq(listed(false, "\x02", 64), "a,");
    ck_assert_str_eq(listed(false, "a", 64), "");
    ck_assert_str_eq(listed(true, NULL, 64), "\x01" "digit,\x01" "of/a,\x01" "of/\xff\xff,");
    ck_assert_str_eq(listed(true, "\x01" "digit", 1), "\x01" "of/a,");
    ck_assert_str_eq(listed(true, "\x01" "of/\xff\xff", 64), "");
    unset("\x01" "of/a");
    story_delete(&story, "a");
    story_delete(&story, "\x02");
    ck_assert_uint_eq(store_file_count(story.store), 0);
    ck_assert_str_eq(listed(false, NULL, 64), "");
    ck_assert_str_eq(listed(true, NULL, 64), "\x01" "digit,\x01" "of/\xff\xff,");
}
END_TEST

START_TEST(they_are_in_dump_and_hash)
{
    struct buffer dump = {0};
    uint64_t hash = store_hash(story.store);
    set("\x01" "digit", "5");
    story_write(&story, "a", "x", 0);
    ck_assert_uint_ne(store_hash(story.store), hash);
    hash = store_hash(story.store);
    store_dump_begin(story.store);
    set("\x01" "digit", "6");
    story_dump_rest(story.store, &dump, 10);
    struct story loaded = {.store = store_open(2)};
    store_settings(loaded.store, settings);
    ck_assert(store_load(loaded.store, buffer_start(&dump), buffer_size(&dump)) && store_load_end(loaded.store));
    ck_assert_uint_eq(store_hash(loaded.store), hash);
    ck_assert_uint_eq(store_file_count(loaded.store), 1);
    story_end(&loaded);
    buffer_close(&dump);
}
END_TEST

/* A program without such a row is an older one, as this is without the test's. */
START_TEST(a_dump_with_one_that_is_not_known_is_a_newer_programs)
{
    static const struct setting stricter[] = {{"of/", LEVEL_BASE + 1, is_anything}, {NULL, 0, NULL}};
    struct buffer dump = {0};
    set("\x01" "of/me", "5");
    store_dump_begin(story.store);
    story_dump_rest(story.store, &dump, 1000);
    struct store *store = store_open(2);
    ck_assert(!store_load(store, buffer_start(&dump), buffer_size(&dump)));
    ck_assert(store_load_newer(store));
    store_close(store);
    store = store_open(2);
    store_settings(store, stricter);
    ck_assert(!store_load(store, buffer_start(&dump), buffer_size(&dump)));
    ck_assert(!store_load_newer(store));
    store_close(store);
    buffer_close(&dump);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store/settings");
    TCase *tests = tcase_create("settings");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, one_is_set_and_unset);
    tcase_add_test(tests, what_does_not_parse_is_refused);
    tcase_add_test(tests, one_of_a_later_level_is_refused_until_that_is_raised);
    tcase_add_test(tests, one_with_a_token_is_set_once);
    tcase_add_test(tests, no_client_sees_one);
    tcase_add_test(tests, they_are_in_dump_and_hash);
    tcase_add_test(tests, a_dump_with_one_that_is_not_known_is_a_newer_programs);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
