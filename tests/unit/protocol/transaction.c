#include "protocol/transaction.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/random.h"
#include "protocol/request.h"
#include "support/check.h"
#include "support/guard.h"

static struct buffer parts;
static struct guard guard;

static void setup(void)
{
    guard_open(&guard);
    parts = (struct buffer){0};
}

static void teardown(void)
{
    buffer_close(&parts);
    guard_close(&guard);
}

static struct command part(enum command_kind kind, const char *name, const char *value)
{
    struct command part = {.kind = kind, .name = (const uint8_t *)name, .name_size = strlen(name)};
    const uint8_t *contents = (const uint8_t *)value;
    size_t size = value ? strlen(value) : 0;
    if (kind == COMMAND_COPY || kind == COMMAND_MOVE) {
        part.source = contents;
        part.source_size = size;
    } else {
        part.value = contents;
        part.value_size = size;
    }
    return part;
}

static void add(enum command_kind kind, const char *name, const char *value)
{
    struct command added = part(kind, name, value);
    ck_assert(transaction_append(&parts, &added));
}

static bool valid(void)
{
    size_t size = buffer_size(&parts);
    if (size > 4096)
        return transaction_valid(buffer_start(&parts), size);
    return transaction_valid(guard_copy(&guard, buffer_start(&parts), size), size);
}

START_TEST(parts_come_back_as_they_were)
{
    struct command guarded = part(COMMAND_MOVE, "target", "source");
    guarded.guarded = true;
    guarded.version = UINT64_MAX;
    struct command write = part(COMMAND_WRITE, "w", "contents\r\n");
    write.exptime_s = UINT32_MAX;
    add(COMMAND_IF_PRESENT, "w", NULL);
    ck_assert(transaction_append(&parts, &guarded) && transaction_append(&parts, &write));
    const uint8_t *at = buffer_start(&parts), *end = at + buffer_size(&parts);
    struct command got;
    ck_assert(transaction_next(&at, end, &got));
    ck_assert_int_eq(got.kind, COMMAND_IF_PRESENT);
    ck_assert(!got.guarded && got.value_size == 0);
    ck_assert(transaction_next(&at, end, &got));
    ck_assert(got.kind == COMMAND_MOVE && got.guarded && got.version == UINT64_MAX);
    ck_assert_uint_eq(got.source_size, 6);
    ck_assert_mem_eq(got.source, "source", 6);
    ck_assert(transaction_next(&at, end, &got));
    ck_assert(got.kind == COMMAND_WRITE && got.exptime_s == UINT32_MAX && got.value_size == 10);
    ck_assert_ptr_eq(at, end);
    ck_assert(!transaction_next(&at, end, &got));
    ck_assert(valid());
}
END_TEST

START_TEST(the_format_byte_by_byte)
{
    static const char expected[] = "\x06\x00\x01\x00" "\x00\x00\x00\x00" "\0\0\0\0" "d" "\x01" "\x07\0\0\0\0\0\0\0"
                                   "\x04\x00\x01\x00" "\x02\x00\x00\x00" "\0\0\0\0" "w" "\x1e\0\0\0\0\0\0\0" "hi";
    struct command delete = part(COMMAND_DELETE, "d", NULL), write = part(COMMAND_WRITE, "w", "hi");
    delete.guarded = true;
    delete.version = 7;
    write.exptime_s = 30;
    ck_assert(transaction_append(&parts, &delete) && transaction_append(&parts, &write));
    ck_assert_uint_eq(buffer_size(&parts), sizeof expected - 1);
    ck_assert_mem_eq(buffer_start(&parts), expected, sizeof expected - 1);
}
END_TEST

START_TEST(room_may_be_filled_in_later)
{
    struct command write = part(COMMAND_WRITE, "w", NULL);
    write.value_size = 3;
    ck_assert(transaction_append(&parts, &write));
    memcpy(buffer_start(&parts) + buffer_size(&parts) - 3, "abc", 3);
    const uint8_t *at = buffer_start(&parts);
    struct command got;
    ck_assert(transaction_next(&at, at + buffer_size(&parts), &got));
    ck_assert_mem_eq(got.value, "abc", 3);
}
END_TEST

START_TEST(conditions_alone_change_nothing)
{
    struct command write = part(COMMAND_WRITE, "a", NULL);
    ck_assert(!transaction_valid(NULL, 0));
    ck_assert(!transaction_touches(NULL, 0, &write));
    add(COMMAND_IF_VERSION, "a", NULL);
    add(COMMAND_IF_PRESENT, "b", NULL);
    ck_assert(!valid());
    add(COMMAND_INCR, "a", NULL); /* a condition may be about what is changed, and twice about one file */
    add(COMMAND_IF_PRESENT, "a", NULL);
    ck_assert(valid());
}
END_TEST

START_TEST(a_file_is_in_one_change_only)
{
    static const struct {
        enum command_kind kind;
        const char *name, *source;
        bool touches;
    } second[] = {
        {COMMAND_WRITE, "to", "x", true},      {COMMAND_DELETE, "from", NULL, true}, {COMMAND_COPY, "x", "from", true},
        {COMMAND_COPY, "x", "to", true},       {COMMAND_MOVE, "from", "x", true},
        {COMMAND_TOUCH, "other", NULL, false},
        {COMMAND_COPY, "x", "y", false},       {COMMAND_APPEND, "tofrom", "to", false},
    };
    for (size_t i = 0; i < sizeof second / sizeof *second; i++) {
        buffer_clear(&parts, SIZE_MAX);
        add(COMMAND_IF_PRESENT, "x", NULL);
        add(COMMAND_MOVE, "to", "from");
        struct command change = part(second[i].kind, second[i].name, second[i].source);
        ck_assert(transaction_touches(buffer_start(&parts), buffer_size(&parts), &change) == second[i].touches);
        ck_assert(transaction_append(&parts, &change));
        ck_assert(valid() == !second[i].touches);
    }
}
END_TEST

START_TEST(what_cannot_be_part_of_it)
{
    for (unsigned kind = 0; kind < 256; kind++) {
        for (int named = 0; named < 3; named++) {
            static const char *const names[] = {"", "b", "\x01setting"};
            bool may = named == 1 && (command_changes((enum command_kind)kind) || kind == COMMAND_IF_VERSION ||
                                      kind == COMMAND_IF_PRESENT);
            struct command other = part(COMMAND_WRITE, names[named], "source"); /* its fields are of the right size */
            if (command_known(kind)) {
                other = part((enum command_kind)kind, names[named], NULL);
                if (command_row(other.kind)->contents == COMMAND_CONTENTS_SOURCE)
                    other = part(other.kind, names[named], "source");
            }
            buffer_clear(&parts, SIZE_MAX);
            add(COMMAND_TOUCH, "a", NULL);
            size_t at = buffer_size(&parts);
            ck_assert(transaction_append(&parts, &other));
            buffer_start(&parts)[at] = (uint8_t)kind;
            ck_assert_msg(valid() == may, "kind %u named %d", kind, named);
        }
    }
}
END_TEST

/* Each rule about a part's bytes, broken alone. */
START_TEST(every_rule_of_its_header)
{
    static const struct {
        size_t at;
        uint8_t byte;
    } bad[] = {
        {1, 1},            /* the zero */
        {2, 0},  {3, 1},   /* the name's size: none; beyond the end */
        {3, 255}, {4, 3},  {4, 1}, {7, 255}, /* the contents' */
        {8, 1},  {11, 255}, /* no part has extras */
        {12, 0}, {12, 1},  /* no name begins so */
        {17, 1},           /* an EXPTIME of 2^32 */
    };
    add(COMMAND_WRITE, "a", "xy");
    ck_assert(valid());
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t *byte = buffer_start(&parts) + bad[i].at, right = *byte;
        *byte = bad[i].byte;
        ck_assert_msg(!valid(), "%u at %zu", bad[i].byte, bad[i].at);
        *byte = right;
    }
    buffer_clear(&parts, SIZE_MAX);
    add(COMMAND_DELETE, "a", NULL);
    uint8_t *fields = buffer_start(&parts) + TRANSACTION_PART_HEADER + 1;
    fields[1] = 1; /* a version that does not count */
    ck_assert(!valid());
    fields[0] = 1;
    ck_assert(valid());
    fields[0] = 2;
    ck_assert(!valid());
}
END_TEST

START_TEST(it_has_128_parts_at_most)
{
    for (int i = 1; i <= TRANSACTION_PARTS_MAX + 1; i++) {
        char name[8];
        snprintf(name, sizeof name, "f%d", i);
        add(i % 2 ? COMMAND_WRITE : COMMAND_IF_VERSION, name, NULL);
        ck_assert(valid() == (i <= TRANSACTION_PARTS_MAX));
    }
}
END_TEST

/* As many names as there can be, and each as long as one can be: no two are the same until the last one is. */
START_TEST(all_names_are_told_apart)
{
    for (int last = 127; last >= 126; last--) {
        buffer_clear(&parts, 0);
        for (int i = 0; i < 128; i++) {
            char target[COMMAND_NAME_MAX + 1], source[COMMAND_NAME_MAX + 1];
            snprintf(target, sizeof target, "%01088d", 2 * i);
            snprintf(source, sizeof source, "%01088d", 2 * (i < 127 ? i : last) + 1);
            add(COMMAND_COPY, target, source);
        }
        ck_assert(valid() == (last == 127));
    }
}
END_TEST

START_TEST(every_truncation_but_those_between_parts)
{
    add(COMMAND_WRITE, "a", "xyz");
    size_t first = buffer_size(&parts);
    add(COMMAND_COPY, "b", "c");
    for (size_t size = 0; size < buffer_size(&parts); size++)
        ck_assert(transaction_valid(guard_copy(&guard, buffer_start(&parts), size), size) == (size == first));
}
END_TEST

#define KIND(name, ...) COMMAND_##name,
static enum command_kind random_kind(struct random *random)
{
    static const enum command_kind kinds[] = {COMMAND_KINDS(KIND)};
    return kinds[random_between(random, 0, sizeof kinds / sizeof *kinds - 1)];
}

/* Whatever the bytes say: nothing behind them is looked at, and what is valid is so part by part. */
START_TEST(random_bytes_do_no_harm)
{
    struct random random = {.state = 9};
    size_t good = 0;
    for (int i = 0; i < 100000; i++) {
        buffer_clear(&parts, SIZE_MAX);
        struct command a = part(random_kind(&random), "name", "va"), b = part(random_kind(&random), "other", "va");
        b.name_size = random_between(&random, 0, 5);
        b.value_size = b.source ? 0 : random_between(&random, 0, 2);
        ensure(transaction_append(&parts, &a) && transaction_append(&parts, &b));
        size_t size = buffer_size(&parts);
        if (random_u64(&random) % 2)
            buffer_start(&parts)[random_u64(&random) % size] = (uint8_t)random_u64(&random);
        if (!valid())
            continue;
        good++;
        const uint8_t *at = buffer_start(&parts), *end = at + size;
        struct command got;
        while (at < end)
            ensure(transaction_next(&at, end, &got) && command_sound(&got));
    }
    ck_assert_uint_gt(good, 100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transaction");
    TCase *tests = tcase_create("transaction");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, parts_come_back_as_they_were);
    tcase_add_test(tests, the_format_byte_by_byte);
    tcase_add_test(tests, room_may_be_filled_in_later);
    tcase_add_test(tests, conditions_alone_change_nothing);
    tcase_add_test(tests, a_file_is_in_one_change_only);
    tcase_add_test(tests, what_cannot_be_part_of_it);
    tcase_add_test(tests, every_rule_of_its_header);
    tcase_add_test(tests, it_has_128_parts_at_most);
    tcase_add_test(tests, all_names_are_told_apart);
    tcase_add_test(tests, every_truncation_but_those_between_parts);
    tcase_add_test(tests, random_bytes_do_no_harm);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
