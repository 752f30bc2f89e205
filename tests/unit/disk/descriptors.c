/* The storage on the real file system while the process has few descriptors left, or none: that is no broken disk. */
#include "support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/random.h"
#include "disk/disk.h"
#include "disk/fs.h"

enum { SEGMENT = 64 * 1024, RECORD_MAX = 4096, FREE_MAX = 6, ROUNDS = 2, ENTRIES = 40, PAYLOAD = 3500 };

static char directory[64];
static char data[80];
static struct random ids;

static uint64_t random_id(void *context)
{
    return random_u64(context);
}

static const struct disk_options options = {
    .directory = data,
    .node_id = 1,
    .segment_bytes = SEGMENT,
    .record_max_bytes = RECORD_MAX,
    .random = random_id,
    .random_context = &ids,
};

static struct disk *disk;
static uint64_t last_index;
static struct disk_segment spares[DISK_SPARES_MAX];
static size_t spare_count;
static int done_count, full_count;

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
    ck_assert_int_eq(fs_list(data, &names, &count), 0);
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", data, names[i]);
        ck_assert_int_eq(fs_unlink(path), 0);
    }
    fs_list_free(names, count);
    ck_assert_int_eq(rmdir(data), 0);
    ck_assert_int_eq(rmdir(directory), 0);
}

static void open_disk(void)
{
    struct disk_recovered recovered;
    char reason[DISK_REASON_MAX];
    ck_assert_msg(disk_open(&options, &disk, &recovered, reason) == DISK_OK, "%s", reason);
    ck_assert_uint_eq(recovered.snapshot_index + recovered.entry_count, last_index);
    for (uint64_t i = 0; i < recovered.entry_count; i++)
        ck_assert_uint_eq(recovered.entries[i].payload->bytes[0], recovered.entries[i].index & 0xff);
    disk_recovered_free(&recovered);
}

/* The log goes on whatever there is of descriptors, as long as it has room: that is there already. */
static void append(uint64_t term)
{
    struct raft_entry entry = {.index = last_index + 1, .term = term, .type = RAFT_ENTRY_COMMAND};
    entry.payload = blob_new(PAYLOAD);
    memset(entry.payload->bytes, (int)(entry.index & 0xff), PAYLOAD);
    struct disk_log request = {.entries = &entry, .entry_count = 1};
    uint64_t room = disk_room_bytes(disk) + spare_count * disk_segment_room_bytes(disk);
    if (room >= disk_record_bytes(PAYLOAD)) {
        memcpy(request.spares, spares, sizeof spares);
        request.spare_count = spare_count;
        spare_count = 0;
        disk_log_execute(disk, &request);
        ck_assert_msg(request.status == DISK_OK, "%s", request.reason);
        last_index++;
    }
    blob_release(entry.payload);
}

static bool execute(struct disk_bulk *request, enum disk_bulk_kind kind)
{
    request->kind = kind;
    disk_bulk_execute(disk, request);
    ck_assert_msg(request->status == DISK_OK || request->status == DISK_FULL, "%d: %s", kind, request->reason);
    if (request->status == DISK_FULL)
        ck_assert_msg(strstr(request->reason, strerror(EMFILE)) != NULL, "%s", request->reason);
    done_count += request->status == DISK_OK;
    full_count += request->status == DISK_FULL;
    return request->status == DISK_OK;
}

static void set_configuration(struct disk_bulk *request)
{
    request->configuration = (struct raft_configuration){.cluster_id = 3, .count = 1};
    request->configuration.members[0] =
        (struct raft_member){.id = 1, .incarnation = 4, .role = RAFT_VOTER, .address = "127.0.0.1:9080"};
}

static void snapshot(uint64_t term)
{
    struct disk_bulk request = {.index = last_index, .term = term};
    set_configuration(&request);
    buffer_append_text(&request.bytes, "a block of the state");
    (void)(execute(&request, DISK_SNAPSHOT_BEGIN) && execute(&request, DISK_SNAPSHOT_BLOCK) &&
           execute(&request, DISK_SNAPSHOT_END));
    buffer_close(&request.bytes);
}

/* Sends the newest snapshot; what comes in is given up half-way, for it is not newer. */
static void transfer(void)
{
    struct disk_bulk request = {0};
    if (execute(&request, DISK_SEND_OPEN) && request.index > 0) {
        struct disk_bulk load = {.index = request.index, .term = request.term};
        if (execute(&load, DISK_LOAD_OPEN))
            (void)execute(&load, DISK_LOAD_BLOCK);
        buffer_close(&load.bytes);
        request.size = 100;
        request.offset = 0;
        (void)execute(&request, DISK_SEND_READ);
    }
    (void)execute(&request, DISK_SEND_CLOSE);
    if (execute(&request, DISK_RECEIVE_BEGIN)) {
        request.offset = 0;
        (void)execute(&request, DISK_RECEIVE_WRITE);
    }
    (void)execute(&request, DISK_RECEIVE_CANCEL);
    buffer_close(&request.bytes);
}

static void live(uint64_t term)
{
    struct disk_bulk request = {0};
    struct disk_log vote = {.write_vote = true, .term = term, .vote = 1};
    disk_log_execute(disk, &vote);
    ck_assert_msg(vote.status == DISK_OK, "%s", vote.reason);
    while (spare_count < DISK_SPARES_MAX - disk_spares(disk) && execute(&request, DISK_PREPARE_SEGMENT))
        spares[spare_count++] = request.segment;
    for (int i = 0; i < ENTRIES; i++)
        append(term);
    set_configuration(&request);
    (void)execute(&request, DISK_IDENTITY);
    snapshot(term);
    (void)execute(&request, DISK_CLEAN);
    transfer();
}

/* Leaves COUNT descriptors, by the process's limit; FREE_MAX + 1: as many as there were. */
static void leave(int count)
{
    static struct rlimit before;
    if (before.rlim_cur == 0)
        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    if (count > FREE_MAX)
        return;
    int highest = -1, files[FREE_MAX + 1];
    for (int i = 0; i <= count; i++)
        ck_assert_int_ge(files[i] = highest = open("/dev/null", O_RDONLY), 0);
    for (int i = 0; i <= count; i++)
        close(files[i]);
    struct rlimit limit = {.rlim_cur = (rlim_t)highest, .rlim_max = before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* A node once stopped with "sync d: Too many open files", as if its disk were broken. */
START_TEST(too_few_descriptors_are_no_broken_disk)
{
    open_disk();
    uint64_t term = 1;
    for (int round = 0; round < ROUNDS; round++) {
        leave(FREE_MAX + 1);
        live(++term);
        live(++term);
        leave(_i);
        for (int i = 0; i < 2; i++)
            live(++term);
    }
    ck_assert_msg(full_count > 0 || _i > 0, "%d descriptors are enough", _i);
    leave(FREE_MAX + 1);
    full_count = 0;
    uint64_t before = last_index;
    live(++term);
    live(++term);
    ck_assert_int_eq(full_count, 0);
    ck_assert_uint_ge(last_index, before + ENTRIES);
    for (size_t i = 0; i < spare_count; i++)
        (void)fs_close(spares[i].file);
    disk_close(disk);
    spare_count = 0;
    open_disk();
    disk_close(disk);
}
END_TEST

/* A start once waited for a descriptor for ever, before it had said anything. */
START_TEST(a_start_without_descriptors_ends_and_says_why)
{
    alarm(20);
    for (int life = 0; life < 2; life++) { /* the first makes the directory */
        struct disk_recovered recovered = {0};
        char reason[DISK_REASON_MAX];
        uint64_t start_us = fs_clock_us();
        leave(_i);
        enum disk_status status = disk_open(&options, &disk, &recovered, reason);
        ck_assert_uint_le(fs_clock_us() - start_us, 2 * (uint64_t)FS_WAIT_MAX_US);
        leave(FREE_MAX + 1);
        ck_assert_msg(status == DISK_OK || strstr(reason, "; allow more open files") != NULL, "%s", reason);
        ck_assert(status != DISK_OK || _i > 0);
        if (status == DISK_OK)
            disk_close(disk);
        disk_recovered_free(&recovered);
        open_disk();
        disk_close(disk);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk/descriptors");
    TCase *tcase = tcase_create("descriptors");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, too_few_descriptors_are_no_broken_disk, 0, FREE_MAX);
    tcase_add_loop_test(tcase, a_start_without_descriptors_ends_and_says_why, 0, FREE_MAX);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
