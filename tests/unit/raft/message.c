#include "raft/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/random.h"
#include "support/check.h"
#include "support/guard.h"

static struct raft_entry decoded[RAFT_MESSAGE_ENTRIES_MAX];

static struct blob *text(const char *content)
{
    struct blob *blob = blob_new(strlen(content));
    ck_assert_ptr_nonnull(blob);
    memcpy(blob->bytes, content, blob->size);
    return blob;
}

/* The bytes of MESSAGE, to be freed. */
static uint8_t *encode(const struct raft_message *message, size_t *size)
{
    struct chain chain = {0};
    raft_message_encode(message, &chain);
    *size = chain.size;
    ck_assert_uint_eq(chain.size, raft_message_size(message));
    uint8_t *bytes = memory_get(chain.size);
    chain_copy(&chain, bytes, chain.size);
    chain_close(&chain);
    return bytes;
}

static bool decode(const uint8_t *bytes, size_t size)
{
    struct raft_message message;
    if (!raft_message_decode(bytes, size, &message, decoded)) {
        ck_assert_uint_eq(message.entry_count, 0);
        return false;
    }
    raft_message_release(&message);
    return true;
}

/* One of each kind. */
static const struct raft_message samples[] = {
    {.type = RAFT_PREVOTE, .from = 1, .to = 2, .term = 9, .index = 4, .log_term = 3},
    {.type = RAFT_PREVOTE_REPLY, .from = 2, .to = 1, .term = 9, .ok = true},
    {.type = RAFT_VOTE, .from = 1, .to = 2, .term = 9, .index = 4, .log_term = 3, .ok = true},
    {.type = RAFT_VOTE_REPLY, .from = 2, .to = 1, .term = 9},
    {.type = RAFT_APPEND, .from = 1, .to = 5, .term = 9, .index = 4, .log_term = 3, .commit = 2, .round = 8,
     .time_ms = 7},
    {.type = RAFT_APPEND_REPLY, .from = 5, .to = 1, .term = 9, .index = 6, .log_term = 1, .round = 8, .match = 4},
    {.type = RAFT_READ, .from = 5, .to = 1, .term = 9, .round = 1234567},
    {.type = RAFT_READ_REPLY, .from = 1, .to = 5, .term = 9, .round = 1234567, .match = 4, .ok = true},
    {.type = RAFT_TIMEOUT_NOW, .from = 1, .to = 5, .term = 9},
};
enum { SAMPLES = sizeof samples / sizeof samples[0] };

static void assert_same(const struct raft_message *a, const struct raft_message *b)
{
    ck_assert_int_eq(a->type, b->type);
    ck_assert_uint_eq(a->from, b->from);
    ck_assert_uint_eq(a->to, b->to);
    ck_assert_uint_eq(a->term, b->term);
    ck_assert_uint_eq(a->index, b->index);
    ck_assert_uint_eq(a->log_term, b->log_term);
    ck_assert_uint_eq(a->commit, b->commit);
    ck_assert_uint_eq(a->round, b->round);
    ck_assert_uint_eq(a->time_ms, b->time_ms);
    ck_assert_int_eq(a->ok, b->ok);
    ck_assert_uint_eq(a->match, b->match);
    ck_assert_uint_eq(a->entry_count, b->entry_count);
    for (uint32_t i = 0; i < a->entry_count; i++) {
        ck_assert_uint_eq(a->entries[i].index, b->entries[i].index);
        ck_assert_uint_eq(a->entries[i].term, b->entries[i].term);
        ck_assert_uint_eq(a->entries[i].time_ms, b->entries[i].time_ms);
        ck_assert_uint_eq(a->entries[i].type, b->entries[i].type);
        ck_assert_int_eq(a->entries[i].payload == NULL, b->entries[i].payload == NULL);
        if (!a->entries[i].payload)
            continue;
        ck_assert_uint_eq(a->entries[i].payload->size, b->entries[i].payload->size);
        ck_assert_mem_eq(a->entries[i].payload->bytes, b->entries[i].payload->bytes, a->entries[i].payload->size);
    }
}

START_TEST(each_kind_comes_back_as_it_was)
{
    size_t size;
    uint8_t *bytes = encode(&samples[_i], &size);
    struct raft_message message;
    ck_assert(raft_message_decode(bytes, size, &message, decoded));
    assert_same(&samples[_i], &message);
    free(bytes);
}
END_TEST

START_TEST(no_truncation_and_no_addition_passes)
{
    size_t size;
    struct guard guard;
    guard_open(&guard);
    uint8_t *bytes = encode(&samples[_i], &size);
    for (size_t cut = 0; cut < size; cut++)
        ck_assert(!decode(guard_copy(&guard, bytes, cut), cut));
    bytes = memory_resize(bytes, size + 1, 1);
    bytes[size] = 0;
    ck_assert(!decode(guard_copy(&guard, bytes, size + 1), size + 1));
    guard_close(&guard);
    free(bytes);
}
END_TEST

/* --- entries ---------------------------------------------------------------------------------------------------- */

/* Four entries of two terms: an empty one, two short ones of which one is of an unknown type, a long one. */
struct letter {
    struct raft_entry entries[4];
    struct raft_message message;
};

static void letter_open(struct letter *letter)
{
    struct blob *large = blob_new(3000);
    ck_assert_ptr_nonnull(large);
    memset(large->bytes, 'x', large->size);
    *letter = (struct letter){
        .entries = {{.index = 5, .term = 3, .time_ms = 10, .type = RAFT_ENTRY_NOOP},
                    {.index = 6, .term = 3, .time_ms = 10, .type = RAFT_ENTRY_COMMAND, .payload = text("hello")},
                    {.index = 7, .term = 8, .time_ms = 12, .type = 200, .payload = text("?")},
                    {.index = 8, .term = 8, .time_ms = 15, .type = RAFT_ENTRY_COMMAND, .payload = large}},
        .message = samples[4],
    };
    letter->message.entries = letter->entries;
    letter->message.entry_count = 4;
}

static void letter_close(struct letter *letter)
{
    for (size_t i = 0; i < 4; i++)
        blob_release(letter->entries[i].payload);
}

START_TEST(entries_come_back_as_they_were)
{
    struct letter letter;
    letter_open(&letter);
    size_t size;
    uint8_t *bytes = encode(&letter.message, &size);
    ck_assert_uint_eq(size, 18 + 44 + 2 * 12 + 4 * RAFT_ENTRY_OVERHEAD + 5 + 1 + 3000);
    struct raft_message message;
    ck_assert(raft_message_decode(bytes, size, &message, decoded));
    assert_same(&letter.message, &message);
    raft_message_release(&message);
    free(bytes);
    letter_close(&letter);
}
END_TEST

START_TEST(a_long_payload_goes_by_reference)
{
    struct letter letter;
    letter_open(&letter);
    struct chain chain = {0};
    raft_message_encode(&letter.message, &chain);
    ck_assert_uint_eq(letter.entries[3].payload->references, 2);
    chain_close(&chain);
    ck_assert_uint_eq(letter.entries[3].payload->references, 1);
    letter_close(&letter);
}
END_TEST

START_TEST(no_truncation_of_entries_passes)
{
    struct letter letter;
    letter_open(&letter);
    struct guard guard;
    guard_open(&guard);
    size_t size;
    uint8_t *bytes = encode(&letter.message, &size);
    for (size_t cut = 0; cut < size; cut++)
        ck_assert(!decode(guard_copy(&guard, bytes, cut), cut));
    ck_assert(decode(guard_copy(&guard, bytes, size), size));
    guard_close(&guard);
    free(bytes);
    letter_close(&letter);
}
END_TEST

/* Whatever comes, decoding stays within the bytes and leaks nothing; what passes is encoded to the same bytes again. */
START_TEST(any_bytes)
{
    struct letter letter;
    letter_open(&letter);
    blob_release(letter.entries[3].payload);
    letter.entries[3].payload = text("short");
    struct guard guard;
    guard_open(&guard);
    struct random random = {.state = 5};
    for (int i = 0; i < 40000; i++) {
        size_t size;
        bool with_entries = i % 2 == 0;
        uint8_t *bytes = encode(with_entries ? &letter.message : &samples[(i / 2) % SAMPLES], &size);
        for (uint64_t flips = random_between(&random, 1, 3); flips > 0; flips--)
            bytes[random_between(&random, 0, size - 1)] = (uint8_t)random_u64(&random);
        struct raft_message message;
        if (raft_message_decode(guard_copy(&guard, bytes, size), size, &message, decoded)) {
            size_t again_size;
            uint8_t *again = encode(&message, &again_size);
            ck_assert_uint_eq(again_size, size);
            ck_assert_mem_eq(again, bytes, size);
            raft_message_release(&message);
            free(again);
        }
        free(bytes);
    }
    guard_close(&guard);
    letter_close(&letter);
}
END_TEST

START_TEST(noise)
{
    struct guard guard;
    guard_open(&guard);
    struct random random = {.state = 6};
    uint8_t bytes[200];
    for (int i = 0; i < 100000; i++) {
        size_t size = random_between(&random, 0, sizeof bytes);
        for (size_t j = 0; j < size; j++)
            bytes[j] = (uint8_t)random_between(&random, 0, j == 0 ? 9 : 2);
        decode(guard_copy(&guard, bytes, size), size);
    }
    guard_close(&guard);
}
END_TEST

/* --- what no sender of sense says ------------------------------------------------------------------------------- */

static bool passes_u64(const struct raft_message *message, size_t at, uint64_t value)
{
    size_t size;
    uint8_t *bytes = encode(message, &size);
    bytes_put_u64(bytes + at, value);
    bool good = decode(bytes, size);
    free(bytes);
    return good;
}

static bool passes_u32(const struct raft_message *message, size_t at, uint32_t value)
{
    size_t size;
    uint8_t *bytes = encode(message, &size);
    bytes_put_u32(bytes + at, value);
    bool good = decode(bytes, size);
    free(bytes);
    return good;
}

static bool passes_u8(const struct raft_message *message, size_t at, uint8_t value)
{
    size_t size;
    uint8_t *bytes = encode(message, &size);
    bytes[at] = value;
    bool good = decode(bytes, size);
    free(bytes);
    return good;
}

START_TEST(refuses_bad_headers)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        ck_assert(passes_u8(&samples[i], 1, 1));
        ck_assert(!passes_u8(&samples[i], 1, 2));
        ck_assert(!passes_u8(&samples[i], 0, 0));
        ck_assert(!passes_u8(&samples[i], 0, RAFT_MESSAGE_TYPE_END));
        ck_assert(!passes_u32(&samples[i], 2, 0));
        ck_assert(!passes_u32(&samples[i], 6, 0));
        ck_assert(!passes_u64(&samples[i], 10, 0));
    }
    ck_assert_msg(!passes_u64(&samples[0], 18, 0), "no last index, but a last term");
    ck_assert_msg(!passes_u64(&samples[0], 26, 0), "no last term, but a last index");
    ck_assert_msg(!passes_u64(&samples[2], 26, 10), "a last entry later than the term");
}
END_TEST

START_TEST(refuses_bad_entries)
{
    struct letter letter;
    letter_open(&letter);
    const struct raft_message *message = &letter.message;
    enum { COUNT = 58, RUN = 62, ENTRY = RUN + 12, SECOND = ENTRY + 13, RUN2 = SECOND + 13 + 5 };
    ck_assert(passes_u64(message, RUN, 3));
    ck_assert(passes_u64(message, RUN, 4));
    ck_assert_msg(!passes_u64(message, RUN, 2), "a term below that of the entry before");
    ck_assert_msg(!passes_u64(message, RUN, 8), "two runs of one term");
    ck_assert_msg(!passes_u64(message, RUN2, 2), "terms that fall");
    ck_assert_msg(!passes_u64(message, RUN2, 10), "a term above the leader's");
    ck_assert_msg(!passes_u32(message, RUN + 8, 0), "an empty run");
    ck_assert_msg(!passes_u32(message, RUN + 8, 5), "a run of more entries than there are");
    ck_assert_msg(!passes_u32(message, RUN + 8, UINT32_MAX), "a run of very many");
    ck_assert_msg(!passes_u32(message, COUNT, 3), "fewer entries than follow");
    ck_assert_msg(!passes_u32(message, COUNT, 5), "more entries than follow");
    ck_assert_msg(!passes_u32(message, COUNT, RAFT_MESSAGE_ENTRIES_MAX + 1), "too many entries");
    ck_assert_msg(!passes_u32(message, COUNT, UINT32_MAX), "far too many entries");
    ck_assert_msg(!passes_u8(message, ENTRY + 8, 0), "no type");
    ck_assert_msg(!passes_u64(message, ENTRY, 11), "times that fall");
    ck_assert_msg(!passes_u32(message, ENTRY + 9, UINT32_MAX), "a payload of 4 GiB");
    ck_assert_msg(!passes_u32(message, SECOND + 9, 100000), "a payload beyond the end");
    ck_assert_msg(!passes_u64(message, 18, UINT64_MAX - 2), "indexes that run over");
    letter_close(&letter);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("raft/message");
    TCase *tests = tcase_create("message");
    tcase_add_loop_test(tests, each_kind_comes_back_as_it_was, 0, SAMPLES);
    tcase_add_loop_test(tests, no_truncation_and_no_addition_passes, 0, SAMPLES);
    tcase_add_test(tests, entries_come_back_as_they_were);
    tcase_add_test(tests, a_long_payload_goes_by_reference);
    tcase_add_test(tests, no_truncation_of_entries_passes);
    tcase_add_test(tests, any_bytes);
    tcase_add_test(tests, noise);
    tcase_add_test(tests, refuses_bad_headers);
    tcase_add_test(tests, refuses_bad_entries);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
