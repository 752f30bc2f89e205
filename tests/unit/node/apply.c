/* How much a node applies in one turn. */
#include <stdio.h>

#include "solo.h"

/* Each is a line of nine bytes, and copies a larger file than an entry could hold here. */
START_TEST(copies_of_large_files_are_spread_over_turns)
{
    enum { COPIES = 1000, PIECE = 1024, SIZE = 32 * PIECE };
    static char copies[COPIES * 9 + 1], piece[PIECE + 20];
    struct connection connection;
    struct node_client *client = node_client_open(node, &connection);
    store_limit(node->store, SIZE, UINT64_MAX);
    size_t head = (size_t)sprintf(piece, "append a %d\n", PIECE);
    memset(piece + head, 'x', PIECE);
    strcpy(piece + head + PIECE, "\n");
    for (int i = 0; i < SIZE / PIECE; i++)
        type(client, piece);
    for (int i = 0; i < 100 && client->count > 0; i++)
        turn(true);
    uint64_t before = store_revision(node->store);
    ck_assert_uint_eq(before, SIZE / PIECE);
    for (int i = 0; i < COPIES; i++)
        memcpy(copies + (ptrdiff_t)i * 9, "copy a b\n", 9);
    type(client, copies);
    uint64_t most = 0;
    for (int i = 0; i < 100 && client->count > 0; i++) {
        uint64_t revision = store_revision(node->store);
        turn(true);
        uint64_t done = store_revision(node->store) - revision;
        most = done > most ? done : most;
    }
    ck_assert_uint_eq(store_revision(node->store), before + COPIES);
    ck_assert_uint_eq(most, LIMIT_APPLY_BYTES / SIZE);
    chain_consume(node_client_output(client), node_client_output(client)->size);
    type(client, "incr b 1\n");
    for (int i = 0; i < 10; i++)
        turn(true);
    expect(client, "ERR_NOT_A_NUMBER the file holds no whole number, or the sum has no room in 64 bits\r\n");
    node_client_close(node, client);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("apply");
    TCase *tests = tcase_create("apply");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, copies_of_large_files_are_spread_over_turns);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
