/* Segments that are used again: what they held before is never taken for anything. */
#include "support/check.h"

#include <stdio.h>

#include "disk/recycled.h"
#include "disk/segment.h"
#include "disk_fs/rig.c"

static struct rig rig;

/* How many wait; all of the size in use now. */
static size_t waiting(void)
{
    char **names;
    size_t count, found = 0;
    fs_memory_use(rig.memory);
    ck_assert_int_eq(fs_list(RIG_DIRECTORY, &names, &count), 0);
    for (size_t i = 0; i < count; i++) {
        char path[DISK_PATH_MAX];
        size_t size;
        if (!strstr(names[i], ".old.tmp"))
            continue;
        snprintf(path, sizeof path, RIG_DIRECTORY "/%s", names[i]);
        ck_assert_ptr_nonnull(fs_memory_content(rig.memory, path, &size));
        ck_assert_uint_eq(size, rig.options.segment_bytes);
        found++;
    }
    fs_list_free(names, count);
    return found;
}

/* A log over five segments; two snapshots make the first ones superfluous. */
static void setup(void)
{
    rig_init(&rig, 11);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_identity(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 1), DISK_OK);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(rig_spare(&rig), DISK_OK);
        ck_assert_int_eq(rig_append(&rig, 8, RIG_RECORD_MAX - 100), DISK_OK);
    }
    ck_assert_int_eq(rig_snapshot(&rig, rig.index - 10, 1, 1), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, rig.index - 9, 1, 1), DISK_OK);
    ck_assert_int_eq(rig_clean(&rig), DISK_OK);
    ck_assert_uint_ge(waiting(), 2);
}

static void teardown(void)
{
    rig_close(&rig);
}

static bool has_old_bytes(const char *path)
{
    size_t size;
    const uint8_t *content = fs_memory_content(rig.memory, path, &size);
    for (size_t i = SEGMENT_HEADER; i < size; i++)
        if (content[i] != 0)
            return true;
    return false;
}

/* Appends until the log has rolled into a recycled segment; returns its path. */
static const char *roll_over(void)
{
    static char path[DISK_PATH_MAX];
    uint64_t end;
    strcpy(path, rig_tip(&rig, &end));
    ck_assert_int_eq(rig_spare(&rig), DISK_OK);
    while (strcmp(path, rig_tip(&rig, &end)) == 0)
        ck_assert_int_eq(rig_append(&rig, 1, 1000), DISK_OK);
    strcpy(path, rig_tip(&rig, &end));
    return path;
}

START_TEST(one_is_used_again)
{
    size_t before = waiting();
    const char *path = roll_over();
    ck_assert_uint_eq(waiting(), before - 1);
    ck_assert(has_old_bytes(path));
    ck_assert_int_eq(rig_append(&rig, 3, 700), DISK_OK);
    uint64_t index = rig.index;
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.index, index);
    ck_assert_uint_eq(waiting(), 0); /* a start removes those that wait */
}
END_TEST

START_TEST(a_log_goes_round_for_long)
{
    for (int round = 0; round < 30; round++) {
        roll_over();
        ck_assert_int_eq(rig_append(&rig, 2, 3000), DISK_OK);
        ck_assert_int_eq(rig_snapshot(&rig, rig.index - 1, 1, 1), DISK_OK);
        ck_assert_int_eq(rig_clean(&rig), DISK_OK);
        ck_assert_uint_le(waiting(), RECYCLED_MAX);
        if (round % 7 == 3) {
            uint64_t index = rig.index;
            rig_crash(&rig, round % 2 == 0 ? FS_MEMORY_SOME : FS_MEMORY_TEAR);
            ck_assert_int_eq(rig_open(&rig), DISK_OK);
            ck_assert_uint_eq(rig.index, index);
        }
    }
}
END_TEST

/* In place of the sector at AT: one as an earlier segment in that file left it. */
static void put_old_sector(const char *path, uint64_t at)
{
    uint8_t sector[SECTOR_BYTES] = {1, 2, 3};
    at -= at % SECTOR_BYTES;
    sector_seal(sector, 12345, at);
    fs_memory_spoil(rig.memory, path, at, sector, sizeof sector);
}

/* Damage in front of a later batch is told from a torn end there too. */
START_TEST(damage_in_one_is_refused)
{
    char path[DISK_PATH_MAX];
    strcpy(path, roll_over());
    uint64_t end;
    ck_assert_int_eq(rig_append(&rig, 1, 500), DISK_OK);
    (void)rig_tip(&rig, &end);
    ck_assert_int_eq(rig_append(&rig, 1, 500), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 1, 500), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    struct rig copy;
    rig_copy(&copy, &rig);
    fs_memory_flip(copy.memory, path, sector_file_offset(end - 100) * 8);
    ck_assert_int_eq(rig_open(&copy), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(copy.reason, "a sector's checksum does not fit"));
    rig_close(&copy);
    fs_memory_use(rig.memory);
    /* A sector that the disk lost: what it gives back is of the file's earlier life. */
    put_old_sector(path, sector_file_offset(end - 100));
    ck_assert_int_eq(rig_open(&rig), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(rig.reason, "later ones follow"));
}
END_TEST

/* The end of the last batch is missing: it is cut off, and said so. */
START_TEST(a_torn_end_in_one_is_cut)
{
    char path[DISK_PATH_MAX];
    strcpy(path, roll_over());
    uint64_t index = rig.index, end;
    ck_assert_int_eq(rig_append(&rig, 1, 500), DISK_OK);
    (void)rig_tip(&rig, &end);
    rig_crash(&rig, FS_MEMORY_LOSE);
    put_old_sector(path, sector_file_offset(end - 100));
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.index, index);
    buffer_append(&rig.recovered.notes, "", 1);
    ck_assert_ptr_nonnull(strstr((const char *)buffer_start(&rig.recovered.notes), "torn_tail"));
}
END_TEST

START_TEST(they_give_way_on_a_full_disk)
{
    size_t before = waiting();
    ck_assert_uint_gt(before, 0);
    fs_memory_limit(rig.memory, rig.machine, fs_memory_used(rig.memory, rig.machine));
    ck_assert_int_eq(rig_spare(&rig), DISK_OK); /* that takes no room */
    ck_assert_int_eq(rig_snapshot(&rig, rig.index, 1, 3), DISK_FULL);
    ck_assert_uint_eq(waiting(), 0);
    ck_assert_int_eq(rig_snapshot(&rig, rig.index, 1, 3), DISK_OK);
}
END_TEST

/* What the segments take, those that wait too. */
static uint64_t segment_bytes(void)
{
    char **names;
    size_t count;
    uint64_t sum = 0;
    fs_memory_use(rig.memory);
    ck_assert_int_eq(fs_list(RIG_DIRECTORY, &names, &count), 0);
    for (size_t i = 0; i < count; i++) {
        char path[DISK_PATH_MAX];
        size_t size = 0;
        snprintf(path, sizeof path, RIG_DIRECTORY "/%s", names[i]);
        if (strncmp(names[i], "wal-", 4) == 0)
            ck_assert_ptr_nonnull(fs_memory_content(rig.memory, path, &size));
        sum += size;
    }
    fs_list_free(names, count);
    return sum;
}

/* Each that could not be used again was once counted for ever. */
START_TEST(one_that_is_dropped_for_want_of_room_does_not_count)
{
    int full = 0;
    for (uint64_t call = 1;; call++) {
        struct rig whole = rig;
        setup();
        struct disk_sizes sizes;
        disk_sizes(rig.disk, &sizes);
        ck_assert_uint_eq(sizes.wal_bytes, segment_bytes());
        fs_memory_fail(rig.memory, rig.machine, call, -ENOSPC);
        enum disk_status status = rig_spare(&rig);
        bool struck = fs_memory_struck(rig.memory, rig.machine);
        if (status == DISK_FULL) {
            full++;
            disk_sizes(rig.disk, &sizes);
            ck_assert_uint_eq(sizes.wal_bytes, segment_bytes());
        }
        rig_close(&rig);
        rig = whole;
        if (!struck)
            break;
    }
    ck_assert_int_ge(full, 3);
}
END_TEST

/* The node once took such a one for a segment that it had not got. */
START_TEST(one_that_is_not_as_long_as_it_was_gives_way_to_a_new_one)
{
    char **names;
    size_t count, changed = 0;
    fs_memory_use(rig.memory);
    ck_assert_int_eq(fs_list(RIG_DIRECTORY, &names, &count), 0);
    for (size_t i = 0; i < count; i++) {
        char path[DISK_PATH_MAX];
        if (!strstr(names[i], ".old.tmp"))
            continue;
        snprintf(path, sizeof path, RIG_DIRECTORY "/%s", names[i]);
        int file = fs_open(path);
        ck_assert_int_ge(file, 0);
        ck_assert_int_eq(_i ? fs_write(file, RIG_SEGMENT_BYTES, "more", 4) : fs_truncate(file, 100), 0);
        ck_assert_int_eq(fs_close(file), 0);
        changed++;
    }
    fs_list_free(names, count);
    ck_assert_uint_ge(changed, 2);
    for (size_t i = 0; i < changed + 1; i++) {
        ck_assert_int_eq(rig_spare(&rig), DISK_OK);
        ck_assert_int_eq(rig_append(&rig, 6, RIG_RECORD_MAX - 100), DISK_OK);
    }
    ck_assert_uint_eq(waiting(), 0);
    struct disk_sizes sizes;
    disk_sizes(rig.disk, &sizes);
    ck_assert_uint_eq(sizes.wal_bytes, segment_bytes());
    uint64_t index = rig.index;
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.index, index);
}
END_TEST

START_TEST(another_size_is_not_used_again)
{
    rig_shut(&rig);
    rig.options.segment_bytes = 2 * RIG_SEGMENT_BYTES;
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_spare(&rig), DISK_OK);
    ck_assert_int_eq(rig_spare(&rig), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 30, RIG_RECORD_MAX - 100), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, rig.index - 1, 1, 1), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, rig.index, 1, 1), DISK_OK);
    ck_assert_int_eq(rig_clean(&rig), DISK_OK);
    ck_assert_uint_le(waiting(), 2);
    uint64_t index = rig.index;
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.index, index);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk/recycled");
    TCase *tcase = tcase_create("recycled");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, one_is_used_again);
    tcase_add_test(tcase, a_log_goes_round_for_long);
    tcase_add_test(tcase, damage_in_one_is_refused);
    tcase_add_test(tcase, a_torn_end_in_one_is_cut);
    tcase_add_test(tcase, they_give_way_on_a_full_disk);
    tcase_add_test(tcase, one_that_is_dropped_for_want_of_room_does_not_count);
    tcase_add_loop_test(tcase, one_that_is_not_as_long_as_it_was_gives_way_to_a_new_one, 0, 2);
    tcase_add_test(tcase, another_size_is_not_used_again);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
