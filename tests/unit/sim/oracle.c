/* What judges nodes' answers must itself be judged: the oracle comes to what a store comes to, change by change, and
 * says so where a store holds anything else. */
#include "sim/oracle.h"

#include "protocol/transaction.h"
#include "support/check.h"
#include "unit/store/story.h"

static struct oracle oracle;
static struct story story;
static uint64_t now_us;

/* COMMAND to both, under the next number. */
static struct outcome say(struct command command)
{
    command.gateway = STORY_GATEWAY;
    command.epoch = story.epoch;
    command.number = command.lowest = ++story.number;
    struct blob *blob = command_encode(&command);
    struct raft_entry entry = {.index = oracle.count + 1, .term = 1, .time_ms = story.now_ms,
                               .type = RAFT_ENTRY_COMMAND, .payload = blob};
    oracle_apply(&oracle, &entry);
    struct outcome outcome = store_apply(story.store, entry.index, entry.time_ms, blob);
    blob_release(blob);
    return outcome;
}

static void setup(void)
{
    oracle_init(&oracle, &now_us, 100);
    oracle.slack_us = 10000;
    story = story_begin(1);
    struct command open = {.kind = COMMAND_OPEN, .gateway = STORY_GATEWAY, .epoch = STORY_NONCE};
    struct blob *blob = command_encode(&open);
    struct raft_entry entry = {.index = 1, .term = 1, .time_ms = story.now_ms, .type = RAFT_ENTRY_COMMAND,
                               .payload = blob};
    oracle_apply(&oracle, &entry);
    blob_release(blob);
    store_limit(story.store, 100, 1000);
    oracle.memory_max_bytes = 1000;
}

static void teardown(void)
{
    oracle_close(&oracle);
    story_end(&story);
}

static void agree(void)
{
    oracle.compared = 0;
    const char *wrong = oracle_compare(&oracle, story.store);
    ck_assert_msg(!wrong, "%s", wrong);
}

static void change(enum command_kind kind, const char *name, const char *value, uint64_t version, uint64_t exptime_s)
{
    struct command command = story_command(kind, name, value);
    if (kind == COMMAND_INCR)
        command.delta = (int64_t)version;
    else
        command.version = version;
    command.exptime_s = exptime_s;
    struct outcome outcome = say(command);
    const struct decision *decided = &oracle.entries[oracle.count].result;
    ck_assert_int_eq(decided->code, outcome.code);
    ck_assert_uint_eq(decided->version, outcome.version);
    if (outcome.code == OUTCOME_COUNTED)
        ck_assert_int_eq(decided->value, outcome.value);
}

/* Enough entries that the whole state is looked at. */
static void story_of_changes(void)
{
    for (int i = 0; i < 10; i++) {
        change(COMMAND_WRITE, "a", "x", 0, 2);
        change(COMMAND_APPEND, "a", "yz", 0, 0);
        change(COMMAND_COPY, "b", "a", 0, 0);
        change(COMMAND_TOUCH, "a", NULL, 0, 9);
        change(COMMAND_INCR, "n", NULL, 5, 0);
        change(COMMAND_INCR, "a", NULL, 5, 0);
        change(COMMAND_MOVE, "c", "b", 0, 0);
        change(COMMAND_CAS, "c", "w", 1, 0);
        change(COMMAND_DELETE, "none", NULL, 0, 0);
        story.now_ms += 1500;
    }
}

START_TEST(it_comes_to_what_a_store_comes_to)
{
    story_of_changes();
    agree();
    ck_assert_uint_eq(oracle_taken(&oracle, 0), 0);
    ck_assert_uint_eq(oracle_taken(&oracle, 1), 2); /* the entry behind the opening one */
    ck_assert_uint_eq(oracle_taken(&oracle, 1000000), UINT64_MAX);
    const struct oracle_file *file = oracle_file(&oracle, "a", 1);
    ck_assert_uint_eq(oracle_state(file, 1)->version, 0);
    ck_assert_uint_eq(oracle_state(file, 2)->version, 1);
    ck_assert_uint_eq(oracle_state(file, 3)->size, 3);
    ck_assert_uint_eq(oracle_state(file, 4)->size, 3);
}
END_TEST

START_TEST(a_full_store_takes_no_copies)
{
    char name[] = "a", contents[] = "................................................................";
    change(COMMAND_WRITE, "z", contents, 0, 5);
    for (int i = 0; i < 20; i++, name[0]++)
        change(COMMAND_COPY, name, "z", 0, 0);
    ck_assert_int_eq(oracle.entries[oracle.count].result.code, OUTCOME_FULL);
    change(COMMAND_DELETE, "b", NULL, 0, 0);
    change(COMMAND_COPY, name, "z", 0, 0);
    ck_assert_int_eq(oracle.entries[oracle.count].result.code, OUTCOME_WRITTEN);
    agree();
}
END_TEST

START_TEST(a_token_decides_once)
{
    struct command command = story_command(COMMAND_INCR, "n", NULL);
    command.delta = 1;
    command.token = (const uint8_t *)"0123456789abcdef";
    say(command);
    say(command);
    ck_assert_uint_eq(oracle.entries[oracle.count].revision, 1);
    ck_assert_int_eq(oracle.entries[oracle.count].result.value, 1);
    ck_assert_uint_eq(oracle.entries[2].digest, oracle.entries[3].digest);
    story.now_ms += STORE_TOKENS_S * 1000 + 1;
    say(command);
    ck_assert_int_eq(oracle.entries[oracle.count].result.value, 2);
    agree();
}
END_TEST

START_TEST(the_oldest_of_many_tokens_goes)
{
    static const char *const tokens[] = {"0123456789abcdef", "123456789abcdef0", "23456789abcdef01"};
    static const struct {
        int token;
        int64_t value; /* that is told */
    } sent[] = {{0, 1}, {1, 2}, {0, 1}, {2, 3}, {1, 2}, {0, 4}, {2, 3}, {1, 5}};
    store_limit_tokens(story.store, 2);
    oracle.repeats_max = 2;
    for (size_t i = 0; i < sizeof sent / sizeof *sent; i++) {
        struct command command = story_command(COMMAND_INCR, "n", NULL);
        command.delta = 1;
        command.token = (const uint8_t *)tokens[sent[i].token];
        ck_assert_int_eq(say(command).value, sent[i].value);
        ck_assert_int_eq(oracle.entries[oracle.count].result.value, sent[i].value);
    }
    agree();
}
END_TEST

/* What is in the log was asked for, no more often than it was sent, and not where it was said that it is not done. */
START_TEST(what_is_logged_was_asked_for)
{
    struct change drawn = {.kind = COMMAND_TOUCH, .name = (const uint8_t *)"a", .name_size = 1, .exptime_s = 5};
    struct asked asked = {.changes = &drawn, .count = 1};
    struct command touch = story_command(COMMAND_TOUCH, "a", NULL);
    touch.exptime_s = 5;
    oracle.asks_all = true;
    size_t request = oracle_asked(&oracle, asked_digest(&asked));
    say(touch);
    ck_assert_ptr_null(oracle.wrong);
    say(touch);
    ck_assert_ptr_nonnull(strstr(oracle.wrong, "more often than it was sent"));
    oracle.wrong = NULL;
    oracle_asked_again(&oracle, request);
    oracle_asked_again(&oracle, request);
    say(touch);
    ck_assert_ptr_null(oracle.wrong);
    oracle_refused(&oracle, request);
    ck_assert_ptr_nonnull(strstr(oracle.wrong, "that a client was told is not"));
    oracle.wrong = NULL;
    touch.exptime_s = 6;
    say(touch);
    ck_assert_ptr_nonnull(strstr(oracle.wrong, "no one asked for"));
}
END_TEST

/* Each field that is lost, or another one, makes it something that no one asked for. */
START_TEST(every_field_counts)
{
    static const struct change changes[] = {
        {.kind = COMMAND_TOUCH, .name = (const uint8_t *)"a", .name_size = 1, .exptime_s = 5},
        {.kind = COMMAND_TOUCH, .name = (const uint8_t *)"a", .name_size = 1, .exptime_s = 5, .exact = true},
        {.kind = COMMAND_TOUCH, .name = (const uint8_t *)"a", .name_size = 1, .exptime_s = 5, .exact = true,
         .version = 1},
        {.kind = COMMAND_TOUCH, .name = (const uint8_t *)"a", .name_size = 1},
        {.kind = COMMAND_DELETE, .name = (const uint8_t *)"a", .name_size = 1},
        {.kind = COMMAND_DELETE, .name = (const uint8_t *)"b", .name_size = 1},
        {.kind = COMMAND_INCR, .name = (const uint8_t *)"a", .name_size = 1, .delta = 1},
        {.kind = COMMAND_INCR, .name = (const uint8_t *)"a", .name_size = 1, .delta = -1},
        {.kind = COMMAND_WRITE, .name = (const uint8_t *)"a", .name_size = 1},
        {.kind = COMMAND_WRITE, .name = (const uint8_t *)"a", .name_size = 1, .contents = (const uint8_t *)"x",
         .contents_size = 1},
        {.kind = COMMAND_WRITE, .name = (const uint8_t *)"ax", .name_size = 2},
    };
    enum { CHANGES = sizeof changes / sizeof *changes };
    const uint8_t token[COMMAND_TOKEN_SIZE] = {1};
    uint64_t digests[3 * CHANGES];
    for (size_t i = 0; i < CHANGES; i++) {
        digests[3 * i] = asked_digest(&(struct asked){.changes = &changes[i], .count = 1});
        digests[3 * i + 1] = asked_digest(&(struct asked){.changes = &changes[i], .count = 1, .token = token});
        digests[3 * i + 2] =
            asked_digest(&(struct asked){.changes = &changes[i], .count = 1, .transaction = true});
    }
    for (size_t i = 0; i < 3 * CHANGES; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(digests[i] != digests[j], "%zu and %zu", i, j);
}
END_TEST

START_TEST(a_transaction_is_done_as_a_whole)
{
    struct buffer parts = {0};
    struct command write = story_command(COMMAND_WRITE, "a", "x");
    struct command absent = story_command(COMMAND_IF_VERSION, "a", NULL);
    ck_assert(transaction_append(&parts, &write) && transaction_append(&parts, &absent));
    struct command txn = {.kind = COMMAND_TXN, .value = buffer_start(&parts), .value_size = buffer_size(&parts)};
    ck_assert_int_eq(say(txn).code, OUTCOME_WRITTEN);
    ck_assert_int_eq(say(txn).code, OUTCOME_MISMATCH);
    ck_assert_int_eq(oracle.entries[oracle.count].result.code, OUTCOME_MISMATCH);
    ck_assert_ptr_eq(oracle.entries[oracle.count].failed, oracle_file(&oracle, "a", 1));
    agree();
    buffer_close(&parts);
}
END_TEST

/* One store that has the same number of entries behind it, and one of them was another one. */
static void differs(enum command_kind kind, const char *name, const char *value, const char *words)
{
    story_of_changes();
    struct command command = story_command(COMMAND_WRITE, "q", "1"), other = story_command(kind, name, value);
    command.gateway = other.gateway = STORY_GATEWAY;
    command.epoch = other.epoch = story.epoch;
    command.number = other.number = ++story.number;
    struct blob *blob = command_encode(&command), *changed = command_encode(&other);
    struct raft_entry entry = {.index = oracle.count + 1, .time_ms = story.now_ms, .type = RAFT_ENTRY_COMMAND,
                               .payload = blob};
    oracle_apply(&oracle, &entry);
    store_apply(story.store, entry.index, entry.time_ms, changed);
    blob_release(blob);
    blob_release(changed);
    oracle.compared = 0;
    const char *wrong = oracle_compare(&oracle, story.store);
    ck_assert_ptr_nonnull(wrong);
    ck_assert_msg(strstr(wrong, words) != NULL, "%s", wrong);
}

START_TEST(other_contents)
{
    differs(COMMAND_WRITE, "q", "2", "contents");
}
END_TEST

START_TEST(another_file)
{
    differs(COMMAND_WRITE, "r", "1", "gone that should be there");
}
END_TEST

START_TEST(nothing_instead)
{
    differs(COMMAND_SKIP, NULL, NULL, "revision");
}
END_TEST

START_TEST(a_life_that_was_too_short)
{
    struct command command = story_command(COMMAND_WRITE, "a", "x");
    command.exptime_s = 5;
    struct change change = {.kind = COMMAND_WRITE, .name = command.name, .name_size = 1, .contents = command.value,
                            .contents_size = 1, .exptime_s = 5};
    size_t request = oracle_asked(&oracle, asked_digest(&(struct asked){.changes = &change, .count = 1}));
    say(command);
    oracle_answered(&oracle, request);
    story.now_ms += 5000; /* cluster time says so, but no time has passed */
    now_us += 4000000;
    say(story_command(COMMAND_SKIP, NULL, NULL));
    const char *wrong = oracle_compare(&oracle, story.store);
    ck_assert_ptr_nonnull(wrong);
    ck_assert_ptr_nonnull(strstr(wrong, "before its time"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle");
    TCase *tests = tcase_create("oracle");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, it_comes_to_what_a_store_comes_to);
    tcase_add_test(tests, a_full_store_takes_no_copies);
    tcase_add_test(tests, a_token_decides_once);
    tcase_add_test(tests, the_oldest_of_many_tokens_goes);
    tcase_add_test(tests, what_is_logged_was_asked_for);
    tcase_add_test(tests, every_field_counts);
    tcase_add_test(tests, a_transaction_is_done_as_a_whole);
    tcase_add_test(tests, other_contents);
    tcase_add_test(tests, another_file);
    tcase_add_test(tests, nothing_instead);
    tcase_add_test(tests, a_life_that_was_too_short);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
