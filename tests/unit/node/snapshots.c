/* A node's own snapshots: when one is begun, and what is in its head. */
#include "solo.h"

/* Turns until the disk is asked to begin a snapshot; what else it is asked for is done, the log too if it may. */
static struct disk_bulk *await_begin(bool log_too)
{
    for (int i = 0; i < 100; i++) {
        struct disk_bulk *request = log_turn(log_too);
        if (request && request->kind == DISK_SNAPSHOT_BEGIN)
            return request;
        if (request)
            bulk_done(request);
    }
    ck_abort_msg("no snapshot is begun");
}

/* One that is in the log but not decided may yet be taken back; in a snapshot it would stay. */
START_TEST(it_has_the_configuration_as_of_its_last_entry)
{
    struct raft_configuration configuration = *raft_members(parts.raft);
    configuration.members[configuration.count++] =
        (struct raft_member){.id = 2, .incarnation = 5, .role = RAFT_LEARNER, .address = "two:1"};
    struct buffer bytes = {0};
    raft_configuration_encode(&configuration, &bytes);
    struct blob *payload = blob_new(buffer_size(&bytes));
    memcpy(payload->bytes, buffer_start(&bytes), payload->size);
    uint64_t index;
    ck_assert(raft_propose(parts.raft, RAFT_ENTRY_CONFIGURATION, store_time_ms(*parts.store), payload, &index));
    blob_release(payload);
    buffer_close(&bytes);
    ck_assert_uint_eq(raft_members(parts.raft)->count, 2);
    parts.transfers->snapshots.log_bytes = parts.transfers->snapshots.every_bytes;
    struct disk_bulk *request = await_begin(false);
    ck_assert_uint_lt(request->index, index);
    ck_assert_uint_eq(request->configuration.count, 1);
    bulk_done(request);
}
END_TEST

static void full(struct disk_bulk *request)
{
    request->status = DISK_FULL;
    strcpy(request->reason, "write: No space left on device");
    node_bulk_done(node, request);
}

/* A cluster of one has no heartbeats that would wake it up: it once relied on its driver's habits. */
START_TEST(one_that_had_no_room_is_begun_again_when_it_said)
{
    parts.transfers->snapshots.log_bytes = parts.transfers->snapshots.every_bytes;
    full(await_begin(true));
    uint64_t retry_ms = parts.transfers->snapshots.retry_ms;
    ck_assert_uint_gt(retry_ms, now_ms);
    for (int i = 0; i < 2 * PERSIST_MARK_MS; i++) /* what else is to be done comes to rest */
        turn(true);
    parts.transfers->bulk.check_ms = UINT64_MAX;
    ck_assert_uint_eq(node_deadline_ms(node), retry_ms);
    now_ms = retry_ms - 1;
    struct disk_bulk *request = await_begin(true);
    ck_assert_uint_eq(now_ms, retry_ms);
    ck_assert_uint_gt(node_deadline_ms(node), now_ms);
    bulk_done(request);
}
END_TEST

/* A transfer that does not move ends by itself too. */
START_TEST(transfers_that_stand_still_are_looked_at_in_time)
{
    for (int i = 0; i < 2 * PERSIST_MARK_MS; i++)
        turn(true);
    parts.transfers->bulk.check_ms = UINT64_MAX;
    uint64_t rest_ms = node_deadline_ms(node);
    parts.transfers->receiving.state = RECEIVE_WAIT;
    parts.transfers->receiving.moved_ms = now_ms - 5;
    ck_assert_uint_eq(node_deadline_ms(node), now_ms - 5 + RECEIVE_MOVE_MS);
    parts.transfers->receiving.state = RECEIVE_IDLE;
    parts.transfers->sending.state = SEND_WAIT;
    parts.transfers->sending.moved_ms = now_ms - 7;
    ck_assert_uint_eq(node_deadline_ms(node), now_ms - 7 + SEND_MOVE_MS);
    parts.transfers->sending.state = SEND_IDLE;
    parts.transfers->sending.wanted[0] = 2;
    parts.transfers->sending.wanted_count = 1;
    parts.transfers->sending.retry_ms = now_ms + 9;
    ck_assert_uint_eq(node_deadline_ms(node), now_ms + 9);
    parts.transfers->sending.wanted_count = 0;
    ck_assert_uint_eq(node_deadline_ms(node), rest_ms);
    ck_assert_uint_gt(rest_ms, now_ms + RECEIVE_MOVE_MS);
}
END_TEST

/* Writes a third of what is between two snapshots. */
static void write_a_third(void)
{
    static struct connection connection;
    char command[1000] = "write a 900\n";
    size_t head = strlen(command);
    memset(command + head, 'x', 900);
    strcpy(command + head + 900, "\n");
    struct node_client *client = node_client_open(node, &connection);
    for (uint64_t bytes = 0; bytes < parts.transfers->snapshots.every_bytes / 3; bytes += 900) {
        type(client, command);
        for (int i = 0; i < 20 && client->count > 0; i++)
            turn(true);
        ck_assert_uint_eq(client->count, 0);
        chain_consume(node_client_output(client), node_client_output(client)->size);
    }
    node_client_close(node, client);
}

/* What was written since the newest snapshot was once forgotten at each start: a node that wrote less than a snapshot's
 * distance in each life never came to one, and its log grew for ever. */
START_TEST(lives_add_up_to_a_snapshot)
{
    struct disk_sizes sizes = {0};
    stop();
    snapshot_every_bytes = 32768;
    for (int life = 0; life < 8 && sizes.snapshot_index == 0; life++) {
        start();
        for (int i = 0; i < 1000 && parts.gateway->epoch == 0; i++)
            turn(true);
        write_a_third();
        disk_sizes(disk, &sizes);
        stop();
    }
    start(); /* from that snapshot */
    ck_assert_uint_gt(sizes.snapshot_index, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshots");
    TCase *tests = tcase_create("snapshots");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, it_has_the_configuration_as_of_its_last_entry);
    tcase_add_test(tests, one_that_had_no_room_is_begun_again_when_it_said);
    tcase_add_test(tests, transfers_that_stand_still_are_looked_at_in_time);
    tcase_add_test(tests, lives_add_up_to_a_snapshot);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
