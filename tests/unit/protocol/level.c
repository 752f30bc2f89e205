/* The level that a command carries, in a program that knows kinds of a later level: the rows of kind.c but for that.
 * Nothing of kind.c is linked then. */
#include <string.h>

#include "base/bytes.h"
#include "protocol/command.h"
#include "protocol/transaction.h"
#include "support/check.h"

enum { LATER = LEVEL_BASE + 1, LATEST = LEVEL_BASE + 2, LEVEL_AT = 36 };

#define LEVEL_OF(number, level) ((number) == 9 ? LATER : (number) == 14 ? LATEST : (level)) /* INCR, IF_PRESENT */
#define ROW(name, number, text, level, class, body, names, contents, extras)                                           \
    [number] = {text,                                                                                                  \
                LEVEL_OF(number, level),                                                                               \
                COMMAND_CLASS_##class,                                                                                 \
                body,                                                                                                  \
                COMMAND_BODY_SIZE(body),                                                                               \
                COMMAND_NAMES_##names,                                                                                 \
                COMMAND_CONTENTS_##contents,                                                                           \
                extras},
const struct command_row command_rows[COMMAND_NUMBERS] = {COMMAND_KINDS(ROW)};

static struct buffer parts;

static void add(enum command_kind kind, const char *name)
{
    const struct command part = {.kind = kind, .name = (const uint8_t *)name, .name_size = strlen(name)};
    ck_assert(transaction_append(&parts, &part));
}

/* The level of a transaction of what was added, which is refused with any other. */
static unsigned level_of_parts(void)
{
    const struct command txn = {
        .kind = COMMAND_TXN, .number = 1, .value = buffer_start(&parts), .value_size = buffer_size(&parts)};
    struct command decoded;
    struct blob *blob = command_encode(&txn);
    uint16_t level = bytes_u16(blob->bytes + LEVEL_AT);
    for (uint16_t other = 0; other <= LATEST + 1; other++) {
        bytes_put_u16(blob->bytes + LEVEL_AT, other);
        ck_assert(command_decode(blob->bytes, blob->size, &decoded) == (other == level));
    }
    blob_release(blob);
    buffer_close(&parts);
    return level;
}

START_TEST(a_command_has_the_level_of_its_kind)
{
    struct command incr = {.kind = COMMAND_INCR, .name = (const uint8_t *)"n", .name_size = 1, .number = 1};
    struct blob *blob = command_encode(&incr);
    ck_assert_uint_eq(command_level(blob->bytes, blob->size), LATER);
    blob_release(blob);
}
END_TEST

/* It once had that of TXN alone: who did not know a part could not name what it needs. */
START_TEST(a_transaction_has_the_level_of_the_part_that_needs_the_highest)
{
    add(COMMAND_WRITE, "a");
    add(COMMAND_DELETE, "b");
    ck_assert_uint_eq(level_of_parts(), LEVEL_BASE);
    add(COMMAND_WRITE, "a");
    add(COMMAND_INCR, "b");
    add(COMMAND_WRITE, "c");
    ck_assert_uint_eq(level_of_parts(), LATER);
    add(COMMAND_IF_PRESENT, "a");
    add(COMMAND_INCR, "b");
    ck_assert_uint_eq(level_of_parts(), LATEST);
    add(COMMAND_INCR, "b");
    add(COMMAND_IF_PRESENT, "a");
    ck_assert_uint_eq(level_of_parts(), LATEST);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("level");
    TCase *tests = tcase_create("level");
    tcase_add_test(tests, a_command_has_the_level_of_its_kind);
    tcase_add_test(tests, a_transaction_has_the_level_of_the_part_that_needs_the_highest);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
