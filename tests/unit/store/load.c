/* Loading what may be anyone's bytes: what is wrong is refused, and nothing stops the program. */
#include <stdlib.h>

#include "protocol/transaction.h"
#include "store/files/settings.h"
#include "store/part.h"
#include "support/check.h"
#include "unit/store/story.h"

/* A small dump with something of everything in it. */
static struct buffer small_dump(uint64_t *hash)
{
    struct story story = story_begin(1);
    story_write(&story, "a", "value", 0);
    story_write(&story, "b", "", 60);
    story_cas(&story, "c", 0, "another", 5);
    struct command kept = story_command(COMMAND_CAS, "c", "no");
    kept.lowest = 2;
    story_say(&story, kept);
    story_open_gateway(&story, 9, 1);
    struct buffer dump = {0};
    store_dump_begin(story.store);
    story_dump_rest(story.store, &dump, 1000000);
    *hash = store_hash(story.store);
    story_end(&story);
    return dump;
}

/* Loads SIZE bytes, from memory of exactly that size, so that a byte too far is seen. True if they are a dump. */
static bool load(const uint8_t *bytes, size_t size, uint64_t *hash)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, size);
    struct story story = {.store = store_open(7), .now_ms = UINT64_MAX, .epoch = 1, .number = 4};
    bool loaded = store_load(story.store, copy, size) && store_load_end(story.store);
    free(copy);
    if (loaded) {
        *hash = store_hash(story.store);
        /* What was let in can be worked with. */
        story_write(&story, "a", "x", 0);
        story_delete(&story, "b");
        story_open_gateway(&story, STORY_GATEWAY, 99);
        story_tick(&story, UINT64_MAX);
        store_dump_begin(story.store);
        struct buffer dump = {0};
        story_dump_rest(story.store, &dump, 50);
        buffer_close(&dump);
    }
    story_end(&story);
    return loaded;
}

START_TEST(no_truncated_dump_is_taken)
{
    uint64_t hash, loaded_hash = 0;
    struct buffer dump = small_dump(&hash);
    for (size_t size = 0; size < buffer_size(&dump); size++)
        ck_assert_msg(!load(buffer_start(&dump), size, &loaded_hash), "%zu bytes were enough", size);
    ck_assert(load(buffer_start(&dump), buffer_size(&dump), &loaded_hash));
    ck_assert_uint_eq(loaded_hash, hash);
    buffer_close(&dump);
}
END_TEST

START_TEST(no_flipped_bit_does_harm)
{
    uint64_t hash, loaded_hash = 0;
    struct buffer dump = small_dump(&hash);
    uint8_t *bytes = buffer_start(&dump);
    size_t taken = 0;
    for (size_t bit = 0; bit < buffer_size(&dump) * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        taken += load(bytes, buffer_size(&dump), &loaded_hash);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    /* A nonce or a letter of a value may be anything. */
    ck_assert_uint_gt(taken, 0);
    ck_assert_uint_lt(taken, buffer_size(&dump) * 8);
    buffer_close(&dump);
}
END_TEST

START_TEST(no_changed_byte_does_harm)
{
    static const uint8_t VALUES[] = {0x00, 0x01, 0x02, 0x03, 0x7f, 0x80, 0xff};
    uint64_t hash, loaded_hash;
    struct buffer dump = small_dump(&hash);
    uint8_t *bytes = buffer_start(&dump);
    for (size_t i = 0; i < buffer_size(&dump); i++) {
        uint8_t right = bytes[i];
        for (size_t v = 0; v < sizeof VALUES; v++) {
            bytes[i] = VALUES[v];
            load(bytes, buffer_size(&dump), &loaded_hash);
        }
        /* Eight bytes at once: counters at their ends. */
        uint8_t eight[8];
        if (i + 8 <= buffer_size(&dump)) {
            memcpy(eight, bytes + i, 8);
            memset(bytes + i, 0xff, 8);
            load(bytes, buffer_size(&dump), &loaded_hash);
            memset(bytes + i, 0, 8);
            load(bytes, buffer_size(&dump), &loaded_hash);
            memcpy(bytes + i, eight, 8);
        }
        bytes[i] = right;
    }
    ck_assert(load(bytes, buffer_size(&dump), &loaded_hash));
    ck_assert_uint_eq(loaded_hash, hash);
    buffer_close(&dump);
}
END_TEST

/* --- records made by hand --------------------------------------------------------------------------------------- */

/* The core's record: what the state is, and how many things of the two other parts come. */
static void put_level(struct buffer *out, uint64_t index, uint64_t revision, uint16_t level, uint64_t files,
                      uint64_t dedup)
{
    dump_record(out, PART_CORE, 1, 27 + 2 * 9);
    buffer_append_u64(out, index);
    buffer_append_u64(out, 1000);
    buffer_append_u64(out, revision);
    buffer_append_u16(out, level);
    buffer_append_u8(out, 2);
    buffer_append_u8(out, PART_FILES);
    buffer_append_u64(out, files);
    buffer_append_u8(out, PART_DEDUP);
    buffer_append_u64(out, dedup);
}

static void put_state(struct buffer *out, uint64_t index, uint64_t revision, uint64_t files, uint64_t dedup)
{
    put_level(out, index, revision, LEVEL_BASE, files, dedup);
}

/* COUNT outcomes of CODE and version 1, in records of at most IN_ONE. */
static void put_outcomes(struct buffer *out, uint32_t count, uint8_t code, uint32_t in_one)
{
    while (count > 0) {
        uint32_t some = count < in_one ? count : in_one;
        dump_record(out, PART_DEDUP, 2, some * 17);
        for (uint32_t i = 0; i < some; i++) {
            buffer_append_u8(out, code);
            buffer_append_u64(out, 1);
            buffer_append_u64(out, 0);
        }
        count -= some;
    }
}

/* A gateway's records, with COUNT outcomes of CODE and version 1. */
static void put_gateway(struct buffer *out, uint32_t id, uint64_t epoch, uint64_t applied, uint64_t lowest,
                        uint32_t count, uint8_t code)
{
    dump_record(out, PART_DEDUP, 1, 36);
    buffer_append_u32(out, id);
    buffer_append_u64(out, 55);
    buffer_append_u64(out, epoch);
    buffer_append_u64(out, applied);
    buffer_append_u64(out, lowest);
    put_outcomes(out, count, code, 1024);
}

static void put_file(struct buffer *out, enum command_kind kind, const char *name, uint64_t version,
                     uint64_t expires_ms, uint64_t exptime_s)
{
    struct command command = story_command(kind, name, NULL);
    command.exptime_s = exptime_s;
    struct blob *blob = command_encode(&command);
    dump_record(out, PART_FILES, 1, 24 + (size_t)blob->size);
    buffer_append_u64(out, version);
    buffer_append_u64(out, version > 0 ? 1 : 0);
    buffer_append_u64(out, expires_ms);
    buffer_append(out, blob->bytes, blob->size);
    blob_release(blob);
}

/* Whether what is in OUT is a dump; OUT is empty after it. */
static bool loads(struct buffer *out)
{
    uint64_t hash;
    bool loaded = load(buffer_start(out), buffer_size(out), &hash);
    buffer_clear(out, 0);
    return loaded;
}

START_TEST(a_state_comes_first_and_once)
{
    struct buffer out = {0};
    put_state(&out, 10, 5, 0, 0);
    ck_assert(loads(&out));
    put_state(&out, 10, 5, 0, 0);
    put_state(&out, 10, 5, 0, 0);
    ck_assert(!loads(&out));
    put_file(&out, COMMAND_WRITE, "a", 1, 0, 0);
    put_state(&out, 10, 5, 1, 0);
    ck_assert(!loads(&out));
    /* More files than changes: not even begun. */
    struct store *store = store_open(1);
    put_state(&out, 10, 5, 6 * TRANSACTION_PARTS_MAX, 0);
    ck_assert(!store_load(store, buffer_start(&out), buffer_size(&out)));
    store_close(store);
    buffer_clear(&out, 0);
    put_state(&out, UINT64_MAX, 5, 0, 0);
    ck_assert(!loads(&out));
    put_state(&out, 10, UINT64_MAX, 0, 0);
    ck_assert(!loads(&out));
    put_state(&out, 10, 5, 0, 0);
    buffer_append_u8(&out, PART_FILES);
    ck_assert(!loads(&out));
}
END_TEST

enum { BAD, NEWER };

/* What is in OUT does not load, and whose fault that is; OUT is empty after it. */
static void expect_fault(struct buffer *out, int fault)
{
    struct store *store = store_open(1);
    ck_assert(!store_load(store, buffer_start(out), buffer_size(out)));
    ck_assert_int_eq(store_load_newer(store), fault == NEWER);
    ck_assert(!store_load_starved(store));
    ck_assert(!store_load_end(store));
    store_close(store);
    buffer_clear(out, 0);
}

START_TEST(what_a_newer_program_writes_is_told_from_what_is_bad)
{
    struct buffer out = {0};
    put_state(&out, 10, 5, 0, 0);
    buffer_append(&out, "\x04\x01\x00\x00\x00\x00", DUMP_RECORD_HEADER); /* the sessions' part */
    expect_fault(&out, NEWER);
    buffer_append(&out, "\x04\x01\x00\x00\x00\x00", DUMP_RECORD_HEADER);
    expect_fault(&out, NEWER);
    for (uint8_t part = PART_CORE; part <= PART_DEDUP; part++) {
        put_state(&out, 10, 5, 0, 0);
        dump_record(&out, part, 99, 0);
        expect_fault(&out, NEWER);
    }
    put_level(&out, 10, 5, LEVEL_KNOWN + 1, 0, 0);
    expect_fault(&out, NEWER);
    put_level(&out, 10, 5, LEVEL_KNOWN, 0, 0);
    ck_assert(loads(&out));
    /* It announces a part that is not known here: nothing else of it need come. */
    put_state(&out, 10, 5, 0, 0);
    buffer_start(&out)[DUMP_RECORD_HEADER + 27 + 9] = PART_NUMBERS;
    expect_fault(&out, NEWER);
    put_state(&out, 10, 5, 0, 0);
    buffer_start(&out)[DUMP_RECORD_HEADER + 27 + 9] = PART_FILES;
    expect_fault(&out, BAD);
    put_state(&out, 10, 5, 0, 0);
    buffer_start(&out)[DUMP_RECORD_HEADER + 27] = PART_CORE;
    expect_fault(&out, BAD);
    buffer_append(&out, "\x00\x01\x00\x00\x00\x00", DUMP_RECORD_HEADER);
    expect_fault(&out, NEWER);
    buffer_close(&out);
}
END_TEST

START_TEST(a_record_of_the_wrong_size_is_bad)
{
    struct buffer out = {0};
    /* A byte too many in each, and a size that reaches beyond the block. */
    put_state(&out, 10, 5, 0, 0);
    buffer_append_u8(&out, 0);
    buffer_start(&out)[2]++;
    expect_fault(&out, BAD);
    put_state(&out, 10, 5, 0, 1);
    size_t at = buffer_size(&out);
    put_gateway(&out, 2, 1, 0, 1, 0, 0);
    buffer_append_u8(&out, 0);
    buffer_start(&out)[at + 2]++;
    expect_fault(&out, BAD);
    put_state(&out, 10, 5, 0, 4);
    put_gateway(&out, 2, 1, 3, 1, 0, 0);
    at = buffer_size(&out);
    put_outcomes(&out, 3, OUTCOME_WRITTEN, 1024);
    buffer_append_u8(&out, 0);
    buffer_start(&out)[at + 2]++;
    expect_fault(&out, BAD);
    put_state(&out, 10, 5, 1, 0);
    at = buffer_size(&out);
    put_file(&out, COMMAND_WRITE, "a", 1, 0, 0);
    buffer_start(&out)[at + 2]++;
    expect_fault(&out, BAD);
    put_state(&out, 10, 5, 0, 0);
    dump_record(&out, PART_DEDUP, 3, 0);
    expect_fault(&out, BAD);
    put_state(&out, 10, 5, 0, 0);
    dump_record(&out, PART_DEDUP, 2, 0);
    expect_fault(&out, BAD);
    buffer_close(&out);
}
END_TEST

START_TEST(outcomes_may_come_in_several_records_but_not_too_many)
{
    struct buffer out = {0};
    put_state(&out, 10, 5, 0, 1 + 2500);
    put_gateway(&out, 2, 1, 2500, 1, 0, 0);
    put_outcomes(&out, 2500, OUTCOME_WRITTEN, 1000);
    ck_assert(loads(&out));
    put_state(&out, 10, 5, 0, 1 + 2500);
    put_gateway(&out, 2, 1, 2500, 1, 0, 0);
    put_outcomes(&out, 2500, OUTCOME_WRITTEN, 1025);
    ck_assert(!loads(&out));
    put_state(&out, 10, 5, 0, 1 + 2501);
    put_gateway(&out, 2, 1, 2500, 1, 0, 0);
    put_outcomes(&out, 2501, OUTCOME_WRITTEN, 1000);
    ck_assert(!loads(&out));
    /* One of the first window's is missing, and a gateway more is there: the sum is right. */
    put_state(&out, 10, 5, 0, 1 + 3);
    put_gateway(&out, 2, 1, 3, 1, 2, OUTCOME_WRITTEN);
    put_gateway(&out, 3, 1, 0, 1, 0, 0);
    ck_assert(!loads(&out));
    put_state(&out, 10, 5, 0, 3);
    put_outcomes(&out, 3, OUTCOME_WRITTEN, 3);
    ck_assert(!loads(&out));
    buffer_close(&out);
}
END_TEST

START_TEST(files_are_as_a_client_could_have_made_them)
{
    static const struct {
        const char *name;
        enum command_kind kind;
        uint64_t version;
        uint64_t expires_ms;
        uint64_t exptime_s;
        bool valid;
    } CASES[] = {
        {"a", COMMAND_WRITE, 5, 0, 0, true},
        {"a", COMMAND_CAS, 5, 0, 0, true},
        {"a", COMMAND_DELETE, 5, 0, 0, false},
        {"a", COMMAND_WRITE, 0, 0, 0, false},
        {"a", COMMAND_WRITE, 6, 0, 0, false},
        {"a", COMMAND_WRITE, 5, 3000, 2, true},
        {"a", COMMAND_WRITE, 5, 900, 2, true},
        {"a", COMMAND_WRITE, 5, 3001, 2, true}, /* touched since */
        {"a", COMMAND_WRITE, 5, 3000, 0, true},
        {"a", COMMAND_WRITE, 5, 0, 2, true},
        {"a", COMMAND_WRITE, 5, 1000 + UINT32_MAX * 1000ull, 2, true},
        {"a", COMMAND_WRITE, 5, 1001 + UINT32_MAX * 1000ull, 2, false},
    };
    struct buffer out = {0};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        put_state(&out, 10, 5, 1, 0);
        put_file(&out, CASES[i].kind, CASES[i].name, CASES[i].version, CASES[i].expires_ms, CASES[i].exptime_s);
        ck_assert_msg(loads(&out) == CASES[i].valid, "case %zu", i);
    }
}
END_TEST

static bool takes_all(const uint8_t *value, size_t size)
{
    (void)value;
    (void)size;
    return true;
}

/* A setting's record: with EXPIRES_MS, which no SET can give it. */
static bool setting_loads(uint64_t expires_ms)
{
    static const struct setting settings[] = {{"s", LEVEL_BASE, takes_all}, {NULL, 0, NULL}};
    struct buffer out = {0};
    put_state(&out, 10, 5, 1, 0);
    put_file(&out, COMMAND_SET, "\1s", 5, expires_ms, 0);
    struct story story = {.store = store_open(1), .now_ms = 1000};
    store_settings(story.store, settings);
    bool loaded = store_load(story.store, buffer_start(&out), buffer_size(&out)) && store_load_end(story.store);
    if (loaded) { /* it can be worked with */
        story.epoch = story_open_gateway(&story, STORY_GATEWAY, 7).epoch;
        ck_assert_int_eq(story_say(&story, story_command(COMMAND_SET, "\1s", "v")).code, OUTCOME_WRITTEN);
    }
    buffer_close(&out);
    story_end(&story);
    return loaded;
}

START_TEST(a_setting_never_expires)
{
    ck_assert(setting_loads(0));
    ck_assert(!setting_loads(1));
    ck_assert(!setting_loads(3000));
}
END_TEST

START_TEST(no_more_no_fewer_and_no_two_alike)
{
    struct buffer out = {0};
    put_state(&out, 10, 5, 2, 0);
    put_file(&out, COMMAND_WRITE, "a", 1, 0, 0);
    ck_assert(!loads(&out));
    put_state(&out, 10, 5, 1, 0);
    put_file(&out, COMMAND_WRITE, "a", 1, 0, 0);
    put_file(&out, COMMAND_WRITE, "b", 2, 0, 0);
    ck_assert(!loads(&out));
    put_state(&out, 10, 5, 2, 0);
    put_file(&out, COMMAND_WRITE, "a", 1, 0, 0);
    put_file(&out, COMMAND_WRITE, "a", 2, 0, 0);
    ck_assert(!loads(&out));
    put_state(&out, 10, 5, 0, 1);
    ck_assert(!loads(&out));
    put_state(&out, 10, 5, 0, 0);
    put_gateway(&out, 1, 1, 0, 1, 0, 0);
    ck_assert(!loads(&out));
    put_state(&out, 10, 5, 0, 2);
    put_gateway(&out, 1, 1, 0, 1, 0, 0);
    put_gateway(&out, 1, 2, 0, 1, 0, 0);
    ck_assert(!loads(&out));
    put_state(&out, 10, 5, 0, 1);
    put_gateway(&out, 0, 1, 0, 1, 0, 0); /* no node has that id */
    ck_assert(!loads(&out));
    put_state(&out, 10, 5, 0, STORE_GATEWAYS_MAX + 1);
    for (uint32_t id = 1; id <= STORE_GATEWAYS_MAX + 1; id++)
        put_gateway(&out, id, 1, 0, 1, 0, 0);
    ck_assert(!loads(&out));
}
END_TEST

START_TEST(gateways_windows_are_possible_ones)
{
    static const struct {
        uint64_t epoch;
        uint64_t applied;
        uint64_t lowest;
        uint32_t count;
        uint8_t code;
        bool valid;
    } CASES[] = {
        {10, 0, 1, 0, 0, true},
        {11, 0, 1, 0, 0, false},
        {0, 0, 1, 0, 0, false},
        {1, 0, 0, 1, OUTCOME_WRITTEN, false},
        {1, 3, 1, 3, OUTCOME_WRITTEN, true},
        {1, 3, 1, 3, OUTCOME_DELETED, true},
        {1, 3, 1, 3, OUTCOME_MISMATCH, true},
        {1, 3, 1, 3, OUTCOME_SKIPPED, false},
        {1, 3, 1, 3, OUTCOME_NOT_FOUND, false},
        {1, 3, 1, 3, OUTCOME_NONE, false},
        {1, 3, 1, 3, OUTCOME_OPENED, false},
        {1, 3, 1, 3, 0xff, false},
        {1, 3, 3, 1, OUTCOME_WRITTEN, true},
        {1, 3, 4, 0, OUTCOME_WRITTEN, false},
        {1, 3, 0, 4, OUTCOME_WRITTEN, false},
        {1, 3, 1, 2, OUTCOME_WRITTEN, false},
        {1, 3, 1, 4, OUTCOME_WRITTEN, false},
        {1, STORE_OUTCOMES_MAX, 1, STORE_OUTCOMES_MAX, OUTCOME_WRITTEN, true},
        {1, STORE_OUTCOMES_MAX + 1, 1, STORE_OUTCOMES_MAX + 1, OUTCOME_WRITTEN, false},
        {1, UINT64_MAX / 2, UINT64_MAX / 2, 1, OUTCOME_WRITTEN, true},
        {1, UINT64_MAX, UINT64_MAX, 1, OUTCOME_WRITTEN, false},
        {1, UINT64_MAX, 0, 0, OUTCOME_WRITTEN, false},
    };
    struct buffer out = {0};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        put_state(&out, 10, 5, 0, 1 + (uint64_t)CASES[i].count);
        put_gateway(&out, 2, CASES[i].epoch, CASES[i].applied, CASES[i].lowest, CASES[i].count, CASES[i].code);
        ck_assert_msg(loads(&out) == CASES[i].valid, "case %zu", i);
    }
}
END_TEST

/* What a `cluster level` came to is between the lowest level and that of the state, and no token's. */
START_TEST(the_level_of_an_outcome_is_one_that_was_reached)
{
    static const struct {
        uint64_t version;
        int64_t value;
        bool valid;
    } CASES[] = {{0, LEVEL_BASE, true},      {0, LEVEL_KNOWN, true}, {0, 0, false}, {0, LEVEL_KNOWN + 1, false},
                 {0, -1, false},             {0, INT64_MIN, false},  {1, LEVEL_BASE, false},
                 {0, LEVEL_BASE + 65536, false}};
    struct buffer out = {0};
    for (int token = 0; token <= 1; token++)
        for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
            put_level(&out, 10, 5, LEVEL_KNOWN, 0, token ? 1 : 2);
            if (token) {
                dump_record(&out, PART_DEDUP, 3, 16 + 8 + 17);
                buffer_append(&out, "0123456789abcdef", 16);
                buffer_append_u64(&out, 0);
            } else {
                put_gateway(&out, 2, 1, 1, 1, 0, 0);
                dump_record(&out, PART_DEDUP, 2, 17);
            }
            buffer_append_u8(&out, OUTCOME_LEVEL);
            buffer_append_u64(&out, CASES[i].version);
            buffer_append_u64(&out, (uint64_t)CASES[i].value);
            ck_assert_msg(loads(&out) == (CASES[i].valid && !token), "case %zu, %d", i, token);
        }
}
END_TEST

START_TEST(after_a_bad_block_no_other_is_taken)
{
    struct buffer out = {0};
    struct store *store = store_open(1);
    put_state(&out, 10, 5, 0, 0);
    ck_assert(store_load(store, buffer_start(&out), buffer_size(&out)));
    ck_assert(!store_load(store, buffer_start(&out), buffer_size(&out)));
    ck_assert(!store_load(store, buffer_start(&out), buffer_size(&out)));
    ck_assert(!store_load(store, NULL, 0));
    ck_assert(!store_load_end(store));
    ck_assert(store_drain(store, 1));
    store_close(store);
    buffer_close(&out);
}
END_TEST

START_TEST(a_load_that_never_began_is_no_state)
{
    struct store *store = store_open(1);
    ck_assert(!store_load_end(store));
    ck_assert(store_load(store, NULL, 0));
    ck_assert(!store_load_end(store));
    store_close(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store/load");
    TCase *tests = tcase_create("load");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, no_truncated_dump_is_taken);
    tcase_add_test(tests, no_flipped_bit_does_harm);
    tcase_add_test(tests, no_changed_byte_does_harm);
    tcase_add_test(tests, a_state_comes_first_and_once);
    tcase_add_test(tests, what_a_newer_program_writes_is_told_from_what_is_bad);
    tcase_add_test(tests, a_record_of_the_wrong_size_is_bad);
    tcase_add_test(tests, outcomes_may_come_in_several_records_but_not_too_many);
    tcase_add_test(tests, files_are_as_a_client_could_have_made_them);
    tcase_add_test(tests, a_setting_never_expires);
    tcase_add_test(tests, no_more_no_fewer_and_no_two_alike);
    tcase_add_test(tests, gateways_windows_are_possible_ones);
    tcase_add_test(tests, the_level_of_an_outcome_is_one_that_was_reached);
    tcase_add_test(tests, after_a_bad_block_no_other_is_taken);
    tcase_add_test(tests, a_load_that_never_began_is_no_state);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
