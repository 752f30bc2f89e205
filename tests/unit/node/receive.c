/* A leader's snapshot on its way to a node: what is left of one that nothing more comes of. */
#include "solo.h"

enum { PEER = 2, INDEX = 1000, CHUNK = 700, SIZE = 5 * CHUNK };

static char unfinished[100];

static void setup_receiver(void)
{
    setup();
    strcpy(unfinished, directory);
    strcat(unfinished, "/snapshot-received.tmp");
}

/* There is no link to that peer: what it is told goes nowhere. */
static void drop_answers(void)
{
    struct transfer_message message;
    while (transfers_take_message(parts.transfers, &message))
        chain_close(&message.body);
}

static void offer(uint64_t index)
{
    uint8_t bytes[24];
    bytes_put_u64(bytes, index);
    bytes_put_u64(bytes + 8, 1);
    bytes_put_u64(bytes + 16, SIZE);
    struct reader reader = reader_of(bytes, sizeof bytes);
    receive_offer(&parts.transfers->receiving, parts.env, parts.raft, PEER, &reader);
    drop_answers();
}

static void chunk(uint64_t offset)
{
    uint8_t bytes[8 + CHUNK] = {0};
    bytes_put_u64(bytes, offset);
    struct reader reader = reader_of(bytes, sizeof bytes);
    receive_chunk(&parts.transfers->receiving, parts.env, PEER, &reader);
}

/* Turns until the disk has done what is asked of it, and the next chunk may come, from OFFSET on. */
static void await(uint64_t offset)
{
    for (int i = 0; i < 100 && parts.transfers->receiving.state != RECEIVE_WAIT; i++)
        turn(true);
    ck_assert_int_eq(parts.transfers->receiving.state, RECEIVE_WAIT);
    ck_assert_uint_eq(parts.transfers->receiving.offset, offset);
}

/* A snapshot that has come in part. */
static void begin(void)
{
    offer(INDEX);
    await(0);
    chunk(0);
    await(CHUNK);
    ck_assert_int_eq(access(unfinished, F_OK), 0);
}

static void expect_nothing_left(void)
{
    for (int i = 0; i < 10; i++)
        turn(true);
    ck_assert_int_eq(parts.transfers->receiving.state, RECEIVE_IDLE);
    ck_assert_int_ne(access(unfinished, F_OK), 0);
    ck_assert(node_ready(node));
}

/* It once stayed on the disk, open, until the next start. */
START_TEST(one_that_does_not_move_leaves_nothing)
{
    begin();
    for (int i = 0; i < RECEIVE_MOVE_MS; i++)
        turn(true);
    expect_nothing_left();
}
END_TEST

START_TEST(one_whose_link_is_gone_leaves_nothing)
{
    begin();
    receive_link_closed(&parts.transfers->receiving, PEER + 1); /* another's */
    ck_assert_int_eq(parts.transfers->receiving.state, RECEIVE_WAIT);
    receive_link_closed(&parts.transfers->receiving, PEER);
    expect_nothing_left();
}
END_TEST

/* The next leader still has the log, and offers what is older than that. */
START_TEST(one_that_is_not_needed_any_more_leaves_nothing)
{
    begin();
    offer(raft_commit(parts.raft));
    expect_nothing_left();
}
END_TEST

START_TEST(one_that_is_refused_leaves_nothing)
{
    begin();
    for (uint64_t at = CHUNK; at < SIZE - CHUNK; at += CHUNK) {
        chunk(at);
        await(at + CHUNK);
    }
    chunk(SIZE - CHUNK);
    expect_nothing_left();
}
END_TEST

/* It comes again before what there was of it is gone, or while that is on its way out. */
START_TEST(one_that_comes_again_at_once)
{
    begin();
    receive_link_closed(&parts.transfers->receiving, PEER);
    begin();
    receive_link_closed(&parts.transfers->receiving, PEER);
    struct disk_bulk *request = node_take_bulk(node);
    ck_assert_ptr_nonnull(request);
    ck_assert_int_eq(request->kind, DISK_RECEIVE_CANCEL);
    offer(INDEX);
    ck_assert_int_eq(parts.transfers->receiving.state, RECEIVE_BEGIN);
    disk_bulk_execute(disk, request);
    node_bulk_done(node, request);
    ck_assert_int_eq(parts.transfers->receiving.state, RECEIVE_BEGIN);
    await(0);
    chunk(0);
    await(CHUNK);
    ck_assert_int_eq(access(unfinished, F_OK), 0);
    receive_link_closed(&parts.transfers->receiving, PEER);
    expect_nothing_left();
}
END_TEST

/* What the other end says of it, on the sender's side: only words that are known count. */
START_TEST(an_answer_that_is_not_known_moves_nothing)
{
    parts.transfers->sending.state = SEND_WAIT;
    parts.transfers->sending.peer = PEER;
    parts.transfers->sending.index = INDEX;
    parts.transfers->sending.size = SIZE;
    parts.transfers->sending.moved_ms = now_ms;
    uint8_t bytes[17] = {0};
    bytes_put_u64(bytes, INDEX);
    bytes[16] = TRANSFER_TAKEN_NOT + 1;
    struct reader reader = reader_of(bytes, sizeof bytes);
    send_taken(&parts.transfers->sending, parts.env, parts.raft, PEER, &reader);
    ck_assert_int_eq(parts.transfers->sending.state, SEND_WAIT);
    bytes[16] = TRANSFER_TAKEN_SO_FAR;
    reader = reader_of(bytes, sizeof bytes);
    send_taken(&parts.transfers->sending, parts.env, parts.raft, PEER, &reader);
    ck_assert_int_eq(parts.transfers->sending.state, SEND_READ);
    parts.transfers->sending.state = SEND_IDLE;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("receive");
    TCase *tests = tcase_create("receive");
    tcase_add_checked_fixture(tests, setup_receiver, teardown);
    tcase_add_test(tests, one_that_does_not_move_leaves_nothing);
    tcase_add_test(tests, one_whose_link_is_gone_leaves_nothing);
    tcase_add_test(tests, one_that_is_not_needed_any_more_leaves_nothing);
    tcase_add_test(tests, one_that_is_refused_leaves_nothing);
    tcase_add_test(tests, one_that_comes_again_at_once);
    tcase_add_test(tests, an_answer_that_is_not_known_moves_nothing);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
