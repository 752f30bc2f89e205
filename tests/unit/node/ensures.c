/* Promises that one part of the node, or of the store, makes to another: who breaks one is stopped. Each test is named
 * after the mutant in tests/mutants/ensures that takes the ensure() away which stops it here. */
#include <signal.h>
#include <sys/resource.h>

#include "node/parts.h"
#include "support/check.h"

static struct blob *some_command(void)
{
    const struct command command = {.kind = COMMAND_DELETE, .name = (const uint8_t *)"f", .name_size = 1};
    struct blob *blob = command_encode(&command);
    ck_assert_ptr_nonnull(blob);
    return blob;
}

/* --- gateway and leader ------------------------------------------------------------------------------------------ */

/* A window of numbers, the first of which is for OWNER. */
static struct gateway gateway_with_one(struct pending *owner)
{
    struct gateway gateway;
    gateway_init(&gateway, 3, 77, 4, 1 << 20);
    gateway_opened(&gateway, 1000);
    gateway_add(&gateway, some_command(), owner, 0);
    return gateway;
}

START_TEST(gateway_is_told_by_an_older_leader)
{
    struct gateway gateway = gateway_with_one(NULL);
    gateway_credit(&gateway, 6, 0);
    gateway_credit(&gateway, 5, 1);
}
END_TEST

START_TEST(gateway_forgets_who_waits)
{
    struct pending pending = {.state = PENDING_NUMBERED, .number = 1};
    struct gateway gateway = gateway_with_one(&pending);
    gateway_reopen(&gateway, 78);
}
END_TEST

START_TEST(gateway_counts_other_bytes)
{
    struct gateway gateway = gateway_with_one(NULL);
    gateway.bytes++;
    gateway_reopen(&gateway, 78);
}
END_TEST

START_TEST(leader_takes_commands_before_the_epoch)
{
    struct admission_gateway door = {.id = 3};
    admission_take(&door, some_command());
}
END_TEST

START_TEST(leader_gives_credit_that_is_not_owed)
{
    struct leader leader = {.admission = {.term = 5}};
    struct admission_gateway *door = &leader.admission.gateways[0];
    struct chain body = {0};
    door->id = 3;
    leader_credit(&leader, door, &body);
}
END_TEST

/* --- session ----------------------------------------------------------------------------------------------------- */

START_TEST(session_numbers_a_read)
{
    struct list waiting;
    struct pending pending = {.state = PENDING_READ};
    list_init(&waiting);
    list_add_last(&waiting, &pending.queue);
    pending_numbered(&pending, 1);
}
END_TEST

START_TEST(session_asks_for_a_read_that_is_confirmed)
{
    struct reads reads;
    struct pending pending = {.state = PENDING_CONFIRMED};
    reads_init(&reads);
    reads_add(&reads, &pending);
}
END_TEST

/* --- peers ------------------------------------------------------------------------------------------------------- */

START_TEST(peers_have_a_link_of_another_kind)
{
    static struct peers peers;
    struct node_link *link = link_new(NULL, NODE_LINK_BULK, 2, 0);
    struct chain body = {0};
    link->up = true;
    peers.list[peers.count++] = (struct peer){.id = 2, .links = {[NODE_LINK_CONSENSUS] = link}};
    chain_append(&body, "credit", 6);
    peers_send(&peers, 2, FRAME_CREDIT, &body);
}
END_TEST

/* --- replica and transfer ---------------------------------------------------------------------------------------- */

START_TEST(replica_is_closed_while_its_log_is_written)
{
    static struct persist persist;
    persist.busy = true;
    persist_close(&persist);
}
END_TEST

START_TEST(transfer_goes_back_to_an_older_snapshot)
{
    struct snapshots snapshots = {.done_index = 7};
    snapshots_installed(&snapshots, 7);
}
END_TEST

START_TEST(transfer_asks_the_disk_before_it_is_done)
{
    static struct bulk_slot bulk;
    bulk.busy = true;
    ck_assert_ptr_null(bulk_slot_give(&bulk, false));
}
END_TEST

/* --- all --------------------------------------------------------------------------------------------------------- */

START_TEST(a_line_of_the_log_begins_in_another)
{
    static struct env env;
    event_begin(&env, LOG_LINK_UP);
    event_begin(&env, LOG_LINK_DOWN);
}
END_TEST

/* --- store ------------------------------------------------------------------------------------------------------- */

START_TEST(store_skips_an_entry)
{
    struct store *store = store_open(1);
    store_apply(store, 1, 0, NULL);
    store_apply(store, 3, 0, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ensures");
    TCase *tests = tcase_create("ensures");
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    tcase_add_test_raise_signal(tests, gateway_is_told_by_an_older_leader, SIGABRT);
    tcase_add_test_raise_signal(tests, gateway_forgets_who_waits, SIGABRT);
    tcase_add_test_raise_signal(tests, gateway_counts_other_bytes, SIGABRT);
    tcase_add_test_raise_signal(tests, leader_takes_commands_before_the_epoch, SIGABRT);
    tcase_add_test_raise_signal(tests, leader_gives_credit_that_is_not_owed, SIGABRT);
    tcase_add_test_raise_signal(tests, session_numbers_a_read, SIGABRT);
    tcase_add_test_raise_signal(tests, session_asks_for_a_read_that_is_confirmed, SIGABRT);
    tcase_add_test_raise_signal(tests, peers_have_a_link_of_another_kind, SIGABRT);
    tcase_add_test_raise_signal(tests, replica_is_closed_while_its_log_is_written, SIGABRT);
    tcase_add_test_raise_signal(tests, transfer_goes_back_to_an_older_snapshot, SIGABRT);
    tcase_add_test_raise_signal(tests, transfer_asks_the_disk_before_it_is_done, SIGABRT);
    tcase_add_test_raise_signal(tests, a_line_of_the_log_begins_in_another, SIGABRT);
    tcase_add_test_raise_signal(tests, store_skips_an_entry, SIGABRT);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
