/* What a gateway has for the leader: an epoch to be asked for, commands in messages, and again what brought nothing. */
#include "node/gateway/forward.h"

#include <stdlib.h>

#include "protocol/command.h"
#include "support/check.h"

enum { TERM = 5, EPOCH = 1000 };

static struct env env;
static struct gateway gateway;

static void setup(void)
{
    env.now_ms = 10000;
    gateway_init(&gateway, 3, 77, 100, 1 << 20);
}

static void teardown(void)
{
    gateway_close(&gateway);
}

/* COUNT commands with values of SIZE bytes are numbered. */
static void number(uint64_t count, size_t size)
{
    static uint8_t value[100 * 1024];
    const struct command command = {
        .kind = COMMAND_WRITE, .name = (const uint8_t *)"f", .name_size = 1, .value = value, .value_size = size};
    for (uint64_t i = 0; i < count; i++)
        gateway_add(&gateway, command_encode(&command), NULL, env.now_ms);
}

/* The commands in the next message to the leader of TERM; -1: there is none. */
static int next_message(void)
{
    struct chain body = {0};
    if (!forward_commands(&gateway, TERM, &body))
        return -1;
    uint8_t *bytes = malloc(body.size);
    chain_copy(&body, bytes, body.size);
    struct reader reader = reader_of(bytes, body.size);
    int count = 0;
    ck_assert_uint_eq(reader_u64(&reader), TERM);
    for (; reader_left(&reader) > 0; count++)
        ck_assert_ptr_nonnull(reader_bytes(&reader, reader_u32(&reader)));
    ck_assert(!reader.bad);
    free(bytes);
    chain_close(&body);
    return count;
}

static bool queries(void)
{
    struct chain body = {0};
    bool asks = forward_query(&gateway, &env, TERM, &body);
    ck_assert_uint_eq(body.size, asks ? 8 : 0);
    chain_close(&body);
    return asks;
}

START_TEST(an_epoch_is_asked_for_now_and_again)
{
    ck_assert(forward_opens(&gateway, &env));
    forward_asked(&gateway, &env);
    ck_assert(!forward_opens(&gateway, &env));
    env.now_ms += NODE_RETRY_MS - 1;
    ck_assert(!forward_opens(&gateway, &env));
    env.now_ms++;
    ck_assert(forward_opens(&gateway, &env));
    forward_asked(&gateway, &env);
    forward_ask_again(&gateway); /* a door that was opened meanwhile is asked at once */
    ck_assert(forward_opens(&gateway, &env));
    gateway_opened(&gateway, EPOCH);
    ck_assert(!forward_opens(&gateway, &env));
}
END_TEST

START_TEST(nothing_goes_to_a_leader_that_has_not_said_where_it_stands)
{
    gateway_opened(&gateway, EPOCH);
    number(3, 10);
    ck_assert_int_eq(next_message(), -1);
    gateway_credit(&gateway, TERM - 1, 0);
    ck_assert_int_eq(next_message(), -1);
    gateway_credit(&gateway, TERM, 1);
    ck_assert_int_eq(next_message(), 2);
    ck_assert_int_eq(next_message(), -1);
}
END_TEST

START_TEST(a_message_has_so_many_bytes_and_a_large_command_goes_alone)
{
    gateway_opened(&gateway, EPOCH);
    number(3, 60 * 1024);
    gateway_credit(&gateway, TERM, 0);
    ck_assert_int_eq(next_message(), 2);
    ck_assert_int_eq(next_message(), 1);
    number(2, 100 * 1024);
    ck_assert_int_eq(next_message(), 1);
    ck_assert_int_eq(next_message(), 1);
    ck_assert_int_eq(next_message(), -1);
}
END_TEST

START_TEST(a_new_leader_is_asked_once_and_again_when_nothing_moves)
{
    gateway_opened(&gateway, EPOCH);
    gateway.progress_ms = env.now_ms;
    ck_assert(queries());
    ck_assert(!queries());
    env.now_ms += NODE_RETRY_MS;
    ck_assert(queries());
    gateway_credit(&gateway, TERM, 0);
    env.now_ms += NODE_RETRY_MS;
    ck_assert(!queries()); /* nothing is in the window, and the leader takes more: all is well */
    number(1, 10);
    ck_assert(queries());
    gateway.writable = false;
    gateway_applied(&gateway, env.now_ms, 1000);
    ck_assert(!queries());
    env.now_ms += NODE_RETRY_MS;
    ck_assert(queries()); /* whether there is room again */
}
END_TEST

START_TEST(in_this_node_commands_go_one_by_one_from_where_the_leader_stands)
{
    uint64_t found = 0;
    gateway_opened(&gateway, EPOCH);
    number(3, 10);
    forward_here(&gateway, TERM, 1, true);
    ck_assert_ptr_eq(forward_next(&gateway, &found), gateway_slot(&gateway, 2)->command);
    ck_assert_uint_eq(found, 2);
    forward_here(&gateway, TERM, 1, false); /* the same term: what was sent is on its way */
    ck_assert(!gateway.writable);
    ck_assert_ptr_nonnull(forward_next(&gateway, &found));
    ck_assert_uint_eq(found, 3);
    ck_assert_ptr_null(forward_next(&gateway, &found));
    forward_here(&gateway, TERM + 1, 0, true);
    ck_assert_ptr_nonnull(forward_next(&gateway, &found));
    ck_assert_uint_eq(found, 1);
}
END_TEST

START_TEST(an_opening_of_another_takes_the_place_of_this_one)
{
    struct store_gateway state = {.epoch = EPOCH, .nonce = 77};
    ck_assert(!gateway_superseded(&gateway, &(struct store_gateway){.epoch = EPOCH - 1, .nonce = 76})); /* older */
    ck_assert_uint_eq(gateway.epoch, 0);
    ck_assert(!gateway_superseded(&gateway, &state));
    ck_assert_uint_eq(gateway.epoch, EPOCH);
    ck_assert(!gateway_superseded(&gateway, &state));
    ck_assert(!gateway_superseded(&gateway, &(struct store_gateway){.epoch = EPOCH - 1, .nonce = 76}));
    ck_assert(gateway_superseded(&gateway, &(struct store_gateway){.epoch = EPOCH + 1, .nonce = 78}));
}
END_TEST

START_TEST(an_opening_that_the_state_has_no_more_is_over)
{
    ck_assert(!gateway_superseded(&gateway, NULL)); /* it is not open yet */
    gateway_opened(&gateway, EPOCH);
    ck_assert(gateway_superseded(&gateway, NULL));
    gateway_reopen(&gateway, 78);
    ck_assert(!gateway_superseded(&gateway, NULL));
    ck_assert(forward_opens(&gateway, &env));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("forward");
    TCase *tests = tcase_create("forward");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, an_epoch_is_asked_for_now_and_again);
    tcase_add_test(tests, nothing_goes_to_a_leader_that_has_not_said_where_it_stands);
    tcase_add_test(tests, a_message_has_so_many_bytes_and_a_large_command_goes_alone);
    tcase_add_test(tests, a_new_leader_is_asked_once_and_again_when_nothing_moves);
    tcase_add_test(tests, in_this_node_commands_go_one_by_one_from_where_the_leader_stands);
    tcase_add_test(tests, an_opening_of_another_takes_the_place_of_this_one);
    tcase_add_test(tests, an_opening_that_the_state_has_no_more_is_over);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
