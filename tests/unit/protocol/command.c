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
    ensure(a->source_size == b->source_size && a->delta == b->delta && a->level == b->level);
    ensure(a->source_size == 0 || memcmp(a->source, b->source, a->source_size) == 0);
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
        "\x02\x05\x04\x00" "\x03\x00\x00\x00" "\x08\x07\x06\x05\x04\x03\x02\x01" "\x09\0\0\0\0\0\0\0"
        "\x05\0\0\0\0\0\0\0" "\0\0\0\0" "\x01\x00" "\0\0" "lock" "\x07\0\0\0\0\0\0\0" "\x1e\0\0\0\0\0\0\0"
        "alice\0";
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
    ck_assert_uint_eq(command_value_offset(blob), COMMAND_HEADER_SIZE + 4 + 16);
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

/* Cut anywhere in its header, name or body it is no command; cut in its value it is one with a shorter value, which the
 * log's own checks have to notice. */
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

/* COMMAND's bytes with those from OFFSET on changed. */
static bool decode_changed(const struct command *command, size_t offset, const void *bytes, size_t size)
{
    struct command decoded;
    struct blob *blob = command_encode(command);
    ensure(offset + size <= blob->size);
    memcpy(blob->bytes + offset, bytes, size);
    bool good = decode(blob->bytes, blob->size, &decoded);
    blob_release(blob);
    return good;
}

/* Each rule about the bytes, broken alone; and what is next to it and good. With "lock", a cas has its fields from 44
 * on, and its contents, 6 bytes, from 60 on. */
START_TEST(each_rule_of_the_bytes)
{
    static const struct {
        size_t at;
        const char *bytes;
        size_t size;
        bool good;
        const char *why;
    } rules[] = {
        {0, "\x02", 1, true, "the format"},
        {0, "\x00", 1, false, "no format"},
        {0, "\x01", 1, false, "an older format"},
        {0, "\x03", 1, false, "a newer format"},
        {1, "\x00", 1, false, "no kind"},
        {1, "\x0f", 1, false, "a kind that is not known"},
        {1, "\x10", 1, false, "a reserved kind"},
        {1, "\xff", 1, false, "a kind beyond the table"},
        {1, "\x01", 1, false, "a tick has no name"},
        {1, "\x06", 1, false, "a delete has no contents"},
        {1, "\x0d", 1, false, "a condition is a part only"},
        {1, "\x20", 1, false, "a setting has another name"},
        {1, "\x18", 1, false, "a raise has no name"},
        {2, "\x00", 1, false, "no name"},
        {2, "\x0a", 1, false, "a name with a 0 in it"},
        {2, "\x1b", 1, false, "nothing is left for the body"},
        {2, "\x00\x01", 2, false, "a name beyond the end"},
        {2, "\xff\xff", 2, false, "a name larger than a name can be"},
        {32, "\x01", 1, false, "an extra of one byte"},
        {32, "\x06", 1, false, "contents taken for an extra of an unknown type"},
        {32, "\xff\xff\xff\xff", 4, false, "extras beyond the beginning"},
        {36, "\x00", 1, false, "no level"},
        {36, "\x02", 1, false, "a later level"},
        {37, "\x01", 1, false, "a much later level"},
        {38, "\x01", 1, false, "the first zero"},
        {39, "\x80", 1, false, "the second zero"},
        {40, "\x00", 1, false, "a 0 in the name"},
        {43, "\x00", 1, false, "a 0 at its end"},
        {40, "\x01", 1, false, "a setting's name"},
        {41, "\x01", 1, true, "any other place may have that"},
        {40, " ", 1, true, "a blank"},
        {43, "\n", 1, true, "a line end"},
        {40, "\xff\x7f", 2, true, "any other byte"},
        {56, "\x01", 1, false, "an EXPTIME of 2^32"},
        {55, "\xff", 1, true, "one below that"},
        {44, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, true, "the largest version"},
    };
    struct command cas = cas_command();
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        ck_assert_msg(decode_changed(&cas, rules[i].at, rules[i].bytes, rules[i].size) == rules[i].good, "%s",
                      rules[i].why);
}
END_TEST

/* A delete of "lock" has its guard at 44, its version behind that. */
START_TEST(a_version_that_does_not_count_is_zero)
{
    const struct command delete = {.kind = COMMAND_DELETE, .name = (const uint8_t *)"lock", .name_size = 4};
    ck_assert(decode_changed(&delete, 44, "\x00\x00", 2));
    ck_assert(decode_changed(&delete, 44, "\x01\x00", 2));
    ck_assert(decode_changed(&delete, 44, "\x01\x09", 2));
    ck_assert(!decode_changed(&delete, 44, "\x00\x09", 2));
    ck_assert(!decode_changed(&delete, 44, "\x02\x09", 2));
    ck_assert(!decode_changed(&delete, 44, "\xff\x00", 2));
}
END_TEST

/* A write of "lock" with 5 bytes of contents ends in its token: the extra's type at 57, its size behind that. */
START_TEST(each_rule_of_an_extra)
{
    struct command write = {.kind = COMMAND_WRITE, .name = (const uint8_t *)"lock", .name_size = 4,
                            .value = (const uint8_t *)"alice", .value_size = 5,
                            .token = (const uint8_t *)"0123456789abcdef"}, decoded;
    ck_assert(decode_changed(&write, 57, "\x01\x10\0\0\0", 5));
    ck_assert(decode_changed(&write, 62, "\0\0\0", 3));
    for (unsigned type = 0; type < 256; type++) {
        uint8_t byte = (uint8_t)type;
        ck_assert_msg(decode_changed(&write, 57, &byte, 1) == (type == COMMAND_EXTRA_TOKEN), "type %u", type);
    }
    ck_assert(!decode_changed(&write, 58, "\x0f", 1));
    ck_assert(!decode_changed(&write, 58, "\x11", 1));
    ck_assert(!decode_changed(&write, 61, "\x01", 1));
    ck_assert(!decode_changed(&write, 32, "\x14", 1)); /* it begins in the middle of the extra */
    ck_assert(!decode_changed(&write, 32, "\x16", 1)); /* ... or in the contents */
    ck_assert(decode_changed(&write, 32, "\x00", 1));  /* all of it is contents */
    struct blob *blob = command_encode(&write);
    uint8_t twice[COMMAND_HEADER_SIZE + 4 + 8 + 5 + 2 * 21];
    memcpy(twice, blob->bytes, blob->size);
    memcpy(twice + blob->size, twice + blob->size - 21, 21);
    ck_assert(decode(twice, blob->size, &decoded));
    twice[32] = 2 * 21;
    ck_assert(!decode(twice, sizeof twice, &decoded)); /* each at most once */
    blob_release(blob);
}
END_TEST

/* A setting's name and a file's are never each other's. */
START_TEST(settings_have_names_of_their_own)
{
    const uint8_t *setting = (const uint8_t *)"\x01quota/x", *file = (const uint8_t *)"quota/x";
    struct command set = {.kind = COMMAND_SET, .name = setting, .name_size = 8, .value = file, .value_size = 7};
    ck_assert(command_sound(&set));
    set.value_size = COMMAND_SETTING_MAX;
    ck_assert(command_sound(&set));
    set.value_size++;
    ck_assert(!command_sound(&set));
    struct command copy = {.kind = COMMAND_COPY, .name = file, .name_size = 7, .source = setting, .source_size = 8};
    ck_assert(!command_sound(&copy));
    copy.source++;
    copy.source_size = 4;
    ck_assert(command_sound(&copy));
    for (unsigned kind = 1; kind < COMMAND_NUMBERS; kind++) {
        if (!command_known(kind))
            continue;
        struct command named = {.kind = (enum command_kind)kind, .level = 1};
        if (command_row(named.kind)->contents == COMMAND_CONTENTS_SOURCE) {
            named.source = (const uint8_t *)"s";
            named.source_size = 1;
        }
        named.name_size = 7;
        named.name = file;
        bool takes_file = command_sound(&named);
        named.name = setting;
        bool takes_setting = command_sound(&named);
        bool is_setting = kind == COMMAND_SET || kind == COMMAND_UNSET;
        ck_assert_msg(takes_setting == is_setting && !(takes_file && is_setting), "kind %u", kind);
    }
}
END_TEST

START_TEST(a_name_has_1088_bytes_at_most)
{
    uint8_t bytes[COMMAND_HEADER_SIZE + COMMAND_NAME_MAX + 1 + 9] = {COMMAND_FORMAT, COMMAND_DELETE};
    struct command decoded;
    memset(bytes + COMMAND_HEADER_SIZE, 'n', COMMAND_NAME_MAX + 1);
    bytes_put_u16(bytes + 36, LEVEL_BASE);
    bytes_put_u16(bytes + 2, COMMAND_NAME_MAX + 1);
    ck_assert(!decode(bytes, sizeof bytes, &decoded));
    memset(bytes + COMMAND_HEADER_SIZE + COMMAND_NAME_MAX, 0, 10);
    bytes_put_u16(bytes + 2, COMMAND_NAME_MAX);
    ck_assert(decode(bytes, sizeof bytes - 1, &decoded));
    ck_assert_uint_eq(decoded.name_size, COMMAND_NAME_MAX);
    ck_assert(decoded.name[COMMAND_NAME_MAX - 1] == 'n');
}
END_TEST

/* What a program that knows less says it needs. */
START_TEST(the_level_can_be_told_of_what_is_not_understood)
{
    struct command raise = {.kind = COMMAND_RAISE, .level = LEVEL_KNOWN}, decoded;
    struct blob *blob = command_encode(&raise);
    ck_assert(decode(blob->bytes, blob->size, &decoded));
    ck_assert_uint_eq(decoded.level, LEVEL_KNOWN);
    ck_assert_uint_eq(command_level(blob->bytes, blob->size), LEVEL_KNOWN);
    bytes_put_u16(blob->bytes + COMMAND_HEADER_SIZE, 0);
    ck_assert(!decode(blob->bytes, blob->size, &decoded));
    bytes_put_u16(blob->bytes + COMMAND_HEADER_SIZE, LEVEL_KNOWN + 1);
    ck_assert(!decode(blob->bytes, blob->size, &decoded));
    bytes_put_u16(blob->bytes + 36, 777);
    blob->bytes[1] = 60;
    ck_assert(!decode(blob->bytes, blob->size, &decoded));
    ck_assert_uint_eq(command_level(blob->bytes, blob->size), 777);
    ck_assert_uint_eq(command_level(blob->bytes, COMMAND_HEADER_SIZE - 1), 0);
    blob->bytes[0] = COMMAND_FORMAT + 1;
    ck_assert_uint_eq(command_level(blob->bytes, blob->size), 0);
    blob_release(blob);
    raise.level = LEVEL_KNOWN + 1;
    ck_assert(!command_sound(&raise));
}
END_TEST

/* The numbers and names that the registry keeps: a row that moves breaks every log. */
START_TEST(numbers_are_for_ever)
{
    static const struct {
        unsigned number;
        const char *text;
        enum command_class class;
    } rows[] = {
        {1, "tick", COMMAND_CLASS_INTERNAL},     {2, "open", COMMAND_CLASS_INTERNAL},
        {3, "skip", COMMAND_CLASS_INTERNAL},     {4, "write", COMMAND_CLASS_CHANGE},
        {5, "cas", COMMAND_CLASS_CHANGE},        {6, "delete", COMMAND_CLASS_CHANGE},
        {7, "touch", COMMAND_CLASS_CHANGE},      {8, "append", COMMAND_CLASS_CHANGE},
        {9, "incr", COMMAND_CLASS_CHANGE},       {10, "copy", COMMAND_CLASS_CHANGE},
        {11, "move", COMMAND_CLASS_CHANGE},      {12, "txn", COMMAND_CLASS_TRANSACTION},
        {13, "if_version", COMMAND_CLASS_CONDITION}, {14, "if_present", COMMAND_CLASS_CONDITION},
        {24, "raise", COMMAND_CLASS_CLUSTER},    {32, "set", COMMAND_CLASS_SETTING},
        {33, "unset", COMMAND_CLASS_SETTING},     {15, "swap", COMMAND_CLASS_CHANGE},
    };
    unsigned known = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert(command_known(rows[i].number));
        ck_assert_str_eq(command_row((enum command_kind)rows[i].number)->text, rows[i].text);
        ck_assert_int_eq(command_row((enum command_kind)rows[i].number)->class, rows[i].class);
        bool numbered = rows[i].number == COMMAND_SKIP || rows[i].class == COMMAND_CLASS_CHANGE ||
                        rows[i].class == COMMAND_CLASS_SETTING || rows[i].class == COMMAND_CLASS_TRANSACTION ||
                        rows[i].class == COMMAND_CLASS_CLUSTER;
        ck_assert_int_eq(command_numbered((enum command_kind)rows[i].number), numbered);
        ck_assert_int_eq(command_changes((enum command_kind)rows[i].number), rows[i].class == COMMAND_CLASS_CHANGE);
    }
    for (unsigned number = 0; number < 300; number++)
        known += command_known(number);
    ck_assert_uint_eq(known, sizeof rows / sizeof *rows);
}
END_TEST

/* What decodes encodes to the same bytes: there is one form of each command only. */
START_TEST(random_bytes_decode_to_themselves_or_not_at_all)
{
    struct random random = {.state = 71};
    uint8_t bytes[COMMAND_HEADER_SIZE + COMMAND_BODY_MAX + COMMAND_EXTRAS_MAX + 8];
    int decoded_count = 0;
    for (int i = 0; i < 200000; i++) {
        size_t size = random_between(&random, i % 10 ? COMMAND_HEADER_SIZE : 0, sizeof bytes);
        for (size_t j = 0; j < sizeof bytes; j++)
            bytes[j] = random_u64(&random) % 2 ? (uint8_t)random_u64(&random) : (uint8_t)(random_u64(&random) % 2);
        bytes[0] = random_u64(&random) % 16 ? COMMAND_FORMAT : bytes[0];
        bytes[1] = (uint8_t)random_between(&random, 1, random_u64(&random) % 4 ? 11 : 40);
        bytes_put_u16(bytes + 2, (uint16_t)random_between(&random, 0, 6));
        bytes[40] |= 2;
        bytes_put_u32(bytes + 32, random_u64(&random) % 4 ? 0 : 21);
        bytes_put_u32(bytes + 36, random_u64(&random) % 16 ? LEVEL_BASE : 0x10001);
        if (size >= COMMAND_HEADER_SIZE + 21 && bytes[32] == 21)
            memcpy(bytes + size - 21, "\x01\x10\0\0\0", 5);
        struct command command;
        if (!decode(bytes, size, &command))
            continue;
        struct blob *blob = command_encode(&command);
        ensure(blob->size == size && memcmp(blob->bytes, bytes, size) == 0);
        blob_release(blob);
        decoded_count++;
    }
    ck_assert_int_gt(decoded_count, 100);
}
END_TEST

/* Bytes of what has a guard, a source and a token: on disk for ever, like the first ones. */
START_TEST(a_guard_and_a_token_byte_by_byte)
{
    static const char expected[] =
        "\x02\x0b\x03\x00" "\x01\0\0\0" "\x02\0\0\0\0\0\0\0" "\x03\0\0\0\0\0\0\0" "\x04\0\0\0\0\0\0\0"
        "\x15\0\0\0" "\x01\0" "\0\0" "dst" "\x01" "\x05\0\0\0\0\0\0\0" "source" "\x01" "\x10\0\0\0"
        "0123456789abcdef";
    struct command move = {
        .kind = COMMAND_MOVE, .gateway = 1, .epoch = 2, .number = 3, .lowest = 4, .version = 5, .guarded = true,
        .name = (const uint8_t *)"dst", .name_size = 3, .source = (const uint8_t *)"source", .source_size = 6,
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
    blob_release(blob);
}
END_TEST

/* Likewise of each kind that has other fields. */
START_TEST(every_body_byte_by_byte)
{
    static const struct {
        struct command command;
        const char *rest; /* behind the header */
        size_t size;
    } bodies[] = {
        {{.kind = COMMAND_TICK}, "", 0},
        {{.kind = COMMAND_WRITE, .name = (const uint8_t *)"f", .name_size = 1, .exptime_s = 9},
         "f\x09\0\0\0\0\0\0\0", 9},
        {{.kind = COMMAND_TOUCH, .name = (const uint8_t *)"f", .name_size = 1, .exptime_s = 9, .guarded = true,
          .version = 8}, "f\x01\x08\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0", 18},
        {{.kind = COMMAND_INCR, .name = (const uint8_t *)"f", .name_size = 1, .exptime_s = 9, .delta = -2},
         "f\xfe\xff\xff\xff\xff\xff\xff\xff\x09\0\0\0\0\0\0\0", 17},
        {{.kind = COMMAND_RAISE, .level = 1}, "\x01\0", 2},
        {{.kind = COMMAND_SET, .name = (const uint8_t *)"\x01s", .name_size = 2, .value = (const uint8_t *)"v",
          .value_size = 1}, "\x01sv", 3},
        {{.kind = COMMAND_UNSET, .name = (const uint8_t *)"\x01s", .name_size = 2}, "\x01s", 2},
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct blob *blob = command_encode(&bodies[i].command);
        struct command decoded;
        ck_assert_uint_eq(blob->size, COMMAND_HEADER_SIZE + bodies[i].size);
        ck_assert_int_eq(memcmp(blob->bytes + COMMAND_HEADER_SIZE, bodies[i].rest, bodies[i].size), 0);
        ck_assert(decode(blob->bytes, blob->size, &decoded));
        same(&bodies[i].command, &decoded);
        blob_release(blob);
    }
}
END_TEST

/* What is no gateway's says nothing of one: fields that mean nothing are zero. */
START_TEST(only_a_gateways_commands_have_an_origin)
{
    const struct command tick = {.kind = COMMAND_TICK}, raise = {.kind = COMMAND_RAISE, .level = LEVEL_KNOWN};
    const struct command open = {.kind = COMMAND_OPEN, .gateway = 3, .epoch = 77};
    const struct command skip = {.kind = COMMAND_SKIP, .gateway = 3, .epoch = 7, .number = 1, .lowest = 1};
    for (size_t at = 4; at < 32; at++) {
        ck_assert_msg(!decode_changed(&tick, at, "\x05", 1), "a tick's byte %zu", at);
        ck_assert_msg(decode_changed(&raise, at, "\x05", 1), "a raise's byte %zu", at); /* it has a number */
        ck_assert_msg(decode_changed(&open, at, "\x05", 1) == (at < 16), "an open's byte %zu", at);
        ck_assert_msg(decode_changed(&skip, at, "\x05", 1), "a skip's byte %zu", at);
    }
    ck_assert(!decode_changed(&open, 4, "\0", 1));
}
END_TEST

/* A node finds its own next command among what is applied. */
START_TEST(a_number_is_of_a_gateway_and_an_epoch)
{
    struct command cas = cas_command();
    struct blob *blob = command_encode(&cas);
    command_number(blob, 4, 11, 12, 9);
    ck_assert(command_is(blob->bytes, blob->size, 4, 11, 12));
    ck_assert(command_is(blob->bytes, COMMAND_HEADER_SIZE, 4, 11, 12)); /* the rest is not looked at */
    ck_assert(!command_is(blob->bytes, COMMAND_HEADER_SIZE - 1, 4, 11, 12));
    ck_assert(!command_is(blob->bytes, blob->size, 5, 11, 12));
    ck_assert(!command_is(blob->bytes, blob->size, 4, 12, 12));
    ck_assert(!command_is(blob->bytes, blob->size, 4, 11, 13));
    ck_assert(!command_is(blob->bytes, blob->size, 4, 11, 9));
    ck_assert_int_eq(command_kind_in(blob), COMMAND_CAS);
    blob->bytes[0]++;
    ck_assert(!command_is(blob->bytes, blob->size, 4, 11, 12)); /* another format */
    blob_release(blob);
}
END_TEST

START_TEST(what_a_kind_may_have)
{
    static const struct {
        enum command_kind kind;
        bool name, value, guard, token, condition;
    } kinds[] = {
        {COMMAND_TICK, false, false, false, false, false}, {COMMAND_SKIP, false, false, false, false, false},
        {COMMAND_WRITE, true, true, false, true, false},   {COMMAND_DELETE, true, false, true, true, false},
        {COMMAND_TOUCH, true, false, true, true, false},   {COMMAND_APPEND, true, true, false, true, false},
        {COMMAND_INCR, true, false, false, true, false},   {COMMAND_COPY, true, true, true, true, false},
        {COMMAND_MOVE, true, true, true, true, false},     {COMMAND_IF_VERSION, true, false, false, false, true},
        {COMMAND_OPEN, false, false, false, false, false},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        for (unsigned has = 0; has < 16; has++) {
            bool name = has & 1, value = has & 2, guarded = has & 4, token = has & 8;
            size_t body = command_row(kinds[i].kind)->body_size, name_size = name ? 4 : 0, token_size = token ? 21 : 0;
            uint8_t bytes[COMMAND_HEADER_SIZE + 4 + COMMAND_BODY_MAX + 5 + 21] = {COMMAND_FORMAT,
                                                                                   (uint8_t)kinds[i].kind};
            uint8_t *at = bytes + COMMAND_HEADER_SIZE;
            bytes[2] = (uint8_t)name_size;
            bytes[32] = (uint8_t)token_size;
            bytes[36] = LEVEL_BASE;
            bytes[4] = kinds[i].kind == COMMAND_OPEN; /* it is a gateway's */
            memcpy(at, "name", name_size);
            at += name_size;
            if (kinds[i].guard)
                at[0] = guarded;
            at += body;
            memcpy(at, "value", value ? 5 : 0);
            at += value ? 5 : 0;
            memcpy(at, "\x01\x10\0\0\0" "0123456789abcdef", token_size);
            at += token_size;
            bool source = kinds[i].kind == COMMAND_COPY || kinds[i].kind == COMMAND_MOVE;
            bool good = name == kinds[i].name && (kinds[i].value || !value) && (!source || value) &&
                        (kinds[i].token || !token) && !kinds[i].condition;
            struct command decoded;
            ck_assert_msg(decode(bytes, (size_t)(at - bytes), &decoded) == good, "kind %d has %u", kinds[i].kind, has);
            ck_assert(decoded.guarded == (good && guarded && kinds[i].guard));
        }
    }
}
END_TEST

START_TEST(a_source_is_another_file)
{
    struct command copy = {.kind = COMMAND_COPY, .name = (const uint8_t *)"aa", .name_size = 2,
                           .source = (const uint8_t *)"ab", .source_size = 2};
    ck_assert(command_sound(&copy));
    copy.source = copy.name;
    ck_assert(!command_sound(&copy));
    copy.source_size = 1;
    ck_assert(command_sound(&copy));
    copy.source_size = 0;
    ck_assert(!command_sound(&copy));
    copy.source = (const uint8_t *)"a\0b";
    copy.source_size = 3;
    ck_assert(!command_sound(&copy));
    copy.source = NULL;
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
    blob->bytes[blob->size - COMMAND_EXTRAS_MAX - 17 - 1] = 'a'; /* the last part's name: now in two changes */
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
    tcase_add_test(tests, each_rule_of_the_bytes);
    tcase_add_test(tests, a_version_that_does_not_count_is_zero);
    tcase_add_test(tests, each_rule_of_an_extra);
    tcase_add_test(tests, settings_have_names_of_their_own);
    tcase_add_test(tests, a_name_has_1088_bytes_at_most);
    tcase_add_test(tests, the_level_can_be_told_of_what_is_not_understood);
    tcase_add_test(tests, numbers_are_for_ever);
    tcase_add_test(tests, every_body_byte_by_byte);
    tcase_add_test(tests, random_bytes_decode_to_themselves_or_not_at_all);
    tcase_add_test(tests, a_guard_and_a_token_byte_by_byte);
    tcase_add_test(tests, only_a_gateways_commands_have_an_origin);
    tcase_add_test(tests, a_number_is_of_a_gateway_and_an_epoch);
    tcase_add_test(tests, what_a_kind_may_have);
    tcase_add_test(tests, a_source_is_another_file);
    tcase_add_test(tests, a_transaction_is_looked_at_to_its_last_part);
    tcase_add_test(tests, a_token_is_its_hash);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
