/* Room on the disk for the log, and for starts: what a node does without the one or the other. */
#include <signal.h>
#include <sys/resource.h>

#include "solo.h"

/* A limit on the size of files stands in for a full disk. */
enum { NOTHING = 32 * 1024, SEGMENTS = 100 * 1024, ALL = 1024 * 1024 };

static int asked_for_reserve;

static void leave_room(rlim_t bytes)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Turns when the node has asked for one, and after its disk has done something, as a driver does. */
static void pass(uint64_t time_ms)
{
    struct disk_bulk *request = NULL;
    for (uint64_t end_ms = now_ms + time_ms; now_ms < end_ms;) {
        uint64_t deadline_ms = node_deadline_ms(node);
        if (deadline_ms > now_ms + 1 && !request)
            now_ms = (deadline_ms < end_ms ? deadline_ms : end_ms) - 1;
        request = log_turn(true);
        asked_for_reserve += request && request->kind == DISK_PREPARE_RESERVE;
        if (request)
            bulk_done(request);
    }
}

static void open_in(rlim_t bytes)
{
    signal(SIGXFSZ, SIG_IGN);
    leave_room(bytes);
    start();
    for (int i = 0; i < 1000 && parts.gateway->epoch == 0; i++)
        pass(1);
    ck_assert_uint_gt(parts.gateway->epoch, 0);
}

static void make(void)
{
    make_directory();
}

static void end(void)
{
    leave_room(ALL);
    teardown();
}

static bool takes_a_change(void)
{
    struct connection connection;
    struct node_client *client = node_client_open(node, &connection);
    type(client, "write a 1\nx\n");
    for (int i = 0; i < 20 && client->count > 0; i++)
        pass(1);
    char got[100] = "";
    ck_assert_uint_lt(node_client_output(client)->size, sizeof got);
    chain_copy(node_client_output(client), got, node_client_output(client)->size);
    chain_consume(node_client_output(client), node_client_output(client)->size);
    node_client_close(node, client);
    bool done = strncmp(got, "OK ", 3) == 0;
    ck_assert_msg(done || strncmp(got, "ERR_DISK_FULL", 13) == 0, "%s", got);
    return done;
}

static void check_well(void)
{
    ck_assert(!parts.persist->full);
    ck_assert(node_has_room(node));
    ck_assert_msg(node_ready(node), "%s", node_unready(node));
    ck_assert(takes_a_change());
}

/* A node on a small volume once refused all changes, in a segment like any other and with a spare, and filled what was
 * left of the volume twice a second. */
START_TEST(want_of_room_for_starts_alone_refuses_nothing)
{
    enum { TIMES = 5 };
    open_in(SEGMENTS);
    check_well();
    pass(TIMES * PERSIST_RESERVE_RETRY_MS);
    check_well();
    ck_assert(!parts.persist->reserved);
    ck_assert_int_ge(asked_for_reserve, TIMES);
    ck_assert_int_le(asked_for_reserve, TIMES + 1);
    leave_room(ALL);
    pass(PERSIST_RESERVE_RETRY_MS + 10);
    ck_assert(parts.persist->reserved);
    check_well();
    int asked = asked_for_reserve;
    pass(2 * PERSIST_RESERVE_RETRY_MS);
    ck_assert_int_eq(asked_for_reserve, asked);
}
END_TEST

/* Nor in a life that began without room for a segment, and had nothing set aside. */
START_TEST(a_segment_is_enough_where_nothing_was_set_aside)
{
    open_in(SEGMENTS);
    check_well();
    stop();
    leave_room(NOTHING);
    start();
    ck_assert(parts.persist->full && !parts.persist->starved);
    pass(3000);
    ck_assert(parts.persist->full && parts.gateway->epoch == 0);
    leave_room(SEGMENTS);
    pass(2 * PERSIST_FULL_RETRY_MS);
    for (int i = 0; i < 1000 && parts.gateway->epoch == 0; i++)
        pass(1);
    check_well();
    ck_assert(!parts.persist->reserved);
}
END_TEST

/* In a segment made of the room for starts there are no changes until the next start has its room, too. */
START_TEST(what_a_start_used_up_comes_first)
{
    open_in(ALL);
    pass(1000);
    ck_assert(parts.persist->reserved);
    check_well();
    stop();
    open_in(NOTHING);
    ck_assert(parts.persist->full && parts.persist->starved && !takes_a_change());
    asked_for_reserve = 0;
    leave_room(SEGMENTS);
    pass(10 * PERSIST_FULL_RETRY_MS);
    ck_assert(parts.persist->full && parts.persist->starved && !takes_a_change());
    ck_assert_int_ge(asked_for_reserve, 9);
    ck_assert_int_le(asked_for_reserve, 11);
    leave_room(ALL);
    pass(2 * PERSIST_FULL_RETRY_MS);
    check_well();
    ck_assert(parts.persist->reserved && !parts.persist->starved);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("room");
    TCase *tests = tcase_create("room");
    tcase_add_checked_fixture(tests, make, end);
    tcase_add_test(tests, want_of_room_for_starts_alone_refuses_nothing);
    tcase_add_test(tests, a_segment_is_enough_where_nothing_was_set_aside);
    tcase_add_test(tests, what_a_start_used_up_comes_first);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
