/* What a session hands over, and what it keeps in order meanwhile. */
#include "solo.h"

static struct connection connection;

/* The first bytes of what CLIENT was told, up to "applied=", of its status; then all that came behind it. */
static const char *behind_status(struct node_client *client)
{
    static char got[8000];
    struct chain *output = node_client_output(client);
    ck_assert_uint_lt(output->size, sizeof got);
    chain_copy(output, got, output->size);
    got[output->size] = '\0';
    chain_consume(output, output->size);
    ck_assert_ptr_nonnull(strstr(got, "STATUS "));
    const char *last = strstr(got, "\r\nnode=1 ");
    ck_assert_ptr_nonnull(last);
    return strstr(last + 2, "\r\n") + 2;
}

START_TEST(what_follows_a_question_about_the_node_is_answered_behind_it)
{
    struct node_client *client = node_client_open(node, &connection);
    type(client, "status\nping\nread a stale\n");
    ck_assert_str_eq(behind_status(client), "PONG\r\nERR_FILE_NOT_FOUND stale revision=0\r\n");
    type(client, "status\npi");
    ck_assert_str_eq(behind_status(client), "");
    type(client, "ng\n");
    expect(client, "PONG\r\n");
    node_client_close(node, client);
}
END_TEST

START_TEST(a_question_about_the_node_waits_behind_a_change)
{
    struct node_client *client = node_client_open(node, &connection);
    type(client, "write a 1\nx\nstatus\nping\n");
    expect(client, "");
    for (int i = 0; i < 100 && client->count > 0; i++)
        turn(true);
    ck_assert_str_eq(behind_status(client), "PONG\r\n");
    ck_assert(list_empty(&parts.session->asking));
    node_client_close(node, client);
}
END_TEST

START_TEST(contents_behind_a_question_about_the_node_are_contents)
{
    struct node_client *client = node_client_open(node, &connection);
    type(client, "status\nwrite a 7\nstatus\n\nread a stale\n");
    ck_assert_str_eq(behind_status(client), "");
    for (int i = 0; i < 100 && client->count > 0; i++)
        turn(true);
    expect(client, "OK 1\r\nCONTENTS 1 7 0 stale revision=1\r\nstatus\n\r\n");
    node_client_close(node, client);
}
END_TEST

START_TEST(who_leaves_is_forgotten_by_the_gateway)
{
    struct node_client *client = node_client_open(node, &connection);
    type(client, "write a 1\nx\nwrite b 1\ny\n");
    turn(false);
    ck_assert_uint_eq(parts.gateway->next - parts.gateway->first, 2);
    uint64_t first = parts.gateway->first;
    ck_assert_ptr_nonnull(gateway_slot(parts.gateway, first)->pending);
    node_client_close(node, client);
    ck_assert_ptr_null(gateway_slot(parts.gateway, first)->pending);
    ck_assert_ptr_null(gateway_slot(parts.gateway, first + 1)->pending);
    for (int i = 0; i < 100; i++)
        turn(true);
    ck_assert_uint_eq(store_revision(*parts.store), 2); /* it happened all the same */
}
END_TEST

START_TEST(the_gate_tells_what_changes_are_refused_for)
{
    struct node_client *client = node_client_open(node, &connection);
    parts.gateway->writable = false;
    type(client, "write a 1\nx\n");
    expect(client, "ERR_DISK_FULL too few nodes have room on disk, nothing was done; free some (reads work)\r\n");
    parts.gateway->writable = true;
    type(client, "write a 1\nx\n");
    expect(client, "");
    node_client_close(node, client);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session");
    TCase *tests = tcase_create("session");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, what_follows_a_question_about_the_node_is_answered_behind_it);
    tcase_add_test(tests, a_question_about_the_node_waits_behind_a_change);
    tcase_add_test(tests, contents_behind_a_question_about_the_node_are_contents);
    tcase_add_test(tests, who_leaves_is_forgotten_by_the_gateway);
    tcase_add_test(tests, the_gate_tells_what_changes_are_refused_for);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
