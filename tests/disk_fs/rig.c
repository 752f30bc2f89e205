#include "disk_fs/rig.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/random.h"
#include "disk/record.h"
#include "disk/segment.h"

#include "disk_fs/fs_memory.c"

static uint64_t rig_random(void *context)
{
    return random_u64(context);
}

static void rig_start(struct rig *rig, struct fs_memory *memory, uint64_t seed)
{
    *rig = (struct rig){.memory = memory, .random = memory_get(sizeof *rig->random)};
    rig->random->state = seed;
    rig->machine = fs_memory_machine(memory, RIG_PREFIX);
    rig->options = (struct disk_options){
        .directory = RIG_DIRECTORY,
        .node_id = RIG_NODE,
        .segment_bytes = RIG_SEGMENT_BYTES,
        .record_max_bytes = RIG_RECORD_MAX,
        .random = rig_random,
        .random_context = rig->random,
    };
    fs_memory_use(memory);
}

void rig_init(struct rig *rig, uint64_t seed)
{
    rig_start(rig, fs_memory_open(seed), seed + 1);
}

void rig_copy(struct rig *rig, const struct rig *from)
{
    rig_start(rig, fs_memory_clone(from->memory), from->random->state);
    rig->term = from->term;
    rig->index = from->index;
    rig->commit = from->commit;
    fs_memory_crash(rig->memory, rig->machine, FS_MEMORY_KEEP);
}

void rig_shut(struct rig *rig)
{
    fs_memory_use(rig->memory);
    if (rig->disk)
        disk_close(rig->disk);
    rig->disk = NULL;
    disk_recovered_free(&rig->recovered);
}

void rig_close(struct rig *rig)
{
    rig_shut(rig);
    fs_memory_close(rig->memory);
    free(rig->random);
    *rig = (struct rig){0};
}

void rig_crash(struct rig *rig, enum fs_memory_loss loss)
{
    fs_memory_use(rig->memory);
    fs_memory_crash(rig->memory, rig->machine, loss);
    rig_shut(rig);
}

enum disk_status rig_open(struct rig *rig)
{
    fs_memory_use(rig->memory);
    ck_assert_ptr_null(rig->disk);
    disk_recovered_free(&rig->recovered);
    size_t open_files = fs_memory_open_files(rig->memory);
    enum disk_status status = disk_open(&rig->options, &rig->disk, &rig->recovered, rig->reason);
    ck_assert((status == DISK_OK) == (rig->disk != NULL));
    if (status != DISK_OK) {
        ck_assert_msg(rig->reason[0] != '\0', "a reason must be given");
        /* Whatever is refused, it is told what to do about it. */
        ck_assert_msg(status != DISK_REFUSED || strstr(rig->reason, "; ") != NULL, "no mend: %s", rig->reason);
        ck_assert_uint_eq(fs_memory_open_files(rig->memory), open_files);
        return status;
    }
    rig->term = rig->recovered.term;
    rig->index = rig->recovered.snapshot_index + rig->recovered.entry_count;
    rig->commit = 0;
    ck_assert_uint_ge(rig->recovered.commit, rig->recovered.snapshot_index);
    ck_assert_uint_le(rig->recovered.commit, rig->index);
    for (uint64_t i = 0; i < rig->recovered.entry_count; i++) {
        const struct raft_entry *entry = &rig->recovered.entries[i];
        ck_assert_uint_eq(entry->index, rig->recovered.snapshot_index + 1 + i);
        ck_assert_msg(rig_payload_fits(entry), "entry %" PRIu64 " is not what was written", entry->index);
    }
    return status;
}

void rig_payload(uint64_t index, uint64_t term, uint8_t *bytes, size_t size)
{
    struct random random = {.state = index * 1000003 + term * 31 + size};
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)random_u64(&random);
}

bool rig_payload_fits(const struct raft_entry *entry)
{
    size_t size = entry->payload ? entry->payload->size : 0;
    uint8_t *expected = memory_get(size);
    rig_payload(entry->index, entry->term, expected, size);
    bool fits = entry->type == RAFT_ENTRY_COMMAND && entry->time_ms == entry->index * 10 &&
                (size == 0 || memcmp(expected, entry->payload->bytes, size) == 0);
    free(expected);
    return fits;
}

struct raft_configuration rig_configuration(uint64_t cluster_id)
{
    struct raft_configuration configuration = {.cluster_id = cluster_id, .count = 1};
    configuration.members[0] = (struct raft_member){.id = RIG_NODE, .incarnation = 77, .role = RAFT_VOTER};
    strcpy(configuration.members[0].address, "127.0.0.1:9080");
    strcpy(configuration.members[0].client_address, "127.0.0.1:80");
    return configuration;
}

static enum disk_status rig_log(struct rig *rig, struct disk_log *request)
{
    fs_memory_use(rig->memory);
    disk_log_execute(rig->disk, request);
    memcpy(rig->reason, request->reason, sizeof rig->reason);
    ck_assert(request->status == DISK_OK || request->status == DISK_FAILED);
    ck_assert(request->status == DISK_OK || request->reason[0] != '\0');
    return request->status;
}

enum disk_status rig_vote(struct rig *rig, uint64_t term, uint32_t vote)
{
    struct disk_log request = {.write_vote = true, .term = term, .vote = vote};
    rig->term = term;
    return rig_log(rig, &request);
}

enum disk_status rig_append_from(struct rig *rig, uint64_t first, size_t count, size_t size)
{
    ck_assert_uint_le(count, RIG_ENTRIES_MAX);
    struct raft_entry entries[RIG_ENTRIES_MAX];
    for (size_t i = 0; i < count; i++) {
        entries[i] = (struct raft_entry){.index = first + i, .term = rig->term, .time_ms = (first + i) * 10,
                                         .type = RAFT_ENTRY_COMMAND};
        if (size == 0)
            continue;
        entries[i].payload = blob_new(size);
        rig_payload(first + i, rig->term, entries[i].payload->bytes, size);
    }
    struct disk_log request = {.entries = entries, .entry_count = count, .commit = rig->commit};
    enum disk_status status = rig_log(rig, &request);
    for (size_t i = 0; i < count; i++)
        blob_release(entries[i].payload);
    rig->index = first + count - 1;
    return status;
}

enum disk_status rig_append(struct rig *rig, size_t count, size_t size)
{
    return rig_append_from(rig, rig->index + 1, count, size);
}

enum disk_status rig_reset(struct rig *rig, uint64_t index, uint64_t term)
{
    struct disk_log request = {.reset = true, .reset_index = index, .reset_term = term};
    rig->index = index;
    rig->commit = 0;
    return rig_log(rig, &request);
}

enum disk_status rig_mark(struct rig *rig)
{
    struct disk_log request = {.mark = true, .commit = rig->commit};
    enum disk_status status = rig_log(rig, &request);
    ck_assert(request.marked == (status == DISK_OK));
    return status;
}

enum disk_status rig_bulk(struct rig *rig, enum disk_bulk_kind kind, struct disk_bulk *request)
{
    fs_memory_use(rig->memory);
    request->kind = kind;
    disk_bulk_execute(rig->disk, request);
    memcpy(rig->reason, request->reason, sizeof rig->reason);
    ck_assert(request->status == DISK_OK || request->reason[0] != '\0');
    return request->status;
}

enum disk_status rig_spare(struct rig *rig)
{
    struct disk_bulk prepare = {0};
    enum disk_status status = rig_bulk(rig, DISK_PREPARE_SEGMENT, &prepare);
    if (status != DISK_OK)
        return status;
    struct disk_log request = {.spare_count = 1};
    request.spares[0] = prepare.segment;
    return rig_log(rig, &request);
}

enum disk_status rig_clean(struct rig *rig)
{
    struct disk_bulk request = {0};
    return rig_bulk(rig, DISK_CLEAN, &request);
}

enum disk_status rig_identity(struct rig *rig)
{
    struct disk_bulk request = {.configuration = rig_configuration(5)};
    return rig_bulk(rig, DISK_IDENTITY, &request);
}

enum disk_status rig_snapshot(struct rig *rig, uint64_t index, uint64_t term, size_t blocks)
{
    struct disk_bulk request = {.index = index, .term = term, .configuration = rig_configuration(5)};
    enum disk_status status = rig_bulk(rig, DISK_SNAPSHOT_BEGIN, &request);
    for (size_t i = 0; i < blocks && status == DISK_OK; i++) {
        uint8_t bytes[600];
        rig_payload(index + i, term, bytes, sizeof bytes);
        buffer_clear(&request.bytes, 4096);
        buffer_append(&request.bytes, bytes, sizeof bytes);
        status = rig_bulk(rig, DISK_SNAPSHOT_BLOCK, &request);
    }
    if (status == DISK_OK)
        status = rig_bulk(rig, DISK_SNAPSHOT_END, &request);
    buffer_close(&request.bytes);
    return status;
}

int rig_load(struct rig *rig)
{
    const uint8_t *bytes;
    size_t size;
    int count = 0;
    for (;;) {
        int more = disk_load_next(rig->disk, &bytes, &size);
        if (more <= 0)
            return more < 0 ? -1 : count;
        uint8_t expected[600];
        rig_payload(rig->recovered.snapshot_index + (uint64_t)count, rig->recovered.snapshot_term, expected,
                    sizeof expected);
        ck_assert_uint_eq(size, sizeof expected);
        ck_assert_mem_eq(bytes, expected, sizeof expected);
        count++;
    }
}

const char *rig_segment(uint64_t sequence)
{
    static char path[DISK_PATH_MAX];
    snprintf(path, sizeof path, "%s/wal-%016" PRIx64, RIG_DIRECTORY, sequence);
    return path;
}

uint64_t rig_stream(const struct rig *rig, const char *path, struct sector_stream *stream)
{
    size_t size = 0;
    const uint8_t *content = fs_memory_content(rig->memory, path, &size);
    ck_assert_uint_gt(size, SEGMENT_HEADER);
    uint8_t *sectors = memory_get(size - SEGMENT_HEADER);
    memcpy(sectors, content + SEGMENT_HEADER, size - SEGMENT_HEADER);
    uint64_t id = bytes_u64(content + 28);
    sector_stream_decode(stream, sectors, size - SEGMENT_HEADER, id);
    return id;
}

void rig_forge(const struct rig *rig, const char *path, uint64_t offset, const void *bytes, size_t size)
{
    struct sector_stream stream;
    uint64_t id = rig_stream(rig, path, &stream);
    ck_assert_uint_le(offset + size, stream.size);
    memcpy(stream.bytes + offset, bytes, size);
    for (size_t i = (size_t)offset / SECTOR_STREAM; i * SECTOR_STREAM < offset + size; i++) {
        uint8_t sector[SECTOR_BYTES];
        memcpy(sector, stream.bytes + i * SECTOR_STREAM, SECTOR_STREAM);
        sector_seal(sector, id, SEGMENT_HEADER + i * SECTOR_BYTES);
        fs_memory_spoil(rig->memory, path, SEGMENT_HEADER + i * SECTOR_BYTES, sector, sizeof sector);
    }
    sector_stream_close(&stream);
}

const char *rig_tip(const struct rig *rig, uint64_t *end)
{
    for (uint64_t sequence = 999; sequence > 0; sequence--) {
        if (!fs_memory_exists(rig->memory, rig_segment(sequence)))
            continue;
        struct sector_stream stream;
        uint64_t id = rig_stream(rig, rig_segment(sequence), &stream);
        struct record record;
        *end = 0;
        while (record_decode(stream.bytes, stream.whole, id, *end, &record))
            *end += record_bytes(record.payload_size);
        sector_stream_close(&stream);
        if (*end > 0)
            return rig_segment(sequence);
    }
    return NULL;
}
