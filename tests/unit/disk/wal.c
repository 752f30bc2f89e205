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
    /* The last of the four was written anew as a whole, with room for a few entries behind what fills a segment. */
    ck_assert_uint_gt(sizes.wal_bytes, 4 * RIG_SEGMENT_BYTES);
    ck_assert_uint_lt(sizes.wal_bytes, 5 * RIG_SEGMENT_BYTES);
    ck_assert_uint_gt(disk_room_bytes(rig.disk), 0);
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

/* --- damage ------------------------------------------------------------------------------------------------------- */

/* How the last batch of a log lies in its segment. */
static const struct shape {
    const char *name;
    size_t before;  /* bytes of an entry in a batch before; the last batch begins where that ends */
    size_t count;   /* of the last batch: so many entries of SIZE bytes */
    size_t size;
    bool mark;
    bool roll;      /* the last batch is the first in its segment */
} shapes[] = {
    {.name = "in the sector of the batch before", .before = 40, .count = 3, .size = 21},
    {.name = "likewise, and closed by a mark", .before = 40, .count = 3, .size = 21, .mark = true},
    {.name = "from one sector into the next", .before = 200, .count = 1, .size = 200},
    {.name = "a record's header in two sectors", .before = 248, .count = 1, .size = 40},
    {.name = "from the beginning of a sector on", .before = 256, .count = 1, .size = 100},
    {.name = "a sector to its end", .before = 256, .count = 1, .size = SECTOR_STREAM - RECORD_HEADER},
    {.name = "several sectors", .before = 100, .count = 2, .size = 700},
    {.name = "several sectors, closed by a mark", .before = 100, .count = 2, .size = 700, .mark = true},
    {.name = "empty entries", .before = 0, .count = 12, .size = 0},
    {.name = "a segment's first", .before = 100, .count = 1, .size = 700, .roll = true},
};

enum { SHAPES = sizeof shapes / sizeof *shapes };

/* The tip's content before and after its last batch, and where its stream ended and ends. */
struct last_batch {
    char path[DISK_PATH_MAX];
    uint8_t before[RIG_SEGMENT_BYTES];
    uint8_t after[RIG_SEGMENT_BYTES];
    uint64_t begin;
    uint64_t end;
};

static void read_tip(uint8_t content[RIG_SEGMENT_BYTES], const char *path)
{
    size_t size;
    const uint8_t *bytes = fs_memory_content(rig.memory, path, &size);
    ck_assert_uint_eq(size, RIG_SEGMENT_BYTES);
    memcpy(content, bytes, size);
}

/* A log that ends with a batch of that shape; returns how many entries were there before it. */
static uint64_t write_shape(const struct shape *shape, struct last_batch *last)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 1, shape->before), DISK_OK);
    strcpy(last->path, rig_tip(&rig, &last->begin));
    if (shape->roll) {
        ck_assert_int_eq(rig_spare(&rig), DISK_OK);
        while (disk_room_bytes(rig.disk) > disk_segment_room_bytes(rig.disk))
            ck_assert_int_eq(rig_append(&rig, 1, RIG_RECORD_MAX), DISK_OK);
        uint64_t left = segment_stream_bytes(RIG_SEGMENT_BYTES) - RECORD_HEADER;
        (void)rig_tip(&rig, &last->begin);
        while ((left - last->begin) / 2 > disk_record_bytes(shape->size)) {
            ck_assert_int_eq(rig_append(&rig, 1, shape->size), DISK_OK);
            (void)rig_tip(&rig, &last->begin);
        }
        while (left - last->begin >= disk_record_bytes(shape->size)) {
            ck_assert_int_eq(rig_append(&rig, 1, 0), DISK_OK);
            (void)rig_tip(&rig, &last->begin);
        }
        strcpy(last->path, rig_segment(2));
        last->begin = 0;
    }
    uint64_t before = rig.index;
    read_tip(last->before, last->path);
    ck_assert_int_eq(rig_append(&rig, shape->count, shape->size), DISK_OK);
    if (shape->mark)
        ck_assert_int_eq(rig_mark(&rig), DISK_OK);
    ck_assert_str_eq(rig_tip(&rig, &last->end), last->path);
    read_tip(last->after, last->path);
    rig_crash(&rig, FS_MEMORY_LOSE);
    return before;
}

/* What was acknowledged is there, or the start is refused: whichever bit was flipped, mark or no mark. Behind the last
 * sector that has something there is nothing to lose, but if that is full, the next may have been more. */
START_TEST(every_flipped_bit)
{
    static struct last_batch last;
    const struct shape *shape = &shapes[_i];
    (void)write_shape(shape, &last);
    uint64_t index = rig.index;
    uint64_t used = SEGMENT_HEADER + sector_file_bytes(last.end);
    bool full = last.end % SECTOR_STREAM == 0;
    for (uint64_t bit = _i == 0 ? 0 : SEGMENT_HEADER * 8; bit < (used + 2 * SECTOR_BYTES) * 8; bit++) {
        struct rig copy;
        rig_copy(&copy, &rig);
        fs_memory_flip(copy.memory, last.path, bit);
        enum disk_status status = rig_open(&copy);
        if (bit / 8 < used || (full && bit / 8 < used + SECTOR_BYTES)) {
            ck_assert_msg(status == DISK_REFUSED, "%s: bit %" PRIu64, shape->name, bit);
            ck_assert_ptr_nonnull(strstr(copy.reason, last.path));
            ck_assert_ptr_nonnull(strstr(copy.reason, ": offset "));
        } else {
            ck_assert_msg(status == DISK_OK, "%s: bit %" PRIu64 ": %s", shape->name, bit, copy.reason);
            ck_assert_uint_eq(copy.index, index);
            buffer_append(&copy.recovered.notes, "", 1);
            ck_assert_ptr_nonnull(strstr((char *)buffer_start(&copy.recovered.notes), "event=damaged_sector file="));
        }
        rig_close(&copy);
    }
}
END_TEST

/* Bytes that are changed together, as by a program that writes into the wrong file. */
START_TEST(every_run_of_changed_bytes)
{
    static struct last_batch last;
    (void)write_shape(&shapes[_i], &last);
    uint64_t index = rig.index;
    uint64_t used = SEGMENT_HEADER + sector_file_bytes(last.end);
    for (size_t size = 2; size < SECTOR_BYTES; size += 61) {
        for (uint64_t at = SEGMENT_HEADER; at < used; at += 13) {
            struct rig copy;
            rig_copy(&copy, &rig);
            uint8_t bytes[SECTOR_BYTES];
            memcpy(bytes, last.after + at, size);
            for (size_t i = 0; i < size; i++)
                bytes[i] ^= (uint8_t)(0x55 + i);
            fs_memory_spoil(copy.memory, last.path, at, bytes, size);
            enum disk_status status = rig_open(&copy);
            ck_assert_msg(status == DISK_REFUSED, "%s: %zu bytes at %" PRIu64, shapes[_i].name, size, at);
            rig_close(&copy);
        }
    }
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.index, index);
}
END_TEST

/* --- loss of power ------------------------------------------------------------------------------------------------ */

static void put_sector(const struct rig *where, const char *path, size_t sector, const uint8_t *content)
{
    fs_memory_spoil(where->memory, path, sector * SECTOR_BYTES, content + sector * SECTOR_BYTES, SECTOR_BYTES);
}

/* A crash leaves each sector of the last batch as it was or as it was written. Each mixture is a torn tail: a start
 * finds all from before, goes on, and finds what it went on with. */
START_TEST(every_mixture_of_old_and_new_sectors)
{
    static struct last_batch last;
    const struct shape *shape = &shapes[_i];
    uint64_t before = write_shape(shape, &last);
    uint64_t index = rig.index;
    if (shape->mark)
        return; /* what it closes was synced */
    size_t first = (SEGMENT_HEADER + (size_t)last.begin / SECTOR_STREAM * SECTOR_BYTES) / SECTOR_BYTES;
    size_t count = (SEGMENT_HEADER + (size_t)sector_file_bytes(last.end)) / SECTOR_BYTES - first;
    ck_assert_uint_ge(count, 1);
    ck_assert_uint_le(count, 8);
    for (unsigned mixture = 0; mixture < 1u << count; mixture++) {
        struct rig copy;
        rig_copy(&copy, &rig);
        for (size_t i = 0; i < count; i++)
            put_sector(&copy, last.path, first + i, mixture >> i & 1 ? last.after : last.before);
        enum disk_status status = rig_open(&copy);
        ck_assert_msg(status == DISK_OK, "%s: mixture %u: %s", shape->name, mixture, copy.reason);
        ck_assert_uint_ge(copy.index, before);
        ck_assert_uint_le(copy.index, mixture + 1 == 1u << count ? index : index - 1);
        ck_assert(mixture + 1 < 1u << count || copy.index == index);
        ck_assert_int_eq(rig_append(&copy, 2, 30), DISK_OK);
        uint64_t now = copy.index;
        rig_crash(&copy, FS_MEMORY_LOSE);
        ck_assert_int_eq(rig_open(&copy), DISK_OK);
        ck_assert_uint_eq(copy.index, now);
        rig_close(&copy);
    }
}
END_TEST

START_TEST(every_truncation_is_refused)
{
    uint64_t end;
    char path[DISK_PATH_MAX];
    strcpy(path, write_small_log(true, &end));
    size_t size;
    (void)fs_memory_content(rig.memory, path, &size);
    for (size_t length = 0; length < size; length += length < SEGMENT_HEADER + end + 64 && length > 4000 ? 1 : 61) {
        struct rig copy;
        rig_copy(&copy, &rig);
        fs_memory_resize(copy.memory, path, length);
        ck_assert_int_eq(rig_open(&copy), DISK_REFUSED);
        ck_assert_ptr_nonnull(strstr(copy.reason, path));
        rig_close(&copy);
    }
}
END_TEST

/* Of the last batch's sectors any may be missing: a torn tail. Of an earlier batch's none may, and none may be another
 * one. */
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
    for (uint64_t sector = SEGMENT_HEADER / 512; sector * 512 < SEGMENT_HEADER + sector_file_bytes(end); sector++) {
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
            bool same = kind == 2 && sector * 512 == SEGMENT_HEADER;
            bool tail = kind == 0 && sector * 512 >= SEGMENT_HEADER + sector_file_bytes(first_end);
            ck_assert_int_eq(status, same || tail ? DISK_OK : DISK_REFUSED);
            if (status == DISK_OK) {
                ck_assert_uint_ge(copy.recovered.entry_count, 6);
                ck_assert_uint_le(copy.recovered.entry_count, same ? 12 : 11);
            }
            rig_close(&copy);
        }
    }
}
END_TEST

/* A whole record in the place of another one of its size and batch, in sectors with good checksums: no crash does
 * that. */
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
        struct sector_stream stream;
        (void)rig_stream(&copy, path, &stream);
        rig_forge(&copy, path, end - size, stream.bytes + end - 3 * size, size);
        sector_stream_close(&stream);
        ck_assert_int_eq(rig_open(&copy), DISK_REFUSED);
        ck_assert_ptr_nonnull(strstr(copy.reason, "a bad record in good sectors"));
        rig_close(&copy);
        fs_memory_use(rig.memory);
    }
}
END_TEST

START_TEST(a_bad_sector_in_the_middle_is_named)
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
    uint64_t sector = sector_file_offset(bad) / SECTOR_BYTES * SECTOR_BYTES;
    fs_memory_flip(rig.memory, path, (sector + 499) * 8);
    uint64_t calls = fs_memory_calls(rig.memory, rig.machine);
    ck_assert_int_eq(rig_open(&rig), DISK_REFUSED);
    char where[DISK_PATH_MAX + 40];
    snprintf(where, sizeof where, "%s: offset %" PRIu64 ": ", path, sector);
    ck_assert_ptr_nonnull(strstr(rig.reason, where));
    /* Nothing was changed: mended, it is as before. */
    fs_memory_flip(rig.memory, path, (sector + 499) * 8);
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
    fs_memory_flip(rig.memory, path, sector_file_offset(end - 1) * 8);
    ck_assert_int_eq(rig_open(&rig), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(rig.reason, path));
}
END_TEST

START_TEST(a_missing_segment_is_refused)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 6, 7000), DISK_OK); /* more than a start takes over */
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
    size_t behind = SEGMENT_HEADER + (size_t)sector_file_bytes(now_end);
    fs_memory_spoil(rig.memory, now, behind, old + behind, RIG_SEGMENT_BYTES - behind);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, 5);
    ck_assert_uint_eq(buffer_size(&rig.recovered.notes), 0);
    free(old);
}
END_TEST

/* A client that writes a value which holds a whole record, made with the right layout. */
START_TEST(a_value_that_looks_like_a_record)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    uint64_t end;
    static uint8_t before[RIG_SEGMENT_BYTES];
    read_tip(before, rig_tip(&rig, &end));
    struct buffer forged = {0};
    uint64_t place = end + RECORD_HEADER;
    for (int i = 0; i < 40; i++) {
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
    uint64_t behind;
    strcpy(copy, rig_tip(&rig, &behind));
    ck_assert_uint_gt(behind, end + 2ul * SECTOR_STREAM);
    blob_release(entry.payload);
    rig_crash(&rig, FS_MEMORY_LOSE);
    /* Its header was torn off: the records in its payload must not come to life, nor make it look like damage. */
    put_sector(&rig, copy, (size_t)sector_file_offset(end) / SECTOR_BYTES, before);
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
    for (uint64_t sector = SEGMENT_HEADER / 512; sector * 512 < SEGMENT_HEADER + sector_file_bytes(end); sector++) {
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
    uint64_t left = segment_stream_bytes(RIG_SEGMENT_BYTES) - end - RECORD_HEADER;
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

/* --- what is known to be committed -------------------------------------------------------------------------------- */

static void append_committed(struct rig *to, size_t count, size_t size, uint64_t commit)
{
    to->commit = commit;
    ck_assert_int_eq(rig_append(to, count, size), DISK_OK);
}

/* Told along with entries or with a mark, once or again, it is known to this start and to all that follow. */
START_TEST(what_is_committed_comes_back)
{
    static const enum fs_memory_loss losses[] = {FS_MEMORY_KEEP, FS_MEMORY_LOSE};
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.commit, 0);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    append_committed(&rig, 4, 100, 0);
    append_committed(&rig, 3, 100, 4);
    uint64_t known = 4;
    if (_i % 3 >= 1) {
        rig.commit = known = 5;
        ck_assert_int_eq(rig_mark(&rig), DISK_OK);
    }
    if (_i % 3 == 2) {
        rig.commit = known = 7;
        ck_assert_int_eq(rig_mark(&rig), DISK_OK);
        rig.commit = 6; /* no news */
        ck_assert_int_eq(rig_mark(&rig), DISK_OK);
    }
    for (int starts = 0; starts < 4; starts++) {
        if (_i >= 6)
            rig_shut(&rig);
        else
            rig_crash(&rig, losses[_i / 3]);
        ck_assert_int_eq(rig_open(&rig), DISK_OK);
        ck_assert_uint_eq(rig.recovered.commit, known);
        ck_assert_uint_eq(rig.recovered.entry_count, 7);
    }
    /* Less than what is known already is passed over. */
    append_committed(&rig, 1, 10, 2);
    rig_crash(&rig, FS_MEMORY_LOSE);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.commit, known);
}
END_TEST

/* That it is known proves that the entries before it are there: of a batch that was torn it is not. */
START_TEST(what_is_committed_is_not_known_from_a_torn_batch)
{
    static uint8_t before[RIG_SEGMENT_BYTES];
    uint64_t begin, end;
    char path[DISK_PATH_MAX];
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    append_committed(&rig, 6, 300, 2);
    strcpy(path, rig_tip(&rig, &begin));
    read_tip(before, path);
    /* Entries 4 to 6 are to be superseded, and those that come are known to be committed. */
    ck_assert_int_eq(rig_vote(&rig, 2, 0), DISK_OK);
    rig.commit = 6;
    ck_assert_int_eq(rig_append_from(&rig, 4, 3, 600), DISK_OK);
    (void)rig_tip(&rig, &end);
    rig_crash(&rig, FS_MEMORY_LOSE);
    size_t first = (SEGMENT_HEADER + (size_t)begin / SECTOR_STREAM * SECTOR_BYTES) / SECTOR_BYTES;
    size_t last = (SEGMENT_HEADER + (size_t)sector_file_bytes(end)) / SECTOR_BYTES - 1;
    for (size_t lost = first; lost <= last + 1; lost++) {
        struct rig copy;
        rig_copy(&copy, &rig);
        if (lost <= last)
            put_sector(&copy, path, lost, before);
        ck_assert_int_eq(rig_open(&copy), DISK_OK);
        ck_assert_uint_eq(copy.recovered.commit, lost <= last ? 2 : 6);
        rig_close(&copy);
    }
}
END_TEST

/* The log gives way to a snapshot: so far all is committed, and no further. */
START_TEST(what_is_committed_after_a_reset)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    append_committed(&rig, 6, 100, 6);
    ck_assert_int_eq(rig_snapshot(&rig, 20, 1, 1), DISK_OK);
    if (_i > 0)
        ck_assert_int_eq(rig_reset(&rig, 20, 1), DISK_OK);
    if (_i > 1)
        append_committed(&rig, 3, 100, 22);
    for (int starts = 0; starts < 3; starts++) {
        rig_crash(&rig, FS_MEMORY_LOSE);
        ck_assert_int_eq(rig_open(&rig), DISK_OK);
        ck_assert_uint_eq(rig.recovered.snapshot_index, 20);
        ck_assert_uint_eq(rig.recovered.commit, _i > 1 ? 22 : 20);
    }
}
END_TEST

/* It is no reason to begin a segment, and takes no place that is a mark's: then it is known a little later. */
START_TEST(what_is_committed_gives_way_where_a_segment_ends)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_spare(&rig), DISK_OK);
    uint64_t end, all = segment_stream_bytes(RIG_SEGMENT_BYTES);
    (void)rig_tip(&rig, &end);
    while (all - end > 3 * disk_record_bytes(RIG_RECORD_MAX)) {
        append_committed(&rig, 1, RIG_RECORD_MAX, 0);
        (void)rig_tip(&rig, &end);
    }
    while (all - end > (size_t)RECORD_HEADER * 9) {
        append_committed(&rig, 1, 0, 0);
        (void)rig_tip(&rig, &end);
    }
    /* One entry after the other to the segment's very end, each with news. */
    uint64_t told = 0, segment = 0;
    for (int i = 0; i < 12; i++) {
        append_committed(&rig, 1, _i % 2 ? 8 : 0, rig.index);
        segment += disk_spares(rig.disk) == 0;
        struct rig copy;
        rig_copy(&copy, &rig);
        rig_crash(&copy, FS_MEMORY_LOSE);
        ck_assert_int_eq(rig_open(&copy), DISK_OK);
        ck_assert_uint_eq(copy.recovered.entry_count, rig.index);
        ck_assert_uint_ge(copy.recovered.commit, told);
        ck_assert_uint_lt(copy.recovered.commit, rig.index);
        told = copy.recovered.commit;
        rig_close(&copy);
        fs_memory_use(rig.memory);
        rig.commit = rig.index;
        ck_assert(_i < 2 || rig_mark(&rig) == DISK_OK);
    }
    ck_assert_uint_gt(segment, 0);
    ck_assert_uint_eq(told, rig.index - 1);
}
END_TEST

/* A hint that cannot be is no reason to refuse: it is passed over. */
START_TEST(a_commit_that_cannot_be_is_passed_over)
{
    static const uint64_t commits[] = {0, 2, 3, 4, 5, UINT64_MAX};
    static const uint64_t known[] = {2, 2, 3, 2, 2, 2};
    uint64_t end;
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    append_committed(&rig, 3, 100, 2);
    rig_crash(&rig, FS_MEMORY_LOSE);
    const char *path = rig_tip(&rig, &end);
    struct sector_stream stream;
    struct buffer bytes = {0};
    struct record record = {.type = RECORD_COMMIT, .batch = (uint32_t)end, .index = _i % 2 ? 3 : 99, .term = 1,
                            .commit = commits[_i]};
    record_append(&record, rig_stream(&rig, path, &stream), end, &bytes);
    rig_forge(&rig, path, end, buffer_start(&bytes), buffer_size(&bytes));
    buffer_close(&bytes);
    sector_stream_close(&stream);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, 3);
    ck_assert_uint_eq(rig.recovered.commit, known[_i]);
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
    tcase_add_loop_test(tcase, every_flipped_bit, 0, SHAPES);
    tcase_add_loop_test(tcase, every_run_of_changed_bytes, 0, SHAPES);
    tcase_add_loop_test(tcase, every_mixture_of_old_and_new_sectors, 0, SHAPES);
    tcase_add_test(tcase, every_truncation_is_refused);
    tcase_add_test(tcase, zeroed_and_stale_sectors);
    tcase_add_test(tcase, a_record_in_another_place_is_bad);
    tcase_add_test(tcase, a_bad_sector_in_the_middle_is_named);
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
    tcase_add_loop_test(tcase, what_is_committed_comes_back, 0, 9);
    tcase_add_test(tcase, what_is_committed_is_not_known_from_a_torn_batch);
    tcase_add_loop_test(tcase, what_is_committed_after_a_reset, 0, 3);
    tcase_add_loop_test(tcase, what_is_committed_gives_way_where_a_segment_ends, 0, 4);
    tcase_add_loop_test(tcase, a_commit_that_cannot_be_is_passed_over, 0, 6);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
