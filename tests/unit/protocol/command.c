#include "protocol/command.h"

#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/random.h"
#include "protocol/request.h"
#include "protocol/transaction.h"
#include "support/check.h"
#include "support/guard.h"

static struct guard guard;

static void setup(void)
{
    guard_open(&guard);
}

static void teardown(void)
{
    guard_close(&guard);
}

static struct command cas_command(void)
{
    return (struct command){
        .kind = COMMAND_CAS, .gateway = 3, .epoch = 0x0102030405060708, .number = 9, .lowest = 5, .version = 7,
        .exptime_s = 30, .name = (const uint8_t *)"lock", .name_size = 4, .value = (const uint8_t *)"alice\0",
        .value_size = 6,
    };
}

static bool decode(const void *bytes, size_t size, struct command *command)
{
    return command_decode(guard_copy(&guard, bytes, size), size, command);
}

static void same(const struct command *a, const struct command *b)
{
    ensure(a->kind == b->kind && a->gateway == b->gateway && a->epoch == b->epoch);
    ensure(a->number == b->number && a->lowest == b->lowest);
    ensure(a->version == b->version && a->exptime_s == b->exptime_s);
    ensure(a->name_size == b->name_size && a->value_size == b->value_size);
    ensure(a->name_size == 0 || memcmp(a->name, b->name, a->name_size) == 0);
    ensure(a->value_size == 0 || memcmp(a->value, b->value, a->value_size) == 0);
}

START_TEST(what_is_encoded_comes_back)
{
    static const struct command commands[] = {
        {.kind = COMMAND_TICK},
        {.kind = COMMAND_OPEN, .gateway = 1, .epoch = UINT64_MAX},
        {.kind = COMMAND_SKIP, .gateway = 5, .epoch = 1, .number = UINT64_MAX, .lowest = UINT64_MAX},
        {.kind = COMMAND_WRITE, .gateway = UINT32_MAX, .epoch = 2, .number = 1, .lowest = 1, .exptime_s = UINT32_MAX,
         .name = (const uint8_t *)"a", .name_size = 1},
        {.kind = COMMAND_DELETE, .gateway = 2, .epoch = 2, .number = 1, .lowest = 1, .name = (const uint8_t *)"a/b",
         .name_size = 3},
    };
    struct command decoded;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct blob *blob = command_encode(&commands[i]);
        ck_assert(decode(blob->bytes, blob->size, &decoded));
        same(&commands[i], &decoded);
        blob_release(blob);
    }
    struct command cas = cas_command();
    struct blob *blob = command_encode(&cas);
    ck_assert(command_decode(blob->bytes, blob->size, &decoded));
    same(&cas, &decoded);
    ck_assert_ptr_eq(decoded.value, blob->bytes + command_value_offset(blob)); /* borrowed */
    blob_release(blob);
}
END_TEST

/* Entries are on disk and go between versions of the program: these bytes are for ever. */
START_TEST(the_format_byte_by_byte)
{
    static const char expected[] =
        "\x01\x05\x04\x00" "\x03\x00\x00\x00" "\x08\x07\x06\x05\x04\x03\x02\x01" "\x09\0\0\0\0\0\0\0"
        "\x05\0\0\0\0\0\0\0" "\x07\0\0\0\0\0\0\0" "\x1e\0\0\0\0\0\0\0" "lock" "alice\0";
    struct command cas = cas_command();
    struct blob *blob = command_encode(&cas);
    ck_assert_uint_eq(blob->size, sizeof expected - 1);
    ck_assert_mem_eq(blob->bytes, expected, blob->size);
    ck_assert_uint_eq(blob->references, 1);
    blob_release(blob);
}
END_TEST

START_TEST(a_value_may_be_filled_in_later)
{
    struct command cas = cas_command();
    struct command decoded;
    cas.value = NULL;
    struct blob *blob = command_encode(&cas);
    ck_assert_uint_eq(command_value_offset(blob), COMMAND_HEADER_SIZE + 4);
    memcpy(blob->bytes + command_value_offset(blob), "bobby!", 6);
    command_number(blob, 4, 11, 12, 13);
    ck_assert(decode(blob->bytes, blob->size, &decoded));
    cas.value = (const uint8_t *)"bobby!";
    cas.gateway = 4;
    cas.epoch = 11;
    cas.number = 12;
    cas.lowest = 13;
    same(&cas, &decoded);
    blob_release(blob);
}
END_TEST

START_TEST(a_value_of_four_gibibytes_is_no_memory)
{
    struct command cas = cas_command();
    cas.value = NULL;
    cas.value_size = SIZE_MAX;
    ck_assert_ptr_null(command_encode(&cas));
    cas.value_size = UINT32_MAX - 10;
    ck_assert_ptr_null(command_encode(&cas));
}
END_TEST

/* Cut anywhere in its header or name it is no command; cut in its value it is one with a shorter value, which the log's
 * own checks have to notice. */
START_TEST(every_truncation)
{
    struct command cas = cas_command();
    struct command decoded;
    struct blob *blob = command_encode(&cas);
    for (size_t size = 0; size < blob->size; size++) {
        bool whole_name = size >= command_value_offset(blob);
        ck_assert_int_eq(decode(blob->bytes, size, &decoded), whole_name);
        ck_assert_int_eq(decoded.kind, whole_name ? COMMAND_CAS : 0);
    }
    blob_release(blob);
}
END_TEST

static bool decode_changed(size_t offset, uint8_t byte)
{
    struct command cas = cas_command();
    struct command decoded;
    struct blob *blob = command_encode(&cas);
    blob->bytes[offset] = byte;
    bool good = decode(blob->bytes, blob->size, &decoded);
    blob_release(blob);
    return good;
}

START_TEST(what_no_client_could_have_sent_is_refused)
{
    ck_assert(decode_changed(0, COMMAND_FORMAT));
    ck_assert(!decode_changed(0, 0));
    ck_assert(!decode_changed(0, COMMAND_FORMAT + 1));
    ck_assert(!decode_changed(1, 0));
    ck_assert(!decode_changed(1, COMMAND_KIND_END));
    ck_assert(!decode_changed(1, 255));
    ck_assert(!decode_changed(1, COMMAND_TICK));   /* has a name and a value */
    ck_assert(!decode_changed(1, COMMAND_DELETE)); /* has a value */
    ck_assert(decode_changed(1, COMMAND_WRITE));
    ck_assert(!decode_changed(2, 0));              /* no name */
    ck_assert(!decode_changed(2, 11));             /* longer than all that follows */
    ck_assert(!decode_changed(3, 1));
    ck_assert(!decode_changed(2, 10));             /* a NUL in the name */
    ck_assert(decode_changed(2, 9));
    ck_assert(!decode_changed(44, 1));             /* exptime of 2^32 */
    ck_assert(decode_changed(43, 255));
    ck_assert(!decode_changed(48, ' '));
    ck_assert(!decode_changed(51, '\n'));
}
END_TEST

START_TEST(a_name_has_250_bytes_at_most)
{
    uint8_t bytes[COMMAND_HEADER_SIZE + REQUEST_NAME_MAX + 1] = {COMMAND_FORMAT, COMMAND_DELETE};
    struct command decoded;
    memset(bytes + COMMAND_HEADER_SIZE, 'n', REQUEST_NAME_MAX + 1);
    bytes_put_u16(bytes + 2, REQUEST_NAME_MAX + 1);
    ck_assert(!decode(bytes, sizeof bytes, &decoded));
    bytes_put_u16(bytes + 2, REQUEST_NAME_MAX);
    ck_assert(decode(bytes, sizeof bytes - 1, &decoded));
}
END_TEST

/* What decodes encodes to the same bytes: there is one form of each command only. */
START_TEST(random_bytes_decode_to_themselves_or_not_at_all)
{
    struct random random = {.state = 71};
    uint8_t bytes[COMMAND_HEADER_SIZE + COMMAND_TOKEN_SIZE + 8];
    int decoded_count = 0;
    for (int i = 0; i < 100000; i++) {
        size_t size = random_between(&random, i % 10 ? COMMAND_HEADER_SIZE : 0, sizeof bytes);
        for (size_t j = 0; j < sizeof bytes; j++)
            bytes[j] = (uint8_t)random_u64(&random);
        bytes[0] = random_u64(&random) % 16 ? COMMAND_FORMAT : bytes[0];
        bytes[1] &= 15;
        bytes[2] %= 10;
        bytes[3] &= random_u64(&random) % 4 ? 0 : 3;
        if (random_u64(&random) % 16)
            bytes_put_u32(bytes + 44, 0);
        struct command command;
        if (!decode(bytes, size, &command))
            continue;
        struct blob *blob = command_encode(&command);
        ensure(blob->size == size && memcmp(blob->bytes, bytes, size) == 0);
        blob_release(blob);
        decoded_count++;
    }
    ck_assert_int_gt(decoded_count, 1000);
}
END_TEST

/* Bytes of each kind that came with transactions: on disk for ever, like the first ones. */
START_TEST(flags_and_a_token_byte_by_byte)
{
    static const char expected[] =
        "\x01\x0b\x03\x03" "\x01\0\0\0" "\x02\0\0\0\0\0\0\0" "\x03\0\0\0\0\0\0\0" "\x04\0\0\0\0\0\0\0"
        "\x05\0\0\0\0\0\0\0" "\0\0\0\0\0\0\0\0" "dst" "source" "0123456789abcdef";
    struct command move = {
        .kind = COMMAND_MOVE, .gateway = 1, .epoch = 2, .number = 3, .lowest = 4, .version = 5, .guarded = true,
        .name = (const uint8_t *)"dst", .name_size = 3, .value = (const uint8_t *)"source", .value_size = 6,
        .token = (const uint8_t *)"0123456789abcdef",
    };
    struct command decoded;
    struct blob *blob = command_encode(&move);
    ck_assert_uint_eq(blob->size, sizeof expected - 1);
    ck_assert_mem_eq(blob->bytes, expected, blob->size);
    ck_assert_uint_eq(command_value_size(blob), 6);
    ck_assert(decode(blob->bytes, blob->size, &decoded));
    same(&move, &decoded);
    ck_assert(decoded.guarded);
    ck_assert_mem_eq(decoded.token, "0123456789abcdef", COMMAND_TOKEN_SIZE);
    blob->bytes[3] = 4;
    ck_assert(!decode(blob->bytes, blob->size, &decoded));
    blob->bytes[3] = 1; /* the token becomes the source's name */
    ck_assert(decode(blob->bytes, blob->size, &decoded));
    ck_assert(!decoded.token && decoded.value_size == 22);
    blob_release(blob);
}
END_TEST

START_TEST(what_a_kind_may_have)
{
    static const struct {
        enum command_kind kind;
        bool name, value, guard, token;
    } kinds[] = {
        {COMMAND_TICK, false, false, false, false}, {COMMAND_SKIP, false, false, false, false},
        {COMMAND_WRITE, true, true, false, true},   {COMMAND_DELETE, true, false, true, true},
        {COMMAND_TOUCH, true, false, true, true},   {COMMAND_APPEND, true, true, false, true},
        {COMMAND_INCR, true, false, false, true},   {COMMAND_COPY, true, true, true, true},
        {COMMAND_MOVE, true, true, true, true},     {COMMAND_IF_VERSION, true, false, false, false},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        for (unsigned has = 0; has < 16; has++) {
            bool name = has & 1, value = has & 2, guarded = has & 4, token = has & 8;
            uint8_t bytes[COMMAND_HEADER_SIZE + 4 + 5 + COMMAND_TOKEN_SIZE] = {COMMAND_FORMAT, (uint8_t)kinds[i].kind};
            memcpy(bytes + COMMAND_HEADER_SIZE, "namevalue", 9);
            if (!name)
                memcpy(bytes + COMMAND_HEADER_SIZE, "value", 5);
            bytes[2] = name ? 4 : 0;
            bytes[3] = (uint8_t)((guarded ? 1 : 0) | (token ? 2 : 0));
            size_t size = COMMAND_HEADER_SIZE + (size_t)bytes[2] + (value ? 5u : 0u) + (token ? 16u : 0u);
            bool source = kinds[i].kind == COMMAND_COPY || kinds[i].kind == COMMAND_MOVE;
            bool good = name == kinds[i].name && (kinds[i].value || !value) && (!source || value) &&
                        (kinds[i].guard || !guarded) && (kinds[i].token || !token);
            struct command decoded;
            bool top = kinds[i].kind < COMMAND_IF_VERSION; /* conditions are parts of transactions only */
            ck_assert_msg(decode(bytes, size, &decoded) == (good && top), "kind %d has %u", kinds[i].kind, has);
        }
    }
}
END_TEST

START_TEST(a_source_is_another_file)
{
    struct command copy = {.kind = COMMAND_COPY, .name = (const uint8_t *)"aa", .name_size = 2,
                           .value = (const uint8_t *)"ab", .value_size = 2};
    ck_assert(command_sound(&copy));
    copy.value = copy.name;
    ck_assert(!command_sound(&copy));
    copy.value_size = 1;
    ck_assert(command_sound(&copy));
    copy.value_size = 0;
    ck_assert(!command_sound(&copy));
    copy.value = (const uint8_t *)"a b";
    copy.value_size = 3;
    ck_assert(!command_sound(&copy));
}
END_TEST

START_TEST(a_transaction_is_looked_at_to_its_last_part)
{
    struct buffer parts = {0};
    struct command write = {.kind = COMMAND_WRITE, .name = (const uint8_t *)"a", .name_size = 1,
                            .value = (const uint8_t *)"xy", .value_size = 2};
    struct command touch = {.kind = COMMAND_TOUCH, .name = (const uint8_t *)"b", .name_size = 1, .exptime_s = 9};
    ck_assert(transaction_append(&parts, &write) && transaction_append(&parts, &touch));
    struct command transaction = {.kind = COMMAND_TXN, .value = buffer_start(&parts),
                                  .value_size = buffer_size(&parts), .token = (const uint8_t *)"0123456789abcdef"};
    struct blob *blob = command_encode(&transaction);
    struct command decoded;
    const uint8_t *name;
    size_t name_size;
    ck_assert(decode(blob->bytes, blob->size, &decoded));
    same(&transaction, &decoded);
    ck_assert(!command_name(blob->bytes, blob->size, &name, &name_size));
    blob->bytes[blob->size - COMMAND_TOKEN_SIZE - 1] = 'a'; /* the last part's name: now in two changes */
    ck_assert(!decode(blob->bytes, blob->size, &decoded));
    ck_assert(!decode(blob->bytes, blob->size - 1, &decoded));
    blob_release(blob);
    buffer_close(&parts);
}
END_TEST

/* Two clients must not get one form for different tokens, and all nodes must get the same for one. */
START_TEST(a_token_is_its_hash)
{
    static const uint8_t of_abc[COMMAND_TOKEN_SIZE] = {0x06, 0xb0, 0x5a, 0xb6, 0x73, 0x3a, 0x61, 0x85,
                                                        0x78, 0xaf, 0x5f, 0x94, 0x89, 0x2f, 0x39, 0x50};
    uint8_t a[COMMAND_TOKEN_SIZE], b[COMMAND_TOKEN_SIZE];
    command_token("abc", 3, a);
    ck_assert_mem_eq(a, of_abc, sizeof a);
    command_token("abd", 3, b);
    ck_assert_mem_ne(a, b, sizeof a);
    command_token("abc", 2, b);
    ck_assert_mem_ne(a, b, sizeof a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("command");
    TCase *tests = tcase_create("command");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, what_is_encoded_comes_back);
    tcase_add_test(tests, the_format_byte_by_byte);
    tcase_add_test(tests, a_value_may_be_filled_in_later);
    tcase_add_test(tests, a_value_of_four_gibibytes_is_no_memory);
    tcase_add_test(tests, every_truncation);
    tcase_add_test(tests, what_no_client_could_have_sent_is_refused);
    tcase_add_test(tests, a_name_has_250_bytes_at_most);
    tcase_add_test(tests, random_bytes_decode_to_themselves_or_not_at_all);
    tcase_add_test(tests, flags_and_a_token_byte_by_byte);
    tcase_add_test(tests, what_a_kind_may_have);
    tcase_add_test(tests, a_source_is_another_file);
    tcase_add_test(tests, a_transaction_is_looked_at_to_its_last_part);
    tcase_add_test(tests, a_token_is_its_hash);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
