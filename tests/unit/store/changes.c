/* What each kind of change makes of the files. */
#include "protocol/transaction.h"
#include "support/check.h"
#include "unit/store/story.h"

static struct story story;

static void setup(void)
{
    story = story_begin(1);
}

static void teardown(void)
{
    story_end(&story);
}

/* NAME as it is: its contents, its age and when it falls due. */
static void is(const char *name, const char *value, uint64_t version, uint64_t created, uint64_t expires_ms)
{
    struct store_file file;
    story_expect(&story, name, value, version);
    ck_assert(store_read(story.store, name, strlen(name), &file));
    ck_assert_uint_eq(file.created, created);
    ck_assert_uint_eq(file.expires_ms, expires_ms);
}

static struct outcome touch(const char *name, uint64_t exptime_s)
{
    struct command command = story_command(COMMAND_TOUCH, name, NULL);
    command.exptime_s = exptime_s;
    return story_say(&story, command);
}

static struct outcome touch_version(const char *name, uint64_t exptime_s, uint64_t version)
{
    struct command command = story_command(COMMAND_TOUCH, name, NULL);
    command.exptime_s = exptime_s;
    command.guarded = true;
    command.version = version;
    return story_say(&story, command);
}

static struct outcome append(const char *name, const char *value)
{
    return story_say(&story, story_command(COMMAND_APPEND, name, value));
}

static struct outcome incr(const char *name, int64_t delta)
{
    struct command command = story_command(COMMAND_INCR, name, NULL);
    command.delta = delta;
    return story_say(&story, command);
}

/* copy, move or delete, of what has VERSION if that is no less than 0. */
static struct outcome guarded(enum command_kind kind, const char *name, const char *source, int64_t version)
{
    struct command command = story_command(kind, name, source);
    command.guarded = version >= 0;
    command.version = version >= 0 ? (uint64_t)version : 0;
    return story_say(&story, command);
}

START_TEST(a_touched_file_keeps_its_version)
{
    story_write(&story, "a", "x", 5); /* falls due at 6000 */
    story.now_ms = 3000;
    story_expect_outcome(touch("a", 10), OUTCOME_WRITTEN, 1);
    is("a", "x", 1, 1, 13000);
    ck_assert_uint_eq(store_due_ms(story.store), 13000);
    ck_assert_uint_eq(store_revision(story.store), 1);
    story_tick(&story, 12999);
    story_expect_outcome(touch("a", 1), OUTCOME_WRITTEN, 1); /* shorter is fine too */
    ck_assert_uint_eq(store_due_ms(story.store), 13999);
    story_expect_outcome(touch("a", 0), OUTCOME_WRITTEN, 1);
    ck_assert_uint_eq(store_due_ms(story.store), 0);
    story_tick(&story, 1000000);
    is("a", "x", 1, 1, 0);
    story_expect_outcome(touch("b", 1), OUTCOME_NOT_FOUND, 0);
    story_expect_outcome(touch("a", 1), OUTCOME_WRITTEN, 1);
    story.now_ms += 1000;
    story_expect_outcome(touch("a", 1), OUTCOME_NOT_FOUND, 0); /* too late by nothing */
    ck_assert_uint_eq(store_revision(story.store), 2);
}
END_TEST

START_TEST(a_touch_is_part_of_the_state)
{
    story_write(&story, "a", "x", 5);
    uint64_t hash = store_hash(story.store);
    struct story other = story_begin(2);
    story_write(&other, "a", "x", 5);
    ck_assert_uint_eq(store_hash(other.store), hash);
    struct command command = story_command(COMMAND_TOUCH, "a", NULL);
    command.exptime_s = 6;
    story_say(&other, command);
    touch("a", 5);
    ck_assert_uint_ne(store_hash(other.store), store_hash(story.store));
    story_end(&other);
}
END_TEST

/* Who held a lock before does not prolong it for who holds it now, nor cut it short. */
START_TEST(a_former_holder_touches_nothing)
{
    story_expect_outcome(story_cas(&story, "lock", 0, "alice", 2), OUTCOME_WRITTEN, 1);
    story_expect_outcome(touch_version("lock", 5, 1), OUTCOME_WRITTEN, 1);
    is("lock", "alice", 1, 1, 6000);
    story.now_ms = 6000;
    story_expect_outcome(touch_version("lock", 5, 1), OUTCOME_NOT_FOUND, 0);
    story_expect_outcome(story_cas(&story, "lock", 0, "bob", 2), OUTCOME_WRITTEN, 3);
    static const uint64_t versions[] = {0, 1, 2, 4, UINT64_MAX};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        story_expect_outcome(touch_version("lock", 0, versions[i]), OUTCOME_MISMATCH, 3);
        story_expect_outcome(touch_version("lock", 1, versions[i]), OUTCOME_MISMATCH, 3);
        is("lock", "bob", 3, 3, 8000);
    }
    story_expect_outcome(touch_version("none", 1, 0), OUTCOME_NOT_FOUND, 0);
    ck_assert_uint_eq(store_revision(story.store), 3);
}
END_TEST

START_TEST(delete_of_one_version)
{
    story_write(&story, "a", "x", 0);
    story_expect_outcome(guarded(COMMAND_DELETE, "a", NULL, 0), OUTCOME_MISMATCH, 1);
    story_expect_outcome(guarded(COMMAND_DELETE, "a", NULL, 2), OUTCOME_MISMATCH, 1);
    story_expect_outcome(guarded(COMMAND_DELETE, "b", NULL, 0), OUTCOME_NOT_FOUND, 0);
    story_expect_outcome(guarded(COMMAND_DELETE, "a", NULL, 1), OUTCOME_DELETED, 2);
    ck_assert(!story_has(&story, "a"));
}
END_TEST

START_TEST(append_keeps_expiry_and_age)
{
    story_expect_outcome(append("a", "one"), OUTCOME_WRITTEN, 1);
    is("a", "one", 1, 1, 0);
    story_write(&story, "a", "two", 5);
    story.now_ms = 2000;
    story_expect_outcome(append("a", " three"), OUTCOME_WRITTEN, 3);
    is("a", "two three", 3, 1, 6000);
    story_expect_outcome(append("a", ""), OUTCOME_WRITTEN, 4);
    is("a", "two three", 4, 1, 6000);
    story.now_ms = 6000;
    story_expect_outcome(append("a", "new"), OUTCOME_WRITTEN, 6); /* 5 was its expiry */
    is("a", "new", 6, 6, 0);
}
END_TEST

/* append and incr: a life for what they create, and none of it for what is there. */
START_TEST(a_life_is_for_what_is_created)
{
    static const enum command_kind kinds[] = {COMMAND_APPEND, COMMAND_INCR};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct command command = story_command(kinds[i], "a", kinds[i] == COMMAND_APPEND ? "1" : NULL);
        command.delta = kinds[i] == COMMAND_INCR ? 1 : 0;
        command.exptime_s = 5;
        uint64_t begun_ms = story.now_ms, version = story_say(&story, command).version;
        is("a", "1", version, version, begun_ms + 5000);
        story.now_ms += 2000;
        command.exptime_s = 100;
        const char *twice = kinds[i] == COMMAND_APPEND ? "11" : "2";
        story_say(&story, command);
        is("a", twice, version + 1, version, begun_ms + 5000);
        story.now_ms = begun_ms + 5000; /* now it is created anew */
        command.exptime_s = 0;
        story_say(&story, command);
        is("a", "1", version + 3, version + 3, 0);
        command.exptime_s = 1; /* what stays for ever goes on to */
        story_say(&story, command);
        is("a", twice, version + 4, version + 3, 0);
        story_delete(&story, "a");
        command.exptime_s = REQUEST_EXPTIME_MAX_S;
        version = story_say(&story, command).version;
        is("a", "1", version, version, story.now_ms + 1000ull * REQUEST_EXPTIME_MAX_S);
        story_delete(&story, "a");
    }
}
END_TEST

START_TEST(append_stops_at_the_limit)
{
    store_limit(story.store, 5, UINT64_MAX);
    story_expect_outcome(append("a", "123"), OUTCOME_WRITTEN, 1);
    story_expect_outcome(append("a", "456"), OUTCOME_TOO_BIG, 0);
    story_expect_outcome(append("a", "45"), OUTCOME_WRITTEN, 2);
    story_expect_outcome(append("a", "6"), OUTCOME_TOO_BIG, 0);
    story_expect_outcome(append("b", "123456"), OUTCOME_TOO_BIG, 0);
    is("a", "12345", 2, 1, 0);
}
END_TEST

START_TEST(incr_counts)
{
    struct outcome outcome = incr("a", 5);
    story_expect_outcome(outcome, OUTCOME_COUNTED, 1);
    ck_assert_int_eq(outcome.value, 5);
    is("a", "5", 1, 1, 0);
    story_write(&story, "a", "-7\r\n", 9);
    outcome = incr("a", -3);
    story_expect_outcome(outcome, OUTCOME_COUNTED, 3);
    ck_assert_int_eq(outcome.value, -10);
    is("a", "-10", 3, 1, 10000);
    story.now_ms = 10000;
    ck_assert_int_eq(incr("a", 1).value, 1); /* the old one has expired */
    is("a", "1", 5, 5, 0);
}
END_TEST

START_TEST(incr_of_what_is_no_number)
{
    static const char *const no[] = {"", "\n", "-", "x", "1 ", " 1", "+1", "1\r", "1\n\n", "9223372036854775808",
                                     "000000000000000000001"};
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        uint64_t version = story_write(&story, "a", no[i], 0).version;
        bool number = strcmp(no[i], "1\r") == 0;
        story_expect_outcome(incr("a", 1), number ? OUTCOME_COUNTED : OUTCOME_NOT_A_NUMBER,
                             number ? version + 1 : 0);
    }
    story_write(&story, "a", "00000000000000000001\r\n", 0); /* 20 digits, no more than incr itself may need */
    ck_assert_int_eq(incr("a", 1).value, 2);
    story_write(&story, "a", "9223372036854775807", 0);
    story_expect_outcome(incr("a", 1), OUTCOME_NOT_A_NUMBER, 0);
    ck_assert_int_eq(incr("a", -1).value, INT64_MAX - 1);
    story_write(&story, "a", "-9223372036854775808", 0);
    story_expect_outcome(incr("a", -1), OUTCOME_NOT_A_NUMBER, 0);
    ck_assert_int_eq(incr("a", INT64_MAX).value, -1);
}
END_TEST

START_TEST(a_copy_takes_contents_and_expiry)
{
    story_write(&story, "a", "x", 5);
    story_write(&story, "b", "y", 0);
    story.now_ms = 2000;
    story_expect_outcome(guarded(COMMAND_COPY, "b", "a", -1), OUTCOME_WRITTEN, 3);
    is("b", "x", 3, 2, 6000);
    is("a", "x", 1, 1, 6000);
    story_expect_outcome(guarded(COMMAND_COPY, "c", "a", 0), OUTCOME_WRITTEN, 4);
    is("c", "x", 4, 4, 6000);
    story_expect_outcome(guarded(COMMAND_COPY, "c", "a", 0), OUTCOME_MISMATCH, 4);
    story_expect_outcome(guarded(COMMAND_COPY, "c", "a", 4), OUTCOME_WRITTEN, 5);
    story_expect_outcome(guarded(COMMAND_COPY, "d", "a", 1), OUTCOME_MISMATCH, 0);
    story_expect_outcome(guarded(COMMAND_COPY, "c", "none", 99), OUTCOME_NOT_FOUND, 0);
    story.now_ms = 6000;
    story_expect_outcome(guarded(COMMAND_COPY, "d", "a", -1), OUTCOME_NOT_FOUND, 0);
    ck_assert_uint_eq(store_file_count(story.store), 0);
    ck_assert_uint_eq(store_revision(story.store), 8); /* 5 and three expiries */
}
END_TEST

START_TEST(a_move_leaves_nothing_behind)
{
    story_write(&story, "a", "x", 5);
    story_write(&story, "b", "y", 0);
    story_expect_outcome(guarded(COMMAND_MOVE, "b", "a", 1), OUTCOME_MISMATCH, 2);
    story_expect_outcome(guarded(COMMAND_MOVE, "b", "a", 2), OUTCOME_WRITTEN, 3);
    ck_assert(!story_has(&story, "a"));
    is("b", "x", 3, 2, 6000);
    ck_assert_uint_eq(store_revision(story.store), 3);
    story_expect_outcome(guarded(COMMAND_MOVE, "b", "a", -1), OUTCOME_NOT_FOUND, 0);
}
END_TEST

/* A swap of what has these versions; below 0: whatever they have. */
static struct outcome swap(const char *name, const char *other, int64_t version, int64_t other_version)
{
    struct command command = story_command(COMMAND_SWAP, name, other);
    command.guarded = version >= 0;
    command.version = version >= 0 ? (uint64_t)version : 0;
    command.source_version = version >= 0 ? (uint64_t)other_version : 0;
    return story_say(&story, command);
}

START_TEST(a_swap_exchanges_contents_and_expiry)
{
    story_write(&story, "a", "", 5); /* falls due at 6000 */
    story_write(&story, "b", "a longer text", 0);
    uint64_t memory_bytes = store_memory_bytes(story.store);
    story_expect_outcome(swap("a", "b", -1, -1), OUTCOME_WRITTEN, 3);
    is("a", "a longer text", 3, 1, 0);
    is("b", "", 3, 2, 6000);
    ck_assert_uint_le(store_memory_bytes(story.store), memory_bytes + 32); /* contents are rounded up */
    ck_assert_uint_eq(store_copied_bytes(story.store), strlen("a longer text"));
    story_expect_outcome(swap("b", "a", 3, 3), OUTCOME_WRITTEN, 4);
    is("a", "", 4, 1, 6000);
    is("b", "a longer text", 4, 2, 0);
    story_tick(&story, 6000);
    ck_assert(!story_has(&story, "a"));
    is("b", "a longer text", 4, 2, 0);
}
END_TEST

/* Which of the two it failed at is in the value: 1, or -1 for the other one. */
START_TEST(a_swap_needs_both_files_and_their_versions)
{
    static const struct {
        const char *name, *other;
        int64_t version, other_version;
        enum outcome_code code;
        uint64_t found;
        int64_t value;
    } fails[] = {
        {"none", "a", -1, -1, OUTCOME_NOT_FOUND, 0, 1},     {"a", "none", -1, -1, OUTCOME_NOT_FOUND, 0, -1},
        {"none", "gone", -1, -1, OUTCOME_NOT_FOUND, 0, 1},  {"a", "none", 9, 0, OUTCOME_NOT_FOUND, 0, -1},
        {"none", "a", 0, 1, OUTCOME_NOT_FOUND, 0, 1},       {"a", "b", 2, 2, OUTCOME_MISMATCH, 1, 1},
        {"a", "b", 1, 1, OUTCOME_MISMATCH, 2, -1},          {"a", "b", 9, 9, OUTCOME_MISMATCH, 1, 1},
        {"a", "b", 0, 2, OUTCOME_MISMATCH, 1, 1},           {"a", "b", 1, 0, OUTCOME_MISMATCH, 2, -1},
        {"b", "a", 1, 2, OUTCOME_MISMATCH, 2, 1},
    };
    story_write(&story, "a", "x", 0);
    story_write(&story, "b", "y", 0);
    for (size_t i = 0; i < sizeof fails / sizeof *fails; i++) {
        struct outcome outcome =
            swap(fails[i].name, fails[i].other, fails[i].version, fails[i].other_version);
        story_expect_outcome(outcome, fails[i].code, fails[i].found);
        ck_assert_int_eq(outcome.value, fails[i].value);
    }
    is("a", "x", 1, 1, 0);
    is("b", "y", 2, 2, 0);
    ck_assert_uint_eq(store_revision(story.store), 2);
}
END_TEST

START_TEST(what_is_due_is_not_swapped)
{
    story_write(&story, "a", "x", 1);
    story_write(&story, "b", "y", 0);
    story.now_ms = 2000;
    story_expect_outcome(swap("b", "a", 2, 1), OUTCOME_NOT_FOUND, 0);
    is("b", "y", 2, 2, 0);
    ck_assert(!story_has(&story, "a"));
}
END_TEST

/* It makes nothing larger, so it is done however full the store is. */
START_TEST(a_full_store_swaps)
{
    story_write(&story, "a", "x", 0);
    story_write(&story, "b", "yy", 0);
    store_limit(story.store, 100, 5);
    story_expect_outcome(guarded(COMMAND_COPY, "c", "a", -1), OUTCOME_FULL, 0);
    story_expect_outcome(swap("a", "b", -1, -1), OUTCOME_WRITTEN, 3);
    is("a", "yy", 3, 1, 0);
}
END_TEST

/* --- transactions ------------------------------------------------------------------------------------------------ */

static struct buffer parts;

static struct command *part(struct command *added, enum command_kind kind, const char *name, const char *value)
{
    *added = story_command(kind, name, value);
    return added;
}

static void add(enum command_kind kind, const char *name, const char *value, uint64_t version)
{
    struct command added;
    part(&added, kind, name, value);
    if (kind == COMMAND_INCR)
        added.delta = (int64_t)version;
    else
        added.version = version;
    ck_assert(transaction_append(&parts, &added));
}

static struct outcome commit(void)
{
    struct command command = {.kind = COMMAND_TXN, .value = buffer_start(&parts), .value_size = buffer_size(&parts)};
    struct outcome outcome = story_say(&story, command);
    buffer_close(&parts);
    return outcome;
}

START_TEST(a_transaction_is_one_change)
{
    story_write(&story, "a", "x", 0);
    story_write(&story, "n", "4", 0);
    story_write(&story, "old", "o", 0);
    add(COMMAND_IF_VERSION, "a", NULL, 1);
    add(COMMAND_IF_VERSION, "none", NULL, 0);
    add(COMMAND_IF_PRESENT, "old", NULL, 0);
    add(COMMAND_APPEND, "a", "y", 0);
    add(COMMAND_INCR, "n", NULL, 3);
    add(COMMAND_MOVE, "moved", "old", 0);
    add(COMMAND_WRITE, "w", "", 0);
    struct outcome outcome = commit();
    story_expect_outcome(outcome, OUTCOME_WRITTEN, 4);
    ck_assert_int_eq(outcome.value, 0);
    is("a", "xy", 4, 1, 0);
    is("n", "7", 4, 2, 0);
    is("moved", "o", 4, 4, 0);
    is("w", "", 4, 4, 0);
    ck_assert(!story_has(&story, "old"));
    ck_assert_uint_eq(store_revision(story.store), 4);
}
END_TEST

/* Whichever part fails, first or last: nothing is done, and it is told which one it was. */
START_TEST(a_part_that_fails_undoes_all)
{
    static const struct {
        enum command_kind kind;
        const char *name, *source;
        uint64_t version;
        enum outcome_code code;
        uint64_t found;
    } fails[] = {
        {COMMAND_IF_VERSION, "a", NULL, 0, OUTCOME_MISMATCH, 1},
        {COMMAND_IF_VERSION, "none", NULL, 5, OUTCOME_MISMATCH, 0},
        {COMMAND_IF_PRESENT, "none", NULL, 0, OUTCOME_NOT_FOUND, 0},
        {COMMAND_DELETE, "none", NULL, 0, OUTCOME_NOT_FOUND, 0},
        {COMMAND_TOUCH, "none", NULL, 0, OUTCOME_NOT_FOUND, 0},
        {COMMAND_CAS, "a", "z", 9, OUTCOME_MISMATCH, 1},
        {COMMAND_COPY, "none", "nobody", 0, OUTCOME_NOT_FOUND, 0},
        {COMMAND_INCR, "a", NULL, 1, OUTCOME_NOT_A_NUMBER, 0},
    };
    story_write(&story, "a", "x", 0);
    for (size_t i = 0; i < sizeof fails / sizeof *fails; i++) {
        for (int place = 1; place <= 3; place++) {
            uint64_t count = store_file_count(story.store);
            for (int at = 1; at <= 3; at++) {
                char name[] = "w0";
                name[1] = (char)('0' + at);
                if (at == place)
                    add(fails[i].kind, fails[i].name, fails[i].source, fails[i].version);
                else
                    add(COMMAND_WRITE, name, "y", 0);
            }
            struct outcome outcome = commit();
            story_expect_outcome(outcome, fails[i].code, fails[i].found);
            bool of_source = fails[i].kind == COMMAND_COPY;
            ck_assert_int_eq(outcome.value, of_source ? -place : place);
            ck_assert_uint_eq(store_file_count(story.store), count);
            ck_assert_uint_eq(store_revision(story.store), 1);
        }
    }
}
END_TEST

/* A line of a few bytes adds a whole file: many of them can be decided before anyone sees how full it is. */
START_TEST(copies_stop_at_the_memory_limit)
{
    store_limit(story.store, 100, 13); /* names count too */
    story_write(&story, "a", "123", 0);
    struct command copy = story_command(COMMAND_COPY, "b", "a");
    copy.token = (const uint8_t *)"0123456789abcdef";
    story_expect_outcome(story_say(&story, copy), OUTCOME_WRITTEN, 2);
    story_expect_outcome(guarded(COMMAND_COPY, "c", "a", -1), OUTCOME_WRITTEN, 3);
    copy = story_command(COMMAND_COPY, "d", "a");
    copy.token = (const uint8_t *)"fedcba9876543210";
    story_expect_outcome(story_say(&story, copy), OUTCOME_FULL, 0);
    ck_assert_uint_eq(store_revision(story.store), 3);
    story_expect_outcome(guarded(COMMAND_MOVE, "d", "c", -1), OUTCOME_WRITTEN, 4);
    story_expect_outcome(guarded(COMMAND_DELETE, "d", NULL, -1), OUTCOME_DELETED, 5);
    add(COMMAND_COPY, "c", "a", 0);
    add(COMMAND_COPY, "d", "b", 0);
    story_expect_outcome(commit(), OUTCOME_FULL, 0); /* either alone would have room */
    story_expect_outcome(story_say(&story, copy), OUTCOME_WRITTEN, 6); /* what was refused is no repeat */
    is("d", "123", 6, 6, 0);
    is("a", "123", 1, 1, 0);
}
END_TEST

START_TEST(what_is_due_expires_before_a_transaction_looks)
{
    story_write(&story, "a", "x", 1);
    story_write(&story, "b", "y", 1);
    story.now_ms = 2000;
    add(COMMAND_IF_VERSION, "a", NULL, 0);
    add(COMMAND_COPY, "c", "b", 0);
    struct outcome outcome = commit();
    story_expect_outcome(outcome, OUTCOME_NOT_FOUND, 0);
    ck_assert_int_eq(outcome.value, -2); /* at the second part, its source */
    ck_assert_uint_eq(store_file_count(story.store), 0);
    ck_assert_uint_eq(store_revision(story.store), 4);
}
END_TEST

/* They share moment and version: whatever the heap makes of that, they go in the order of their names. */
START_TEST(files_of_one_transaction_expire_in_the_order_of_their_names)
{
    enum { COUNT = STORE_SWEEP_MAX + 20 };
    for (int i = 0; i < COUNT; i++) {
        char name[8];
        struct command added;
        snprintf(name, sizeof name, "%03d", (i * 37) % COUNT);
        part(&added, COMMAND_WRITE, name, "x")->exptime_s = 1;
        ck_assert(transaction_append(&parts, &added));
    }
    story_expect_outcome(commit(), OUTCOME_WRITTEN, 1);
    story_tick(&story, 2000);
    ck_assert_uint_eq(store_file_count(story.store), COUNT - STORE_SWEEP_MAX);
    ck_assert(!story_has(&story, "099"));
    ck_assert(story_has(&story, "100"));
    story_tick(&story, 2000);
    ck_assert_uint_eq(store_file_count(story.store), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store/changes");
    TCase *tests = tcase_create("changes");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_touched_file_keeps_its_version);
    tcase_add_test(tests, a_touch_is_part_of_the_state);
    tcase_add_test(tests, a_former_holder_touches_nothing);
    tcase_add_test(tests, delete_of_one_version);
    tcase_add_test(tests, append_keeps_expiry_and_age);
    tcase_add_test(tests, a_life_is_for_what_is_created);
    tcase_add_test(tests, append_stops_at_the_limit);
    tcase_add_test(tests, incr_counts);
    tcase_add_test(tests, incr_of_what_is_no_number);
    tcase_add_test(tests, a_copy_takes_contents_and_expiry);
    tcase_add_test(tests, a_move_leaves_nothing_behind);
    tcase_add_test(tests, a_swap_exchanges_contents_and_expiry);
    tcase_add_test(tests, a_swap_needs_both_files_and_their_versions);
    tcase_add_test(tests, what_is_due_is_not_swapped);
    tcase_add_test(tests, a_full_store_swaps);
    tcase_add_test(tests, a_transaction_is_one_change);
    tcase_add_test(tests, a_part_that_fails_undoes_all);
    tcase_add_test(tests, copies_stop_at_the_memory_limit);
    tcase_add_test(tests, what_is_due_expires_before_a_transaction_looks);
    tcase_add_test(tests, files_of_one_transaction_expire_in_the_order_of_their_names);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
