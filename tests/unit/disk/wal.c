/* The write-ahead log: what is written comes back, in order and whole, or the start is refused. */
#include "support/check.h"

#include <inttypes.h>

#include "disk_fs/rig.c"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig, 1);
}

static void teardown(void)
{
    rig_close(&rig);
}

START_TEST(an_empty_directory_is_fresh_until_something_is_in_it)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert(rig.recovered.identity.fresh);
    ck_assert_uint_eq(rig.recovered.identity.node_id, RIG_NODE);
    ck_assert_uint_ne(rig.recovered.identity.incarnation, 0);
    uint64_t incarnation = rig.recovered.identity.incarnation;
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert(rig.recovered.identity.fresh);
    ck_assert_uint_eq(rig.recovered.identity.incarnation, incarnation);
    ck_assert_int_eq(rig_identity(&rig), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert(!rig.recovered.identity.fresh);
    ck_assert_uint_eq(rig.recovered.identity.configuration.cluster_id, 5);
}
END_TEST

START_TEST(entries_come_back_after_power_loss)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 4, 2), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 3, 100), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 1, 0), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 2, 5), DISK_OK);
    for (int starts = 0; starts < 4; starts++) {
        rig_crash(&rig, FS_MEMORY_LOSE);
        ck_assert_int_eq(rig_open(&rig), DISK_OK);
        ck_assert_uint_eq(rig.recovered.term, 4);
        ck_assert_uint_eq(rig.recovered.vote, 2);
        ck_assert_uint_eq(rig.recovered.entry_count, 6);
        ck_assert_uint_eq(buffer_size(&rig.recovered.notes), 0);
    }
    ck_assert_int_eq(rig_append(&rig, 1, 10), DISK_OK);
    rig_shut(&rig);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, 7);
}
END_TEST

START_TEST(a_later_entry_supersedes)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 10, 50), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 2, 0), DISK_OK);
    ck_assert_int_eq(rig_append_from(&rig, 4, 2, 60), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, 5);
    ck_assert_uint_eq(rig.recovered.entries[2].term, 1);
    ck_assert_uint_eq(rig.recovered.entries[3].term, 2);
    ck_assert_uint_eq(rig.recovered.entries[4].term, 2);
}
END_TEST

START_TEST(a_batch_that_does_not_fit_goes_on_in_the_next_segment)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(rig_spare(&rig), DISK_OK);
    ck_assert_uint_eq(disk_spares(rig.disk), 3);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(rig_append(&rig, 13, RIG_RECORD_MAX), DISK_OK);
    ck_assert_uint_eq(disk_spares(rig.disk), 0);
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, 26);
    struct disk_sizes sizes;
    disk_sizes(rig.disk, &sizes);
    /* The last of the four was written anew as a whole. */
    ck_assert_uint_eq(sizes.wal_bytes, 4 * RIG_SEGMENT_BYTES);
}
END_TEST

/* The room that is told is certain: any records of so many bytes fit, whatever their sizes, and a mark behind each. */
START_TEST(the_room_is_certain)
{
    struct random random = {.state = (uint64_t)_i};
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    for (int round = 0; round < 30; round++) {
        while (disk_spares(rig.disk) < 2) {
            uint64_t before = disk_room_bytes(rig.disk);
            ck_assert_int_eq(rig_spare(&rig), DISK_OK);
            ck_assert_uint_eq(disk_room_bytes(rig.disk), before + disk_segment_room_bytes(rig.disk));
        }
        uint64_t room = disk_room_bytes(rig.disk);
        ck_assert_uint_ge(room, disk_record_bytes(RIG_RECORD_MAX));
        while (room >= disk_record_bytes(0)) {
            uint64_t largest = room - disk_record_bytes(0);
            uint64_t size = random_between(&random, 0, largest < RIG_RECORD_MAX ? largest & ~7ul : RIG_RECORD_MAX);
            if (disk_record_bytes(size) > room)
                break;
            room -= disk_record_bytes(size);
            ck_assert_int_eq(rig_append(&rig, 1, size), DISK_OK);
        }
        ck_assert_int_eq(rig_mark(&rig), DISK_OK);
    }
    uint64_t count = rig.index;
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, count);
}
END_TEST

/* One batch behind another, the last one closed by a mark or not; returns the tip's path. */
static const char *write_small_log(bool mark, uint64_t *end)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 2, 40), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 3, 21), DISK_OK);
    if (mark)
        ck_assert_int_eq(rig_mark(&rig), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    return rig_tip(&rig, end);
}

/* Every bit of the file that counts, and some of those that do not. With a mark nothing may be lost unnoticed; without
 * one the last batch may, from the flipped record on. */
static void flip_every_bit(bool mark)
{
    uint64_t end;
    const char *tip = write_small_log(mark, &end);
    char path[DISK_PATH_MAX];
    strcpy(path, tip);
    int refused = 0;
    int cut = 0;
    for (uint64_t bit = 0; bit < (end + 100) * 8; bit++) {
        struct rig copy;
        rig_copy(&copy, &rig);
        fs_memory_flip(copy.memory, path, bit);
        enum disk_status status = rig_open(&copy);
        if (status == DISK_OK) {
            ck_assert_uint_ge(bit / 8, SEGMENT_HEADER);
            uint64_t least = mark ? 5 : 2;
            ck_assert_msg(copy.recovered.entry_count >= least && copy.recovered.entry_count <= 5,
                          "bit %" PRIu64 ": %" PRIu64 " entries", bit, copy.recovered.entry_count);
            ck_assert_msg(buffer_size(&copy.recovered.notes) > 0, "bit %" PRIu64 " went unnoticed", bit);
            cut++;
        } else {
            ck_assert_int_eq(status, DISK_REFUSED);
            ck_assert_ptr_nonnull(strstr(copy.reason, path));
            ck_assert_ptr_nonnull(strstr(copy.reason, "offset "));
            refused++;
        }
        rig_close(&copy);
    }
    ck_assert_int_gt(refused, 0);
    ck_assert_int_gt(cut, 0);
}

START_TEST(every_flipped_bit_of_a_marked_log)
{
    flip_every_bit(true);
}
END_TEST

START_TEST(every_flipped_bit_of_an_unmarked_log)
{
    flip_every_bit(false);
}
END_TEST

START_TEST(every_truncation_is_refused)
{
    uint64_t end;
    char path[DISK_PATH_MAX];
    strcpy(path, write_small_log(true, &end));
    size_t size;
    (void)fs_memory_content(rig.memory, path, &size);
    for (size_t length = 0; length < size; length += length < end + 64 && length > 4000 ? 1 : 61) {
        struct rig copy;
        rig_copy(&copy, &rig);
        fs_memory_resize(copy.memory, path, length);
        ck_assert_int_eq(rig_open(&copy), DISK_REFUSED);
        ck_assert_ptr_nonnull(strstr(copy.reason, path));
        rig_close(&copy);
    }
}
END_TEST

/* The file as a write that was cut short at every length would have left it. */
START_TEST(every_length_of_the_last_batch)
{
    uint64_t end;
    char path[DISK_PATH_MAX];
    strcpy(path, write_small_log(false, &end));
    uint64_t batch = end - 3 * disk_record_bytes(21);
    for (uint64_t length = batch; length <= end; length++) {
        struct rig copy;
        rig_copy(&copy, &rig);
        static const uint8_t zeros[1024];
        fs_memory_spoil(copy.memory, path, length, zeros, (size_t)(end - length));
        ck_assert_int_eq(rig_open(&copy), DISK_OK);
        /* A record whose last bytes are padding is whole without them. */
        uint64_t whole = (length - batch) / disk_record_bytes(21);
        ck_assert_uint_ge(copy.recovered.entry_count, 2 + whole);
        ck_assert_uint_le(copy.recovered.entry_count, 2 + whole + 1);
        ck_assert_int_eq(rig_append(&copy, 2, 30), DISK_OK);
        uint64_t count = copy.recovered.entry_count + 2;
        rig_crash(&copy, FS_MEMORY_LOSE);
        ck_assert_int_eq(rig_open(&copy), DISK_OK);
        ck_assert_uint_eq(copy.recovered.entry_count, count);
        rig_close(&copy);
    }
}
END_TEST

/* Of a batch's sectors any may be missing: a torn tail. Of an earlier batch's none may. */
START_TEST(zeroed_and_stale_sectors)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 6, 900), DISK_OK);
    uint64_t first_end;
    char path[DISK_PATH_MAX];
    strcpy(path, rig_tip(&rig, &first_end));
    ck_assert_int_eq(rig_append(&rig, 6, 900), DISK_OK);
    uint64_t end;
    (void)rig_tip(&rig, &end);
    rig_crash(&rig, FS_MEMORY_LOSE);
    for (uint64_t sector = SEGMENT_HEADER / 512; sector <= end / 512; sector++) {
        for (int kind = 0; kind < 3; kind++) {
            struct rig copy;
            rig_copy(&copy, &rig);
            size_t size;
            uint8_t bytes[512] = {0};
            if (kind == 1) /* misplaced: the sector before it */
                memcpy(bytes, fs_memory_content(copy.memory, path, &size) + (sector - 1) * 512, 512);
            if (kind == 2) /* misplaced: one that holds the start of a record */
                memcpy(bytes, fs_memory_content(copy.memory, path, &size) + SEGMENT_HEADER, 512);
            fs_memory_spoil(copy.memory, path, sector * 512, bytes, sizeof bytes);
            enum disk_status status = rig_open(&copy);
            if (sector * 512 + 512 <= first_end && kind != 2)
                ck_assert_int_eq(status, DISK_REFUSED);
            if (status == DISK_OK && kind != 2)
                ck_assert_uint_ge(copy.recovered.entry_count, 6);
            if (status == DISK_OK)
                ck_assert_uint_le(copy.recovered.entry_count, 12);
            rig_close(&copy);
        }
    }
}
END_TEST

/* A whole record, with all its checksums, in the place of another one of its size and batch. */
START_TEST(a_record_in_another_place_is_bad)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 3, 200), DISK_OK);
    uint64_t end;
    char path[DISK_PATH_MAX];
    strcpy(path, rig_tip(&rig, &end));
    size_t size = disk_record_bytes(200);
    for (int later = 0; later < 2; later++) {
        if (later)
            ck_assert_int_eq(rig_append(&rig, 1, 200), DISK_OK);
        struct rig copy;
        rig_copy(&copy, &rig);
        uint8_t record[512];
        size_t file_size;
        memcpy(record, fs_memory_content(copy.memory, path, &file_size) + end - 3 * size, size);
        fs_memory_spoil(copy.memory, path, end - size, record, size);
        ck_assert_int_eq(rig_open(&copy), later ? DISK_REFUSED : DISK_OK);
        if (!later) { /* a torn tail: the first one is not there twice */
            ck_assert_uint_eq(copy.recovered.entry_count, 2);
            ck_assert_uint_gt(buffer_size(&copy.recovered.notes), 0);
        }
        rig_close(&copy);
        fs_memory_use(rig.memory);
    }
}
END_TEST

START_TEST(a_bad_record_in_the_middle_is_named)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    uint64_t bad;
    ck_assert_int_eq(rig_append(&rig, 1, 100), DISK_OK);
    char path[DISK_PATH_MAX];
    strcpy(path, rig_tip(&rig, &bad));
    ck_assert_int_eq(rig_append(&rig, 1, 100), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 1, 100), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    fs_memory_flip(rig.memory, path, (bad + 70) * 8);
    uint64_t calls = fs_memory_calls(rig.memory, rig.machine);
    ck_assert_int_eq(rig_open(&rig), DISK_REFUSED);
    char where[DISK_PATH_MAX + 40];
    snprintf(where, sizeof where, "%s: offset %" PRIu64 ": ", path, bad);
    ck_assert_ptr_nonnull(strstr(rig.reason, where));
    /* Nothing was changed: mended, it is as before. */
    fs_memory_flip(rig.memory, path, (bad + 70) * 8);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, 3);
    ck_assert_uint_gt(fs_memory_calls(rig.memory, rig.machine), calls);
}
END_TEST

START_TEST(a_bad_record_in_an_older_segment_is_refused)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    uint64_t end;
    ck_assert_int_eq(rig_append(&rig, 1, 100), DISK_OK);
    char path[DISK_PATH_MAX];
    strcpy(path, rig_tip(&rig, &end));
    ck_assert_int_eq(rig_spare(&rig), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 12, RIG_RECORD_MAX), DISK_OK);
    ck_assert_uint_eq(disk_spares(rig.disk), 0);
    rig_crash(&rig, FS_MEMORY_LOSE);
    fs_memory_flip(rig.memory, path, (end - 1) * 8);
    ck_assert_int_eq(rig_open(&rig), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(rig.reason, path));
}
END_TEST

START_TEST(a_missing_segment_is_refused)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 3, 100), DISK_OK);
    rig_shut(&rig);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    rig_shut(&rig);
    struct rig copy;
    rig_copy(&copy, &rig);
    fs_memory_delete(copy.memory, rig_segment(1));
    ck_assert_int_eq(rig_open(&copy), DISK_REFUSED);
    rig_close(&copy);
    rig_copy(&copy, &rig);
    fs_memory_delete(copy.memory, rig_segment(1));
    fs_memory_delete(copy.memory, rig_segment(2));
    ck_assert_int_eq(rig_open(&copy), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(copy.reason, "missing"));
    rig_close(&copy);
}
END_TEST

/* A segment that holds bytes of another one's life: none of them is a record. */
START_TEST(old_bytes_in_a_new_segment_are_no_records)
{
    uint64_t end;
    char path[DISK_PATH_MAX];
    strcpy(path, write_small_log(true, &end));
    size_t size;
    uint8_t *old = memory_get(RIG_SEGMENT_BYTES);
    memcpy(old, fs_memory_content(rig.memory, path, &size), RIG_SEGMENT_BYTES);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    char now[DISK_PATH_MAX];
    uint64_t now_end;
    strcpy(now, rig_tip(&rig, &now_end));
    rig_shut(&rig);
    /* Behind its own records, at the very same offsets. */
    (void)rig_tip(&rig, &now_end);
    fs_memory_spoil(rig.memory, now, now_end, old + now_end, (size_t)(RIG_SEGMENT_BYTES - now_end));
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, 5);
    free(old);
}
END_TEST

/* A client that writes a value which holds a whole record, made with the right layout. */
START_TEST(a_value_that_looks_like_a_record)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    uint64_t end;
    const char *path = rig_tip(&rig, &end);
    size_t size;
    ck_assert_ptr_nonnull(fs_memory_content(rig.memory, path, &size));
    struct buffer forged = {0};
    uint64_t place = end + RECORD_HEADER;
    for (int i = 0; i < 4; i++) {
        /* A client knows neither the segment's id nor, for certain, the offset: this one guesses the offset right. */
        struct record record = {.type = RECORD_ENTRY, .entry_type = RAFT_ENTRY_COMMAND, .term = 1, .index = 2,
                                .batch = (uint32_t)place};
        record_append(&record, 12345, place + buffer_size(&forged), &forged);
    }
    struct raft_entry entry = {.index = 1, .term = 1, .time_ms = 10, .type = RAFT_ENTRY_COMMAND};
    entry.payload = blob_new(buffer_size(&forged));
    memcpy(entry.payload->bytes, buffer_start(&forged), buffer_size(&forged));
    struct disk_log request = {.entries = &entry, .entry_count = 1};
    disk_log_execute(rig.disk, &request);
    ck_assert_int_eq(request.status, DISK_OK);
    char copy[DISK_PATH_MAX];
    strcpy(copy, rig_tip(&rig, &end));
    blob_release(entry.payload);
    rig_crash(&rig, FS_MEMORY_LOSE);
    /* Torn in its header: the records in its payload must not come to life, nor make it look like damage. */
    static const uint8_t zeros[RECORD_HEADER];
    fs_memory_spoil(rig.memory, copy, place - RECORD_HEADER, zeros, sizeof zeros);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, 0);
    ck_assert_uint_gt(buffer_size(&rig.recovered.notes), 0);
    buffer_close(&forged);
}
END_TEST

/* A batch that crosses into the next segment, whose beginning never reached the disk. */
START_TEST(a_roll_cut_short)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_spare(&rig), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 9, RIG_RECORD_MAX), DISK_OK);
    ck_assert_uint_eq(disk_spares(rig.disk), 0);
    rig_crash(&rig, FS_MEMORY_LOSE);
    uint64_t end;
    char path[DISK_PATH_MAX];
    strcpy(path, rig_tip(&rig, &end));
    for (uint64_t sector = SEGMENT_HEADER / 512; sector <= end / 512; sector++) {
        struct rig copy;
        rig_copy(&copy, &rig);
        static const uint8_t zeros[512];
        fs_memory_spoil(copy.memory, path, sector * 512, zeros, sizeof zeros);
        ck_assert_int_eq(rig_open(&copy), DISK_OK);
        ck_assert_uint_ge(copy.recovered.entry_count, 7);
        ck_assert_uint_le(copy.recovered.entry_count, 9);
        rig_close(&copy);
    }
    /* With a second batch behind it that is damage. */
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, 9);
}
END_TEST

START_TEST(a_first_record_that_is_bad_with_later_batches_is_refused)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_spare(&rig), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 9, RIG_RECORD_MAX), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 1, 100), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    uint64_t end;
    char path[DISK_PATH_MAX];
    strcpy(path, rig_tip(&rig, &end));
    fs_memory_flip(rig.memory, path, (SEGMENT_HEADER + 20) * 8);
    ck_assert_int_eq(rig_open(&rig), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(rig.reason, path));
    ck_assert_ptr_nonnull(strstr(rig.reason, "offset 4096"));
}
END_TEST

/* A process that was killed leaves in the page cache what may not be on the disk: a start writes it anew. */
START_TEST(what_only_the_page_cache_holds_is_written_anew)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 2, 100), DISK_OK);
    /* The batch is written; its sync fails, and the kernel forgets that it is dirty. */
    fs_memory_fail(rig.memory, rig.machine, 2, -EIO);
    ck_assert_int_eq(rig_append(&rig, 2, 100), DISK_FAILED);
    ck_assert_ptr_nonnull(strstr(rig.reason, "sync "));
    /* Never tried again. */
    uint64_t calls = fs_memory_calls(rig.memory, rig.machine);
    ck_assert_int_eq(rig_append_from(&rig, 5, 1, 100), DISK_FAILED);
    ck_assert_int_eq(rig_mark(&rig), DISK_FAILED);
    ck_assert_uint_eq(fs_memory_calls(rig.memory, rig.machine), calls);
    rig_crash(&rig, FS_MEMORY_KEEP);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, 4);
    /* It was believed; so it must be there after a power loss, too. */
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, 4);
}
END_TEST

START_TEST(segments_of_another_size)
{
    rig.options.segment_bytes = 4 * RIG_SEGMENT_BYTES;
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 20, RIG_RECORD_MAX), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    /* The last batch is larger than a segment is now. */
    rig.options.segment_bytes = RIG_SEGMENT_BYTES;
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, 20);
    ck_assert_int_eq(rig_spare(&rig), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 5, 100), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, 25);
}
END_TEST

START_TEST(no_room_for_a_new_segment)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 2, 100), DISK_OK);
    struct rig unmarked;
    rig_copy(&unmarked, &rig);
    ck_assert_int_eq(rig_mark(&rig), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    /* Marked: it opens, can be read, and takes up writing when a spare comes. */
    fs_memory_limit(rig.memory, rig.machine, fs_memory_used(rig.memory, rig.machine) + 1000);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, 2);
    ck_assert_uint_eq(disk_room_bytes(rig.disk), 0);
    ck_assert_int_eq(rig_spare(&rig), DISK_FULL);
    ck_assert_int_eq(rig_vote(&rig, 2, 1), DISK_OK);
    fs_memory_limit(rig.memory, rig.machine, UINT64_MAX);
    ck_assert_int_eq(rig_spare(&rig), DISK_OK);
    ck_assert_uint_gt(disk_room_bytes(rig.disk), 0);
    ck_assert_int_eq(rig_append(&rig, 2, 100), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, 4);
    ck_assert_uint_eq(rig.recovered.term, 2);
    /* Not marked: what must be written anew cannot be. */
    fs_memory_limit(unmarked.memory, unmarked.machine, fs_memory_used(unmarked.memory, unmarked.machine) + 1000);
    ck_assert_int_eq(rig_open(&unmarked), DISK_FULL);
    ck_assert_ptr_nonnull(strstr(unmarked.reason, "free some"));
    fs_memory_limit(unmarked.memory, unmarked.machine, UINT64_MAX);
    ck_assert_int_eq(rig_open(&unmarked), DISK_OK);
    ck_assert_uint_eq(unmarked.recovered.entry_count, 2);
    rig_close(&unmarked);
}
END_TEST

/* A snapshot from the leader replaces the log while there is no segment to say so in. */
START_TEST(a_reset_without_room)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 3, 100), DISK_OK);
    ck_assert_int_eq(rig_mark(&rig), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    fs_memory_limit(rig.memory, rig.machine, fs_memory_used(rig.memory, rig.machine) + RIG_SEGMENT_BYTES / 2);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(disk_room_bytes(rig.disk), 0);
    ck_assert_int_eq(rig_snapshot(&rig, 20, 1, 1), DISK_OK);
    ck_assert_int_eq(rig_reset(&rig, 20, 1), DISK_OK);
    ck_assert_int_eq(rig_mark(&rig), DISK_OK);
    for (int room = 0; room < 2; room++) {
        struct rig copy;
        rig_copy(&copy, &rig);
        if (room)
            fs_memory_limit(copy.memory, copy.machine, UINT64_MAX);
        ck_assert_int_eq(rig_open(&copy), DISK_OK);
        ck_assert_uint_eq(copy.recovered.snapshot_index, 20);
        ck_assert_uint_eq(copy.recovered.entry_count, 0);
        rig_close(&copy);
    }
    fs_memory_use(rig.memory);
    fs_memory_limit(rig.memory, rig.machine, UINT64_MAX);
    ck_assert_int_eq(rig_spare(&rig), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 2, 100), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.snapshot_index, 20);
    ck_assert_uint_eq(rig.recovered.entry_count, 2);
}
END_TEST

/* The bytes behind the last batch are a mark's: it can be closed, however full the segment is. */
START_TEST(a_mark_fits_when_nothing_else_does)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    uint64_t end;
    (void)rig_tip(&rig, &end);
    uint64_t left = RIG_SEGMENT_BYTES - end - RECORD_HEADER;
    while (left >= disk_record_bytes(0)) {
        uint64_t size = left - disk_record_bytes(0);
        if (size > RIG_RECORD_MAX)
            size = RIG_RECORD_MAX - 200;
        ck_assert_int_eq(rig_append(&rig, 1, size), DISK_OK);
        left -= disk_record_bytes(size);
    }
    ck_assert_uint_eq(left, 0);
    ck_assert_uint_eq(disk_room_bytes(rig.disk), 0);
    ck_assert_int_eq(rig_spare(&rig), DISK_OK);
    if (_i == 0) {
        ck_assert_int_eq(rig_mark(&rig), DISK_OK);
        ck_assert_uint_eq(disk_spares(rig.disk), 1);
        rig_crash(&rig, FS_MEMORY_LOSE);
        fs_memory_limit(rig.memory, rig.machine, 0); /* it must not need a new segment now */
    } else {
        /* The smallest entry would fit in the mark's place, and may not. */
        ck_assert_int_eq(rig_append(&rig, 1, 0), DISK_OK);
        ck_assert_uint_eq(disk_spares(rig.disk), 0);
        rig_crash(&rig, FS_MEMORY_LOSE);
    }
    uint64_t index = rig.index;
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, index);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk/wal");
    TCase *tcase = tcase_create("wal");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, an_empty_directory_is_fresh_until_something_is_in_it);
    tcase_add_test(tcase, entries_come_back_after_power_loss);
    tcase_add_test(tcase, a_later_entry_supersedes);
    tcase_add_test(tcase, a_batch_that_does_not_fit_goes_on_in_the_next_segment);
    tcase_add_loop_test(tcase, the_room_is_certain, 0, 5);
    tcase_add_test(tcase, every_flipped_bit_of_a_marked_log);
    tcase_add_test(tcase, every_flipped_bit_of_an_unmarked_log);
    tcase_add_test(tcase, every_truncation_is_refused);
    tcase_add_test(tcase, every_length_of_the_last_batch);
    tcase_add_test(tcase, zeroed_and_stale_sectors);
    tcase_add_test(tcase, a_record_in_another_place_is_bad);
    tcase_add_test(tcase, a_bad_record_in_the_middle_is_named);
    tcase_add_test(tcase, a_bad_record_in_an_older_segment_is_refused);
    tcase_add_test(tcase, a_missing_segment_is_refused);
    tcase_add_test(tcase, old_bytes_in_a_new_segment_are_no_records);
    tcase_add_test(tcase, a_value_that_looks_like_a_record);
    tcase_add_test(tcase, a_roll_cut_short);
    tcase_add_test(tcase, a_first_record_that_is_bad_with_later_batches_is_refused);
    tcase_add_test(tcase, what_only_the_page_cache_holds_is_written_anew);
    tcase_add_test(tcase, segments_of_another_size);
    tcase_add_test(tcase, no_room_for_a_new_segment);
    tcase_add_test(tcase, a_reset_without_room);
    tcase_add_loop_test(tcase, a_mark_fits_when_nothing_else_does, 0, 2);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
