#include "disk/trail.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/log_events.h"
#include "base/memory.h"
#include "disk/fs.h"
#include "disk/reason.h"

enum { TRAIL_FIRST_RECORD = RECORD_HEADER + RECORD_BEGIN_PAYLOAD };

/* OFFSET is the stream's. */
static enum disk_status trail_refuse(const struct trail *trail, const struct trail_item *item, uint64_t offset,
                                     const char *text, char *reason)
{
    char name[DIRECTORY_NAME_MAX];
    char path[DISK_PATH_MAX];
    directory_segment_name(item->segment.sequence, name);
    directory_path(trail->directory, name, path);
    return reason_refused(reason, path, sector_file_offset(offset), text);
}

/* Reads the first SIZE bytes of a segment's stream; SIZE 0: all of it. */
static enum disk_status trail_read(const struct trail *trail, const struct trail_item *item, uint64_t size,
                                   struct sector_stream *stream, char *reason)
{
    struct segment segment;
    int file;
    enum disk_status status =
        segment_open(trail->directory, item->segment.sequence, &item->segment, &segment, &file, reason);
    if (status != DISK_OK)
        return status;
    status = segment_read(trail->directory, &segment, file, size > 0 ? size : segment_stream_bytes(segment.bytes),
                          stream, reason);
    (void)fs_close(file);
    return status;
}

static enum disk_status trail_open_item(const struct trail *trail, uint64_t sequence, const struct segment *expected,
                                        struct trail_item *item, char *reason)
{
    int file;
    enum disk_status status = segment_open(trail->directory, sequence, expected, &item->segment, &file, reason);
    if (status != DISK_OK)
        return status;
    struct sector_stream stream;
    status = segment_read(trail->directory, &item->segment, file, TRAIL_FIRST_RECORD, &stream, reason);
    (void)fs_close(file);
    if (status != DISK_OK)
        return status;
    struct record begin;
    item->begins = record_decode(stream.bytes, stream.whole, item->segment.id, 0, &begin);
    if (item->begins) {
        item->previous = record_begin_decode(&begin);
        item->base_index = begin.index;
        item->base_term = begin.term;
    }
    sector_stream_close(&stream);
    if (!item->begins && item->segment.begun)
        return trail_refuse(trail, item, 0, "damaged: the segment's first record is bad", reason);
    return DISK_OK;
}

/* From the tip back: which segments make up the log. */
static enum disk_status trail_link(struct trail *trail, char *reason)
{
    struct trail_item *next = &trail->items[trail->tip];
    next->counts = true;
    for (size_t i = trail->tip; i-- > 0;) {
        struct trail_item *item = &trail->items[i];
        if (item->segment.sequence != next->previous.sequence)
            continue;
        uint64_t end = next->previous.offset;
        if (item->segment.id != next->previous.id)
            return trail_refuse(trail, item, 0, "is not the segment that the next one goes on from", reason);
        if (!item->begins)
            return trail_refuse(trail, item, 0, "damaged: the segment's first record is bad", reason);
        if (end < TRAIL_FIRST_RECORD || end > segment_stream_bytes(item->segment.bytes) || end % RECORD_ALIGN != 0)
            return trail_refuse(trail, next, 0, "damaged: no end for the segment before", reason);
        item->counts = true;
        next = item;
    }
    return DISK_OK;
}

enum disk_status trail_open(struct trail *trail, const struct directory *directory,
                            const struct directory_listing *listing, const struct segment *expected, char *reason)
{
    *trail = (struct trail){.directory = directory, .count = listing->segment_count};
    trail->items = memory_get(trail->count * sizeof *trail->items);
    trail->tip = trail->count;
    for (size_t i = 0; i < trail->count; i++) {
        enum disk_status status =
            trail_open_item(trail, listing->segments[i], expected, &trail->items[i], reason);
        if (status != DISK_OK)
            return status;
        if (trail->items[i].begins)
            trail->tip = i;
    }
    return trail->tip < trail->count ? trail_link(trail, reason) : DISK_OK;
}

void trail_close(struct trail *trail)
{
    free(trail->items);
    sector_stream_close(&trail->stream);
    trail->items = NULL;
}

/* --- where the valid records end -------------------------------------------------------------------------------- */

/* Whether a crash can have ended the valid records at OFFSET. NULL: yes; or what is wrong, and *WHERE. */
static const char *trail_end_wrong(const struct sector_stream *stream, uint64_t segment_id, uint64_t offset,
                                   uint64_t *where)
{
    ensure(offset <= stream->whole);
    /* A record begins with a checksum. Zeros: its sector is as it was before the record was written. */
    if (offset == stream->size || (offset < stream->whole && bytes_u64(stream->bytes + offset) == 0))
        return NULL;
    uint64_t end = offset + RECORD_HEADER;
    struct record record;
    *where = offset;
    if (end <= stream->whole) {
        if (!record_header_at(stream->bytes, stream->whole, segment_id, offset, &record))
            return "damaged: a bad record in good sectors";
        end = offset + record_bytes(record.payload_size);
    }
    if (end <= stream->whole || end > stream->size)
        return "damaged: a bad record in good sectors";
    *where = stream->whole;
    return stream->damaged == stream->whole ? "damaged: a sector's checksum does not fit" : NULL;
}

/* Whether from OFFSET on there is a record's header of a batch that began after BATCH. That the header is there is
 * enough: it was written, so all batches before its own were synced. */
static bool trail_later_batch(const struct sector_stream *stream, uint64_t segment_id, uint64_t offset, uint64_t batch)
{
    ensure(offset % RECORD_ALIGN == 0);
    for (; offset < stream->size; offset += RECORD_ALIGN) {
        struct record record;
        if (record_header_at(stream->bytes, stream->size, segment_id, offset, &record) && record.batch > batch)
            return true;
    }
    return false;
}

/* Whether something was written from OFFSET on. */
static bool trail_dirty(const struct sector_stream *stream, uint64_t offset)
{
    const uint8_t *bytes = stream->bytes + offset;
    size_t size = stream->size - (size_t)offset;
    return size > 0 && (bytes[0] != 0 || memcmp(bytes, bytes + 1, size - 1) != 0);
}

static void trail_note(struct buffer *notes, const struct trail_item *item, enum log_event event, uint64_t offset)
{
    char name[DIRECTORY_NAME_MAX];
    directory_segment_name(item->segment.sequence, name);
    log_event_begin(notes, event);
    buffer_append_text(notes, " file=");
    buffer_append_text(notes, name);
    buffer_append_text(notes, " offset=");
    buffer_append_number(notes, sector_file_offset(offset));
    buffer_append_text(notes, "\n");
}

/* Looks at what is behind the valid records of ITEM, which end at OFFSET: *TORN, or the reason to refuse. */
static enum disk_status trail_check_end(const struct trail *trail, const struct trail_item *item,
                                        const struct sector_stream *stream, uint64_t offset, bool *torn,
                                        struct buffer *notes, char *reason)
{
    uint64_t where;
    const char *wrong = trail_end_wrong(stream, item->segment.id, offset, &where);
    if (wrong)
        return trail_refuse(trail, item, where, wrong, reason);
    *torn = trail_dirty(stream, offset);
    if (*torn && trail_later_batch(stream, item->segment.id, offset, offset))
        return trail_refuse(trail, item, offset, "damaged: a bad record, and later ones follow", reason);
    if (*torn)
        trail_note(notes, item, LOG_TORN_TAIL, offset);
    if (stream->damaged < stream->size)
        trail_note(notes, item, LOG_DAMAGED_SECTOR, stream->damaged); /* nothing is lost, but the disk is not sound */
    return DISK_OK;
}

/* The segments after the tip have no BEGIN: they are only prepared, or the newest batch was to be one's first. */
static enum disk_status trail_check_prepared(struct trail *trail, struct buffer *notes, char *reason)
{
    const struct trail_item *torn_item = trail->torn ? &trail->items[trail->tip] : NULL;
    uint64_t torn_offset = trail->valid_end;
    for (size_t i = trail->tip < trail->count ? trail->tip + 1 : 0; i < trail->count; i++) {
        const struct trail_item *item = &trail->items[i];
        struct sector_stream stream;
        bool torn = false;
        enum disk_status status = trail_read(trail, item, 0, &stream, reason);
        if (status != DISK_OK)
            return status;
        status = trail_check_end(trail, item, &stream, 0, &torn, notes, reason);
        sector_stream_close(&stream);
        if (status != DISK_OK)
            return status;
        if (torn && torn_item)
            return trail_refuse(trail, torn_item, torn_offset,
                                "damaged: a bad record, and bytes follow in a later segment", reason);
        if (torn) {
            torn_item = item;
            torn_offset = 0;
        }
    }
    return DISK_OK;
}

/* --- replaying -------------------------------------------------------------------------------------------------- */

/* A segment that another one goes on from: every byte up to END counts. */
static enum disk_status trail_replay_closed(const struct trail *trail, const struct trail_item *item, uint64_t end,
                                            struct replay *replay, char *reason)
{
    struct sector_stream stream;
    enum disk_status status = trail_read(trail, item, end, &stream, reason);
    if (status != DISK_OK)
        return status;
    uint64_t offset = TRAIL_FIRST_RECORD;
    if (stream.whole < stream.size) {
        offset = stream.whole;
        status = trail_refuse(trail, item, offset, "damaged: a bad sector, and the next segment goes on behind it",
                              reason);
    }
    while (offset < end && status == DISK_OK) {
        struct record record;
        const char *wrong = "damaged: a bad record, and later ones follow in the next segment";
        if (record_decode(stream.bytes, end, item->segment.id, offset, &record))
            wrong = replay_apply(replay, &record);
        if (wrong)
            status = trail_refuse(trail, item, offset, wrong, reason);
        else
            offset += record_bytes(record.payload_size);
    }
    ensure(status != DISK_OK || offset == end);
    sector_stream_close(&stream);
    return status;
}

/* The last segment: up to where its valid records end. */
static enum disk_status trail_replay_tip(struct trail *trail, struct replay *replay, struct buffer *notes, char *reason)
{
    const struct trail_item *tip = &trail->items[trail->tip];
    const struct segment *segment = &tip->segment;
    struct sector_stream *stream = &trail->stream;
    enum disk_status status = trail_read(trail, tip, 0, stream, reason);
    if (status != DISK_OK)
        return status;
    trail->last_batch = 0;
    trail->end = tip->previous;
    trail->end_index = tip->base_index;
    trail->end_term = tip->base_term;
    uint64_t offset = TRAIL_FIRST_RECORD;
    struct record record;
    while (record_decode(stream->bytes, stream->whole, segment->id, offset, &record)) {
        if (record.batch == offset) {
            trail->last_batch = record.batch;
            trail->end = (struct record_place){.sequence = segment->sequence, .id = segment->id, .offset = offset};
            trail->end_index = replay->last_index;
            trail->end_term = replay->last_term;
        } else if (record.batch != trail->last_batch) {
            return trail_refuse(trail, tip, offset, "damaged: a record of another batch", reason);
        }
        const char *wrong = replay_apply(replay, &record);
        if (wrong)
            return trail_refuse(trail, tip, offset, wrong, reason);
        offset += record_bytes(record.payload_size);
    }
    if (segment->begun && trail->last_batch == 0)
        return trail_refuse(trail, tip, offset, "damaged: a bad record, and there was a mark behind it", reason);
    trail->valid_end = offset;
    return trail_check_end(trail, tip, stream, offset, &trail->torn, notes, reason);
}

enum disk_status trail_replay(struct trail *trail, uint64_t after, struct replay *replay, struct buffer *notes,
                              char *reason)
{
    replay_init(replay, after, 0, 0);
    const struct trail_item *last = NULL;
    for (size_t i = 0; i <= trail->tip && i < trail->count; i++) {
        const struct trail_item *item = &trail->items[i];
        if (!item->counts)
            continue;
        if (!last)
            replay_reset(replay, item->base_index, item->base_term);
        enum disk_status status = DISK_OK;
        if (last)
            status = trail_replay_closed(trail, last, item->previous.offset, replay, reason);
        if (status != DISK_OK)
            return status;
        if (item->base_index != replay->last_index || item->base_term != replay->last_term)
            return trail_refuse(trail, item, 0, "damaged: it does not go on where the log ended", reason);
        last = item;
    }
    if (last) {
        ensure(last == &trail->items[trail->tip]);
        enum disk_status status = trail_replay_tip(trail, replay, notes, reason);
        if (status != DISK_OK)
            return status;
    }
    return trail_check_prepared(trail, notes, reason);
}

/* --- the last batch --------------------------------------------------------------------------------------------- */

void trail_last_batch(const struct trail *trail, uint64_t id, struct buffer *out)
{
    if (trail->tip == trail->count)
        return;
    const struct segment *segment = &trail->items[trail->tip].segment;
    uint64_t offset = trail->last_batch;
    while (offset < trail->valid_end) {
        struct record record;
        bool valid = record_decode(trail->stream.bytes, trail->valid_end, segment->id, offset, &record);
        ensure(valid); /* it was when it was replayed */
        offset += record_bytes(record.payload_size);
        if (record.type != RECORD_RESET && record.type != RECORD_ENTRY)
            continue;
        record.batch = 0;
        record_append(&record, id, buffer_size(out), out);
    }
}

bool trail_must_rewrite(const struct trail *trail)
{
    if (trail->tip == trail->count || trail->last_batch == 0)
        return true;
    struct record record;
    const struct segment *segment = &trail->items[trail->tip].segment;
    bool valid = record_decode(trail->stream.bytes, trail->valid_end, segment->id, trail->last_batch, &record);
    ensure(valid);
    return record.type != RECORD_MARK;
}

void trail_absorb(struct trail *trail)
{
    ensure(trail->tip < trail->count);
    const struct trail_item *tip = &trail->items[trail->tip];
    trail->last_batch = 0;
    trail->end = tip->previous;
    trail->end_index = tip->base_index;
    trail->end_term = tip->base_term;
}
