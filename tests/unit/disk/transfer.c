/* A snapshot on its way from one disk to another, with an error at every call: it comes whole or not at all, and where
 * there was only no room it can come again. */
#include "support/check.h"

#include "disk_fs/rig.c"

enum { CHUNK = 500, INDEX = 8, BLOCKS = 3 };

static struct rig leader;
static struct rig rig;

static void setup(void)
{
    rig_init(&leader, 5);
    ck_assert_int_eq(rig_open(&leader), DISK_OK);
    ck_assert_int_eq(rig_vote(&leader, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_append(&leader, 10, 50), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&leader, INDEX, 1, BLOCKS), DISK_OK);
    rig_init(&rig, 6);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 0), DISK_OK);
}

static void teardown(void)
{
    rig_close(&rig);
    rig_close(&leader);
}

/* Reads the leader's snapshot into BYTES, which the caller closes. */
static enum disk_status send(struct buffer *bytes)
{
    struct disk_bulk request = {0};
    enum disk_status status = rig_bulk(&leader, DISK_SEND_OPEN, &request);
    uint64_t total = request.size;
    while (status == DISK_OK && request.offset < total) {
        request.size = CHUNK;
        status = rig_bulk(&leader, DISK_SEND_READ, &request);
        if (status != DISK_OK)
            break;
        buffer_append(bytes, buffer_start(&request.bytes), buffer_size(&request.bytes));
        request.offset += buffer_size(&request.bytes);
    }
    struct disk_bulk end = {0};
    ck_assert_int_eq(rig_bulk(&leader, DISK_SEND_CLOSE, &end), DISK_OK);
    buffer_close(&request.bytes);
    return status;
}

static enum disk_status receive(struct buffer *bytes)
{
    struct disk_bulk request = {0};
    enum disk_status status = rig_bulk(&rig, DISK_RECEIVE_BEGIN, &request);
    for (size_t at = 0; at < buffer_size(bytes) && status == DISK_OK; at += CHUNK) {
        size_t left = buffer_size(bytes) - at;
        buffer_clear(&request.bytes, CHUNK);
        buffer_append(&request.bytes, buffer_start(bytes) + at, left < CHUNK ? left : CHUNK);
        request.offset = at;
        status = rig_bulk(&rig, DISK_RECEIVE_WRITE, &request);
    }
    if (status == DISK_OK)
        status = rig_bulk(&rig, DISK_RECEIVE_END, &request);
    buffer_close(&request.bytes);
    return status;
}

static enum disk_status load(void)
{
    struct disk_bulk request = {.index = INDEX, .term = 1};
    enum disk_status status = rig_bulk(&rig, DISK_LOAD_OPEN, &request);
    for (int blocks = 0; status == DISK_OK; blocks++) {
        status = rig_bulk(&rig, DISK_LOAD_BLOCK, &request);
        if (status != DISK_OK || request.end) {
            ck_assert(status != DISK_OK || blocks == BLOCKS);
            break;
        }
    }
    buffer_close(&request.bytes);
    return status;
}

START_TEST(reading_it_fails_at_every_call)
{
    int failed = 0;
    for (uint64_t call = 1;; call++) {
        struct buffer bytes = {0};
        fs_memory_fail(leader.memory, leader.machine, call, -EIO);
        enum disk_status status = send(&bytes);
        bool struck = fs_memory_struck(leader.memory, leader.machine);
        ck_assert_int_eq(status, struck ? DISK_FAILED : DISK_OK);
        failed += struck;
        buffer_close(&bytes);
        if (!struck)
            break;
    }
    ck_assert_int_gt(failed, 5);
}
END_TEST

/* The bytes behind the end are none; a file that lost its end meanwhile is an error. */
START_TEST(reading_past_the_end)
{
    struct disk_bulk request = {0};
    ck_assert_int_eq(rig_bulk(&leader, DISK_SEND_OPEN, &request), DISK_OK);
    request.offset = request.size + 5;
    ck_assert_int_eq(rig_bulk(&leader, DISK_SEND_READ, &request), DISK_OK);
    ck_assert_uint_eq(buffer_size(&request.bytes), 0);
    fs_memory_resize(leader.memory, RIG_DIRECTORY "/snapshot-0000000000000008-0000000000000001", 4500);
    request.offset = 4400;
    ck_assert_int_eq(rig_bulk(&leader, DISK_SEND_READ, &request), DISK_FAILED);
    buffer_close(&request.bytes);
}
END_TEST

START_TEST(taking_it_in_fails_at_every_call)
{
    struct buffer bytes = {0};
    int failed = 0;
    ck_assert_int_eq(send(&bytes), DISK_OK);
    for (uint64_t call = 1;; call++) {
        struct rig whole = rig;
        rig_copy(&rig, &whole);
        ck_assert_int_eq(rig_open(&rig), DISK_OK);
        fs_memory_fail(rig.memory, rig.machine, call, -EIO);
        enum disk_status status = receive(&bytes);
        if (status == DISK_OK)
            status = load();
        bool struck = fs_memory_struck(rig.memory, rig.machine);
        ck_assert_int_eq(status, struck ? DISK_FAILED : DISK_OK);
        failed += struck;
        rig_crash(&rig, FS_MEMORY_SOME);
        ck_assert_int_eq(rig_open(&rig), DISK_OK);
        ck_assert(rig.recovered.snapshot_index == 0 || rig.recovered.snapshot_index == INDEX);
        ck_assert_int_eq(rig_load(&rig), rig.recovered.snapshot_index > 0 ? BLOCKS : 0);
        rig_close(&rig);
        rig = whole;
        if (!struck)
            break;
    }
    ck_assert_int_gt(failed, 15);
    buffer_close(&bytes);
}
END_TEST

/* Want of room, once at every call: what came is dropped, and it comes again; or the disk says that it can go on no
 * more. */
START_TEST(no_room_at_every_call)
{
    struct buffer bytes = {0};
    int full = 0;
    ck_assert_int_eq(send(&bytes), DISK_OK);
    for (uint64_t call = 1;; call++) {
        struct rig whole = rig;
        rig_copy(&rig, &whole);
        ck_assert_int_eq(rig_open(&rig), DISK_OK);
        fs_memory_fail(rig.memory, rig.machine, call, -ENOSPC);
        enum disk_status status = receive(&bytes);
        bool struck = fs_memory_struck(rig.memory, rig.machine);
        ck_assert(struck || status == DISK_OK);
        if (status == DISK_FULL) {
            full++;
            ck_assert(!fs_memory_exists(rig.memory, RIG_DIRECTORY "/snapshot-received.tmp"));
            ck_assert_int_eq(receive(&bytes), DISK_OK);
            ck_assert_int_eq(load(), DISK_OK);
        }
        rig_close(&rig);
        rig = whole;
        if (!struck)
            break;
    }
    ck_assert_int_gt(full, 5);
    buffer_close(&bytes);
}
END_TEST

/* No room, and then what was begun cannot be taken away either. */
START_TEST(no_room_and_no_way_back)
{
    struct buffer bytes = {0};
    ck_assert_int_eq(send(&bytes), DISK_OK);
    struct disk_bulk request = {0};
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_BEGIN, &request), DISK_OK);
    buffer_append(&request.bytes, buffer_start(&bytes), CHUNK);
    request.offset = 7; /* not where the last ended: it is dropped */
    fs_memory_fail(rig.memory, rig.machine, 3, -EIO); /* open, size, unlink */
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_WRITE, &request), DISK_FAILED);
    ck_assert_ptr_nonnull(strstr(rig.reason, "unlink "));
    fs_memory_limit(rig.memory, rig.machine, fs_memory_used(rig.memory, rig.machine));
    fs_memory_fail(rig.memory, rig.machine, 3, -EIO); /* create, write without room, unlink */
    struct disk_bulk prepare = {0};
    ck_assert_int_eq(rig_bulk(&rig, DISK_PREPARE_SEGMENT, &prepare), DISK_FAILED);
    ck_assert_ptr_nonnull(strstr(rig.reason, "unlink "));
    buffer_close(&request.bytes);
    buffer_close(&bytes);
}
END_TEST

START_TEST(nothing_at_all_comes)
{
    struct disk_bulk request = {0};
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_BEGIN, &request), DISK_OK);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_WRITE, &request), DISK_OK);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_END, &request), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(rig.reason, "ends before its header does"));
    ck_assert(!fs_memory_exists(rig.memory, RIG_DIRECTORY "/snapshot-received.tmp"));
}
END_TEST

/* Before anything came, in the middle, and after the end, when there is nothing to take away. */
START_TEST(one_that_is_given_up_leaves_nothing)
{
    struct buffer bytes = {0};
    struct disk_bulk request = {0};
    size_t open_files = fs_memory_open_files(rig.memory);
    uint64_t used = fs_memory_used(rig.memory, rig.machine);
    ck_assert_int_eq(send(&bytes), DISK_OK);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_CANCEL, &request), DISK_OK);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_BEGIN, &request), DISK_OK);
    buffer_append(&request.bytes, buffer_start(&bytes), CHUNK);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_WRITE, &request), DISK_OK);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_CANCEL, &request), DISK_OK);
    ck_assert(!fs_memory_exists(rig.memory, RIG_DIRECTORY "/snapshot-received.tmp"));
    ck_assert_uint_eq(fs_memory_open_files(rig.memory), open_files);
    ck_assert_uint_eq(fs_memory_used(rig.memory, rig.machine), used);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_WRITE, &request), DISK_REFUSED);
    ck_assert_int_eq(receive(&bytes), DISK_OK);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_CANCEL, &request), DISK_OK);
    ck_assert_int_eq(load(), DISK_OK);
    buffer_close(&request.bytes);
    buffer_close(&bytes);
}
END_TEST

/* What it holds is for others to judge: then it is as if it had not come, and the same one can come again. */
START_TEST(one_that_is_dropped_leaves_nothing_and_can_come_again)
{
    struct buffer bytes = {0};
    size_t open_files = fs_memory_open_files(rig.memory);
    uint64_t used = fs_memory_used(rig.memory, rig.machine);
    ck_assert_int_eq(send(&bytes), DISK_OK);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(receive(&bytes), DISK_OK);
        struct disk_bulk request = {.index = INDEX, .term = 2};
        ck_assert_int_eq(rig_bulk(&rig, DISK_LOAD_DROP, &request), DISK_OK); /* another one: it is not here */
        ck_assert_int_eq(load(), DISK_OK);
        request = (struct disk_bulk){.index = INDEX, .term = 1};
        ck_assert_int_eq(rig_bulk(&rig, DISK_LOAD_OPEN, &request), DISK_OK);
        ck_assert_int_eq(rig_bulk(&rig, DISK_LOAD_BLOCK, &request), DISK_OK);
        ck_assert_int_eq(rig_bulk(&rig, DISK_LOAD_DROP, &request), DISK_OK);
        while (request.removals)
            ck_assert_int_eq(rig_bulk(&rig, DISK_REMOVE, &request), DISK_OK);
        buffer_close(&request.bytes);
        ck_assert_uint_eq(fs_memory_open_files(rig.memory), open_files);
        ck_assert_uint_eq(fs_memory_used(rig.memory, rig.machine), used);
        struct disk_sizes sizes;
        disk_sizes(rig.disk, &sizes);
        ck_assert(sizes.snapshot_index == 0 && sizes.snapshot_bytes == 0);
    }
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.snapshot_index, 0);
    buffer_close(&bytes);
}
END_TEST

START_TEST(loading_that_is_given_up_closes_the_file)
{
    struct buffer bytes = {0};
    size_t open_files = fs_memory_open_files(rig.memory);
    ck_assert_int_eq(send(&bytes), DISK_OK);
    ck_assert_int_eq(receive(&bytes), DISK_OK);
    struct disk_bulk request = {.index = INDEX, .term = 1};
    ck_assert_int_eq(rig_bulk(&rig, DISK_LOAD_OPEN, &request), DISK_OK);
    ck_assert_int_eq(rig_bulk(&rig, DISK_LOAD_BLOCK, &request), DISK_OK);
    ck_assert_uint_gt(fs_memory_open_files(rig.memory), open_files);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_CANCEL, &request), DISK_OK);
    ck_assert_uint_eq(fs_memory_open_files(rig.memory), open_files);
    ck_assert_int_eq(load(), DISK_OK);
    buffer_close(&request.bytes);
    buffer_close(&bytes);
}
END_TEST

START_TEST(another_term_than_the_one_that_is_here)
{
    struct buffer bytes = {0};
    ck_assert_int_eq(send(&bytes), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 3, 0), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 10, 50), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, INDEX, 3, 1), DISK_OK);
    ck_assert_int_eq(receive(&bytes), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(rig.reason, "has another term"));
    buffer_close(&bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk/transfer");
    TCase *tcase = tcase_create("transfer");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, reading_it_fails_at_every_call);
    tcase_add_test(tcase, reading_past_the_end);
    tcase_add_test(tcase, taking_it_in_fails_at_every_call);
    tcase_add_test(tcase, no_room_at_every_call);
    tcase_add_test(tcase, no_room_and_no_way_back);
    tcase_add_test(tcase, nothing_at_all_comes);
    tcase_add_test(tcase, one_that_is_given_up_leaves_nothing);
    tcase_add_test(tcase, one_that_is_dropped_leaves_nothing_and_can_come_again);
    tcase_add_test(tcase, loading_that_is_given_up_closes_the_file);
    tcase_add_test(tcase, another_term_than_the_one_that_is_here);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
