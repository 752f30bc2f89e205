/* Snapshots: two are kept, the log goes with the older one, and a damaged one is never believed. */
#include "support/check.h"

#include <inttypes.h>

#include "disk_fs/rig.c"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig, 3);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_identity(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
}

static void teardown(void)
{
    rig_close(&rig);
}

static const char *snapshot_path(uint64_t index, uint64_t term)
{
    static char path[DISK_PATH_MAX];
    snprintf(path, sizeof path, "%s/snapshot-%016" PRIx64 "-%016" PRIx64, RIG_DIRECTORY, index, term);
    return path;
}

START_TEST(a_snapshot_comes_back_with_the_entries_after_it)
{
    ck_assert_int_eq(rig_append(&rig, 10, 50), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, 6, 1, 5), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.snapshot_index, 6);
    ck_assert_uint_eq(rig.recovered.snapshot_term, 1);
    ck_assert_uint_eq(rig.recovered.snapshot_configuration.cluster_id, 5);
    ck_assert_uint_eq(rig.recovered.entry_count, 4);
    ck_assert_int_eq(rig_load(&rig), 5);
    ck_assert_int_eq(rig_load(&rig), 0);
    struct disk_sizes sizes;
    disk_sizes(rig.disk, &sizes);
    ck_assert_uint_eq(sizes.snapshot_index, 6);
    ck_assert_uint_eq(sizes.snapshot_bytes, 4096 + 5 * 616 + 40);
}
END_TEST

START_TEST(two_are_kept)
{
    ck_assert_int_eq(rig_append(&rig, 30, 50), DISK_OK);
    for (uint64_t index = 5; index <= 20; index += 5)
        ck_assert_int_eq(rig_snapshot(&rig, index, 1, 2), DISK_OK);
    ck_assert(!fs_memory_exists(rig.memory, snapshot_path(5, 1)));
    ck_assert(!fs_memory_exists(rig.memory, snapshot_path(10, 1)));
    ck_assert(fs_memory_exists(rig.memory, snapshot_path(15, 1)));
    ck_assert(fs_memory_exists(rig.memory, snapshot_path(20, 1)));
}
END_TEST

START_TEST(cleaning_keeps_the_log_from_the_older_snapshot)
{
    uint64_t all = 0;
    struct disk_sizes sizes;
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(rig_spare(&rig), DISK_OK);
        ck_assert_int_eq(rig_append(&rig, 6, RIG_RECORD_MAX), DISK_OK);
        disk_sizes(rig.disk, &sizes);
        all = sizes.wal_bytes;
    }
    ck_assert_int_eq(rig_clean(&rig), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, 20, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_clean(&rig), DISK_OK);
    disk_sizes(rig.disk, &sizes);
    ck_assert_uint_eq(sizes.wal_bytes, all); /* with one snapshot all is kept */
    ck_assert_int_eq(rig_snapshot(&rig, 33, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_clean(&rig), DISK_OK);
    disk_sizes(rig.disk, &sizes);
    ck_assert_uint_eq(sizes.wal_bytes, all); /* they wait to be used again */
    ck_assert(!fs_memory_exists(rig.memory, rig_segment(1)));
    struct rig copy;
    rig_copy(&copy, &rig);
    ck_assert_int_eq(rig_open(&copy), DISK_OK);
    ck_assert_uint_eq(copy.recovered.snapshot_index, 33);
    ck_assert_uint_eq(copy.recovered.entry_count, 3);
    rig_close(&copy);
    /* The newest one goes bad: the older one and the log give the same. */
    rig_copy(&copy, &rig);
    fs_memory_flip(copy.memory, snapshot_path(33, 1), 4200 * 8);
    ck_assert_int_eq(rig_open(&copy), DISK_OK);
    ck_assert_uint_eq(copy.recovered.snapshot_index, 20);
    ck_assert_uint_eq(copy.recovered.entry_count, 16);
    ck_assert_uint_gt(buffer_size(&copy.recovered.notes), 0);
    ck_assert_int_eq(rig_load(&copy), 2);
    rig_close(&copy);
    /* Both: there is nothing to go back to. */
    rig_copy(&copy, &rig);
    fs_memory_flip(copy.memory, snapshot_path(33, 1), 4200 * 8);
    fs_memory_flip(copy.memory, snapshot_path(20, 1), 4200 * 8);
    ck_assert_int_eq(rig_open(&copy), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(copy.reason, snapshot_path(33, 1)));
    rig_close(&copy);
}
END_TEST

/* What superseded entries reached back to is gone with the oldest segment. */
START_TEST(cleaning_when_entries_were_superseded_across_segments)
{
    ck_assert_int_eq(rig_spare(&rig), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 7, RIG_RECORD_MAX), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 2, 0), DISK_OK);
    ck_assert_int_eq(rig_append_from(&rig, 4, 6, RIG_RECORD_MAX), DISK_OK); /* the segment's base is 7, term 1 */
    ck_assert_uint_eq(disk_spares(rig.disk), 0);
    ck_assert_int_eq(rig_snapshot(&rig, 7, 2, 1), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, 8, 2, 1), DISK_OK);
    ck_assert_int_eq(rig_clean(&rig), DISK_OK);
    ck_assert(!fs_memory_exists(rig.memory, rig_segment(1)));
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.snapshot_index, 8);
    ck_assert_uint_eq(rig.recovered.entry_count, 1);
    ck_assert_uint_eq(rig.recovered.entries[0].term, 2);
    rig_crash(&rig, FS_MEMORY_LOSE);
    fs_memory_flip(rig.memory, snapshot_path(8, 2), 100);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.snapshot_index, 7);
    ck_assert_uint_eq(rig.recovered.entry_count, 2);
}
END_TEST

START_TEST(every_flipped_bit_is_noticed)
{
    ck_assert_int_eq(rig_append(&rig, 10, 50), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, 4, 1, 1), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, 8, 1, 2), DISK_OK);
    rig_shut(&rig);
    char path[DISK_PATH_MAX];
    strcpy(path, snapshot_path(8, 1));
    size_t size;
    (void)fs_memory_content(rig.memory, path, &size);
    for (uint64_t bit = 0; bit < size * 8; bit++) {
        struct rig copy;
        rig_copy(&copy, &rig);
        fs_memory_flip(copy.memory, path, bit);
        ck_assert_int_eq(rig_open(&copy), DISK_OK);
        ck_assert_msg(copy.recovered.snapshot_index == 4, "bit %" PRIu64 " went unnoticed", bit);
        ck_assert_uint_eq(copy.recovered.entry_count, 6);
        rig_close(&copy);
    }
    for (size_t length = 0; length < size; length += 7) {
        struct rig copy;
        rig_copy(&copy, &rig);
        fs_memory_resize(copy.memory, path, length);
        ck_assert_int_eq(rig_open(&copy), DISK_OK);
        ck_assert_uint_eq(copy.recovered.snapshot_index, 4);
        rig_close(&copy);
    }
    /* Longer than it was, likewise. */
    fs_memory_resize(rig.memory, path, size + 1);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.snapshot_index, 4);
}
END_TEST

START_TEST(a_damaged_only_snapshot_gives_way_to_a_whole_log)
{
    ck_assert_int_eq(rig_append(&rig, 10, 50), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, 8, 1, 2), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    fs_memory_flip(rig.memory, snapshot_path(8, 1), 77);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.snapshot_index, 0);
    ck_assert_uint_eq(rig.recovered.entry_count, 10);
    ck_assert(!fs_memory_exists(rig.memory, snapshot_path(8, 1)));
}
END_TEST

/* What the damaged one held may be nowhere else. */
START_TEST(a_damaged_snapshot_beyond_the_log_is_refused)
{
    ck_assert_int_eq(rig_append(&rig, 10, 50), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, 8, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, 12, 1, 2), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    fs_memory_flip(rig.memory, snapshot_path(12, 1), 77);
    ck_assert_int_eq(rig_open(&rig), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(rig.reason, snapshot_path(12, 1)));
}
END_TEST

START_TEST(a_log_that_ends_before_the_snapshot_is_dropped)
{
    ck_assert_int_eq(rig_append(&rig, 10, 50), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, 12, 1, 2), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.snapshot_index, 12);
    ck_assert_uint_eq(rig.recovered.entry_count, 0);
    ck_assert_int_eq(rig_append(&rig, 3, 50), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, 3);
    /* From here on the log begins after it: without the snapshot there is a gap. */
    rig_shut(&rig);
    fs_memory_delete(rig.memory, snapshot_path(12, 1));
    ck_assert_int_eq(rig_open(&rig), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(rig.reason, "missing"));
}
END_TEST

START_TEST(a_log_with_another_entry_at_the_snapshots_index_is_dropped)
{
    ck_assert_int_eq(rig_append(&rig, 10, 50), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 3, 0), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, 8, 2, 2), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.snapshot_index, 8);
    ck_assert_uint_eq(rig.recovered.entry_count, 0);
    ck_assert_int_eq(rig_append(&rig, 1, 50), DISK_OK);
    ck_assert_uint_eq(rig.index, 9);
}
END_TEST

START_TEST(a_reset_starts_the_log_anew)
{
    ck_assert_int_eq(rig_append(&rig, 10, 50), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, 100, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_reset(&rig, 100, 1), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 5, 50), DISK_OK);
    for (int i = 0; i < 3; i++) {
        rig_crash(&rig, FS_MEMORY_LOSE);
        ck_assert_int_eq(rig_open(&rig), DISK_OK);
        ck_assert_uint_eq(rig.recovered.snapshot_index, 100);
        ck_assert_uint_eq(rig.recovered.entry_count, 5);
    }
}
END_TEST

/* A follower may get a snapshot of a term before that term is in its vote file. */
START_TEST(a_snapshot_of_a_later_term_raises_the_term)
{
    ck_assert_int_eq(rig_snapshot(&rig, 50, 6, 2), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.term, 6);
    ck_assert_uint_eq(rig.recovered.vote, 0);
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.term, 6);
}
END_TEST

/* Copies the newest snapshot of FROM to TO in pieces; returns the status of the last step. */
static enum disk_status copy_snapshot(struct rig *from, struct rig *to, int64_t flipped_bit, struct disk_bulk *end)
{
    struct disk_bulk send = {0};
    ck_assert_int_eq(rig_bulk(from, DISK_SEND_OPEN, &send), DISK_OK);
    uint64_t size = send.size;
    struct disk_bulk receive = {0};
    ck_assert_int_eq(rig_bulk(to, DISK_RECEIVE_BEGIN, &receive), DISK_OK);
    enum disk_status status = DISK_OK;
    for (uint64_t offset = 0; offset < size && status == DISK_OK;) {
        send.offset = offset;
        send.size = 1000;
        ck_assert_int_eq(rig_bulk(from, DISK_SEND_READ, &send), DISK_OK);
        size_t got = buffer_size(&send.bytes);
        ck_assert_uint_gt(got, 0);
        if (flipped_bit >= 0 && (uint64_t)flipped_bit / 8 >= offset && (uint64_t)flipped_bit / 8 < offset + got)
            buffer_start(&send.bytes)[(uint64_t)flipped_bit / 8 - offset] ^= (uint8_t)(1 << flipped_bit % 8);
        receive.offset = offset;
        buffer_clear(&receive.bytes, 4096);
        buffer_append(&receive.bytes, buffer_start(&send.bytes), got);
        status = rig_bulk(to, DISK_RECEIVE_WRITE, &receive);
        offset += got;
    }
    ck_assert_int_eq(rig_bulk(from, DISK_SEND_CLOSE, &send), DISK_OK);
    buffer_close(&send.bytes);
    buffer_close(&receive.bytes);
    *end = (struct disk_bulk){0};
    return status == DISK_OK ? rig_bulk(to, DISK_RECEIVE_END, end) : status;
}

START_TEST(a_snapshot_travels_to_another_node)
{
    struct rig other;
    rig_init(&other, 9);
    other.options.node_id = 4;
    ck_assert_int_eq(rig_open(&other), DISK_OK);
    struct disk_bulk end;
    struct disk_bulk none = {0};
    ck_assert_int_eq(rig_bulk(&rig, DISK_SEND_OPEN, &none), DISK_OK);
    ck_assert_uint_eq(none.index, 0);
    ck_assert_int_eq(rig_append(&rig, 10, 50), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, 8, 1, 7), DISK_OK);
    ck_assert_int_eq(copy_snapshot(&rig, &other, 4500 * 8, &end), DISK_REFUSED);
    ck_assert(!fs_memory_exists(other.memory, RIG_DIRECTORY "/snapshot-received.tmp"));
    ck_assert_int_eq(copy_snapshot(&rig, &other, -1, &end), DISK_OK);
    ck_assert_uint_eq(end.index, 8);
    ck_assert_uint_eq(end.term, 1);
    ck_assert_uint_eq(end.configuration.cluster_id, 5);
    struct disk_bulk load = {.index = 8, .term = 1};
    ck_assert_int_eq(rig_bulk(&other, DISK_LOAD_OPEN, &load), DISK_OK);
    int blocks = 0;
    while (rig_bulk(&other, DISK_LOAD_BLOCK, &load) == DISK_OK && !load.end) {
        ck_assert_uint_eq(buffer_size(&load.bytes), 600);
        blocks++;
    }
    ck_assert_int_eq(blocks, 7);
    buffer_close(&load.bytes);
    ck_assert_int_eq(rig_vote(&other, 1, 0), DISK_OK);
    ck_assert_int_eq(rig_reset(&other, 8, 1), DISK_OK);
    ck_assert_int_eq(rig_append(&other, 1, 20), DISK_OK);
    rig_crash(&other, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&other), DISK_OK);
    ck_assert_uint_eq(other.recovered.snapshot_index, 8);
    ck_assert_uint_eq(other.recovered.entry_count, 1);
    ck_assert_int_eq(rig_load(&other), 7);
    /* The same once more changes nothing; an older one is refused. */
    ck_assert_int_eq(copy_snapshot(&rig, &other, -1, &end), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&other, 9, 1, 1), DISK_OK);
    ck_assert_int_eq(copy_snapshot(&rig, &other, -1, &end), DISK_REFUSED);
    load = (struct disk_bulk){.index = 7, .term = 1};
    ck_assert_int_eq(rig_bulk(&other, DISK_LOAD_OPEN, &load), DISK_REFUSED);
    rig_close(&other);
}
END_TEST

START_TEST(a_snapshot_of_another_cluster_is_refused)
{
    struct rig other;
    rig_init(&other, 9);
    ck_assert_int_eq(rig_open(&other), DISK_OK);
    struct disk_bulk identity = {.configuration = rig_configuration(6)};
    ck_assert_int_eq(rig_bulk(&other, DISK_IDENTITY, &identity), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 10, 50), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, 8, 1, 7), DISK_OK);
    struct disk_bulk end;
    ck_assert_int_eq(copy_snapshot(&rig, &other, -1, &end), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(other.reason, "another cluster"));
    rig_close(&other);
}
END_TEST

START_TEST(received_bytes_out_of_place_are_refused)
{
    struct disk_bulk receive = {0};
    buffer_append(&receive.bytes, "bytes", 5);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_WRITE, &receive), DISK_REFUSED);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_END, &receive), DISK_REFUSED);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_BEGIN, &receive), DISK_OK);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_WRITE, &receive), DISK_OK);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_WRITE, &receive), DISK_REFUSED);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_END, &receive), DISK_REFUSED);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_BEGIN, &receive), DISK_OK);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_END, &receive), DISK_REFUSED);
    buffer_close(&receive.bytes);
}
END_TEST

START_TEST(an_own_snapshot_that_was_overtaken_or_given_up_leaves_nothing)
{
    ck_assert_int_eq(rig_append(&rig, 10, 50), DISK_OK);
    struct disk_bulk own = {.index = 5, .term = 1, .configuration = rig_configuration(5)};
    ck_assert_int_eq(rig_bulk(&rig, DISK_SNAPSHOT_BEGIN, &own), DISK_OK);
    ck_assert_int_eq(rig_bulk(&rig, DISK_SNAPSHOT_CANCEL, &own), DISK_OK);
    ck_assert_int_eq(rig_bulk(&rig, DISK_SNAPSHOT_CANCEL, &own), DISK_OK);
    ck_assert(!fs_memory_exists(rig.memory, RIG_DIRECTORY "/snapshot-own.tmp"));
    ck_assert_int_eq(rig_snapshot(&rig, 6, 1, 1), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, 5, 1, 1), DISK_OK);
    ck_assert(!fs_memory_exists(rig.memory, snapshot_path(5, 1)));
    struct disk_sizes sizes;
    disk_sizes(rig.disk, &sizes);
    ck_assert_uint_eq(sizes.snapshot_index, 6);
}
END_TEST

/* At every byte that is missing: no snapshot, nothing left behind, and the next one succeeds. */
START_TEST(no_room_at_any_byte)
{
    ck_assert_int_eq(rig_append(&rig, 10, 50), DISK_OK);
    uint64_t used = fs_memory_used(rig.memory, rig.machine);
    uint64_t need = 4096 + 2 * 616 + 40;
    for (uint64_t room = 0; room < need; room += room > 4000 ? 1 : 199) {
        fs_memory_limit(rig.memory, rig.machine, used + room);
        ck_assert_int_eq(rig_snapshot(&rig, 5, 1, 2), DISK_FULL);
        ck_assert_uint_eq(fs_memory_used(rig.memory, rig.machine), used);
    }
    for (uint64_t room = 0; room < RIG_SEGMENT_BYTES; room += 1021) {
        fs_memory_limit(rig.memory, rig.machine, used + room);
        ck_assert_int_eq(rig_spare(&rig), DISK_FULL);
        ck_assert_uint_eq(fs_memory_used(rig.memory, rig.machine), used);
        ck_assert_int_eq(rig_append(&rig, 1, 8), DISK_OK); /* prepared room is there all the same */
    }
    fs_memory_limit(rig.memory, rig.machine, used);
    struct disk_bulk receive = {0};
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_BEGIN, &receive), DISK_OK);
    buffer_append(&receive.bytes, "bytes", 5);
    ck_assert_int_eq(rig_bulk(&rig, DISK_RECEIVE_WRITE, &receive), DISK_FULL);
    buffer_close(&receive.bytes);
    ck_assert_uint_eq(fs_memory_used(rig.memory, rig.machine), used);
    struct disk_bulk identity = {.configuration = rig_configuration(5)};
    ck_assert_int_eq(rig_bulk(&rig, DISK_IDENTITY, &identity), DISK_FULL);
    fs_memory_limit(rig.memory, rig.machine, used + need);
    ck_assert_int_eq(rig_snapshot(&rig, 5, 1, 2), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    fs_memory_limit(rig.memory, rig.machine, UINT64_MAX);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.snapshot_index, 5);
}
END_TEST

/* A part whose size is a lie: no memory is asked for. */
START_TEST(a_huge_part_is_refused)
{
    ck_assert_int_eq(rig_append(&rig, 10, 50), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, 8, 1, 2), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    fs_memory_resize(rig.memory, snapshot_path(8, 1), 4 * 1024 * 1024);
    uint8_t size[4];
    bytes_put_u32(size, 3 * 1024 * 1024);
    fs_memory_spoil(rig.memory, snapshot_path(8, 1), 4096, size, sizeof size);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.snapshot_index, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk/snapshot");
    TCase *tcase = tcase_create("snapshot");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_snapshot_comes_back_with_the_entries_after_it);
    tcase_add_test(tcase, two_are_kept);
    tcase_add_test(tcase, cleaning_keeps_the_log_from_the_older_snapshot);
    tcase_add_test(tcase, cleaning_when_entries_were_superseded_across_segments);
    tcase_add_test(tcase, every_flipped_bit_is_noticed);
    tcase_add_test(tcase, a_damaged_only_snapshot_gives_way_to_a_whole_log);
    tcase_add_test(tcase, a_damaged_snapshot_beyond_the_log_is_refused);
    tcase_add_test(tcase, a_log_that_ends_before_the_snapshot_is_dropped);
    tcase_add_test(tcase, a_log_with_another_entry_at_the_snapshots_index_is_dropped);
    tcase_add_test(tcase, a_reset_starts_the_log_anew);
    tcase_add_test(tcase, a_snapshot_of_a_later_term_raises_the_term);
    tcase_add_test(tcase, a_snapshot_travels_to_another_node);
    tcase_add_test(tcase, a_snapshot_of_another_cluster_is_refused);
    tcase_add_test(tcase, received_bytes_out_of_place_are_refused);
    tcase_add_test(tcase, an_own_snapshot_that_was_overtaken_or_given_up_leaves_nothing);
    tcase_add_test(tcase, no_room_at_any_byte);
    tcase_add_test(tcase, a_huge_part_is_refused);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
