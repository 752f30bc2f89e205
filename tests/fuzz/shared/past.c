#include "fuzz/shared/past.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "base/random.h"
#include "disk/fs.h"

enum { ID = 2, SEGMENT_BYTES = 64 * 1024, RECORD_MAX = 8 * 1024, BLOCK = 900, BLOCKS = 4 };
enum { ENTRIES_MAX = 12, LOG_MAX = 64 };

/* What was appended, batch after batch. */
static const struct batch {
    uint64_t first;
    size_t count;
    uint64_t term;
    size_t size;
    bool mark;
    bool spare; /* a segment is prepared before */
    uint64_t snapshot;
} batches[] = {
    {.first = 1, .count = 6, .term = 1, .size = 50, .spare = true},
    {.first = 7, .count = 9, .term = 1, .size = 6000, .mark = true, .spare = true},
    {.first = 11, .count = 5, .term = 3, .size = 120},
    {.first = 16, .count = 2, .term = 3, .size = 0, .spare = true},
    {.first = 18, .count = 9, .term = 5, .size = 6500, .mark = true, .snapshot = PAST_SNAPSHOT_OLDER},
    {.first = 25, .count = 7, .term = 6, .size = 300, .snapshot = PAST_SNAPSHOT},
    {.first = 32, .count = 8, .term = 6, .size = 70},
    {.first = 40, .count = 2, .term = PAST_TERM, .size = 33},
};

enum { BATCHES = sizeof batches / sizeof *batches };

static uint64_t numbers(void *context)
{
    return random_u64(context);
}

static void fill(uint64_t index, uint64_t term, uint8_t *bytes, size_t size)
{
    struct random random = {.state = index * 1000003 + term};
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)random_u64(&random);
}

/* --- making it ---------------------------------------------------------------------------------------------------- */

static struct random ids = {.state = 1};

static const struct disk_options options = {.directory = PAST_DIRECTORY, .node_id = ID, .segment_bytes = SEGMENT_BYTES,
                                            .record_max_bytes = RECORD_MAX, .random = numbers, .random_context = &ids};

static void log_do(struct disk *disk, struct disk_log *request)
{
    disk_log_execute(disk, request);
    ensure(request->status == DISK_OK);
}

static void bulk_do(struct disk *disk, struct disk_bulk *request, enum disk_bulk_kind kind)
{
    request->kind = kind;
    disk_bulk_execute(disk, request);
    ensure(request->status == DISK_OK);
}

static struct raft_configuration configuration(void)
{
    struct raft_configuration configuration = {.cluster_id = 9, .count = 1};
    configuration.members[0] = (struct raft_member){.id = ID, .incarnation = 3, .role = RAFT_VOTER, .address = "a:1"};
    return configuration;
}

static void prepare(struct disk *disk)
{
    struct disk_bulk bulk = {0};
    bulk_do(disk, &bulk, DISK_PREPARE_SEGMENT);
    struct disk_log log = {.spare_count = 1, .spares = {bulk.segment}};
    log_do(disk, &log);
}

static void append(struct disk *disk, uint64_t first, size_t count, uint64_t term, size_t size)
{
    struct raft_entry entries[ENTRIES_MAX];
    ensure(count <= ENTRIES_MAX);
    for (size_t i = 0; i < count; i++) {
        entries[i] = (struct raft_entry){.index = first + i, .term = term, .time_ms = first + i,
                                         .type = RAFT_ENTRY_COMMAND, .payload = size > 0 ? blob_new(size) : NULL};
        if (size > 0)
            fill(first + i, term, entries[i].payload->bytes, size);
    }
    struct disk_log log = {.entries = entries, .entry_count = count, .commit = first - 1};
    log_do(disk, &log);
    for (size_t i = 0; i < count; i++)
        blob_release(entries[i].payload);
}

static void take_snapshot(struct disk *disk, uint64_t index, uint64_t term)
{
    struct disk_bulk bulk = {.index = index, .term = term, .configuration = configuration()};
    bulk_do(disk, &bulk, DISK_SNAPSHOT_BEGIN);
    for (uint64_t i = 0; i < BLOCKS; i++) {
        uint8_t bytes[BLOCK];
        fill(index + i, 1000 + i, bytes, sizeof bytes);
        buffer_clear(&bulk.bytes, SIZE_MAX);
        buffer_append(&bulk.bytes, bytes, sizeof bytes);
        bulk_do(disk, &bulk, DISK_SNAPSHOT_BLOCK);
    }
    bulk_do(disk, &bulk, DISK_SNAPSHOT_END);
    bulk_do(disk, &bulk, DISK_CLEAN);
    buffer_close(&bulk.bytes);
}

static void live(struct disk *disk)
{
    struct disk_bulk form = {.configuration = configuration()};
    bulk_do(disk, &form, DISK_IDENTITY);
    for (size_t i = 0; i < BATCHES; i++) {
        const struct batch *batch = &batches[i];
        struct disk_log vote = {.write_vote = i == 0 || batch->term > batches[i - 1].term, .term = batch->term,
                                .vote = PAST_VOTE};
        struct disk_log mark = {.mark = batch->mark};
        if (batch->spare)
            prepare(disk);
        log_do(disk, &vote);
        append(disk, batch->first, batch->count, batch->term, batch->size);
        log_do(disk, &mark);
        if (batch->snapshot > 0)
            take_snapshot(disk, batch->snapshot, batch->term);
    }
}

static struct fs_memory *make(enum past_end end)
{
    struct fs_memory *memory = fs_memory_open(1);
    int machine = fs_memory_machine(memory, "/m");
    struct disk *disk;
    struct disk_recovered recovered;
    char reason[DISK_REASON_MAX];
    fs_memory_use(memory);
    ensure(disk_open(&options, &disk, &recovered, reason) == DISK_OK);
    disk_recovered_free(&recovered);
    live(disk);
    ensure(!fs_memory_exists(memory, PAST_DIRECTORY "/wal-0000000000000001")); /* the front was cut */
    if (end == PAST_VOTING) {
        struct disk_log vote = {.write_vote = true, .term = PAST_TERM + 1, .vote = PAST_VOTE};
        fs_memory_stop(memory, machine, 3); /* after the first block's write and sync */
        disk_log_execute(disk, &vote);
        ensure(vote.status == DISK_FAILED);
    }
    if (end != PAST_CLOSED)
        fs_memory_crash(memory, machine, FS_MEMORY_LOSE);
    disk_close(disk);
    fs_memory_crash(memory, machine, FS_MEMORY_LOSE);
    return memory;
}

static struct fs_memory *original(enum past_end end)
{
    static struct fs_memory *made[PAST_ENDS];
    if (!made[end])
        made[end] = make(end);
    return made[end];
}

struct fs_memory *past_copy(enum past_end end)
{
    struct fs_memory *copy = fs_memory_clone(original(end));
    fs_memory_use(copy);
    return copy;
}

/* --- looking ------------------------------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

size_t past_files(const char *prefix, char paths[PAST_FILES_MAX][DISK_PATH_MAX])
{
    char **names;
    size_t count, found = 0;
    ensure(fs_list(PAST_DIRECTORY, &names, &count) == 0);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(names[i], prefix, strlen(prefix)) != 0)
            continue;
        ensure(found < PAST_FILES_MAX);
        snprintf(paths[found++], DISK_PATH_MAX, PAST_DIRECTORY "/%s", names[i]);
    }
    fs_list_free(names, count);
    qsort(paths, found, DISK_PATH_MAX, compare);
    return found;
}

const uint8_t *past_snapshot(size_t *size)
{
    static uint8_t *bytes;
    static size_t bytes_size;
    if (!bytes) {
        char paths[PAST_FILES_MAX][DISK_PATH_MAX];
        struct fs_memory *memory = past_copy(PAST_CLOSED);
        size_t count = past_files("snapshot-", paths);
        const uint8_t *content = fs_memory_content(memory, paths[count - 1], &bytes_size);
        bytes = memory_get(bytes_size);
        memcpy(bytes, content, bytes_size);
        fs_memory_close(memory);
    }
    *size = bytes_size;
    return bytes;
}

enum disk_status past_open(struct disk **disk, struct disk_recovered *recovered)
{
    char reason[DISK_REASON_MAX];
    enum disk_status status = disk_open(&options, disk, recovered, reason);
    ensure(status == DISK_OK || (status == DISK_REFUSED && reason[0] != '\0'));
    return status;
}

/* --- checking ----------------------------------------------------------------------------------------------------- */

static void check_entry(const struct raft_entry *entry)
{
    size_t size = entry->payload ? entry->payload->size : 0;
    uint8_t *expected = memory_get(size + 1);
    fill(entry->index, entry->term, expected, size);
    ensure(entry->time_ms == entry->index && entry->type == RAFT_ENTRY_COMMAND);
    ensure(size == 0 || memcmp(expected, entry->payload->bytes, size) == 0);
    free(expected);
}

/* Whether the log of TERMS, up to LAST, is the recovered one. */
static bool log_fits(const uint64_t *terms, uint64_t last, const struct disk_recovered *recovered)
{
    uint64_t snapshot = recovered->snapshot_index;
    if (last < snapshot || (snapshot > 0 && terms[snapshot] != recovered->snapshot_term))
        last = snapshot;
    if (recovered->entry_count != last - snapshot)
        return false;
    for (uint64_t i = 0; i < recovered->entry_count; i++) {
        if (recovered->entries[i].term != terms[snapshot + 1 + i])
            return false;
    }
    return true;
}

void past_check_log(const struct disk_recovered *recovered)
{
    uint64_t terms[LOG_MAX] = {0};
    bool fits = false;
    ensure(recovered->commit >= recovered->snapshot_index);
    ensure(recovered->commit <= recovered->snapshot_index + recovered->entry_count);
    for (uint64_t i = 0; i < recovered->entry_count; i++) {
        ensure(recovered->entries[i].index == recovered->snapshot_index + 1 + i);
        check_entry(&recovered->entries[i]);
    }
    for (size_t i = 0; i < BATCHES; i++) {
        for (size_t j = 0; j < batches[i].count; j++) {
            uint64_t index = batches[i].first + j;
            terms[index] = batches[i].term;
            fits |= log_fits(terms, index, recovered);
        }
    }
    ensure(fits);
}

void past_check_snapshot(struct disk *disk, const struct disk_recovered *recovered)
{
    uint64_t count = 0;
    const uint8_t *bytes;
    size_t size;
    int more;
    while ((more = disk_load_next(disk, &bytes, &size)) > 0) {
        uint8_t expected[BLOCK];
        fill(recovered->snapshot_index + count, 1000 + count, expected, sizeof expected);
        ensure(size == sizeof expected && memcmp(bytes, expected, size) == 0);
        count++;
    }
    ensure(more == 0 && count == (recovered->snapshot_index > 0 ? BLOCKS : 0));
    ensure(recovered->snapshot_index == PAST_SNAPSHOT || recovered->snapshot_index == PAST_SNAPSHOT_OLDER);
}

void past_go_on(struct disk *disk, const struct disk_recovered *recovered)
{
    uint64_t last = recovered->snapshot_index + recovered->entry_count;
    struct disk_log vote = {.write_vote = true, .term = recovered->term + 1, .vote = 1};
    log_do(disk, &vote);
    append(disk, last + 1, 2, recovered->term + 1, 40);
    disk_close(disk);
    struct disk_recovered again;
    ensure(past_open(&disk, &again) == DISK_OK);
    ensure(again.snapshot_index == recovered->snapshot_index && again.entry_count == recovered->entry_count + 2);
    ensure(again.term == recovered->term + 1 && again.vote == 1);
    for (uint64_t i = 0; i < again.entry_count; i++) {
        ensure(i >= recovered->entry_count || again.entries[i].term == recovered->entries[i].term);
        check_entry(&again.entries[i]);
    }
    disk_recovered_free(&again);
    disk_close(disk);
}
