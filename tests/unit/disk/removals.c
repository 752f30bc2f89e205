/* Large files that go are cut down, a step at a time; whatever the reason is for which they go. */
#include "support/check.h"

#include <inttypes.h>
#include <stdio.h>

#include "disk_fs/rig.c"

enum { STEP = 10000, BLOCKS = 100 /* of 600 bytes */ };

static struct rig rig;

static void setup(void)
{
    rig_init(&rig, 21);
    rig.options.removal_bytes = STEP;
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_identity(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 1), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 9, 20), DISK_OK);
}

static void teardown(void)
{
    rig_close(&rig);
}

/* The sizes of the files that have begun to go, in all; *COUNT: how many steps that are. */
static uint64_t gone_bytes(size_t *count)
{
    char **names;
    size_t names_count;
    uint64_t bytes = 0;
    *count = 0;
    fs_memory_use(rig.memory);
    ck_assert_int_eq(fs_list(RIG_DIRECTORY, &names, &names_count), 0);
    for (size_t i = 0; i < names_count; i++) {
        char path[DISK_PATH_MAX];
        size_t size;
        snprintf(path, sizeof path, RIG_DIRECTORY "/%s", names[i]);
        if (strncmp(names[i], "gone-", 5) != 0)
            continue;
        ck_assert_ptr_nonnull(fs_memory_content(rig.memory, path, &size));
        bytes += size;
        *count += (size + STEP - 1) / STEP;
    }
    fs_list_free(names, names_count);
    return bytes;
}

static bool has(const char *name)
{
    char path[DISK_PATH_MAX];
    snprintf(path, sizeof path, RIG_DIRECTORY "/%s", name);
    return fs_memory_exists(rig.memory, path);
}

/* Goes on until nothing is left to be cut: each request takes away a step at the most. Returns how many there were. */
static int cut_all(void)
{
    size_t count;
    int steps = 0;
    struct disk_bulk request = {.removals = true};
    while (request.removals) {
        uint64_t before = gone_bytes(&count);
        ck_assert_int_eq(rig_bulk(&rig, DISK_REMOVE, &request), DISK_OK);
        uint64_t after = gone_bytes(&count);
        ck_assert_uint_lt(after, before);
        ck_assert_uint_le(before - after, STEP);
        steps++;
    }
    (void)gone_bytes(&count);
    ck_assert_uint_eq(count, 0);
    return steps;
}

static enum disk_status begin_own(struct disk_bulk *request)
{
    *request = (struct disk_bulk){.index = 9, .term = 1, .configuration = rig_configuration(5)};
    enum disk_status status = rig_bulk(&rig, DISK_SNAPSHOT_BEGIN, request);
    for (int i = 0; i < BLOCKS && status == DISK_OK; i++) {
        static const uint8_t bytes[600];
        buffer_clear(&request->bytes, 4096);
        buffer_append(&request->bytes, bytes, sizeof bytes);
        status = rig_bulk(&rig, DISK_SNAPSHOT_BLOCK, request);
    }
    return status;
}

static void receive_some(struct disk_bulk *request)
{
    static const uint8_t bytes[60000];
    *request = (struct disk_bulk){0};
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_BEGIN, request), DISK_OK);
    buffer_append(&request->bytes, bytes, sizeof bytes);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_WRITE, request), DISK_OK);
}

/* --- why one goes; each leaves one file of about six steps ------------------------------------------------------ */

static void an_older_snapshot(struct disk_bulk *request)
{
    for (uint64_t index = 3; index <= 9; index += 3)
        ck_assert_int_eq(rig_snapshot(&rig, index, 1, BLOCKS), DISK_OK);
    ck_assert(!has("snapshot-0000000000000003-0000000000000001"));
    request->removals = true;
}

static void a_cancelled_snapshot(struct disk_bulk *request)
{
    ck_assert_int_eq(begin_own(request), DISK_OK);
    ck_assert_int_eq(rig_bulk(&rig, DISK_SNAPSHOT_CANCEL, request), DISK_OK);
    ck_assert(!has("snapshot-own.tmp"));
}

static void a_snapshot_that_is_begun_anew(struct disk_bulk *request)
{
    ck_assert_int_eq(begin_own(request), DISK_OK);
    ck_assert_int_eq(rig_bulk(&rig, DISK_SNAPSHOT_BEGIN, request), DISK_OK);
    ck_assert(has("snapshot-own.tmp"));
}

static void one_that_came_in_and_was_given_up(struct disk_bulk *request)
{
    receive_some(request);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_CANCEL, request), DISK_OK);
    ck_assert(!has("snapshot-received.tmp"));
}

static void one_that_came_in_and_is_bad(struct disk_bulk *request)
{
    receive_some(request);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_END, request), DISK_REFUSED);
    ck_assert(!has("snapshot-received.tmp"));
}

static void one_that_comes_in_anew(struct disk_bulk *request)
{
    receive_some(request);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_BEGIN, request), DISK_OK);
    ck_assert(has("snapshot-received.tmp"));
}

/* Of the size that segments had before. */
static void a_segment_of_another_size(struct disk_bulk *request)
{
    rig_shut(&rig);
    rig.options.segment_bytes = 2 * RIG_SEGMENT_BYTES;
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 9, 20), DISK_OK);
    for (uint64_t index = 16; index <= 18; index++)
        ck_assert_int_eq(rig_snapshot(&rig, index, 1, 1), DISK_OK);
    ck_assert_int_eq(rig_bulk(&rig, DISK_CLEAN, request), DISK_OK);
}

static void what_a_start_finds_unfinished(struct disk_bulk *request)
{
    struct disk_bulk own;
    ck_assert_int_eq(begin_own(&own), DISK_OK);
    buffer_close(&own.bytes);
    rig_crash(&rig, FS_MEMORY_KEEP);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert(!has("snapshot-own.tmp"));
    ck_assert_int_eq(rig_bulk(&rig, DISK_CHECK, request), DISK_OK); /* any request tells */
}

static void (*const reasons[])(struct disk_bulk *) = {
    an_older_snapshot,
    a_cancelled_snapshot,
    a_snapshot_that_is_begun_anew,
    one_that_came_in_and_was_given_up,
    one_that_came_in_and_is_bad,
    one_that_comes_in_anew,
    a_segment_of_another_size,
    what_a_start_finds_unfinished,
};

enum { REASONS = sizeof reasons / sizeof *reasons };

START_TEST(whatever_goes_goes_in_steps)
{
    struct disk_bulk request = {0};
    reasons[_i](&request);
    size_t count;
    (void)gone_bytes(&count);
    ck_assert_uint_ge(count, 6);
    ck_assert(request.removals);
    ck_assert_int_eq(cut_all(), (int)count);
    buffer_close(&request.bytes);
}
END_TEST

/* A start goes on with it, however far it had come; and takes no longer for it. */
START_TEST(a_crash_at_every_step_leaves_nothing_behind)
{
    struct disk_bulk request = {0};
    reasons[_i](&request);
    buffer_close(&request.bytes);
    for (int steps = 0; steps < 8; steps++) {
        static const enum fs_memory_loss losses[] = {FS_MEMORY_KEEP, FS_MEMORY_LOSE, FS_MEMORY_SOME, FS_MEMORY_TEAR};
        for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
            struct rig before = rig;
            rig_copy(&rig, &before);
            rig.options.segment_bytes = before.options.segment_bytes;
            rig.options.removal_bytes = STEP;
            fs_memory_crash(rig.memory, rig.machine, losses[i]);
            ck_assert_int_eq(rig_open(&rig), DISK_OK);
            ck_assert_int_ge(rig_load(&rig), 0);
            struct disk_bulk any = {0};
            ck_assert_int_eq(rig_bulk(&rig, DISK_CHECK, &any), DISK_OK);
            if (any.removals)
                cut_all();
            size_t count;
            (void)gone_bytes(&count);
            ck_assert_uint_eq(count, 0);
            rig_close(&rig);
            rig = before;
        }
        fs_memory_use(rig.memory);
        struct disk_bulk step = {0};
        ck_assert_int_eq(rig_bulk(&rig, DISK_REMOVE, &step), DISK_OK);
    }
}
END_TEST

START_TEST(a_step_fails_at_every_call)
{
    int failed = 0;
    struct disk_bulk request = {0};
    an_older_snapshot(&request);
    for (uint64_t call = 1;; call++) {
        struct rig before = rig;
        rig_copy(&rig, &before);
        rig.options.removal_bytes = STEP;
        ck_assert_int_eq(rig_open(&rig), DISK_OK);
        fs_memory_fail(rig.memory, rig.machine, call, -EIO);
        enum disk_status status = DISK_OK;
        struct disk_bulk step = {.removals = true};
        while (status == DISK_OK && step.removals)
            status = rig_bulk(&rig, DISK_REMOVE, &step);
        bool struck = fs_memory_struck(rig.memory, rig.machine);
        ck_assert_int_eq(status, struck ? DISK_FAILED : DISK_OK);
        failed += struck;
        rig_close(&rig);
        rig = before;
        if (!struck)
            break;
    }
    fs_memory_use(rig.memory);
    ck_assert_int_gt(failed, 10);
}
END_TEST

/* Another node reads it; it once was only unlinked, which left it whole for that. */
START_TEST(a_snapshot_that_is_sent_stays_whole)
{
    struct disk_bulk sent = {0}, request = {0};
    ck_assert_int_eq(rig_snapshot(&rig, 3, 1, BLOCKS), DISK_OK);
    ck_assert_int_eq(rig_bulk(&rig, DISK_SEND_OPEN, &sent), DISK_OK);
    uint64_t size = sent.size;
    ck_assert_int_eq(rig_snapshot(&rig, 5, 1, BLOCKS), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, 7, 1, BLOCKS), DISK_OK);
    ck_assert_int_eq(rig_bulk(&rig, DISK_REMOVE, &request), DISK_OK);
    ck_assert(!request.removals);
    for (uint64_t offset = 0; offset < size; offset += 1000) {
        sent.offset = offset;
        sent.size = 1000;
        ck_assert_int_eq(rig_bulk(&rig, DISK_SEND_READ, &sent), DISK_OK);
        ck_assert_uint_eq(buffer_size(&sent.bytes), size - offset < 1000 ? size - offset : 1000);
    }
    ck_assert_int_eq(rig_bulk(&rig, DISK_SEND_CLOSE, &sent), DISK_OK);
    ck_assert(sent.removals);
    ck_assert_int_gt(cut_all(), 5);
    buffer_close(&sent.bytes);
}
END_TEST

/* What only waits to go is gone at once where room is needed. */
START_TEST(on_a_full_disk_nothing_waits)
{
    struct disk_bulk request = {0};
    an_older_snapshot(&request);
    fs_memory_limit(rig.memory, rig.machine, fs_memory_used(rig.memory, rig.machine) + 5000);
    ck_assert_int_eq(rig_bulk(&rig, DISK_PREPARE_SEGMENT, &request), DISK_FULL);
    ck_assert(!request.removals);
    size_t count;
    (void)gone_bytes(&count);
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(a_start_without_room_takes_it_from_what_goes)
{
    struct disk_bulk request = {0};
    ck_assert_int_eq(begin_own(&request), DISK_OK);
    buffer_close(&request.bytes);
    rig_crash(&rig, FS_MEMORY_KEEP);
    fs_memory_limit(rig.memory, rig.machine, fs_memory_used(rig.memory, rig.machine) + 10000);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_gt(disk_room_bytes(rig.disk), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk/removals");
    TCase *tcase = tcase_create("removals");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, whatever_goes_goes_in_steps, 0, REASONS);
    tcase_add_loop_test(tcase, a_crash_at_every_step_leaves_nothing_behind, 0, REASONS);
    tcase_add_test(tcase, a_step_fails_at_every_call);
    tcase_add_test(tcase, a_snapshot_that_is_sent_stays_whole);
    tcase_add_test(tcase, on_a_full_disk_nothing_waits);
    tcase_add_test(tcase, a_start_without_room_takes_it_from_what_goes);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
