/* What is known to be committed is in the log when a node ends or rests, and is known and applied when it starts. */
#include "solo.h"

/* Opens the directory as a start would, and looks; changes no more than a start does. */
static uint64_t known_to_a_start(void)
{
    char reason[DISK_REASON_MAX];
    const struct disk_options disk_options = {.directory = directory, .node_id = 1, .segment_bytes = 65536,
                                              .record_max_bytes = 4096, .random = numbers};
    struct disk *looked_at;
    struct disk_recovered recovered;
    ck_assert_int_eq(disk_open(&disk_options, &looked_at, &recovered, reason), DISK_OK);
    uint64_t commit = recovered.commit;
    disk_recovered_free(&recovered);
    disk_close(looked_at);
    return commit;
}

/* So that it ends as if it had been killed: its disk gets nothing more to do. */
static void close_now(void)
{
    node_close(node);
    disk_close(disk);
}

/* Turns up to the next request for the log's thread that is a mark. */
static struct disk_log *next_mark(uint64_t limit_ms)
{
    for (uint64_t end_ms = now_ms + limit_ms; now_ms < end_ms;) {
        node_time(node, ++now_ms);
        node_turn(node);
        struct disk_log *log = node_take_log(node);
        if (log && log->mark)
            return log;
        if (log) {
            disk_log_execute(disk, log);
            node_log_done(node, log);
        }
    }
    return NULL;
}

static void write_three(void)
{
    struct connection connection;
    struct node_client *client = node_client_open(node, &connection);
    type(client, "write a 1\nx\nwrite b 1\ny\nwrite c 1\nz\n");
    for (int i = 0; i < 5; i++)
        turn(true);
    expect(client, "OK 1\r\nOK 2\r\nOK 3\r\n");
    node_client_close(node, client);
}

/* A cluster of one knows what is committed when its disk has it: the batch itself came too early to say so. */
START_TEST(at_rest_the_log_knows_all_that_is_committed)
{
    write_three();
    uint64_t commit = raft_commit(node_raft(node));
    ck_assert_uint_ge(commit, 3);
    struct disk_log *mark = next_mark(PERSIST_MARK_MS * 3);
    ck_assert_ptr_nonnull(mark);
    ck_assert_uint_eq(mark->commit, commit);
    disk_log_execute(disk, mark);
    node_log_done(node, mark);
    ck_assert_msg(!next_mark(PERSIST_MARK_LATE_MS * 3), "nothing is written without news");
    close_now();
    ck_assert_uint_eq(known_to_a_start(), commit);
    start();
}
END_TEST

/* SIGTERM right after the answer. */
START_TEST(a_shutdown_waits_until_the_log_knows)
{
    write_three();
    uint64_t commit = raft_commit(node_raft(node));
    node_shutdown(node);
    int turns = 0;
    while (!node_shutdown_done(node)) {
        turn(true);
        ck_assert_int_lt(++turns, 20);
    }
    ck_assert_int_gt(turns, 0);
    close_now();
    ck_assert_uint_ge(known_to_a_start(), commit);
    start();
}
END_TEST

/* Who asks before there is a leader gets what was there before the start. */
START_TEST(what_was_committed_is_applied_before_anybody_asks)
{
    write_three();
    struct disk_log *mark = next_mark(PERSIST_MARK_MS * 3);
    disk_log_execute(disk, mark);
    node_log_done(node, mark);
    uint64_t commit = raft_commit(node_raft(node));
    close_now();
    start();
    ck_assert_uint_ge(store_applied(node_store(node)), commit);
    struct connection connection;
    struct node_client *client = node_client_open(node, &connection);
    char got[100] = "";
    type(client, "read c stale\n");
    chain_copy(node_client_output(client), got, node_client_output(client)->size);
    ck_assert_ptr_eq(strstr(got, "CONTENTS 3 1 0 stale revision=3 leaderless_s=0\r\n"), got);
    node_client_close(node, client);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("node/hint");
    TCase *tests = tcase_create("hint");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, at_rest_the_log_knows_all_that_is_committed);
    tcase_add_test(tests, a_shutdown_waits_until_the_log_knows);
    tcase_add_test(tests, what_was_committed_is_applied_before_anybody_asks);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
