/* The gateway window: each number of the newest epoch is applied once and in order, whatever the log repeats. */
#include "base/bytes.h"
#include "support/check.h"
#include "unit/store/story.h"

/* A write by GATEWAY under these very numbers. */
static struct outcome write_as(struct story *story, uint32_t gateway, uint64_t epoch, uint64_t number, uint64_t lowest)
{
    struct command command = story_command(COMMAND_WRITE, "a", "x");
    command.gateway = gateway;
    command.epoch = epoch;
    command.number = number;
    command.lowest = lowest;
    return story_apply(story, &command);
}

static void expect_window(struct story *story, uint32_t gateway, uint64_t applied, uint64_t lowest)
{
    struct store_gateway state;
    ck_assert(store_gateway(story->store, gateway, &state));
    ck_assert_uint_eq(state.applied, applied);
    ck_assert_uint_eq(state.lowest, lowest);
}

START_TEST(an_epoch_is_the_index_of_its_open_entry)
{
    struct story story = {.store = store_open(1)};
    story_tick(&story, 1);
    story_tick(&story, 2);
    struct outcome outcome = story_open_gateway(&story, 5, 123);
    ck_assert_int_eq(outcome.code, OUTCOME_OPENED);
    ck_assert_uint_eq(outcome.gateway, 5);
    ck_assert_uint_eq(outcome.epoch, 3);
    struct store_gateway state;
    ck_assert(store_gateway(story.store, 5, &state));
    ck_assert_uint_eq(state.nonce, 123);
    ck_assert_uint_eq(state.epoch, 3);
    expect_window(&story, 5, 0, 1);
    ck_assert(!store_gateway(story.store, 6, &state));
    story_end(&story);
}
END_TEST

START_TEST(opening_again_with_the_same_nonce_keeps_the_epoch)
{
    struct story story = story_begin(1);
    story_write(&story, "a", "x", 0);
    struct outcome outcome = story_open_gateway(&story, STORY_GATEWAY, STORY_NONCE);
    ck_assert_int_eq(outcome.code, OUTCOME_NONE);
    ck_assert_uint_eq(outcome.epoch, story.epoch);
    expect_window(&story, STORY_GATEWAY, 1, 1);
    story_expect_outcome(story_write(&story, "a", "y", 0), OUTCOME_WRITTEN, 2);
    story_end(&story);
}
END_TEST

START_TEST(a_new_nonce_begins_a_new_epoch_and_the_old_one_is_refused)
{
    struct story story = story_begin(1);
    story_write(&story, "a", "x", 0);
    uint64_t old = story.epoch;
    struct outcome opened = story_open_gateway(&story, STORY_GATEWAY, STORY_NONCE + 1);
    ck_assert_int_eq(opened.code, OUTCOME_OPENED);
    ck_assert_uint_gt(opened.epoch, old);
    expect_window(&story, STORY_GATEWAY, 0, 1);
    ck_assert_int_eq(store_outcome(story.store, STORY_GATEWAY, 1).code, OUTCOME_NONE);
    story_expect_outcome(write_as(&story, STORY_GATEWAY, old, 1, 1), OUTCOME_NONE, 0);
    story_expect_outcome(write_as(&story, STORY_GATEWAY, old, 2, 1), OUTCOME_NONE, 0);
    story_expect_outcome(write_as(&story, STORY_GATEWAY, opened.epoch + 1, 1, 1), OUTCOME_NONE, 0);
    story_expect_outcome(write_as(&story, STORY_GATEWAY, opened.epoch, 1, 1), OUTCOME_WRITTEN, 2);
    story_end(&story);
}
END_TEST

START_TEST(a_repeated_command_is_applied_once)
{
    struct story story = story_begin(1);
    story_expect_outcome(write_as(&story, STORY_GATEWAY, story.epoch, 1, 1), OUTCOME_WRITTEN, 1);
    uint64_t hash = store_hash(story.store);
    for (int leader = 0; leader < 3; leader++) {
        struct outcome outcome = write_as(&story, STORY_GATEWAY, story.epoch, 1, 1);
        ck_assert_int_eq(outcome.code, OUTCOME_NONE);
        ck_assert_uint_eq(outcome.gateway, STORY_GATEWAY);
        ck_assert_uint_eq(outcome.epoch, story.epoch);
        ck_assert_uint_eq(outcome.number, 1);
    }
    story_expect_outcome(write_as(&story, STORY_GATEWAY, story.epoch, 0, 0), OUTCOME_NONE, 0);
    ck_assert_uint_eq(store_hash(story.store), hash);
    story_end(&story);
}
END_TEST

START_TEST(a_gap_is_never_applied_over)
{
    struct story story = story_begin(1);
    story_expect_outcome(write_as(&story, STORY_GATEWAY, story.epoch, 2, 1), OUTCOME_NONE, 0);
    story_expect_outcome(write_as(&story, STORY_GATEWAY, story.epoch, UINT64_MAX, 1), OUTCOME_NONE, 0);
    story_expect_outcome(write_as(&story, STORY_GATEWAY, story.epoch, 1, 1), OUTCOME_WRITTEN, 1);
    story_expect_outcome(write_as(&story, STORY_GATEWAY, story.epoch, 3, 1), OUTCOME_NONE, 0);
    story_expect_outcome(write_as(&story, STORY_GATEWAY, story.epoch, 2, 1), OUTCOME_WRITTEN, 2);
    story_expect_outcome(write_as(&story, STORY_GATEWAY, story.epoch, 3, 1), OUTCOME_WRITTEN, 3);
    story_end(&story);
}
END_TEST

START_TEST(of_a_command_and_its_skip_the_first_wins)
{
    struct story story = story_begin(1);
    struct command skip = {.kind = COMMAND_SKIP, .gateway = STORY_GATEWAY, .epoch = story.epoch, .number = 1};
    story_expect_outcome(story_apply(&story, &skip), OUTCOME_SKIPPED, 0);
    story_expect_outcome(write_as(&story, STORY_GATEWAY, story.epoch, 1, 1), OUTCOME_NONE, 0);
    ck_assert(!story_has(&story, "a"));
    story_expect_outcome(write_as(&story, STORY_GATEWAY, story.epoch, 2, 1), OUTCOME_WRITTEN, 1);
    skip.number = 2;
    story_expect_outcome(story_apply(&story, &skip), OUTCOME_NONE, 0);
    story_expect(&story, "a", "x", 1);
    ck_assert_int_eq(store_outcome(story.store, STORY_GATEWAY, 1).code, OUTCOME_SKIPPED);
    ck_assert_int_eq(store_outcome(story.store, STORY_GATEWAY, 2).code, OUTCOME_WRITTEN);
    story_end(&story);
}
END_TEST

START_TEST(a_gateway_that_never_opened_is_refused)
{
    struct story story = story_begin(1);
    story_expect_outcome(write_as(&story, 8, 0, 1, 1), OUTCOME_NONE, 0);
    story_expect_outcome(write_as(&story, 8, story.epoch, 1, 1), OUTCOME_NONE, 0);
    ck_assert_int_eq(store_outcome(story.store, 8, 1).code, OUTCOME_NONE);
    story_end(&story);
}
END_TEST

START_TEST(gateways_do_not_disturb_each_other)
{
    struct story story = story_begin(1);
    uint64_t other = story_open_gateway(&story, 4, STORY_NONCE).epoch;
    story_expect_outcome(write_as(&story, STORY_GATEWAY, story.epoch, 1, 1), OUTCOME_WRITTEN, 1);
    story_expect_outcome(write_as(&story, 4, other, 1, 1), OUTCOME_WRITTEN, 2);
    story_expect_outcome(write_as(&story, 4, story.epoch, 2, 1), OUTCOME_NONE, 0);
    story_expect_outcome(write_as(&story, 4, other, 2, 1), OUTCOME_WRITTEN, 3);
    expect_window(&story, STORY_GATEWAY, 1, 1);
    expect_window(&story, 4, 2, 1);
    story_end(&story);
}
END_TEST

START_TEST(outcomes_are_kept_until_they_are_answered)
{
    struct story story = story_begin(1);
    struct command command = story_command(COMMAND_WRITE, "a", "x");
    command.lowest = 1;
    story_say(&story, command);
    command = story_command(COMMAND_CAS, "a", "y");
    command.version = 9;
    command.lowest = 1;
    story_say(&story, command);
    command = story_command(COMMAND_DELETE, "a", NULL);
    command.lowest = 1;
    story_say(&story, command);
    story_say(&story, command);
    story_expect_outcome(store_outcome(story.store, STORY_GATEWAY, 1), OUTCOME_WRITTEN, 1);
    story_expect_outcome(store_outcome(story.store, STORY_GATEWAY, 2), OUTCOME_MISMATCH, 1);
    story_expect_outcome(store_outcome(story.store, STORY_GATEWAY, 3), OUTCOME_DELETED, 2);
    story_expect_outcome(store_outcome(story.store, STORY_GATEWAY, 4), OUTCOME_NOT_FOUND, 0);
    story_expect_outcome(store_outcome(story.store, STORY_GATEWAY, 5), OUTCOME_NONE, 0);
    story_expect_outcome(store_outcome(story.store, STORY_GATEWAY, 0), OUTCOME_NONE, 0);
    struct outcome kept = store_outcome(story.store, STORY_GATEWAY, 3);
    ck_assert_uint_eq(kept.gateway, STORY_GATEWAY);
    ck_assert_uint_eq(kept.epoch, story.epoch);
    ck_assert_uint_eq(kept.number, 3);
    command.lowest = 4;
    story_say(&story, command);
    expect_window(&story, STORY_GATEWAY, 5, 4);
    story_expect_outcome(store_outcome(story.store, STORY_GATEWAY, 3), OUTCOME_NONE, 0);
    story_expect_outcome(store_outcome(story.store, STORY_GATEWAY, 4), OUTCOME_NOT_FOUND, 0);
    story_end(&story);
}
END_TEST

START_TEST(lowest_never_goes_back_nor_beyond_the_number)
{
    struct story story = story_begin(1);
    uint64_t epoch = story.epoch;
    write_as(&story, STORY_GATEWAY, epoch, 1, 1);
    write_as(&story, STORY_GATEWAY, epoch, 2, 2);
    expect_window(&story, STORY_GATEWAY, 2, 2);
    write_as(&story, STORY_GATEWAY, epoch, 3, 1);
    expect_window(&story, STORY_GATEWAY, 3, 2);
    write_as(&story, STORY_GATEWAY, epoch, 4, 5);
    expect_window(&story, STORY_GATEWAY, 4, 2);
    write_as(&story, STORY_GATEWAY, epoch, 5, UINT64_MAX);
    expect_window(&story, STORY_GATEWAY, 5, 2);
    write_as(&story, STORY_GATEWAY, epoch, 6, 6);
    expect_window(&story, STORY_GATEWAY, 6, 6);
    /* A repeat does not drop anything. */
    write_as(&story, STORY_GATEWAY, epoch, 7, 6);
    write_as(&story, STORY_GATEWAY, epoch, 6, 7);
    expect_window(&story, STORY_GATEWAY, 7, 6);
    story_end(&story);
}
END_TEST

START_TEST(a_gateway_that_answers_nothing_keeps_a_bounded_number)
{
    struct story story = story_begin(1);
    uint64_t count = STORE_OUTCOMES_MAX + 1000;
    for (uint64_t number = 1; number <= count; number++)
        write_as(&story, STORY_GATEWAY, story.epoch, number, 1);
    expect_window(&story, STORY_GATEWAY, count, 1001);
    story_expect_outcome(store_outcome(story.store, STORY_GATEWAY, 1000), OUTCOME_NONE, 0);
    story_expect_outcome(store_outcome(story.store, STORY_GATEWAY, 1001), OUTCOME_WRITTEN, 1001);
    story_expect_outcome(store_outcome(story.store, STORY_GATEWAY, count), OUTCOME_WRITTEN, count);
    struct buffer dump = {0};
    store_dump_begin(story.store);
    story_dump_rest(story.store, &dump, 1000);
    struct store *loaded = story_load(&dump, 2);
    ck_assert_uint_eq(store_hash(loaded), store_hash(story.store));
    store_close(loaded);
    buffer_close(&dump);
    story_end(&story);
}
END_TEST

START_TEST(one_gateway_too_many_is_refused)
{
    struct story story = {.store = store_open(1)};
    for (uint32_t id = 1; id <= STORE_GATEWAYS_MAX; id++)
        ck_assert_int_eq(story_open_gateway(&story, id * 1000, 1).code, OUTCOME_OPENED);
    uint64_t hash = store_hash(story.store);
    struct outcome refused = story_open_gateway(&story, 7, 1);
    ck_assert_int_eq(refused.code, OUTCOME_NONE);
    ck_assert_uint_eq(refused.epoch, 0);
    ck_assert_uint_eq(store_hash(story.store), hash);
    struct store_gateway state;
    ck_assert(!store_gateway(story.store, 7, &state));
    ck_assert_int_eq(story_open_gateway(&story, 1000, 2).code, OUTCOME_OPENED);
    ck_assert_uint_ne(store_hash(story.store), hash);
    story_end(&story);
}
END_TEST

/* A write of "a" under the next number, with the bytes from OFFSET on changed to BYTES. */
static struct outcome write_damaged(struct story *story, size_t offset, const void *bytes, size_t size)
{
    struct command command = story_command(COMMAND_WRITE, "a", "x");
    struct blob *blob = command_encode(&command);
    command_number(blob, STORY_GATEWAY, story->epoch, story->number + 1, story->number + 1);
    ck_assert_uint_le(offset + size, blob->size);
    memcpy(blob->bytes + offset, bytes, size);
    struct outcome outcome = store_apply(story->store, store_applied(story->store) + 1, story->now_ms, blob);
    ck_assert_uint_eq(blob->references, 1);
    blob_release(blob);
    return outcome;
}

/* No leader of this version lets such a thing into the log. One of another version may: it is nothing to be passed
 * over, with its number or without. */
START_TEST(a_command_that_no_client_of_this_version_could_send_is_unknown)
{
    struct story story = story_begin(1);
    uint8_t exptime[8];
    bytes_put_u64(exptime, (uint64_t)REQUEST_EXPTIME_MAX_S + 1);
    story_expect_outcome(write_damaged(&story, 41, exptime, sizeof exptime), OUTCOME_UNKNOWN, 0);
    bytes_put_u64(exptime, UINT64_MAX);
    story_expect_outcome(write_damaged(&story, 41, exptime, sizeof exptime), OUTCOME_UNKNOWN, 0);
    story_expect_outcome(write_damaged(&story, COMMAND_HEADER_SIZE, "\0", 1), OUTCOME_UNKNOWN, 0);
    story_expect_outcome(write_damaged(&story, COMMAND_HEADER_SIZE, "\x01", 1), OUTCOME_UNKNOWN, 0);
    story_expect_outcome(write_damaged(&story, 2, "\xff\xff", 2), OUTCOME_UNKNOWN, 0);
    story_expect_outcome(write_damaged(&story, 0, "\x03", 1), OUTCOME_UNKNOWN, 0);
    story_expect_outcome(write_damaged(&story, 1, "\xfe", 1), OUTCOME_UNKNOWN, 0);
    story_expect_outcome(write_damaged(&story, 1, "\x00", 1), OUTCOME_UNKNOWN, 0);
    struct blob *blob = blob_new(0);
    story_expect_outcome(store_apply(story.store, store_applied(story.store) + 1, 1, blob), OUTCOME_UNKNOWN, 0);
    blob_release(blob);
    expect_window(&story, STORY_GATEWAY, 0, 1);
    ck_assert(!story_has(&story, "a"));
    story_expect_outcome(story_write(&story, "a", "x", 0), OUTCOME_WRITTEN, 1);
    story_end(&story);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store/gateways");
    TCase *tests = tcase_create("gateways");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, an_epoch_is_the_index_of_its_open_entry);
    tcase_add_test(tests, opening_again_with_the_same_nonce_keeps_the_epoch);
    tcase_add_test(tests, a_new_nonce_begins_a_new_epoch_and_the_old_one_is_refused);
    tcase_add_test(tests, a_repeated_command_is_applied_once);
    tcase_add_test(tests, a_gap_is_never_applied_over);
    tcase_add_test(tests, of_a_command_and_its_skip_the_first_wins);
    tcase_add_test(tests, a_gateway_that_never_opened_is_refused);
    tcase_add_test(tests, gateways_do_not_disturb_each_other);
    tcase_add_test(tests, outcomes_are_kept_until_they_are_answered);
    tcase_add_test(tests, lowest_never_goes_back_nor_beyond_the_number);
    tcase_add_test(tests, a_gateway_that_answers_nothing_keeps_a_bounded_number);
    tcase_add_test(tests, one_gateway_too_many_is_refused);
    tcase_add_test(tests, a_command_that_no_client_of_this_version_could_send_is_unknown);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
