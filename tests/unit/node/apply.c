/* How much a node applies, and answers, in one turn. */
#include <stdio.h>

#include "solo.h"

enum { PIECE = 1024, SIZE = 32 * PIECE, TIMES = 1000 };

static struct connection connection;
static struct node_client *client;

/* A file that is larger than an entry could be here. */
static void begin(void)
{
    static char piece[PIECE + 20];
    setup();
    client = node_client_open(node, &connection);
    store_limit(*parts.store, SIZE, UINT64_MAX);
    size_t head = (size_t)sprintf(piece, "append a %d\n", PIECE);
    memset(piece + head, 'x', PIECE);
    strcpy(piece + head + PIECE, "\n");
    for (int i = 0; i < SIZE / PIECE; i++)
        type(client, piece);
    for (int i = 0; i < 100 && client->count > 0; i++)
        turn(true);
    ck_assert_uint_eq(store_revision(*parts.store), SIZE / PIECE);
    chain_consume(node_client_output(client), node_client_output(client)->size);
}

static void end(void)
{
    node_client_close(node, client);
    teardown();
}

/* CLIENT says LINE many times in one go. */
static void type_often(const char *line)
{
    static char text[TIMES * 20];
    text[0] = '\0';
    for (int i = 0; i < TIMES; i++)
        strcpy(text + (size_t)i * strlen(line), line);
    type(client, text);
}

START_TEST(copies_of_large_files_are_spread_over_turns)
{
    uint64_t before = store_revision(*parts.store), most = 0;
    type_often("copy a b\n");
    for (int i = 0; i < 100 && client->count > 0; i++) {
        uint64_t revision = store_revision(*parts.store);
        turn(true);
        uint64_t done = store_revision(*parts.store) - revision;
        most = done > most ? done : most;
    }
    ck_assert_uint_eq(store_revision(*parts.store), before + TIMES);
    ck_assert_uint_eq(most, LIMIT_APPLY_BYTES / SIZE);
    chain_consume(node_client_output(client), node_client_output(client)->size);
    type(client, "incr b 1\n");
    for (int i = 0; i < 10; i++)
        turn(true);
    expect(client, "ERR_NOT_A_NUMBER the file holds no whole number, or the sum has no room in 64 bits\r\n");
}
END_TEST

START_TEST(hashes_of_large_files_are_spread_over_turns)
{
    type(client, "stat a stale\n");
    const size_t answer_size = node_client_output(client)->size;
    chain_consume(node_client_output(client), answer_size);
    turn(true);
    type_often("stat a stale\n");
    size_t answers = 0;
    for (int turns = 0; answers < TIMES; turns++) {
        size_t got = node_client_output(client)->size / answer_size;
        ck_assert_uint_gt(got, 0);
        ck_assert_uint_le(got, LIMIT_ANSWER_BYTES / SIZE);
        ck_assert(node_client_reads(client) == (answers + got == TIMES));
        if (!node_client_reads(client))
            ck_assert_uint_eq(node_deadline_ms(node), now_ms); /* it goes on at once */
        answers += got;
        chain_consume(node_client_output(client), node_client_output(client)->size);
        turn(true);
    }
    type_often("stat a\n"); /* these wait: they count as held */
    ck_assert_uint_eq(client->count, LIMIT_PIPELINE_BYTES / SIZE);
    for (int i = 0; i < 100; i++)
        turn(true);
    ck_assert_uint_eq(client->count, 0);
    ck_assert_uint_eq(parts.session->held_bytes, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("apply");
    TCase *tests = tcase_create("apply");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, copies_of_large_files_are_spread_over_turns);
    tcase_add_test(tests, hashes_of_large_files_are_spread_over_turns);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
