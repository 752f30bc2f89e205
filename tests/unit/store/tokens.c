/* Changes with a token are done once. */
#include "store/dedup/tokens.h"

#include "support/check.h"
#include "unit/store/story.h"

static uint8_t token[COMMAND_TOKEN_SIZE];

static const uint8_t *token_of(uint64_t number)
{
    command_token(&number, sizeof number, token);
    return token;
}

static struct outcome once(struct story *story, enum command_kind kind, const char *name, const char *value,
                           uint64_t number)
{
    struct command command = story_command(kind, name, value);
    command.token = token_of(number);
    if (kind == COMMAND_INCR)
        command.delta = 1;
    return story_say(story, command);
}

START_TEST(the_first_outcome_is_told_again)
{
    struct story story = story_begin(1);
    story_expect_outcome(once(&story, COMMAND_WRITE, "a", "5", 1), OUTCOME_WRITTEN, 1);
    struct outcome counted = once(&story, COMMAND_INCR, "a", NULL, 2);
    ck_assert(counted.code == OUTCOME_COUNTED && counted.version == 2 && counted.value == 6);
    story_expect_outcome(once(&story, COMMAND_DELETE, "b", NULL, 3), OUTCOME_NOT_FOUND, 0);
    story_write(&story, "b", "x", 0);
    /* A failure is decided too. */
    story_expect_outcome(once(&story, COMMAND_DELETE, "b", NULL, 3), OUTCOME_NOT_FOUND, 0);
    counted = once(&story, COMMAND_INCR, "a", NULL, 2);
    ck_assert(counted.code == OUTCOME_COUNTED && counted.version == 2 && counted.value == 6);
    story_expect_outcome(once(&story, COMMAND_WRITE, "a", "5", 1), OUTCOME_WRITTEN, 1);
    story_expect(&story, "a", "6", 2);
    ck_assert_uint_eq(store_revision(story.store), 3);
    story_end(&story);
}
END_TEST

START_TEST(through_another_gateway_too)
{
    struct story story = story_begin(1);
    once(&story, COMMAND_INCR, "a", NULL, 1);
    uint64_t epoch = story_open_gateway(&story, 9, 5).epoch;
    struct command command = story_command(COMMAND_INCR, "a", NULL);
    command.gateway = 9;
    command.epoch = epoch;
    command.number = command.lowest = 1;
    command.version = 1;
    command.token = token_of(1);
    struct outcome outcome = story_apply(&story, &command);
    ck_assert(outcome.code == OUTCOME_COUNTED && outcome.value == 1 && outcome.number == 1);
    story_expect(&story, "a", "1", 1);
    story_end(&story);
}
END_TEST

START_TEST(a_skip_decides_nothing)
{
    struct story story = story_begin(1);
    story_skip(&story);
    story_expect_outcome(once(&story, COMMAND_WRITE, "a", "x", 1), OUTCOME_WRITTEN, 1);
    story_end(&story);
}
END_TEST

START_TEST(for_ten_minutes)
{
    struct story story = story_begin(1);
    uint64_t begun_ms = story.now_ms;
    once(&story, COMMAND_INCR, "a", NULL, 1);
    story.now_ms = begun_ms + STORE_TOKENS_S * 1000;
    ck_assert_int_eq(once(&story, COMMAND_INCR, "a", NULL, 1).value, 1);
    story.now_ms++;
    ck_assert_int_eq(once(&story, COMMAND_INCR, "a", NULL, 1).value, 2);
    story.now_ms += STORE_TOKENS_S * 1000; /* it is kept from the second time on again */
    ck_assert_int_eq(once(&story, COMMAND_INCR, "a", NULL, 1).value, 2);
    story_end(&story);
}
END_TEST

START_TEST(the_last_65536)
{
    struct tokens tokens;
    tokens_init(&tokens, 1);
    for (uint64_t i = 1; i <= STORE_TOKENS_MAX; i++)
        tokens_keep(&tokens, token_of(i), 1000, (struct decision){OUTCOME_WRITTEN, i, 0});
    ck_assert_uint_eq(tokens_find(&tokens, token_of(1), 1000)->version, 1);
    tokens_keep(&tokens, token_of(0), 1000, (struct decision){OUTCOME_WRITTEN, 99999, 0});
    ck_assert_ptr_null(tokens_find(&tokens, token_of(1), 1000));
    ck_assert_uint_eq(tokens_find(&tokens, token_of(2), 1000)->version, 2);
    ck_assert_uint_eq(tokens.count, STORE_TOKENS_MAX);
    ck_assert_uint_eq(tokens.capacity, STORE_TOKENS_MAX);
    ck_assert_uint_eq(tokens_at(&tokens, 0)->decision.version, 2);
    ck_assert_uint_eq(tokens_at(&tokens, STORE_TOKENS_MAX - 1)->decision.version, 99999);
    ck_assert_ptr_null(tokens_find(&tokens, token_of(2), 1000 + STORE_TOKENS_S * 1000 + 1));
    ck_assert_uint_eq(tokens.count, 0);
    ck_assert_uint_eq(tokens.hash, 0);
    tokens_close(&tokens);
}
END_TEST

START_TEST(what_is_kept_is_part_of_the_hash)
{
    struct tokens tokens;
    tokens_init(&tokens, 1);
    ck_assert_uint_eq(tokens.hash, 0);
    uint64_t last = 0;
    const struct decision results[] = {{OUTCOME_WRITTEN, 1, 0}, {OUTCOME_WRITTEN, 2, 0}, {OUTCOME_WRITTEN, 1, 1},
                                       {OUTCOME_DELETED, 1, 0}};
    for (size_t i = 0; i < 4; i++) {
        tokens_close(&tokens);
        tokens_init(&tokens, i);
        tokens_keep(&tokens, token_of(1), 1000, results[i]);
        ck_assert_uint_ne(tokens.hash, last);
        last = tokens.hash;
    }
    tokens_close(&tokens);
    tokens_init(&tokens, 7);
    tokens_keep(&tokens, token_of(1), 1001, results[3]);
    ck_assert_uint_ne(tokens.hash, last);
    tokens_close(&tokens);
}
END_TEST

/* Three records' worth: the same tokens are there, in their order, until the same moment. */
START_TEST(a_dump_has_them)
{
    enum { COUNT = 9000 };
    struct story story = story_begin(1);
    for (uint64_t i = 1; i <= COUNT; i++) {
        story.now_ms += 10;
        once(&story, COMMAND_INCR, "a", NULL, i);
    }
    struct buffer dump = {0};
    store_dump_begin(story.store);
    once(&story, COMMAND_INCR, "a", NULL, COUNT + 1); /* after that moment: not in it */
    story_dump_rest(story.store, &dump, 1000);
    struct store *loaded = story_load(&dump, 2);
    struct story other = story;
    other.store = loaded;
    other.number = COUNT;
    ck_assert_int_eq(once(&other, COMMAND_INCR, "a", NULL, COUNT + 1).value, COUNT + 1);
    ck_assert_uint_eq(store_hash(loaded), store_hash(story.store));
    ck_assert_int_eq(once(&other, COMMAND_INCR, "a", NULL, 1).value, 1);
    ck_assert_int_eq(once(&other, COMMAND_INCR, "a", NULL, 5000).value, 5000);
    other.now_ms = 1010 + STORE_TOKENS_S * 1000 + 1;
    ck_assert_int_eq(once(&other, COMMAND_INCR, "a", NULL, 2).value, 2);
    ck_assert_int_eq(once(&other, COMMAND_INCR, "a", NULL, 1).value, COUNT + 2);
    buffer_close(&dump);
    store_close(loaded);
    story_end(&story);
}
END_TEST

/* The token is in the entry's blob, which becomes the file's: it is no part of the contents. */
START_TEST(a_token_is_not_in_the_file)
{
    struct story story = story_begin(1);
    once(&story, COMMAND_WRITE, "a", "xyz", 1);
    story_expect(&story, "a", "xyz", 1);
    story_say(&story, story_command(COMMAND_COPY, "b", "a"));
    story_expect(&story, "b", "xyz", 2);
    once(&story, COMMAND_APPEND, "a", "!", 2);
    story_expect(&story, "a", "xyz!", 3);
    once(&story, COMMAND_WRITE, "c", "", 3);
    struct buffer dump = {0};
    store_dump_begin(story.store);
    story_dump_rest(story.store, &dump, 1000);
    struct store *loaded = story_load(&dump, 2);
    ck_assert_uint_eq(store_hash(loaded), store_hash(story.store));
    struct store_file file;
    ck_assert(store_read(loaded, "c", 1, &file));
    ck_assert_uint_eq(file.value_size, 0);
    buffer_close(&dump);
    store_close(loaded);
    story_end(&story);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store/tokens");
    TCase *tests = tcase_create("tokens");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_first_outcome_is_told_again);
    tcase_add_test(tests, through_another_gateway_too);
    tcase_add_test(tests, a_skip_decides_nothing);
    tcase_add_test(tests, for_ten_minutes);
    tcase_add_test(tests, the_last_65536);
    tcase_add_test(tests, what_is_kept_is_part_of_the_hash);
    tcase_add_test(tests, a_dump_has_them);
    tcase_add_test(tests, a_token_is_not_in_the_file);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
