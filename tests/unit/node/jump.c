/* A node that jumps ahead by a snapshot over commands that its own clients wait for. */
#include "store/dump.h"

#include "node/handover.h"
#include "solo.h"

/* A store as the node's, with the first COUNT commands of its gateway's window applied as well. */
static struct store *ahead(uint64_t count)
{
    struct store *store = store_open(2);
    struct buffer block = {0};
    store_dump_begin(*parts.store);
    for (bool done = false; !done;) {
        done = store_dump_step(*parts.store, &block, 65536);
        if (buffer_size(&block) > 0)
            ck_assert(store_load(store, buffer_start(&block), buffer_size(&block)));
        buffer_clear(&block, SIZE_MAX);
    }
    buffer_close(&block);
    ck_assert(store_load_end(store));
    for (uint64_t number = 1; number <= count; number++)
        store_apply(store, store_applied(store) + 1, store_time_ms(store),
                    gateway_slot(parts.gateway, number)->command);
    return store;
}

static void jump(uint64_t count)
{
    struct store *store = ahead(count);
    store_close(*parts.store);
    *parts.store = store;
    commands_jumped(node_all(node));
}

START_TEST(outcomes_are_kept_for_a_gateway_that_jumped)
{
    struct connection connection;
    struct node_client *client = node_client_open(node, &connection);
    type(client, "write a 1\nx\ncas a 7 1\ny\ndelete b\ndelete a\nwrite c 1\nz\n");
    turn(false);
    expect(client, "");
    jump(4);
    expect(client, "OK 1\r\nERR_VERSION 1\r\nERR_FILE_NOT_FOUND\r\nOK\r\n");
    ck_assert_uint_eq(parts.gateway->first, 5);
    node_client_close(node, client);
}
END_TEST

/* Found by the simulator: the read was answered by the first write's outcome, from a state that held the second. */
START_TEST(a_read_between_two_writes_never_sees_the_second)
{
    struct connection connection;
    struct node_client *client = node_client_open(node, &connection);
    type(client, "write a 1\nx\nread a\nwrite a 1\ny\nread a\n");
    turn(false);
    turn(false);
    expect(client, "");
    jump(2);
    expect(client, "OK 1\r\nERR_BUSY this node was behind and has jumped ahead; read again\r\n"
                   "OK 2\r\nCONTENTS 2 1 0\r\ny\r\n");
    node_client_close(node, client);
}
END_TEST

/* Found by the simulator: when the first read was refused, the second was answered, from a state that held the write
 * behind it. */
START_TEST(no_question_before_a_write_sees_it)
{
    struct connection connection;
    struct node_client *client = node_client_open(node, &connection);
    type(client, "read a\nlist stale\nstat a\nwrite a 1\nx\nread a stale\n");
    commands_forward(node_all(node));
    expect(client, "");
    jump(1);
    expect(client, "ERR_BUSY this node was behind and has jumped ahead; read again\r\n"
                   "ERR_BUSY this node was behind and has jumped ahead; read again\r\n"
                   "ERR_BUSY this node was behind and has jumped ahead; read again\r\n"
                   "OK 1\r\nCONTENTS 1 1 0 stale revision=1\r\nx\r\n");
    node_client_close(node, client);
}
END_TEST

START_TEST(who_left_is_not_answered)
{
    struct connection connection;
    struct node_client *client = node_client_open(node, &connection);
    type(client, "write a 1\nx\nread a\n");
    turn(false);
    node_client_close(node, client);
    jump(1);
    ck_assert_uint_eq(parts.gateway->first, 2);
    ck_assert_uint_eq(parts.session->held_bytes, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("jump");
    TCase *tests = tcase_create("jump");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, outcomes_are_kept_for_a_gateway_that_jumped);
    tcase_add_test(tests, a_read_between_two_writes_never_sees_the_second);
    tcase_add_test(tests, no_question_before_a_write_sees_it);
    tcase_add_test(tests, who_left_is_not_answered);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
