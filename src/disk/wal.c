#include "disk/wal.h"

#include <string.h>

#include "base/ensure.h"
#include "disk/fs.h"
#include "disk/reason.h"
#include "disk/segment.h"

enum {
    WAL_MARK = RECORD_HEADER,
    WAL_COMMIT = RECORD_HEADER,
    WAL_RESET = RECORD_HEADER,
    WAL_BEGIN = RECORD_HEADER + RECORD_BEGIN_PAYLOAD,
};

void wal_init(struct wal *wal, const struct directory *directory, struct segments *segments,
              const struct disk_options *options)
{
    *wal = (struct wal){
        .directory = directory,
        .segments = segments,
        .segment_bytes = options->segment_bytes,
        .record_max_bytes = options->record_max_bytes,
        .file = -1,
        .active_listed = true,
        .marked = true,
    };
    appender_init(&wal->appender);
    ensure(wal->segment_bytes >= SEGMENT_BYTES_MIN && wal->segment_bytes <= SEGMENT_BYTES_MAX);
    ensure(segment_stream_bytes(wal->segment_bytes) >=
           WAL_BEGIN + WAL_RESET + WAL_MARK + 2 * record_bytes(wal->record_max_bytes));
}

void wal_poison(struct wal *wal, const char *reason)
{
    ensure(reason != NULL);
    if (wal->failed)
        return;
    wal->failed = true;
    size_t size = strnlen(reason, sizeof wal->failure - 1);
    memcpy(wal->failure, reason, size);
    wal->failure[size] = '\0';
}

static enum disk_status wal_fail(struct wal *wal, const char *call, int error, char *reason)
{
    char name[DIRECTORY_NAME_MAX];
    char path[DISK_PATH_MAX];
    directory_segment_name(wal->end.sequence, name);
    directory_path(wal->directory, name, path);
    enum disk_status status = reason_failed(reason, call, path, error);
    wal_poison(wal, reason);
    return status;
}

/* --- a batch ---------------------------------------------------------------------------------------------------- */

static enum disk_status wal_begin(struct wal *wal, char *reason)
{
    fs_bypass_cache(wal->file);
    int error = appender_begin(&wal->appender, wal->file, wal->end.id, wal->end.offset);
    return error < 0 ? wal_fail(wal, "read", error, reason) : DISK_OK;
}

static uint64_t wal_left(const struct wal *wal)
{
    uint64_t bytes = segment_stream_bytes(wal->active_bytes);
    ensure(wal->file >= 0 && wal->end.offset <= bytes);
    return bytes - wal->end.offset;
}

/* Adds a record that fits in the active segment. */
static enum disk_status wal_batch_add(struct wal *wal, struct record *record, char *reason)
{
    static const uint8_t zeros[RECORD_ALIGN];
    ensure(record_bytes(record->payload_size) <= wal_left(wal));
    if (wal->appender.file != wal->file && wal_begin(wal, reason) != DISK_OK)
        return DISK_FAILED;
    ensure(appender_end(&wal->appender) == wal->end.offset);
    if (!wal->batching)
        wal->batch = (uint32_t)wal->end.offset;
    wal->batching = true;
    record->batch = wal->batch;
    uint8_t header[RECORD_HEADER];
    record_encode(record, wal->end.id, wal->end.offset, header);
    size_t padding = record_bytes(record->payload_size) - RECORD_HEADER - record->payload_size;
    int error = appender_add(&wal->appender, header, sizeof header);
    if (error == 0)
        error = appender_add(&wal->appender, record->payload, record->payload_size);
    if (error == 0)
        error = appender_add(&wal->appender, zeros, padding);
    if (error < 0)
        return wal_fail(wal, "write", error, reason);
    wal->end.offset += record_bytes(record->payload_size);
    wal->marked = record->type == RECORD_MARK;
    return DISK_OK;
}

/* Writes and syncs the batch. */
static enum disk_status wal_batch_flush(struct wal *wal, char *reason)
{
    if (!wal->batching)
        return DISK_OK;
    ensure(!wal->failed && wal->file >= 0);
    int error = appender_flush(&wal->appender);
    if (error < 0)
        return wal_fail(wal, "write", error, reason);
    error = fs_sync(wal->file);
    if (error < 0)
        return wal_fail(wal, "sync", error, reason);
    wal->batching = false;
    if (!wal->active_listed) {
        /* Not before now: the segments before it may be deleted for its sake. */
        segments_add(wal->segments, (struct segments_item){.sequence = wal->end.sequence,
                                                           .base_index = wal->active_base,
                                                           .bytes = wal->active_bytes});
        wal->active_listed = true;
    }
    return DISK_OK;
}

/* Goes on in the next spare segment. */
static enum disk_status wal_roll(struct wal *wal, char *reason)
{
    enum disk_status status = wal_batch_flush(wal, reason);
    if (status != DISK_OK)
        return status;
    ensure(wal->spare_count > 0); /* the caller asked for the room first */
    struct disk_segment spare = wal->spares[0];
    ensure(spare.sequence > wal->end.sequence);
    memmove(wal->spares, wal->spares + 1, --wal->spare_count * sizeof *wal->spares);
    uint8_t previous[RECORD_BEGIN_PAYLOAD];
    record_begin_encode(&wal->end, previous);
    if (wal->file >= 0)
        (void)fs_close(wal->file); /* all in it is synced */
    wal->file = spare.file;
    wal->active_bytes = wal->segment_bytes;
    wal->active_base = wal->index;
    wal->active_listed = false;
    wal->end = (struct record_place){.sequence = spare.sequence, .id = spare.id};
    struct record begin = {.type = RECORD_BEGIN, .term = wal->term, .index = wal->index,
                           .payload_size = sizeof previous, .payload = previous};
    return wal_batch_add(wal, &begin, reason);
}

static enum disk_status wal_add(struct wal *wal, struct record *record, char *reason)
{
    ensure(record->payload_size <= wal->record_max_bytes);
    size_t reserve = record->type == RECORD_MARK ? 0 : WAL_MARK;
    size_t need = record_bytes(record->payload_size) + reserve;
    if (wal->file < 0 || need > wal_left(wal)) {
        enum disk_status status = wal_roll(wal, reason);
        if (status != DISK_OK)
            return status;
    }
    return wal_batch_add(wal, record, reason);
}

/* --- a request -------------------------------------------------------------------------------------------------- */

static void wal_take_spares(struct wal *wal, const struct disk_log *request)
{
    ensure(request->spare_count <= DISK_SPARES_MAX && request->spare_count <= WAL_SPARES_MAX - wal->spare_count);
    for (size_t i = 0; i < request->spare_count; i++) {
        const struct disk_segment *spare = &request->spares[i];
        size_t place = wal->spare_count;
        while (place > 0 && wal->spares[place - 1].sequence > spare->sequence)
            place--;
        ensure(spare->file >= 0 && spare->sequence > wal->end.sequence);
        memmove(wal->spares + place + 1, wal->spares + place, (wal->spare_count - place) * sizeof *wal->spares);
        wal->spares[place] = *spare;
        wal->spare_count++;
    }
}

static enum disk_status wal_add_reset(struct wal *wal, uint64_t index, uint64_t term, char *reason)
{
    struct record reset = {.type = RECORD_RESET, .term = term, .index = index};
    enum disk_status status = wal_add(wal, &reset, reason);
    wal->index = wal->commit = index;
    wal->term = term;
    return status;
}

static enum disk_status wal_add_entry(struct wal *wal, const struct raft_entry *entry, char *reason)
{
    ensure(entry->index > 0 && entry->index <= wal->index + 1);
    ensure(entry->index <= wal->index || entry->term >= wal->term);
    struct record record = {
        .type = RECORD_ENTRY,
        .entry_type = entry->type,
        .term = entry->term,
        .index = entry->index,
        .time_ms = entry->time_ms,
        .payload_size = entry->payload ? entry->payload->size : 0,
        .payload = entry->payload ? entry->payload->bytes : NULL,
    };
    enum disk_status status = wal_add(wal, &record, reason);
    wal->index = entry->index;
    wal->term = entry->term;
    return status;
}

/* The last record of the batch that is being put together: one that is there proves that the entries before it are. A
 * segment that has no room for it is none to begin a new one for. */
static enum disk_status wal_add_commit(struct wal *wal, uint64_t commit, char *reason)
{
    if (!wal->batching || commit <= wal->commit || wal_left(wal) < WAL_COMMIT + WAL_MARK)
        return DISK_OK;
    ensure(commit <= wal->index);
    struct record record = {.type = RECORD_COMMIT, .term = wal->term, .index = wal->index, .commit = commit};
    wal->commit = commit;
    return wal_batch_add(wal, &record, reason);
}

static enum disk_status wal_add_mark(struct wal *wal, uint64_t commit, char *reason)
{
    /* A second mark, for its commit alone, must leave the place of the one that closes the segment. */
    bool news = commit > wal->commit && wal->file >= 0 && wal_left(wal) >= 2ul * WAL_MARK;
    if (wal->marked && !news)
        return DISK_OK;
    ensure(wal->file >= 0 && !wal->batching && (!news || commit <= wal->index));
    if (commit > wal->commit)
        wal->commit = commit;
    struct record mark = {.type = RECORD_MARK, .term = wal->term, .index = wal->index, .commit = wal->commit};
    enum disk_status status = wal_add(wal, &mark, reason);
    return status == DISK_OK ? wal_batch_flush(wal, reason) : status;
}

enum disk_status wal_execute(struct wal *wal, const struct disk_log *request, char *reason)
{
    wal_take_spares(wal, request);
    if (wal->failed) {
        memcpy(reason, wal->failure, sizeof wal->failure);
        return DISK_FAILED;
    }
    enum disk_status status = DISK_OK;
    if (request->reset) {
        wal->reset_pending = true;
        wal->reset_index = request->reset_index;
        wal->reset_term = request->reset_term;
    }
    /* Without any segment a RESET can wait: the snapshot that it goes back to is durable, and a start that finds it
     * drops the log by itself. */
    bool writable = wal->file >= 0 || wal->spare_count > 0;
    if (wal->reset_pending && writable && (request->reset || request->entry_count > 0)) {
        wal->reset_pending = false;
        status = wal_add_reset(wal, wal->reset_index, wal->reset_term, reason);
    }
    for (size_t i = 0; i < request->entry_count && status == DISK_OK; i++)
        status = wal_add_entry(wal, &request->entries[i], reason);
    if (status == DISK_OK)
        status = wal_add_commit(wal, request->commit, reason);
    if (status == DISK_OK)
        status = wal_batch_flush(wal, reason);
    /* A batch of its own: that it is there proves that what it closes was synced. */
    if (request->mark && status == DISK_OK)
        status = wal_add_mark(wal, request->commit, reason);
    return status;
}

void wal_close(struct wal *wal)
{
    char reason[DISK_REASON_MAX];
    if (!wal->failed && wal->file >= 0 && !wal->marked)
        (void)wal_add_mark(wal, wal->commit, reason); /* without it the next start does a little more work */
    if (wal->file >= 0)
        (void)fs_close(wal->file);
    for (size_t i = 0; i < wal->spare_count; i++)
        (void)fs_close(wal->spares[i].file);
    wal->file = -1;
    wal->spare_count = 0;
    appender_close(&wal->appender);
}

/* --- room ------------------------------------------------------------------------------------------------------- */

/* Of SIZE bytes at the end of a segment, how many are certain to be of use: the next record may be the largest there
 * is and just not fit; a RESET may come between; a MARK closes. */
static uint64_t wal_certain(const struct wal *wal, uint64_t size)
{
    uint64_t waste = record_bytes(wal->record_max_bytes) - RECORD_ALIGN + WAL_RESET + WAL_MARK;
    return size > waste ? size - waste : 0;
}

uint64_t wal_segment_room_bytes(const struct wal *wal)
{
    return wal_certain(wal, segment_stream_bytes(wal->segment_bytes) - WAL_BEGIN);
}

uint64_t wal_room_bytes(const struct wal *wal)
{
    if (wal->failed)
        return 0;
    uint64_t active = wal->file >= 0 ? wal_certain(wal, wal_left(wal)) : 0;
    return active + wal->spare_count * wal_segment_room_bytes(wal);
}
