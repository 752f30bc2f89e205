/* Starts on a disk without room: what was set aside for them is enough, however many there are. */
#include "support/check.h"

#include <stdio.h>

#include "disk/reserve.h"
#include "disk_fs/rig.c"

static struct rig rig;

static bool has(unsigned number, size_t *size)
{
    char path[DISK_PATH_MAX];
    snprintf(path, sizeof path, RIG_DIRECTORY "/reserve-%u", number);
    return fs_memory_content(rig.memory, path, size) != NULL;
}

static enum disk_status set_aside(struct rig *of)
{
    struct disk_bulk request = {0};
    enum disk_status status = DISK_OK;
    for (int i = 0; i < RESERVE_COUNT && status == DISK_OK; i++)
        status = rig_bulk(of, DISK_PREPARE_RESERVE, &request);
    ck_assert(request.reserved == (status == DISK_OK));
    return status;
}

/* From now on there is no room for anything. */
static void fill(struct rig *of)
{
    fs_memory_limit(of->memory, of->machine, fs_memory_used(of->memory, of->machine));
}

/* A log that fills three segments, the last batch as large as can be. */
static void setup(void)
{
    rig_init(&rig, 31);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert(!rig.recovered.reserved && !rig.recovered.starved);
    ck_assert_int_eq(set_aside(&rig), DISK_OK);
    ck_assert_int_eq(rig_identity(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 1), DISK_OK);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(rig_spare(&rig), DISK_OK);
    while (disk_spares(rig.disk) > 0)
        ck_assert_int_eq(rig_append(&rig, 5, RIG_RECORD_MAX), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, (size_t)(disk_room_bytes(rig.disk) / disk_record_bytes(RIG_RECORD_MAX)),
                                RIG_RECORD_MAX), DISK_OK);
}

static void teardown(void)
{
    rig_close(&rig);
}

START_TEST(it_is_larger_than_a_segment_and_made_once)
{
    size_t size[2];
    ck_assert(has(1, &size[0]) && has(2, &size[1]));
    ck_assert_uint_eq(size[0], size[1]);
    ck_assert_uint_ge(size[0], RIG_SEGMENT_BYTES + RIG_RECORD_MAX + RESERVE_ROOM_BYTES);
    uint64_t used = fs_memory_used(rig.memory, rig.machine);
    ck_assert_int_eq(set_aside(&rig), DISK_OK);
    ck_assert_uint_eq(fs_memory_used(rig.memory, rig.machine), used);
    rig_shut(&rig);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert(rig.recovered.reserved && !rig.recovered.starved);
}
END_TEST

/* How a life ends; each leaves the last batch in another state. */
static void end(struct rig *of, int how)
{
    static const enum fs_memory_loss losses[] = {FS_MEMORY_KEEP, FS_MEMORY_LOSE, FS_MEMORY_SOME, FS_MEMORY_TEAR};
    if (how == 4)
        rig_shut(of);
    else
        rig_crash(of, losses[how]);
}

/* In each life a new leader writes its no-op and opens a gateway. */
START_TEST(any_number_of_starts_finds_room)
{
    fill(&rig);
    uint64_t limit = fs_memory_used(rig.memory, rig.machine), index = rig.index, term = rig.term;
    for (int life = 0; life < 300; life++) {
        end(&rig, _i < 5 ? _i : life % 5);
        ck_assert_msg(rig_open(&rig) == DISK_OK, "start %d: %s", life, rig.reason);
        ck_assert(rig.recovered.starved || life > 0);
        ck_assert_uint_eq(rig.index, index);
        ck_assert_uint_ge(disk_room_bytes(rig.disk), 8 * 1024);
        ck_assert_int_eq(rig_vote(&rig, ++term, 1), DISK_OK);
        ck_assert_int_eq(rig_append(&rig, 1, 0), DISK_OK);
        ck_assert_int_eq(rig_append(&rig, 1, 48), DISK_OK);
        ck_assert_int_eq(rig_mark(&rig), DISK_OK);
        index += 2;
        struct disk_bulk prepare = {0};
        ck_assert_int_eq(rig_bulk(&rig, DISK_PREPARE_RESERVE, &prepare), DISK_FULL);
        ck_assert(!prepare.reserved);
        ck_assert_uint_le(fs_memory_used(rig.memory, rig.machine), limit);
    }
    fs_memory_limit(rig.memory, rig.machine, UINT64_MAX);
    ck_assert_int_eq(set_aside(&rig), DISK_OK);
    ck_assert_int_eq(rig_spare(&rig), DISK_OK);
    end(&rig, 0);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert(rig.recovered.reserved && !rig.recovered.starved);
    ck_assert_uint_eq(rig.index, index);
}
END_TEST

/* The process dies, or the power fails, at every action of the first and of the second start. */
START_TEST(a_start_from_it_may_end_anywhere)
{
    static const enum fs_memory_loss losses[] = {FS_MEMORY_KEEP, FS_MEMORY_LOSE, FS_MEMORY_SOME, FS_MEMORY_TEAR};
    uint64_t index = rig.index;
    fill(&rig);
    rig_crash(&rig, FS_MEMORY_KEEP);
    if (_i > 0) {
        ck_assert_int_eq(rig_open(&rig), DISK_OK);
        ck_assert_int_eq(rig_append(&rig, 1, 48), DISK_OK);
        index++;
        rig_crash(&rig, FS_MEMORY_KEEP);
    }
    int stopped = 0;
    for (uint64_t action = 1;; action++) {
        bool struck = false;
        for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
            struct rig copy;
            rig_copy(&copy, &rig);
            fs_memory_stop(copy.memory, copy.machine, action);
            enum disk_status status = rig_open(&copy);
            struck = fs_memory_struck(copy.memory, copy.machine);
            ck_assert_int_eq(status, struck ? DISK_FAILED : DISK_OK);
            rig_crash(&copy, losses[i]);
            for (int again = 0; again < 3; again++) {
                ck_assert_msg(rig_open(&copy) == DISK_OK, "action %d: %s", (int)action, copy.reason);
                ck_assert_uint_eq(copy.index, index + (uint64_t)again);
                ck_assert_uint_ge(disk_room_bytes(copy.disk), 8 * 1024);
                ck_assert_int_eq(rig_append(&copy, 1, 48), DISK_OK);
                rig_crash(&copy, FS_MEMORY_KEEP);
            }
            rig_close(&copy);
        }
        stopped += struck;
        if (!struck)
            break;
    }
    ck_assert_int_gt(stopped, 20);
}
END_TEST

START_TEST(a_start_from_it_fails_at_every_call)
{
    int failed = 0;
    fill(&rig);
    uint64_t index = rig.index;
    rig_crash(&rig, FS_MEMORY_KEEP);
    for (uint64_t call = 1;; call++) {
        struct rig copy;
        rig_copy(&copy, &rig);
        fs_memory_fail(copy.memory, copy.machine, call, -EIO);
        enum disk_status status = rig_open(&copy);
        bool struck = fs_memory_struck(copy.memory, copy.machine);
        ck_assert_int_eq(status, struck ? DISK_FAILED : DISK_OK);
        rig_crash(&copy, FS_MEMORY_KEEP);
        ck_assert_int_eq(rig_open(&copy), DISK_OK);
        ck_assert_uint_eq(copy.index, index);
        rig_close(&copy);
        failed += struck;
        if (!struck)
            break;
    }
    ck_assert_int_gt(failed, 20);
}
END_TEST

/* Whatever lies in it, it is room and no more. */
START_TEST(what_it_holds_is_never_believed)
{
    size_t size;
    uint64_t end_of_tip, index = rig.index;
    fill(&rig);
    rig_crash(&rig, FS_MEMORY_KEEP);
    for (int i = 1; i <= RESERVE_COUNT; i++) {
        char path[DISK_PATH_MAX];
        snprintf(path, sizeof path, RIG_DIRECTORY "/reserve-%d", i);
        const uint8_t *tip = fs_memory_content(rig.memory, rig_tip(&rig, &end_of_tip), &size);
        fs_memory_spoil(rig.memory, path, 0, tip, size);
    }
    for (int life = 0; life < 3; life++) {
        ck_assert_int_eq(rig_open(&rig), DISK_OK);
        ck_assert_uint_eq(rig.index, index);
        rig_crash(&rig, FS_MEMORY_KEEP);
    }
}
END_TEST

/* Segments have another size now: what there is serves while there is no room, and is made anew when there is. */
START_TEST(another_segment_size)
{
    size_t before, after;
    fill(&rig);
    rig_crash(&rig, FS_MEMORY_KEEP);
    rig.options.segment_bytes = _i ? 2 * RIG_SEGMENT_BYTES : RIG_SEGMENT_BYTES + 8192;
    ck_assert(has(2, &before));
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert(rig.recovered.starved && !rig.recovered.reserved);
    fs_memory_limit(rig.memory, rig.machine, UINT64_MAX);
    ck_assert_int_eq(set_aside(&rig), DISK_OK);
    ck_assert(has(2, &after));
    ck_assert_uint_eq(after - before, rig.options.segment_bytes - RIG_SEGMENT_BYTES);
}
END_TEST

/* Starts without anything between them once left a segment each: a program that cannot listen, started over and over,
 * filled the disk. */
START_TEST(starts_in_a_row_leave_one_segment)
{
    rig_shut(&rig);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    uint64_t used = fs_memory_used(rig.memory, rig.machine), index = rig.index;
    for (int life = 0; life < 50; life++) {
        end(&rig, life % 5);
        ck_assert_int_eq(rig_open(&rig), DISK_OK);
        ck_assert_uint_eq(rig.index, index);
        ck_assert_uint_le(fs_memory_used(rig.memory, rig.machine), used + RIG_SEGMENT_BYTES);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk/reserve");
    TCase *tcase = tcase_create("reserve");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, it_is_larger_than_a_segment_and_made_once);
    tcase_add_loop_test(tcase, any_number_of_starts_finds_room, 0, 6);
    tcase_add_loop_test(tcase, a_start_from_it_may_end_anywhere, 0, 2);
    tcase_add_test(tcase, a_start_from_it_fails_at_every_call);
    tcase_add_test(tcase, what_it_holds_is_never_believed);
    tcase_add_loop_test(tcase, another_segment_size, 0, 2);
    tcase_add_test(tcase, starts_in_a_row_leave_one_segment);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
