/* The gateway's window: numbers given once, sent in order, taken back to wherever a leader stands. */
#include "node/gateway/gateway.h"

#include "protocol/command.h"
#include "support/check.h"

static struct blob *new_command(void)
{
    const struct command command = {
        .kind = COMMAND_WRITE,
        .name = (const uint8_t *)"file",
        .name_size = 4,
        .value = (const uint8_t *)"value",
        .value_size = 5,
    };
    struct blob *blob = command_encode(&command);
    ck_assert_ptr_nonnull(blob);
    return blob;
}

static struct gateway opened(uint64_t window)
{
    struct gateway gateway;
    gateway_init(&gateway, 3, 77, window, 1 << 20);
    gateway_opened(&gateway, 1000);
    return gateway;
}

START_TEST(numbers_begin_at_one_and_carry_the_epoch)
{
    struct gateway gateway = opened(4);
    ck_assert_uint_eq(gateway_add(&gateway, new_command(), NULL, 0), 1);
    ck_assert_uint_eq(gateway_add(&gateway, new_command(), NULL, 0), 2);
    struct command command;
    struct blob *blob = gateway_slot(&gateway, 2)->command;
    ck_assert(command_decode(blob->bytes, blob->size, &command));
    ck_assert_uint_eq(command.gateway, 3);
    ck_assert_uint_eq(command.epoch, 1000);
    ck_assert_uint_eq(command.number, 2);
    ck_assert_uint_eq(command.lowest, 1);
    gateway_close(&gateway);
}
END_TEST

START_TEST(lowest_follows_what_was_answered)
{
    struct gateway gateway = opened(4);
    gateway_add(&gateway, new_command(), NULL, 0);
    gateway_add(&gateway, new_command(), NULL, 0);
    gateway_applied(&gateway, 0, 100);
    uint64_t number = gateway_add(&gateway, new_command(), NULL, 0);
    struct command command;
    struct blob *blob = gateway_slot(&gateway, number)->command;
    ck_assert(command_decode(blob->bytes, blob->size, &command));
    ck_assert_uint_eq(number, 3);
    ck_assert_uint_eq(command.lowest, 2);
    gateway_close(&gateway);
}
END_TEST

START_TEST(window_is_bounded_in_commands_and_bytes)
{
    struct gateway gateway = opened(2);
    ck_assert(gateway_has_room(&gateway, 2 << 20)); /* an empty window takes any one command */
    gateway_add(&gateway, new_command(), NULL, 0);
    ck_assert(!gateway_has_room(&gateway, 1 << 20));
    ck_assert(gateway_has_room(&gateway, 1000));
    gateway_add(&gateway, new_command(), NULL, 0);
    ck_assert(!gateway_has_room(&gateway, 1));
    gateway_applied(&gateway, 0, 100);
    ck_assert(gateway_has_room(&gateway, 1));
    gateway_close(&gateway);
}
END_TEST

START_TEST(window_shrinks_to_half_of_its_content_when_commands_take_too_long)
{
    struct gateway gateway = opened(64);
    for (int i = 0; i < 40; i++)
        gateway_add(&gateway, new_command(), NULL, 1000);
    ck_assert_uint_eq(gateway.allowed, 1 << 20); /* far more than is ever in it: to halve that would change nothing */
    gateway_applied(&gateway, 1200, 100);
    uint64_t half = gateway.bytes / 2;
    ck_assert_uint_gt(half, 0);
    ck_assert_uint_eq(gateway.allowed, half);
    gateway_applied(&gateway, 1200, 100); /* it was numbered before the window shrank: no news */
    ck_assert_uint_eq(gateway.allowed, half);
    gateway_applied(&gateway, 1050, 100); /* in time */
    ck_assert_uint_gt(gateway.allowed, half);
    while (gateway.first < gateway.next)
        gateway_applied(&gateway, 3000, 100);
    for (int i = 0; i < 3; i++) {
        gateway_add(&gateway, new_command(), NULL, 4000);
        gateway_applied(&gateway, 5000, 100);
    }
    ck_assert_uint_eq(gateway.allowed, 0);
    ck_assert(gateway_has_room(&gateway, 1000)); /* one at a time */
    gateway_add(&gateway, new_command(), NULL, 6000);
    ck_assert(!gateway_has_room(&gateway, 1));
    gateway_applied(&gateway, 6050, 100);
    ck_assert_uint_gt(gateway.allowed, 0); /* in time: it grows again */
    gateway_close(&gateway);
}
END_TEST

START_TEST(window_shrinks_while_nothing_is_applied)
{
    struct gateway gateway = opened(64);
    for (int i = 0; i < 40; i++)
        gateway_add(&gateway, new_command(), NULL, 1000);
    gateway_waits(&gateway, 1100, 100);
    ck_assert_uint_eq(gateway.allowed, 1 << 20); /* not too long yet */
    gateway_waits(&gateway, 1101, 100);
    ck_assert_uint_eq(gateway.allowed, gateway.bytes / 2);
    ck_assert(!gateway_has_room(&gateway, 1));
    uint64_t half = gateway.allowed;
    gateway_waits(&gateway, 2000, 100); /* once per window */
    gateway_applied(&gateway, 2000, 100);
    ck_assert_uint_eq(gateway.allowed, half);
    gateway_close(&gateway);
}
END_TEST

START_TEST(credit_takes_sending_back_but_never_before_what_is_applied)
{
    struct gateway gateway = opened(8);
    for (int i = 0; i < 6; i++)
        gateway_add(&gateway, new_command(), NULL, 0);
    gateway.sent = 7;
    gateway_applied(&gateway, 0, 100);
    gateway_applied(&gateway, 0, 100);
    gateway_credit(&gateway, 9, 4);
    ck_assert_uint_eq(gateway.sent, 5);
    gateway_credit(&gateway, 9, 0); /* an old one: 1 and 2 are applied */
    ck_assert_uint_eq(gateway.sent, 3);
    gateway_credit(&gateway, 9, 100); /* a leader cannot have received what was never sent */
    ck_assert_uint_eq(gateway.sent, 7);
    ck_assert_uint_eq(gateway.credit_term, 9);
    gateway_close(&gateway);
}
END_TEST

START_TEST(skip_keeps_the_number_and_forgets_the_contents)
{
    struct gateway gateway = opened(4);
    uint64_t number = gateway_add(&gateway, new_command(), NULL, 0);
    uint64_t before = gateway.bytes;
    gateway_skip(&gateway, number);
    struct command command;
    struct blob *blob = gateway_slot(&gateway, number)->command;
    ck_assert(command_decode(blob->bytes, blob->size, &command));
    ck_assert_int_eq(command.kind, COMMAND_SKIP);
    ck_assert_uint_eq(command.number, number);
    ck_assert_uint_eq(command.epoch, 1000);
    ck_assert_uint_eq(gateway.bytes, before); /* what it stands for may still be on its way */
    gateway_applied(&gateway, 0, 100);
    ck_assert_uint_eq(gateway.bytes, 0);
    gateway_close(&gateway);
}
END_TEST

START_TEST(reopening_forgets_everything)
{
    struct gateway gateway = opened(4);
    gateway_add(&gateway, new_command(), NULL, 0);
    gateway_credit(&gateway, 5, 1);
    gateway_reopen(&gateway, 78);
    ck_assert_uint_eq(gateway.epoch, 0);
    ck_assert_uint_eq(gateway.next, 1);
    ck_assert_uint_eq(gateway.bytes, 0);
    ck_assert_uint_eq(gateway.credit_term, 0);
    ck_assert_uint_eq(gateway.nonce, 78);
    gateway_close(&gateway);
}
END_TEST

/* Those of the cluster, which a node may get to know late. */
START_TEST(limits_become_others)
{
    struct gateway gateway = opened(3);
    for (int i = 0; i < 3; i++) {
        ck_assert(gateway_has_room(&gateway, 1));
        gateway_add(&gateway, new_command(), (struct pending *)&gateway, 0);
    }
    ck_assert(!gateway_has_room(&gateway, 1));
    gateway_applied(&gateway, 0, 100);
    gateway_limit(&gateway, 20, 2 << 20);
    ck_assert_uint_eq(gateway.allowed, 2 << 20);
    for (int i = 2; i < 20; i++) {
        ck_assert(gateway_has_room(&gateway, 1));
        gateway_add(&gateway, new_command(), NULL, 0);
    }
    ck_assert(!gateway_has_room(&gateway, 1));
    gateway_limit(&gateway, 2, 1000);
    ck_assert_uint_eq(gateway.allowed, 1000);
    for (uint64_t number = 2; number <= 21; number++) {
        struct command command;
        struct blob *blob = gateway_slot(&gateway, number)->command;
        ck_assert(!gateway_has_room(&gateway, 1) || number == 21);
        ck_assert(command_decode(blob->bytes, blob->size, &command));
        ck_assert_uint_eq(command.number, number);
        ck_assert((gateway_applied(&gateway, 0, 100) != NULL) == (number <= 3));
    }
    ck_assert(gateway_has_room(&gateway, 5000)); /* an empty one takes any */
    gateway_close(&gateway);
}
END_TEST

/* It shrank, and waits to grow: a higher limit does not make it wide at once. */
START_TEST(a_window_that_shrank_stays_so)
{
    struct gateway gateway = opened(4);
    gateway_add(&gateway, new_command(), NULL, 0);
    gateway_waits(&gateway, 200, 100);
    uint64_t allowed = gateway.allowed;
    gateway_limit(&gateway, 4, 2 << 20);
    ck_assert_uint_eq(gateway.allowed, allowed);
    gateway_close(&gateway);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gateway");
    TCase *tests = tcase_create("window");
    tcase_add_test(tests, numbers_begin_at_one_and_carry_the_epoch);
    tcase_add_test(tests, lowest_follows_what_was_answered);
    tcase_add_test(tests, window_is_bounded_in_commands_and_bytes);
    tcase_add_test(tests, window_shrinks_to_half_of_its_content_when_commands_take_too_long);
    tcase_add_test(tests, window_shrinks_while_nothing_is_applied);
    tcase_add_test(tests, credit_takes_sending_back_but_never_before_what_is_applied);
    tcase_add_test(tests, skip_keeps_the_number_and_forgets_the_contents);
    tcase_add_test(tests, reopening_forgets_everything);
    tcase_add_test(tests, limits_become_others);
    tcase_add_test(tests, a_window_that_shrank_stays_so);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
