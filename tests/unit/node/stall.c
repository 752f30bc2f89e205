/* A node whose disk does not answer. */
#include "solo.h"

#include <stdio.h>

/* Turns without the disk's answer, for DURATION_MS, as a driver would make them: at the deadlines. Returns how many. */
static uint64_t turns_for(uint64_t duration_ms)
{
    uint64_t end_ms = now_ms + duration_ms, count = 0;
    while (now_ms < end_ms) {
        uint64_t deadline_ms = node_deadline_ms(node);
        now_ms = deadline_ms < now_ms ? now_ms : deadline_ms < end_ms ? deadline_ms : end_ms;
        node_time(node, now_ms);
        node_turn(node);
        count++;
        ck_assert_uint_lt(count, 10000);
    }
    return count;
}

/* CLIENT says TEXT; returns the batch that makes it durable, which the disk has not seen yet. */
static struct disk_log *ask_and_take(struct node_client *client, const char *text)
{
    type(client, text);
    node_time(node, ++now_ms);
    node_turn(node);
    struct disk_log *request = node_take_log(node);
    ck_assert_ptr_nonnull(request);
    return request;
}

static size_t times_logged(const char *event)
{
    size_t count = 0;
    buffer_append_u8(node_log(node), '\0');
    for (const char *at = (const char *)buffer_start(node_log(node)); (at = strstr(at, event)) != NULL; at++)
        count++;
    buffer_clear(node_log(node), 0);
    return count;
}

/* It once said so at every turn, and turned without a rest: there is nobody to hand over to. */
START_TEST(a_stall_is_said_once_and_nothing_spins)
{
    struct connection connection;
    struct node_client *client = node_client_open(node, &connection);
    struct disk_log *request = ask_and_take(client, "write a 1\nx\n");
    ck_assert_uint_lt(turns_for(4000), 50);
    ck_assert_uint_eq(times_logged("event=disk_stalls"), 1);
    disk_log_execute(disk, request);
    node_log_done(node, request);
    turn(true);
    expect(client, "OK 1\r\n");
    node_client_close(node, client);
}
END_TEST

START_TEST(what_waits_too_long_is_answered_and_given_up)
{
    struct connection connection;
    struct node_client *client = node_client_open(node, &connection);
    struct disk_log *request = ask_and_take(client, "write a 1\nx\nread a\n");
    turns_for(parts.env->options.command_timeout_ms + 10);
    char got[200] = "";
    chain_copy(node_client_output(client), got, node_client_output(client)->size);
    ck_assert_ptr_nonnull(strstr(got, "ERR_TIMEOUT "));
    ck_assert_uint_eq(parts.session->held_bytes, 0);
    disk_log_execute(disk, request);
    node_log_done(node, request);
    chain_consume(node_client_output(client), node_client_output(client)->size);
    turn(true);
    expect(client, ""); /* it took effect after all, and no one is told twice */
    ck_assert_uint_eq(store_revision(*parts.store), 1);
    node_client_close(node, client);
}
END_TEST

START_TEST(a_failed_write_stops_the_node_and_answers_nothing)
{
    struct connection connection;
    struct node_client *client = node_client_open(node, &connection);
    struct disk_log *request = ask_and_take(client, "write a 1\nx\n");
    disk_log_execute(disk, request); /* it is on the disk, but that is not what the disk says */
    request->status = DISK_FAILED;
    strcpy(request->reason, "sync: Input/output error");
    node_log_done(node, request);
    node_time(node, ++now_ms);
    node_turn(node);
    ck_assert_ptr_nonnull(node_stop_reason(node));
    expect(client, "");
    ck_assert_ptr_null(node_take_log(node));
    node_client_close(node, client);
}
END_TEST

/* Nobody asks it for anything, and it is alone: it looks by itself, as often as it says, and no more. */
START_TEST(a_node_at_rest_finds_out_that_its_directory_was_taken_away)
{
    for (int i = 0; i < 2 * PERSIST_MARK_MS; i++) /* what else is to be done comes to rest */
        turn(true);
    uint64_t looks = 0, end_ms = now_ms + 10 * BULK_CHECK_MS;
    while (now_ms < end_ms) {
        now_ms = node_deadline_ms(node) - 1;
        struct disk_bulk *request = log_turn(true);
        ck_assert_ptr_nonnull(request);
        looks += request->kind == DISK_CHECK;
        bulk_done(request);
        ck_assert_ptr_null(node_stop_reason(node));
    }
    ck_assert_uint_ge(looks, 9);
    ck_assert_uint_le(looks, 11);
    char path[100];
    snprintf(path, sizeof path, "%s/lock", directory);
    ck_assert_int_eq(unlink(path), 0);
    now_ms = node_deadline_ms(node);
    turn(true);
    ck_assert_ptr_nonnull(strstr(node_stop_reason(node), "/lock: is gone"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stall");
    TCase *tests = tcase_create("stall");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_stall_is_said_once_and_nothing_spins);
    tcase_add_test(tests, what_waits_too_long_is_answered_and_given_up);
    tcase_add_test(tests, a_failed_write_stops_the_node_and_answers_nothing);
    tcase_add_test(tests, a_node_at_rest_finds_out_that_its_directory_was_taken_away);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
