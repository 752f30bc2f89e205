/* A node that jumps ahead by a snapshot over commands that its own clients wait for. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ensure.h"
#include "node/state.h"
#include "store/dump.h"
#include "support/check.h"

struct connection {
    int unused;
};

static char directory[] = "/tmp/cleat-jump-XXXXXX";
static struct disk *disk;
static struct node *node;
static uint64_t now_ms;

static uint64_t numbers(void *context)
{
    static uint64_t number = 12345;
    (void)context;
    return number += 7919;
}

/* A turn in which the disk does at once what is asked of it, if it may write the log. */
static void turn(bool log_too)
{
    node_time(node, ++now_ms);
    node_turn(node);
    struct disk_log *log = log_too ? node_take_log(node) : NULL;
    if (log) {
        disk_log_execute(disk, log);
        node_log_done(node, log);
    }
    struct disk_bulk *bulk = node_take_bulk(node);
    if (bulk) {
        disk_bulk_execute(disk, bulk);
        node_bulk_done(node, bulk);
    }
}

static void setup(void)
{
    char reason[DISK_REASON_MAX];
    ck_assert_ptr_nonnull(mkdtemp(directory));
    const struct disk_options disk_options = {
        .directory = directory,
        .node_id = 1,
        .segment_bytes = 65536,
        .record_max_bytes = 4096,
        .random = numbers,
    };
    struct disk_recovered recovered;
    ck_assert_int_eq(disk_open(&disk_options, &disk, &recovered, reason), DISK_OK);
    struct node_options options;
    node_options_default(&options);
    options.id = 1;
    options.value_max_bytes = 1024;
    options.peer_count = 1;
    options.peers[0] = (struct raft_member){.id = 1, .role = RAFT_VOTER, .address = "self"};
    node = node_open(&options, disk, &recovered, store_open(1), now_ms, reason);
    ck_assert_ptr_nonnull(node);
    disk_recovered_free(&recovered);
    for (int i = 0; i < 1000 && node->gateway.epoch == 0; i++)
        turn(true);
    ck_assert_uint_gt(node->gateway.epoch, 0);
}

static void teardown(void)
{
    for (int i = 0; i < 100; i++)
        turn(true);
    node_close(node);
    disk_close(disk);
    char command[200] = "rm -rf ";
    strcat(command, directory);
    ck_assert_int_eq(system(command), 0);
}

/* A store as the node's, with the first COUNT commands of its gateway's window applied as well. */
static struct store *ahead(uint64_t count)
{
    struct store *store = store_open(2);
    struct buffer block = {0};
    store_dump_begin(node->store);
    for (bool done = false; !done;) {
        done = store_dump_step(node->store, &block, 65536);
        if (buffer_size(&block) > 0)
            ck_assert(store_load(store, buffer_start(&block), buffer_size(&block)));
        buffer_clear(&block, SIZE_MAX);
    }
    buffer_close(&block);
    ck_assert(store_load_end(store));
    for (uint64_t number = 1; number <= count; number++)
        store_apply(store, store_applied(store) + 1, store_time_ms(store),
                    gateway_slot(&node->gateway, number)->command);
    return store;
}

static void jump(uint64_t count)
{
    struct store *store = ahead(count);
    store_close(node->store);
    node->store = store;
    apply_jumped(node);
}

static void expect(struct node_client *client, const char *text)
{
    char got[1000] = "";
    struct chain *output = node_client_output(client);
    ck_assert_uint_lt(output->size, sizeof got);
    chain_copy(output, got, output->size);
    ck_assert_str_eq(got, text);
    chain_consume(output, output->size);
}

static void type(struct node_client *client, const char *text)
{
    node_client_bytes(node, client, (const uint8_t *)text, strlen(text));
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
    ck_assert_uint_eq(node->gateway.first, 5);
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

START_TEST(who_left_is_not_answered)
{
    struct connection connection;
    struct node_client *client = node_client_open(node, &connection);
    type(client, "write a 1\nx\nread a\n");
    turn(false);
    node_client_close(node, client);
    jump(1);
    ck_assert_uint_eq(node->gateway.first, 2);
    ck_assert_uint_eq(node->held_bytes, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("jump");
    TCase *tests = tcase_create("jump");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, outcomes_are_kept_for_a_gateway_that_jumped);
    tcase_add_test(tests, a_read_between_two_writes_never_sees_the_second);
    tcase_add_test(tests, who_left_is_not_answered);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
