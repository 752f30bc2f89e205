/* A leader's snapshot on its way to a node: what is left of one that nothing more comes of. */
#include "solo.h"

#include <stdio.h>

#include "disk/snapshot.h"
#include "store/part.h"

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

static void offer_of_size(uint64_t index, uint64_t size)
{
    uint8_t bytes[24];
    bytes_put_u64(bytes, index);
    bytes_put_u64(bytes + 8, 1);
    bytes_put_u64(bytes + 16, size);
    struct reader reader = reader_of(bytes, sizeof bytes);
    receive_offer(&parts.transfers->receiving, parts.env, parts.raft, PEER, &reader);
    drop_answers();
}

static void offer(uint64_t index)
{
    offer_of_size(index, SIZE);
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

/* --- what it holds ------------------------------------------------------------------------------------------------ */

static void said(const char *text)
{
    buffer_append_u8(&parts.env->log, '\0');
    ck_assert_ptr_nonnull(strstr((char *)buffer_start(&parts.env->log), text));
    buffer_clear(&parts.env->log, 0);
}

/* A snapshot of INDEX with good checksums, into FILE: a state of index STATE_INDEX which announces so many files, and
 * a record of that part and type behind it, if there is such a part. Returns its size. */
static size_t write_snapshot(uint64_t state_index, uint64_t files, uint8_t part, uint8_t type, uint8_t *file)
{
    char path[100], reason[DISK_REASON_MAX];
    strcat(strcpy(path, directory), "/made.tmp");
    struct snapshot snapshot = {
        .id = 1, .index = INDEX, .term = 1, .configuration = parts.peers->identity.directory.configuration};
    snapshot.cluster_id = snapshot.configuration.cluster_id;
    struct buffer state = {0};
    dump_record(&state, PART_CORE, 1, 27 + 9);
    buffer_append_u64(&state, state_index);
    buffer_append_u64(&state, 5);
    buffer_append_u64(&state, 7);
    buffer_append_u16(&state, LEVEL_BASE);
    buffer_append_u8(&state, 1);
    buffer_append_u8(&state, PART_FILES);
    buffer_append_u64(&state, files);
    if (part > 0) {
        const uint8_t record[] = {part, type, 3, 0, 0, 0, 'x', 'y', 'z'};
        buffer_append(&state, record, sizeof record);
    }
    struct snapshot_writer writer;
    ck_assert_int_eq(snapshot_begin(&writer, path, &snapshot, reason), DISK_OK);
    ck_assert_int_eq(snapshot_block(&writer, buffer_start(&state), buffer_size(&state), reason), DISK_OK);
    ck_assert_int_eq(snapshot_end(&writer, reason), DISK_OK);
    size_t size = (size_t)writer.offset;
    snapshot_writer_close(&writer);
    buffer_close(&state);
    FILE *made = fopen(path, "rb");
    ck_assert_uint_eq(fread(file, 1, size, made), size);
    ck_assert_int_eq(fclose(made), 0);
    ck_assert_int_eq(unlink(path), 0);
    return size;
}

/* It comes, and whatever follows from that is done. */
static void come(const uint8_t *file, size_t size)
{
    uint8_t bytes[8 + CHUNK];
    offer_of_size(INDEX, size);
    for (size_t at = 0; at < size; at += CHUNK) {
        size_t count = size - at < CHUNK ? size - at : CHUNK;
        await(at);
        drop_answers();
        bytes_put_u64(bytes, at);
        memcpy(bytes + 8, file + at, count);
        struct reader reader = reader_of(bytes, 8 + count);
        receive_chunk(&parts.transfers->receiving, parts.env, PEER, &reader);
    }
    for (int i = 0; i < 20; i++)
        turn(true);
}

static const struct {
    uint64_t state_index;
    uint64_t files;
    uint8_t part;
    uint8_t type;
} bad[] = {
    {INDEX, 0, PART_FILES, 1},     /* no file */
    {INDEX, 0, PART_CORE, 1},      /* no state, and another one */
    {INDEX, 1, 0, 0},              /* a file is missing */
    {INDEX + 1, 0, 0, 0},          /* of another index than its name says */
};

/* It once ended the node, which was told to run another version. */
START_TEST(one_that_does_not_load_is_dropped_and_comes_again)
{
    static uint8_t file[20000];
    char named[100];
    strcat(strcpy(named, directory), "/snapshot-00000000000003e8-0000000000000001");
    come(file, write_snapshot(bad[_i].state_index, bad[_i].files, bad[_i].part, bad[_i].type, file));
    ck_assert_ptr_null(node_stop_reason(node));
    ck_assert_int_eq(parts.transfers->receiving.state, RECEIVE_IDLE);
    said("what it holds is damaged and does not load");
    ck_assert_int_ne(access(named, F_OK), 0);
    come(file, write_snapshot(INDEX, 0, 0, 0, file));
    ck_assert_int_eq(access(named, F_OK), 0);
    ck_assert_uint_eq(parts.transfers->receiving.count, 1);
    ck_assert_uint_ge(store_applied(*parts.store), INDEX);
}
END_TEST

/* A part, or a type of record, that this version does not know. */
START_TEST(one_of_a_newer_version_ends_the_node)
{
    static const uint8_t newer[][2] = {{77, 1}, {PART_FILES, 99}};
    static uint8_t file[20000];
    come(file, write_snapshot(INDEX, 0, newer[_i][0], newer[_i][1], file));
    ck_assert_ptr_nonnull(node_stop_reason(node));
    ck_assert_ptr_nonnull(strstr(node_stop_reason(node), "run the newest cleatd"));
    said("unknown_snapshot");
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
    tcase_add_loop_test(tests, one_that_does_not_load_is_dropped_and_comes_again, 0, sizeof bad / sizeof *bad);
    tcase_add_loop_test(tests, one_of_a_newer_version_ends_the_node, 0, 2);
    tcase_add_test(tests, an_answer_that_is_not_known_moves_nothing);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
