/* Files whose checksums fit and which make no sense nevertheless: no accident does that, but another program may, or a
 * bug. They are refused, and nothing is changed. */
#include "support/check.h"

#include "base/hash.h"
#include "disk/block.h"
#include "disk/snapshot.h"
#include "disk_fs/rig.c"

static struct rig rig;

/* Three entries of term 2, the last one in a batch of its own. */
static void setup(void)
{
    rig_init(&rig, 11);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_identity(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 2, 1), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 2, 40), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 1, 40), DISK_OK);
}

static void teardown(void)
{
    rig_close(&rig);
}

static void refused(const char *text)
{
    ck_assert_int_eq(rig_open(&rig), DISK_REFUSED);
    ck_assert_msg(strstr(rig.reason, text) != NULL, "%s", rig.reason);
}

/* Puts RECORD at OFFSET of the stream of the segment at PATH. */
static void forge(const char *path, uint64_t offset, const struct record *record)
{
    struct buffer bytes = {0};
    struct sector_stream stream;
    record_append(record, rig_stream(&rig, path, &stream), offset, &bytes);
    rig_forge(&rig, path, offset, buffer_start(&bytes), buffer_size(&bytes));
    buffer_close(&bytes);
    sector_stream_close(&stream);
}

/* Changes bytes of the block at OFFSET of PATH, and seals it again. */
static void forge_block(const char *path, uint64_t offset, const char *magic, size_t at, const void *bytes, size_t size)
{
    size_t file_size;
    uint8_t block[BLOCK_SIZE];
    memcpy(block, fs_memory_content(rig.memory, path, &file_size) + offset, sizeof block);
    memcpy(block + at, bytes, size);
    block_seal(block, magic, offset);
    fs_memory_spoil(rig.memory, path, offset, block, sizeof block);
}

/* --- records ------------------------------------------------------------------------------------------------------ */

static const struct {
    struct record record;
    const char *text;
} forged[] = {
    {{.type = RECORD_ENTRY, .entry_type = RAFT_ENTRY_COMMAND, .index = 5, .term = 2}, "does not follow"},
    {{.type = RECORD_ENTRY, .entry_type = RAFT_ENTRY_COMMAND, .index = 0, .term = 2}, "does not follow"},
    {{.type = RECORD_ENTRY, .entry_type = RAFT_ENTRY_COMMAND, .index = 4, .term = 1}, "a term that is lower"},
    {{.type = RECORD_ENTRY, .entry_type = RAFT_ENTRY_COMMAND, .index = 4, .term = 3}, "older than the log"},
    {{.type = RECORD_MARK, .index = 2, .term = 2}, "a mark that does not fit"},
    {{.type = RECORD_MARK, .index = 3, .term = 1}, "a mark that does not fit"},
    {{.type = RECORD_ENTRY, .index = 4, .term = 2, .batch = 8}, "of another batch"},
};

enum { FORGED = sizeof forged / sizeof *forged };

START_TEST(a_record_that_cannot_be)
{
    uint64_t end;
    rig_crash(&rig, FS_MEMORY_LOSE);
    const char *path = rig_tip(&rig, &end);
    struct record record = forged[_i].record;
    if (record.batch == 0)
        record.batch = (uint32_t)end;
    forge(path, end, &record);
    refused(forged[_i].text);
}
END_TEST

/* Its header says that it goes on behind the segment's end. */
START_TEST(a_record_that_is_longer_than_its_segment)
{
    static uint8_t payload[RIG_SEGMENT_BYTES];
    uint64_t end;
    uint8_t header[RECORD_HEADER];
    struct sector_stream stream;
    rig_crash(&rig, FS_MEMORY_LOSE);
    const char *path = rig_tip(&rig, &end);
    struct record record = {.type = RECORD_ENTRY, .index = 4, .term = 2, .batch = (uint32_t)end,
                            .payload = payload, .payload_size = sizeof payload};
    record_encode(&record, rig_stream(&rig, path, &stream), end, header);
    rig_forge(&rig, path, end, header, sizeof header);
    sector_stream_close(&stream);
    refused("a bad record in good sectors");
}
END_TEST

START_TEST(a_record_that_cannot_be_in_an_older_segment)
{
    uint64_t end;
    const char *path = rig_tip(&rig, &end);
    char older[DISK_PATH_MAX];
    strcpy(older, path);
    ck_assert_int_eq(rig_append(&rig, 1, 40), DISK_OK);
    ck_assert_int_eq(rig_spare(&rig), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 9, RIG_RECORD_MAX), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    struct record record = {.type = RECORD_ENTRY, .index = 9, .term = 2, .batch = (uint32_t)end};
    forge(older, end, &record);
    refused("does not follow");
}
END_TEST

/* --- how segments follow each other ------------------------------------------------------------------------------- */

static void roll_twice(void)
{
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(rig_spare(&rig), DISK_OK);
        ck_assert_int_eq(rig_append(&rig, 9, RIG_RECORD_MAX), DISK_OK);
    }
    rig_crash(&rig, FS_MEMORY_LOSE);
}

/* Another BEGIN for the newest segment: what was, plus the differences given. */
static void forge_begin(uint64_t id, uint64_t offset, uint64_t index)
{
    uint64_t end;
    uint8_t payload[RECORD_BEGIN_PAYLOAD];
    struct record begin;
    struct sector_stream stream;
    const char *path = rig_tip(&rig, &end);
    uint64_t segment_id = rig_stream(&rig, path, &stream);
    ck_assert(record_decode(stream.bytes, stream.whole, segment_id, 0, &begin));
    struct record_place place = record_begin_decode(&begin);
    place.id += id;
    place.offset += offset;
    record_begin_encode(&place, payload);
    begin.payload = payload;
    begin.index += index;
    forge(path, 0, &begin);
    sector_stream_close(&stream);
}

START_TEST(a_segment_that_goes_on_from_another_one)
{
    roll_twice();
    forge_begin(1, 0, 0);
    refused("is not the segment that the next one goes on from");
}
END_TEST

START_TEST(a_segment_that_goes_on_from_no_place)
{
    roll_twice();
    forge_begin(0, RIG_SEGMENT_BYTES, 0);
    refused("no end for the segment before");
}
END_TEST

START_TEST(a_segment_that_goes_on_from_another_entry)
{
    roll_twice();
    forge_begin(0, 0, 1);
    refused("it does not go on where the log ended");
}
END_TEST

START_TEST(a_segment_in_the_middle_that_does_not_begin)
{
    roll_twice();
    fs_memory_flip(rig.memory, rig_segment(2), (SEGMENT_HEADER + 20) * 8);
    refused("the segment's first record is bad");
}
END_TEST

/* Only the newest batch can have been cut short: not the end of one segment and the beginning of the next. */
START_TEST(two_torn_tails)
{
    uint64_t end;
    ck_assert_int_eq(rig_spare(&rig), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    const char *path = rig_tip(&rig, &end);
    rig_forge(&rig, path, end + 2 * SECTOR_STREAM, "x", 1);
    rig_forge(&rig, rig_segment(2), 2 * SECTOR_STREAM, "x", 1);
    refused("bytes follow in a later segment");
}
END_TEST

START_TEST(a_segment_of_no_size)
{
    uint8_t bytes[4];
    rig_crash(&rig, FS_MEMORY_LOSE);
    bytes_put_u32(bytes, 8192);
    forge_block(rig_segment(1), 0, block_magic_segment, 16, bytes, sizeof bytes);
    refused("no size for a segment");
}
END_TEST

/* --- the other files ---------------------------------------------------------------------------------------------- */

START_TEST(an_identity_of_nobody)
{
    static const uint8_t zeros[8];
    rig_crash(&rig, FS_MEMORY_LOSE);
    forge_block(RIG_DIRECTORY "/identity", 0, block_magic_identity, 16, zeros, sizeof zeros);
    refused("no valid identity");
}
END_TEST

START_TEST(an_identity_with_a_cluster_of_no_format)
{
    static const uint8_t format = 99;
    rig_crash(&rig, FS_MEMORY_LOSE);
    forge_block(RIG_DIRECTORY "/identity", 0, block_magic_identity, 28, &format, 1);
    refused("of a newer format than this version can read; run the version of cleatd that wrote it, or a newer one");
}
END_TEST

START_TEST(a_vote_that_was_never_cast)
{
    static const uint8_t zeros[8];
    rig_crash(&rig, FS_MEMORY_LOSE);
    for (uint64_t offset = 0; offset <= BLOCK_SIZE; offset += BLOCK_SIZE)
        forge_block(RIG_DIRECTORY "/vote", offset, block_magic_vote, 24, zeros, sizeof zeros);
    refused("no such sequence");
}
END_TEST

static const char snapshot_path[] = RIG_DIRECTORY "/snapshot-0000000000000002-0000000000000002";

START_TEST(a_snapshot_up_to_nothing)
{
    static const uint8_t zeros[8];
    ck_assert_int_eq(rig_snapshot(&rig, 2, 2, 2), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    forge_block(snapshot_path, 0, block_magic_snapshot, 32, zeros, sizeof zeros);
    /* The log is whole: it does without. */
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.snapshot_index, 0);
    ck_assert_uint_eq(rig.recovered.entry_count, 3);
    ck_assert_ptr_nonnull(strstr((char *)buffer_start(&rig.recovered.notes), "event=damaged_snapshot"));
}
END_TEST

START_TEST(a_snapshot_of_another_cluster)
{
    static const uint8_t other[8] = {6};
    ck_assert_int_eq(rig_snapshot(&rig, 2, 2, 2), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    forge_block(snapshot_path, 0, block_magic_snapshot, 16, other, sizeof other);
    refused("belongs to another cluster");
}
END_TEST

/* Bytes that mean nothing, and a yes or no that is neither. */
static const struct {
    const char *path;
    const char *magic;
    uint64_t offset;
    size_t at;
    uint8_t byte;
} meaningless[] = {
    {RIG_DIRECTORY "/identity", block_magic_identity, 0, BLOCK_END - 1, 1},
    {RIG_DIRECTORY "/identity", block_magic_identity, 0, 1000, 1}, /* behind the configuration */
    {RIG_DIRECTORY "/vote", block_magic_vote, 0, 52, 2},         /* whether it was rolled back */
    {RIG_DIRECTORY "/vote", block_magic_vote, 0, 53, 1},
    {RIG_DIRECTORY "/vote", block_magic_vote, 0, 63, 1},
    {RIG_DIRECTORY "/vote", block_magic_vote, 0, 64 + 64 * 8, 1},
    {RIG_DIRECTORY "/vote", block_magic_vote, BLOCK_SIZE, BLOCK_END - 1, 1},
    {RIG_DIRECTORY "/wal-0000000000000001", block_magic_segment, 0, 44, 2}, /* whether it began with records */
    {RIG_DIRECTORY "/wal-0000000000000001", block_magic_segment, 0, 45, 1},
    {RIG_DIRECTORY "/wal-0000000000000001", block_magic_segment, 0, BLOCK_END - 1, 1},
};

START_TEST(bytes_that_mean_nothing_are_zeros)
{
    uint8_t byte = meaningless[_i].byte;
    rig_crash(&rig, FS_MEMORY_LOSE);
    forge_block(meaningless[_i].path, meaningless[_i].offset, meaningless[_i].magic, meaningless[_i].at, &byte, 1);
    refused("no field of it can be");
}
END_TEST

START_TEST(bytes_of_a_snapshot_that_mean_nothing_are_zeros)
{
    static const size_t places[] = {12, 15, BLOCK_END - 1};
    static const uint8_t one = 1;
    ck_assert_int_eq(rig_snapshot(&rig, 2, 2, 3), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    forge_block(snapshot_path, 0, block_magic_snapshot, places[_i], &one, 1);
    struct snapshot snapshot;
    char reason[DISK_REASON_MAX];
    uint64_t bytes;
    bool newer;
    ck_assert_int_eq(snapshot_verify(snapshot_path, 4096, &snapshot, &bytes, &newer, reason), DISK_REFUSED);
    ck_assert_msg(!newer && strstr(reason, "no field of it can be"), "%s", reason);
}
END_TEST

/* The parts are good, but the end is that of fewer. */
START_TEST(a_snapshot_with_a_part_too_few)
{
    size_t size;
    ck_assert_int_eq(rig_snapshot(&rig, 2, 2, 3), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    const uint8_t *content = fs_memory_content(rig.memory, snapshot_path, &size);
    uint64_t offset = BLOCK_SIZE + 3 * (16 + 600);
    uint8_t place[24], part[16], body[24];
    memcpy(body, content + offset + 16, sizeof body);
    body[0]--;
    memcpy(place, content + 24, 8); /* the snapshot's id */
    bytes_put_u64(place + 8, offset);
    memcpy(place + 16, content + offset, 8);
    memcpy(part, content + offset, 8);
    bytes_put_u64(part + 8, hash_bytes(body, sizeof body, hash_bytes(place, sizeof place, 0)));
    fs_memory_spoil(rig.memory, snapshot_path, offset, part, sizeof part);
    fs_memory_spoil(rig.memory, snapshot_path, offset + 16, body, sizeof body);
    struct snapshot snapshot;
    char reason[DISK_REASON_MAX];
    uint64_t bytes;
    bool newer;
    ck_assert_int_eq(snapshot_verify(snapshot_path, 4096, &snapshot, &bytes, &newer, reason), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(reason, "the end does not fit"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk/forged");
    TCase *tcase = tcase_create("forged");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_record_that_cannot_be, 0, FORGED);
    tcase_add_test(tcase, a_record_that_is_longer_than_its_segment);
    tcase_add_test(tcase, a_record_that_cannot_be_in_an_older_segment);
    tcase_add_test(tcase, a_segment_that_goes_on_from_another_one);
    tcase_add_test(tcase, a_segment_that_goes_on_from_no_place);
    tcase_add_test(tcase, a_segment_that_goes_on_from_another_entry);
    tcase_add_test(tcase, a_segment_in_the_middle_that_does_not_begin);
    tcase_add_test(tcase, two_torn_tails);
    tcase_add_test(tcase, a_segment_of_no_size);
    tcase_add_test(tcase, an_identity_of_nobody);
    tcase_add_test(tcase, an_identity_with_a_cluster_of_no_format);
    tcase_add_test(tcase, a_vote_that_was_never_cast);
    tcase_add_test(tcase, a_snapshot_up_to_nothing);
    tcase_add_test(tcase, a_snapshot_of_another_cluster);
    tcase_add_test(tcase, a_snapshot_with_a_part_too_few);
    tcase_add_loop_test(tcase, bytes_that_mean_nothing_are_zeros, 0, sizeof meaningless / sizeof *meaningless);
    tcase_add_loop_test(tcase, bytes_of_a_snapshot_that_mean_nothing_are_zeros, 0, 3);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
