/* The storage on the real file system: a temporary directory, two threads at work, a process that is killed. */
#include "support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "disk/disk.h"
#include "disk/fs.h"

enum { SEGMENT = 64 * 1024, RECORD_MAX = 4096 };

static char directory[64];
static char data[80];
static struct random ids;
static pthread_mutex_t ids_lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t random_id(void *context)
{
    pthread_mutex_lock(&ids_lock);
    uint64_t id = random_u64(context);
    pthread_mutex_unlock(&ids_lock);
    return id;
}

static const struct disk_options options = {
    .directory = data,
    .node_id = 1,
    .segment_bytes = SEGMENT,
    .record_max_bytes = RECORD_MAX,
    .random = random_id,
    .random_context = &ids,
};

static void setup(void)
{
    strcpy(directory, "/tmp/cleat-disk-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(data, sizeof data, "%s/data", directory);
    ids.state = (uint64_t)getpid();
}

static void teardown(void)
{
    char **names;
    size_t count;
    char path[400];
    if (fs_list(data, &names, &count) == 0) {
        for (size_t i = 0; i < count; i++) {
            snprintf(path, sizeof path, "%s/%s", data, names[i]);
            ck_assert_int_eq(fs_unlink(path), 0);
        }
        fs_list_free(names, count);
    }
    snprintf(path, sizeof path, "%s/file", directory);
    (void)unlink(path);
    (void)rmdir(data);
    ck_assert_int_eq(rmdir(directory), 0);
}

START_TEST(the_seam)
{
    char path[100];
    char other[100];
    snprintf(path, sizeof path, "%s/file", directory);
    snprintf(other, sizeof other, "%s/other", directory);
    ck_assert_int_eq(fs_open(path), -ENOENT);
    int file = fs_create(path);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(fs_write(file, 3, "hello", 5), 0);
    enum { PIECES = 3000 };
    struct iovec pieces[PIECES];
    for (size_t i = 0; i < PIECES; i++)
        pieces[i] = (struct iovec){.iov_base = (void *)(uintptr_t)"ab", .iov_len = i % 3};
    ck_assert_int_eq(fs_writev(file, 8, pieces, PIECES), 0);
    ck_assert_int_eq(fs_sync(file), 0);
    uint64_t size;
    ck_assert_int_eq(fs_size(file, &size), 0);
    ck_assert_uint_eq(size, 8 + PIECES);
    char bytes[20];
    size_t got;
    ck_assert_int_eq(fs_read(file, 0, bytes, 14, &got), 0);
    ck_assert_uint_eq(got, 14);
    ck_assert_mem_eq(bytes, "\0\0\0helloaabaab", 14);
    ck_assert_int_eq(fs_read(file, size - 3, bytes, 20, &got), 0);
    ck_assert_uint_eq(got, 3);
    ck_assert_int_eq(fs_close(file), 0);
    file = fs_open(path);
    uint64_t left;
    ck_assert_int_eq(fs_truncate(file, 4), 0);
    ck_assert_int_eq(fs_size(file, &left), 0);
    ck_assert_uint_eq(left, 4);
    ck_assert_int_eq(fs_close(file), 0);
    ck_assert_int_eq(fs_rename(path, other), 0);
    ck_assert_int_eq(fs_rename(path, other), -ENOENT);
    ck_assert_int_eq(fs_sync_dir(directory), 0);
    ck_assert_int_eq(fs_make_dir(directory), 0);
    ck_assert_int_eq(fs_make_dir(other), -ENOTDIR);
    ck_assert_int_eq(fs_sync_dir(path), -ENOENT);
    int first;
    int second;
    ck_assert_int_eq(fs_lock(other, &first), 0);
    ck_assert_int_eq(fs_lock(other, &second), -EWOULDBLOCK);
    ck_assert_int_eq(fs_close(first), 0);
    ck_assert_int_eq(fs_lock(other, &second), 0);
    int opened = fs_open(other);
    ck_assert_int_eq(fs_lock_open(opened), -EWOULDBLOCK);
    ck_assert_int_eq(fs_close(second), 0);
    ck_assert_int_eq(fs_lock_open(opened), 0);
    ck_assert_int_eq(fs_lock(other, &second), -EWOULDBLOCK);
    ck_assert_int_eq(fs_close(opened), 0);
    ck_assert_int_eq(fs_lock_dir(directory, &first), 0);
    ck_assert_int_eq(fs_lock_dir(directory, &second), -EWOULDBLOCK);
    ck_assert_int_eq(fs_close(first), 0);
    ck_assert_int_eq(fs_lock_dir(other, &second), -ENOTDIR);
    struct fs_identity identity[3];
    ck_assert_int_eq(fs_identify(other, &identity[0]), 0);
    ck_assert_int_eq(fs_identify(other, &identity[1]), 0);
    ck_assert_int_eq(fs_identify(directory, &identity[2]), 0);
    ck_assert_int_eq(fs_identify(path, &identity[2]), -ENOENT);
    ck_assert_mem_eq(&identity[0], &identity[1], sizeof identity[0]);
    ck_assert_uint_ne(identity[0].number, identity[2].number);
    char **names;
    size_t count;
    ck_assert_int_eq(fs_list(directory, &names, &count), 0);
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(names[0], "other");
    fs_list_free(names, count);
    ck_assert_int_eq(fs_unlink(other), 0);
    ck_assert_int_eq(fs_unlink(other), -ENOENT);
    ck_assert_int_lt(fs_list(other, &names, &count), 0);
    ck_assert(fs_is_full(-ENOSPC) && fs_is_full(-EDQUOT) && fs_is_full(-EFBIG) && !fs_is_full(-EIO));
    uint64_t before = fs_clock_us();
    ck_assert_uint_ge(fs_clock_us(), before);
}
END_TEST

/* Appends one entry of 100 bytes whose content is its index. */
static void append(struct disk *disk, uint64_t index, struct disk_segment *spare)
{
    struct raft_entry entry = {.index = index, .term = 1, .time_ms = index, .type = RAFT_ENTRY_COMMAND};
    entry.payload = blob_new(100);
    memset(entry.payload->bytes, (int)(index & 0xff), 100);
    struct disk_log request = {.entries = &entry, .entry_count = 1};
    if (spare && spare->file >= 0) {
        request.spares[0] = *spare;
        request.spare_count = 1;
        spare->file = -1;
    }
    disk_log_execute(disk, &request);
    ck_assert_msg(request.status == DISK_OK, "%s", request.reason);
    blob_release(entry.payload);
}

static void check_entries(const struct disk_recovered *recovered)
{
    for (uint64_t i = 0; i < recovered->entry_count; i++) {
        const struct raft_entry *entry = &recovered->entries[i];
        ck_assert_uint_eq(entry->index, recovered->snapshot_index + i + 1);
        ck_assert_uint_eq(entry->payload->size, 100);
        ck_assert_uint_eq(entry->payload->bytes[50], entry->index & 0xff);
    }
}

struct bulk_work {
    struct disk *disk;
    uint64_t index;
};

/* The bulk thread: a snapshot, then a cleaning. */
static void *bulk_run(void *argument)
{
    struct bulk_work *work = argument;
    struct disk_bulk request = {.kind = DISK_SNAPSHOT_BEGIN, .index = work->index, .term = 1};
    request.configuration = (struct raft_configuration){.cluster_id = 3, .count = 1};
    request.configuration.members[0] =
        (struct raft_member){.id = 1, .incarnation = 4, .role = RAFT_VOTER, .address = "127.0.0.1:9080"};
    disk_bulk_execute(work->disk, &request);
    ck_assert_msg(request.status == DISK_OK, "%s", request.reason);
    buffer_append_text(&request.bytes, "a block of the state");
    static const enum disk_bulk_kind kinds[] = {DISK_SNAPSHOT_BLOCK, DISK_SNAPSHOT_BLOCK, DISK_SNAPSHOT_END,
                                                DISK_CLEAN};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        request.kind = kinds[i];
        disk_bulk_execute(work->disk, &request);
        ck_assert_msg(request.status == DISK_OK, "%s", request.reason);
    }
    buffer_close(&request.bytes);
    return NULL;
}

START_TEST(two_threads)
{
    struct disk *disk;
    struct disk_recovered recovered;
    char reason[DISK_REASON_MAX];
    ck_assert_msg(disk_open(&options, &disk, &recovered, reason) == DISK_OK, "%s", reason);
    ck_assert(recovered.identity.fresh);
    disk_recovered_free(&recovered);
    struct disk_log vote = {.write_vote = true, .term = 1, .vote = 1};
    disk_log_execute(disk, &vote);
    ck_assert_int_eq(vote.status, DISK_OK);
    uint64_t index = 0;
    for (int round = 0; round < 6; round++) {
        pthread_t thread;
        struct bulk_work work = {.disk = disk, .index = index > 10 ? index - 10 : index};
        struct disk_bulk prepare = {.kind = DISK_PREPARE_SEGMENT};
        disk_bulk_execute(disk, &prepare);
        ck_assert_int_eq(prepare.status, DISK_OK);
        if (round > 0)
            ck_assert_int_eq(pthread_create(&thread, NULL, bulk_run, &work), 0);
        for (int i = 0; i < 400; i++) {
            append(disk, ++index, &prepare.segment);
            struct disk_sizes sizes;
            disk_sizes(disk, &sizes);
            ck_assert_uint_ge(sizes.wal_bytes, SEGMENT);
        }
        if (round > 0)
            ck_assert_int_eq(pthread_join(thread, NULL), 0);
    }
    struct disk_sizes sizes;
    disk_sizes(disk, &sizes);
    ck_assert_uint_lt(sizes.wal_bytes, 6 * SEGMENT);
    disk_close(disk);
    ck_assert_msg(disk_open(&options, &disk, &recovered, reason) == DISK_OK, "%s", reason);
    ck_assert_uint_eq(recovered.snapshot_index + recovered.entry_count, index);
    ck_assert_uint_gt(recovered.snapshot_index, 0);
    check_entries(&recovered);
    const uint8_t *bytes;
    size_t size;
    ck_assert_int_eq(disk_load_next(disk, &bytes, &size), 1);
    ck_assert_uint_eq(size, 20);
    disk_recovered_free(&recovered);
    disk_close(disk);
}
END_TEST

/* Writes until it is killed, telling through the pipe what is durable. */
static void child(int told)
{
    struct disk *disk;
    struct disk_recovered recovered;
    char reason[DISK_REASON_MAX];
    if (disk_open(&options, &disk, &recovered, reason) != DISK_OK)
        _exit(1);
    uint64_t index = recovered.snapshot_index + recovered.entry_count;
    if (recovered.term == 0) {
        struct disk_log vote = {.write_vote = true, .term = 1, .vote = 1};
        disk_log_execute(disk, &vote);
    }
    for (;;) {
        struct disk_segment spare = {.file = -1};
        if (disk_room_bytes(disk) < 1000) {
            struct disk_bulk prepare = {.kind = DISK_PREPARE_SEGMENT};
            disk_bulk_execute(disk, &prepare);
            spare = prepare.segment;
        }
        append(disk, ++index, &spare);
        if (write(told, &index, sizeof index) != sizeof index)
            _exit(1);
    }
}

START_TEST(a_killed_process_loses_nothing)
{
    uint64_t durable = 0;
    for (int round = 0; round < 8; round++) {
        int ends[2];
        ck_assert_int_eq(pipe(ends), 0);
        pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            close(ends[0]);
            ids.state += (uint64_t)getpid();
            child(ends[1]);
        }
        close(ends[1]);
        uint64_t index = 0;
        for (int i = 0; i < 50 + round * 37; i++)
            ck_assert_int_eq(read(ends[0], &index, sizeof index), sizeof index);
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        while (read(ends[0], &index, sizeof index) == sizeof index)
            continue;
        close(ends[0]);
        int status;
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status));
        ck_assert_uint_gt(index, durable);
        durable = index;
    }
    struct disk *disk;
    struct disk_recovered recovered;
    char reason[DISK_REASON_MAX];
    ck_assert_msg(disk_open(&options, &disk, &recovered, reason) == DISK_OK, "%s", reason);
    ck_assert_uint_ge(recovered.entry_count, durable);
    check_entries(&recovered);
    struct disk *second;
    struct disk_recovered nothing;
    ck_assert_int_eq(disk_open(&options, &second, &nothing, reason), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(reason, "another process runs on it"));
    disk_recovered_free(&recovered);
    disk_close(disk);
}
END_TEST

/* A limit on the size of files stands in for a full disk. */
START_TEST(no_room)
{
    signal(SIGXFSZ, SIG_IGN);
    struct disk *disk;
    struct disk_recovered recovered;
    char reason[DISK_REASON_MAX];
    ck_assert_msg(disk_open(&options, &disk, &recovered, reason) == DISK_OK, "%s", reason);
    disk_recovered_free(&recovered);
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    struct rlimit small = {.rlim_cur = SEGMENT / 2, .rlim_max = limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    struct disk_bulk prepare = {.kind = DISK_PREPARE_SEGMENT};
    disk_bulk_execute(disk, &prepare);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(prepare.status, DISK_FULL);
    char **names;
    size_t count;
    ck_assert_int_eq(fs_list(data, &names, &count), 0);
    ck_assert_uint_eq(count, 4); /* lock, identity, vote, one segment */
    fs_list_free(names, count);
    disk_bulk_execute(disk, &prepare);
    ck_assert_int_eq(prepare.status, DISK_OK);
    struct disk_log request = {.spare_count = 1, .spares = {prepare.segment}};
    disk_log_execute(disk, &request);
    ck_assert_int_eq(request.status, DISK_OK);
    disk_close(disk);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk/posix");
    TCase *tcase = tcase_create("posix");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_seam);
    tcase_add_test(tcase, two_threads);
    tcase_add_test(tcase, a_killed_process_loses_nothing);
    tcase_add_test(tcase, no_room);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
