/* A node's own snapshots: when one is begun, and what is in its head. */
#include "solo.h"

/* Turns until the disk is asked to begin a snapshot; what else it is asked for is done, the log too if it may. */
static struct disk_bulk *await_begin(bool log_too)
{
    for (int i = 0; i < 100; i++) {
        node_time(node, ++now_ms);
        node_turn(node);
        struct disk_log *log = log_too ? node_take_log(node) : NULL;
        if (log) {
            disk_log_execute(disk, log);
            node_log_done(node, log);
        }
        struct disk_bulk *request = node_take_bulk(node);
        if (request && request->kind == DISK_SNAPSHOT_BEGIN)
            return request;
        if (!request)
            continue;
        disk_bulk_execute(disk, request);
        node_bulk_done(node, request);
    }
    ck_abort_msg("no snapshot is begun");
}

static void done(struct disk_bulk *request)
{
    disk_bulk_execute(disk, request);
    node_bulk_done(node, request);
}

/* One that is in the log but not decided may yet be taken back; in a snapshot it would stay. */
START_TEST(it_has_the_configuration_as_of_its_last_entry)
{
    struct raft_configuration configuration = *raft_members(node->raft);
    configuration.members[configuration.count++] =
        (struct raft_member){.id = 2, .incarnation = 5, .role = RAFT_LEARNER, .address = "two:1"};
    struct buffer bytes = {0};
    raft_configuration_encode(&configuration, &bytes);
    struct blob *payload = blob_new(buffer_size(&bytes));
    memcpy(payload->bytes, buffer_start(&bytes), payload->size);
    uint64_t index;
    ck_assert(raft_propose(node->raft, RAFT_ENTRY_CONFIGURATION, store_time_ms(node->store), payload, &index));
    blob_release(payload);
    buffer_close(&bytes);
    ck_assert_uint_eq(raft_members(node->raft)->count, 2);
    node->snapshots.log_bytes = node->snapshots.every_bytes;
    struct disk_bulk *request = await_begin(false);
    ck_assert_uint_lt(request->index, index);
    ck_assert_uint_eq(request->configuration.count, 1);
    done(request);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshots");
    TCase *tests = tcase_create("snapshots");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, it_has_the_configuration_as_of_its_last_entry);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
