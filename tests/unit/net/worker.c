/* Both disk threads of a server at full speed, on a real directory: the log grows, while snapshots are written and
 * sent, and segments are prepared, cleaned away and used again. Under ThreadSanitizer this is what shows that the
 * threads share nothing but what they may (`make threads`). */
#include "net/worker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "disk/fs.h"
#include "support/check.h"

enum {
    SEGMENT = 64 * 1024,
    RECORD_MAX = 4096,
    BATCH_MAX = 8,
    BLOCK = 700,
    BLOCKS = 3,
    BATCHES = 500,
    KILLS = 6,
    SPARES_WANTED = 2,
};

static char directory[64];
static char data[80];
static struct random ids;   /* the bulk thread's, and disk_open's */

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

static void setup(void)
{
    strcpy(directory, "/tmp/cleat-worker-XXXXXX");
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

/* SIZE bytes that only the entry, or block, NUMBER has. */
static void fill(uint64_t number, uint8_t *bytes, size_t size)
{
    struct random random = {.state = number};
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)random_u64(&random);
}

static size_t entry_size(uint64_t index)
{
    return (size_t)(index * 397 % 1900 + 1);
}

/* --- a node, as far as its disk is concerned ---------------------------------------------------------------------- */

struct driver {
    struct disk *disk;
    struct ev_loop *loop;
    struct ev_async wake;
    struct worker log_worker;
    struct worker bulk_worker;
    struct disk_log log;
    struct raft_entry entries[BATCH_MAX];
    struct disk_bulk bulk;
    struct disk_segment spares[DISK_SPARES_MAX]; /* prepared, and not handed over */
    size_t spare_count;
    size_t wal_spares; /* handed over, and not begun, for all that is known */
    uint64_t index;    /* what was handed to the disk */
    uint64_t durable;
    uint64_t batches;
    uint64_t batches_max;
    bool log_busy;
    bool bulk_busy;
    size_t step;       /* of those below */
    int told;          /* where what is durable is told; < 0: nowhere */
};

/* What the bulk thread does over and over. */
static const enum disk_bulk_kind steps[] = {
    DISK_SNAPSHOT_BEGIN, DISK_SNAPSHOT_BLOCK, DISK_SNAPSHOT_BLOCK, DISK_SNAPSHOT_BLOCK, DISK_SNAPSHOT_END, DISK_CLEAN,
    DISK_SEND_OPEN,      DISK_SEND_READ,      DISK_SEND_CLOSE,
};
_Static_assert(BLOCKS == 3, "as many blocks as there are steps for them");

static bool over(const struct driver *driver)
{
    return driver->batches >= driver->batches_max;
}

/* A batch of one to eight entries, if there is room for it. */
static void submit_log(struct driver *driver)
{
    if (driver->log_busy || over(driver))
        return;
    uint64_t room = disk_room_bytes(driver->disk) + driver->spare_count * disk_segment_room_bytes(driver->disk);
    size_t count = (size_t)(driver->index % BATCH_MAX + 1);
    uint64_t need = 0;
    for (size_t i = 0; i < count; i++)
        need += disk_record_bytes(entry_size(driver->index + 1 + i));
    if (need > room)
        return;
    driver->log = (struct disk_log){.entries = driver->entries, .entry_count = count,
                                    .mark = driver->batches % 5 == 0, .spare_count = driver->spare_count};
    memcpy(driver->log.spares, driver->spares, sizeof driver->log.spares);
    driver->wal_spares += driver->spare_count;
    driver->spare_count = 0;
    if (driver->index == 0) {
        driver->log.write_vote = true;
        driver->log.term = driver->log.vote = 1;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t index = ++driver->index;
        driver->entries[i] = (struct raft_entry){.index = index, .term = 1, .time_ms = index,
                                                 .type = RAFT_ENTRY_COMMAND, .payload = blob_new(entry_size(index))};
        fill(index, driver->entries[i].payload->bytes, entry_size(index));
    }
    driver->log_busy = true;
    worker_submit_log(&driver->log_worker, &driver->log);
}

static void submit_bulk(struct driver *driver)
{
    if (driver->bulk_busy || over(driver))
        return;
    struct disk_bulk *bulk = &driver->bulk;
    buffer_clear(&bulk->bytes, SIZE_MAX);
    if (driver->spare_count + driver->wal_spares < SPARES_WANTED) {
        bulk->kind = DISK_PREPARE_SEGMENT;
    } else if (driver->durable == 0) {
        return; /* there is nothing yet that a snapshot could hold */
    } else {
        bulk->kind = steps[driver->step];
        driver->step = (driver->step + 1) % (sizeof steps / sizeof *steps);
    }
    if (bulk->kind == DISK_SNAPSHOT_BEGIN) {
        bulk->index = driver->durable;
        bulk->term = 1;
        bulk->configuration = (struct raft_configuration){.cluster_id = 3, .count = 1};
        bulk->configuration.members[0] =
            (struct raft_member){.id = 1, .incarnation = 4, .role = RAFT_VOTER, .address = "127.0.0.1:9080"};
    } else if (bulk->kind == DISK_SNAPSHOT_BLOCK) {
        uint8_t block[BLOCK];
        fill(BLOCK, block, sizeof block);
        buffer_append(&bulk->bytes, block, sizeof block);
    } else if (bulk->kind == DISK_SEND_READ) {
        bulk->offset = 0;
        bulk->size = BLOCK;
    }
    driver->bulk_busy = true;
    worker_submit_bulk(&driver->bulk_worker, bulk);
}

static void log_done(struct driver *driver)
{
    ck_assert_msg(driver->log.status == DISK_OK, "%s", driver->log.reason);
    for (size_t i = 0; i < driver->log.entry_count; i++)
        blob_release(driver->entries[i].payload);
    driver->log_busy = false;
    driver->batches++;
    driver->durable = driver->index;
    driver->wal_spares = disk_spares(driver->disk);
    if (driver->told >= 0 && write(driver->told, &driver->durable, sizeof driver->durable) < 0)
        _exit(1);
}

static void bulk_done(struct driver *driver)
{
    ck_assert_msg(driver->bulk.status == DISK_OK, "%d: %s", (int)driver->bulk.kind, driver->bulk.reason);
    driver->bulk_busy = false;
    if (driver->bulk.kind == DISK_PREPARE_SEGMENT)
        driver->spares[driver->spare_count++] = driver->bulk.segment;
}

static void turn(struct ev_loop *loop, struct ev_async *wake, int events)
{
    (void)events;
    struct driver *driver = wake->data;
    if (worker_take_log(&driver->log_worker))
        log_done(driver);
    if (worker_take_bulk(&driver->bulk_worker))
        bulk_done(driver);
    /* Figures for `status`, at any time. */
    struct disk_sizes sizes;
    disk_sizes(driver->disk, &sizes);
    ck_assert_uint_le(sizes.snapshot_index, driver->durable);
    submit_log(driver);
    submit_bulk(driver);
    if (!driver->log_busy && !driver->bulk_busy)
        ev_break(loop, EVBREAK_ALL);
}

/* Goes on where DISK's log ended, at INDEX, for so many BATCHES. */
static void drive(struct disk *disk, uint64_t index, uint64_t batches, int told)
{
    struct driver driver = {.disk = disk, .index = index, .durable = index, .batches_max = batches, .told = told};
    driver.loop = ev_loop_new(0);
    ck_assert_ptr_nonnull(driver.loop);
    ev_async_init(&driver.wake, turn);
    driver.wake.data = &driver;
    ev_async_start(driver.loop, &driver.wake);
    worker_start(&driver.log_worker, disk, driver.loop, &driver.wake, 0);
    worker_start(&driver.bulk_worker, disk, driver.loop, &driver.wake, 5);
    submit_log(&driver);
    submit_bulk(&driver);
    ev_run(driver.loop, 0);
    worker_stop(&driver.log_worker);
    worker_stop(&driver.bulk_worker);
    for (size_t i = 0; i < driver.spare_count; i++)
        (void)fs_close(driver.spares[i].file);
    buffer_close(&driver.bulk.bytes);
    ev_async_stop(driver.loop, &driver.wake);
    ev_loop_destroy(driver.loop);
}

/* --- what is there afterwards ------------------------------------------------------------------------------------- */

/* Opens the directory and looks at all that is in it. Returns where the log ends. */
static uint64_t reopen(struct disk **disk)
{
    struct disk_recovered recovered;
    char reason[DISK_REASON_MAX];
    ck_assert_msg(disk_open(&options, disk, &recovered, reason) == DISK_OK, "%s", reason);
    for (uint64_t i = 0; i < recovered.entry_count; i++) {
        const struct raft_entry *entry = &recovered.entries[i];
        uint8_t expected[RECORD_MAX];
        ck_assert_uint_eq(entry->index, recovered.snapshot_index + i + 1);
        ck_assert_uint_eq(entry->payload->size, entry_size(entry->index));
        fill(entry->index, expected, entry_size(entry->index));
        ck_assert_mem_eq(entry->payload->bytes, expected, entry_size(entry->index));
    }
    const uint8_t *bytes;
    size_t size, blocks = 0;
    int more;
    for (; (more = disk_load_next(*disk, &bytes, &size)) == 1; blocks++)
        ck_assert_uint_eq(size, BLOCK);
    ck_assert_int_eq(more, 0);
    ck_assert_uint_eq(blocks, recovered.snapshot_index > 0 ? BLOCKS : 0);
    uint64_t index = recovered.snapshot_index + recovered.entry_count;
    disk_recovered_free(&recovered);
    return index;
}

START_TEST(both_at_once)
{
    struct disk *disk;
    uint64_t index = 0;
    for (int life = 0; life < 2; life++) {
        ck_assert_uint_eq(reopen(&disk), index);
        drive(disk, index, BATCHES, -1);
        for (uint64_t i = 0; i < BATCHES; i++)
            index += index % BATCH_MAX + 1;
        struct disk_sizes sizes;
        disk_sizes(disk, &sizes);
        ck_assert_uint_gt(sizes.snapshot_index, 0);
        disk_close(disk);
    }
    ck_assert_uint_eq(reopen(&disk), index);
    disk_close(disk);
}
END_TEST

/* All that was told to be durable is there, wherever the threads were. */
START_TEST(killed_at_any_time)
{
    uint64_t durable = 0;
    for (int life = 0; life < KILLS; life++) {
        int ends[2];
        ck_assert_int_eq(pipe(ends), 0);
        pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            struct disk *disk;
            ids.state += (uint64_t)getpid();
            close(ends[0]);
            uint64_t index = reopen(&disk);
            drive(disk, index, UINT64_MAX, ends[1]);
        }
        close(ends[1]);
        uint64_t index = 0;
        for (int i = 0; i < 40 + life * 23; i++)
            ck_assert_int_eq(read(ends[0], &index, sizeof index), sizeof index);
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        while (read(ends[0], &index, sizeof index) == sizeof index)
            continue;
        close(ends[0]);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        ck_assert_uint_gt(index, durable);
        durable = index;
    }
    struct disk *disk;
    ck_assert_uint_ge(reopen(&disk), durable);
    disk_close(disk);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("net/worker");
    TCase *tcase = tcase_create("worker");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, both_at_once);
    tcase_add_test(tcase, killed_at_any_time);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
