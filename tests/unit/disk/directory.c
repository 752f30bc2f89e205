/* Whose data directory it is: what does not fit is refused, and left as it was. */
#include "support/check.h"

#include "base/hash.h"
#include "disk/block.h"
#include "disk_fs/rig.c"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig, 4);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 3, 20), DISK_OK);
}

static void teardown(void)
{
    rig_close(&rig);
}

START_TEST(only_one_process_runs_on_it)
{
    struct disk *second;
    struct disk_recovered recovered;
    char reason[DISK_REASON_MAX];
    ck_assert_int_eq(disk_open(&rig.options, &second, &recovered, reason), DISK_REFUSED);
    ck_assert_ptr_null(second);
    ck_assert_ptr_nonnull(strstr(reason, "another process runs on it"));
    rig_shut(&rig);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
}
END_TEST

/* The file can be removed by anybody, and is not what keeps a second process out; nor does that make one. */
START_TEST(a_second_process_is_refused_whatever_became_of_the_lock)
{
    static const char *const removed[] = {NULL, "lock"};
    for (int plain = 0; plain <= 1; plain++) {
        for (size_t i = 0; i < sizeof removed / sizeof *removed; i++) {
            struct rig first;
            rig_init(&first, 70);
            if (plain)
                fs_memory_plain_directories(first.memory);
            ck_assert_int_eq(rig_open(&first), DISK_OK);
            if (removed[i])
                fs_memory_delete(first.memory, RIG_DIRECTORY "/lock");
            struct disk *second;
            struct disk_recovered recovered;
            char reason[DISK_REASON_MAX];
            ck_assert_int_eq(disk_open(&first.options, &second, &recovered, reason), DISK_REFUSED);
            ck_assert_ptr_nonnull(strstr(reason, "another process runs on it"));
            ck_assert(plain || !removed[i] || !fs_memory_exists(first.memory, RIG_DIRECTORY "/lock"));
            rig_shut(&first);
            ck_assert_int_eq(rig_open(&first), DISK_OK);
            rig_close(&first);
        }
    }
    fs_memory_use(rig.memory);
}
END_TEST

enum { REMOVED, REPLACED, TAKEN_WAYS };

static void take_away(struct rig *from, int way)
{
    int kept = fs_open(RIG_DIRECTORY "/lock"); /* so that the new one is not in the old one's place */
    ck_assert_int_ge(kept, 0);
    fs_memory_delete(from->memory, RIG_DIRECTORY "/lock");
    if (way == REPLACED)
        ck_assert_int_eq(fs_close(fs_create(RIG_DIRECTORY "/lock")), 0);
    ck_assert_int_eq(fs_close(kept), 0);
}

/* Whether all names and contents but the lock's are the same. */
static bool nothing_changed(const struct rig *now, const struct rig *before)
{
    char **names;
    size_t count, left = 0;
    fs_memory_use(now->memory);
    ck_assert_int_eq(fs_list(RIG_DIRECTORY, &names, &count), 0);
    for (size_t i = 0; i < count; i++) {
        char path[200];
        size_t size[2];
        snprintf(path, sizeof path, RIG_DIRECTORY "/%s", names[i]);
        const uint8_t *bytes = fs_memory_content(now->memory, path, &size[0]);
        const uint8_t *old = fs_memory_content(before->memory, path, &size[1]);
        bool same = bytes && old && size[0] == size[1] && memcmp(bytes, old, size[0]) == 0;
        left += !same && strcmp(names[i], "lock") != 0;
    }
    fs_list_free(names, count);
    return left == 0;
}

START_TEST(a_batch_that_nobody_will_find_is_not_claimed)
{
    enum disk_status (*const again[])(struct rig *) = {rig_mark, rig_spare};
    for (int way = 0; way < TAKEN_WAYS; way++) {
        for (int what = 0; what < 4; what++) {
            struct rig taken;
            rig_init(&taken, 71);
            ck_assert_int_eq(rig_open(&taken), DISK_OK);
            ck_assert_int_eq(rig_vote(&taken, 1, 2), DISK_OK);
            ck_assert_int_eq(rig_append(&taken, 3, 20), DISK_OK);
            take_away(&taken, way);
            enum disk_status status = what == 0   ? rig_append(&taken, 3, 20)
                                      : what == 1 ? rig_vote(&taken, 2, 1)
                                      : what == 2 ? rig_mark(&taken)
                                                  : rig_reset(&taken, 9, 1);
            ck_assert_int_eq(status, DISK_FAILED);
            ck_assert_ptr_nonnull(strstr(taken.reason, RIG_DIRECTORY "/lock"));
            ck_assert_ptr_nonnull(strstr(taken.reason, "start again"));
            for (size_t i = 0; i < sizeof again / sizeof *again; i++)
                ck_assert_int_eq(again[i](&taken), DISK_FAILED);
            rig_close(&taken);
        }
    }
    fs_memory_use(rig.memory);
}
END_TEST

/* What is at the path may be another process's by then. */
START_TEST(nothing_is_made_or_removed_in_a_directory_that_was_replaced)
{
    static const enum disk_bulk_kind kinds[] = {DISK_PREPARE_SEGMENT, DISK_IDENTITY,      DISK_SNAPSHOT_BEGIN,
                                                DISK_CLEAN,           DISK_RECEIVE_BEGIN, DISK_RECEIVE_CANCEL,
                                                DISK_SNAPSHOT_CANCEL, DISK_SEND_OPEN,     DISK_LOAD_DROP,
                                                DISK_CHECK};
    for (int way = 0; way < TAKEN_WAYS; way++) {
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            struct rig taken;
            rig_copy(&taken, &rig);
            ck_assert_int_eq(rig_open(&taken), DISK_OK);
            struct rig opened;
            rig_copy(&opened, &taken);
            fs_memory_use(taken.memory);
            take_away(&taken, way);
            struct disk_bulk request = {.index = 2, .term = 1, .configuration = rig_configuration(7)};
            ck_assert_int_eq(rig_bulk(&taken, kinds[i], &request), DISK_FAILED);
            ck_assert_ptr_nonnull(strstr(request.reason, RIG_DIRECTORY "/lock"));
            ck_assert(nothing_changed(&taken, &opened));
            rig_close(&taken);
            rig_close(&opened);
        }
    }
    fs_memory_use(rig.memory);
}
END_TEST

START_TEST(another_nodes_directory_is_refused)
{
    rig_shut(&rig);
    rig.options.node_id = 5;
    ck_assert_int_eq(rig_open(&rig), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(rig.reason, "belongs to node 3"));
    rig.options.node_id = RIG_NODE;
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.entry_count, 3);
}
END_TEST

/* Another format in one file alone, or in all: said to be that, and what is to be done; it is not taken for damage. */
START_TEST(another_format_is_refused)
{
    ck_assert_int_eq(rig_snapshot(&rig, 2, 1, 1), DISK_OK);
    rig_shut(&rig);
    static const char *const names[] = {
        RIG_DIRECTORY "/identity",
        RIG_DIRECTORY "/vote",
        RIG_DIRECTORY "/wal-0000000000000001",
        RIG_DIRECTORY "/snapshot-0000000000000002-0000000000000001",
    };
    enum { NAMES = sizeof names / sizeof *names };
    static const struct {
        uint32_t format;
        const char *words;
    } others[] = {
        {BLOCK_FORMAT + 1, "newer format"},
        {1, "of format 1, as Cleat 0.1 wrote it"},
        {2, "of format 2, as a build before this release wrote it"},
    };
    bool older = _i > 0;
    for (size_t i = 0; i <= NAMES; i++) {
        if (older && i == NAMES - 1)
            continue; /* no release left one such snapshot beside newer files: it is one that is of no use */
        struct rig copy;
        rig_copy(&copy, &rig);
        for (size_t k = 0; k < NAMES; k++) {
            size_t size;
            uint8_t block[BLOCK_SIZE];
            if (k != i && i < NAMES)
                continue;
            memcpy(block, fs_memory_content(copy.memory, names[k], &size), sizeof block);
            bytes_put_u32(block + 8, others[_i].format);
            bytes_put_u64(block + BLOCK_END, hash_bytes(block, BLOCK_END, 0));
            fs_memory_spoil(copy.memory, names[k], 0, block, sizeof block);
        }
        ck_assert_int_eq(rig_open(&copy), DISK_REFUSED);
        ck_assert_ptr_nonnull(strstr(copy.reason, names[i % NAMES]));
        ck_assert_ptr_nonnull(strstr(copy.reason, others[_i].words));
        ck_assert_ptr_nonnull(strstr(copy.reason, "run "));
        rig_close(&copy);
    }
}
END_TEST

START_TEST(every_flipped_bit_of_the_identity)
{
    ck_assert_int_eq(rig_identity(&rig), DISK_OK);
    rig_shut(&rig);
    for (uint64_t bit = 0; bit < BLOCK_SIZE * 8; bit++) {
        struct rig copy;
        rig_copy(&copy, &rig);
        fs_memory_flip(copy.memory, RIG_DIRECTORY "/identity", bit);
        ck_assert_int_eq(rig_open(&copy), DISK_REFUSED);
        ck_assert_ptr_nonnull(strstr(copy.reason, RIG_DIRECTORY "/identity"));
        rig_close(&copy);
    }
    fs_memory_resize(rig.memory, RIG_DIRECTORY "/identity", 1000);
    ck_assert_int_eq(rig_open(&rig), DISK_REFUSED);
    fs_memory_delete(rig.memory, RIG_DIRECTORY "/identity");
    ck_assert_int_eq(rig_open(&rig), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(rig.reason, "missing"));
}
END_TEST

/* A file of another directory of the same node, put in the place of this one's. */
START_TEST(files_of_another_directory_are_refused)
{
    struct rig other;
    rig_init(&other, 44);
    ck_assert_int_eq(rig_open(&other), DISK_OK);
    ck_assert_int_eq(rig_vote(&other, 1, 2), DISK_OK);
    ck_assert_int_eq(rig_append(&other, 3, 20), DISK_OK);
    rig_shut(&other);
    rig_shut(&rig);
    static const char *const names[] = {RIG_DIRECTORY "/vote", RIG_DIRECTORY "/wal-0000000000000001"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct rig copy;
        rig_copy(&copy, &rig);
        size_t size;
        const uint8_t *bytes = fs_memory_content(other.memory, names[i], &size);
        fs_memory_spoil(copy.memory, names[i], 0, bytes, size);
        ck_assert_int_eq(rig_open(&copy), DISK_REFUSED);
        ck_assert_ptr_nonnull(strstr(copy.reason, "another data directory"));
        rig_close(&copy);
    }
    rig_close(&other);
}
END_TEST

/* One segment under another one's name; one snapshot likewise. */
START_TEST(a_file_under_a_wrong_name_is_refused)
{
    ck_assert_int_eq(rig_snapshot(&rig, 2, 1, 1), DISK_OK);
    ck_assert_int_eq(rig_snapshot(&rig, 3, 1, 1), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 6, 7000), DISK_OK); /* more than a start takes over */
    rig_shut(&rig);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    rig_shut(&rig);
    size_t size;
    const uint8_t *bytes = fs_memory_content(rig.memory, RIG_DIRECTORY "/snapshot-0000000000000002-0000000000000001",
                                             &size);
    struct rig copy;
    rig_copy(&copy, &rig);
    fs_memory_spoil(copy.memory, RIG_DIRECTORY "/snapshot-0000000000000003-0000000000000001", 0, bytes, size);
    ck_assert_int_eq(rig_open(&copy), DISK_OK);
    ck_assert_uint_eq(copy.recovered.snapshot_index, 2);
    rig_close(&copy);
    bytes = fs_memory_content(rig.memory, RIG_DIRECTORY "/wal-0000000000000001", &size);
    rig_copy(&copy, &rig);
    fs_memory_spoil(copy.memory, RIG_DIRECTORY "/wal-0000000000000002", 0, bytes, size);
    ck_assert_int_eq(rig_open(&copy), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(copy.reason, "another segment"));
    rig_close(&copy);
}
END_TEST

START_TEST(files_that_are_not_ours_are_left_alone)
{
    static const char *const names[] = {
        RIG_DIRECTORY "/notes.tmp",
        RIG_DIRECTORY "/wal-1",
        RIG_DIRECTORY "/wal-000000000000000G",
        RIG_DIRECTORY "/snapshot-0000000000000001",
        RIG_DIRECTORY "/snapshot-0000000000000001+0000000000000001",
        RIG_DIRECTORY "/identity.bak",
        RIG_DIRECTORY "/my-vote.tmp",
        RIG_DIRECTORY "/snapshot-0123456789012345678901234567890123456789012345678901.tmp",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)fs_close(fs_create(names[i]));
    (void)fs_close(fs_create(RIG_DIRECTORY "/wal-0000000000000009.tmp"));
    (void)fs_close(fs_create(RIG_DIRECTORY "/snapshot-own.tmp"));
    rig_shut(&rig);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert(fs_memory_exists(rig.memory, names[i]));
    ck_assert(!fs_memory_exists(rig.memory, RIG_DIRECTORY "/wal-0000000000000009.tmp"));
    ck_assert(!fs_memory_exists(rig.memory, RIG_DIRECTORY "/snapshot-own.tmp"));
}
END_TEST

START_TEST(a_path_that_cannot_be)
{
    rig_shut(&rig);
    char path[DISK_PATH_MAX + 10];
    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    rig.options.directory = path;
    ck_assert_int_eq(rig_open(&rig), DISK_REFUSED);
    rig.options.directory = "";
    ck_assert_int_eq(rig_open(&rig), DISK_REFUSED);
    rig.options.directory = RIG_PREFIX "/no/such";
    ck_assert_int_eq(rig_open(&rig), DISK_FAILED);
    ck_assert_ptr_nonnull(strstr(rig.reason, "mkdir"));
}
END_TEST

/* No room at the very first start: nothing half made is in the way of the next. */
START_TEST(the_first_start_on_a_full_disk)
{
    for (uint64_t room = 0; room < 3 * BLOCK_SIZE + RIG_SEGMENT_BYTES; room += 509) {
        struct rig fresh;
        rig_init(&fresh, room);
        fs_memory_limit(fresh.memory, fresh.machine, room);
        ck_assert_int_eq(rig_open(&fresh), DISK_FULL);
        fs_memory_crash(fresh.memory, fresh.machine, room % 2 == 0 ? FS_MEMORY_LOSE : FS_MEMORY_SOME);
        fs_memory_limit(fresh.memory, fresh.machine, UINT64_MAX);
        ck_assert_int_eq(rig_open(&fresh), DISK_OK);
        ck_assert(fresh.recovered.identity.fresh);
        rig_close(&fresh);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk/directory");
    TCase *tcase = tcase_create("directory");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, only_one_process_runs_on_it);
    tcase_add_test(tcase, a_second_process_is_refused_whatever_became_of_the_lock);
    tcase_add_test(tcase, a_batch_that_nobody_will_find_is_not_claimed);
    tcase_add_test(tcase, nothing_is_made_or_removed_in_a_directory_that_was_replaced);
    tcase_add_test(tcase, another_nodes_directory_is_refused);
    tcase_add_loop_test(tcase, another_format_is_refused, 0, 3);
    tcase_add_test(tcase, every_flipped_bit_of_the_identity);
    tcase_add_test(tcase, files_of_another_directory_are_refused);
    tcase_add_test(tcase, a_file_under_a_wrong_name_is_refused);
    tcase_add_test(tcase, files_that_are_not_ours_are_left_alone);
    tcase_add_test(tcase, a_path_that_cannot_be);
    tcase_add_test(tcase, the_first_start_on_a_full_disk);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
