#include "disk/trail.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "disk/fs.h"
#include "disk/reason.h"

enum { TRAIL_FIRST_RECORD = RECORD_HEADER + RECORD_BEGIN_PAYLOAD };

static enum disk_status trail_refuse(const struct trail *trail, const struct trail_item *item, uint64_t offset,
                                     const char *text, char *reason)
{
    char name[DIRECTORY_NAME_MAX];
    char path[DISK_PATH_MAX];
    directory_segment_name(item->segment.sequence, name);
    directory_path(trail->directory, name, path);
    return reason_refused(reason, path, offset, text);
}

/* Reads the first SIZE bytes (0: all) of a segment. */
static enum disk_status trail_read(const struct trail *trail, const struct trail_item *item, size_t size,
                                   uint8_t **bytes, char *reason)
{
    struct segment segment;
    int file;
    enum disk_status status =
        segment_open(trail->directory, item->segment.sequence, &item->segment, &segment, &file, reason);
    if (status != DISK_OK)
        return status;
    status = segment_read(trail->directory, &segment, file, size > 0 ? size : segment.bytes, bytes, reason);
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
    uint8_t *bytes;
    size_t size = SEGMENT_HEADER + TRAIL_FIRST_RECORD;
    status = segment_read(trail->directory, &item->segment, file, size, &bytes, reason);
    (void)fs_close(file);
    if (status != DISK_OK)
        return status;
    struct record begin;
    item->begins = record_decode(bytes, size, item->segment.id, SEGMENT_HEADER, &begin);
    if (item->begins) {
        item->previous = record_begin_decode(&begin);
        item->base_index = begin.index;
        item->base_term = begin.term;
    }
    free(bytes);
    if (!item->begins && item->segment.begun)
        return trail_refuse(trail, item, SEGMENT_HEADER, "damaged: the segment's first record is bad", reason);
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
            return trail_refuse(trail, item, SEGMENT_HEADER, "damaged: the segment's first record is bad", reason);
        if (end <= SEGMENT_HEADER || end > item->segment.bytes || end % RECORD_ALIGN != 0)
            return trail_refuse(trail, next, SEGMENT_HEADER, "damaged: no end for the segment before", reason);
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
    free(trail->bytes);
    trail->items = NULL;
    trail->bytes = NULL;
}

/* --- what is behind a bad record -------------------------------------------------------------------------------- */

/* The first place from OFFSET on with a record's header of a batch that began after BATCH, or 0. That the header is
 * there is enough: it was written, so all batches before its own were synced. */
static uint64_t trail_later_batch(const uint8_t *bytes, const struct segment *segment, uint64_t offset, uint64_t batch)
{
    ensure(offset % RECORD_ALIGN == 0 && offset >= SEGMENT_HEADER);
    for (; offset < segment->bytes; offset += RECORD_ALIGN) {
        uint32_t began;
        if (record_header_at(bytes, segment->bytes, segment->id, offset, &began) && began > batch)
            return offset;
    }
    return 0;
}

static bool trail_zeros(const uint8_t *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* Whether something was written from OFFSET on that is no whole record. In a recycled segment only the header of a
 * record tells; what else is there may be of the file's earlier life. */
static bool trail_dirty(const struct trail_item *item, const uint8_t *bytes, uint64_t offset)
{
    const struct segment *segment = &item->segment;
    uint32_t began;
    if (segment->recycled)
        return record_header_at(bytes, segment->bytes, segment->id, offset, &began);
    return !trail_zeros(bytes + offset, segment->bytes - offset);
}

static void trail_note(struct buffer *notes, const struct trail_item *item, uint64_t offset)
{
    char name[DIRECTORY_NAME_MAX];
    directory_segment_name(item->segment.sequence, name);
    buffer_append_text(notes, "event=torn_tail file=");
    buffer_append_text(notes, name);
    buffer_append_text(notes, " offset=");
    buffer_append_number(notes, offset);
    buffer_append_text(notes, "\n");
}

/* The segments after the tip have no BEGIN: they are only prepared, or the newest batch was to be one's first. */
static enum disk_status trail_check_prepared(struct trail *trail, struct buffer *notes, char *reason)
{
    bool torn = trail->torn;
    const struct trail_item *torn_item = torn ? &trail->items[trail->tip] : NULL;
    uint64_t torn_offset = trail->valid_end;
    for (size_t i = trail->tip < trail->count ? trail->tip + 1 : 0; i < trail->count; i++) {
        const struct trail_item *item = &trail->items[i];
        uint8_t *bytes;
        enum disk_status status = trail_read(trail, item, 0, &bytes, reason);
        if (status != DISK_OK)
            return status;
        bool later = trail_later_batch(bytes, &item->segment, SEGMENT_HEADER, SEGMENT_HEADER) > 0;
        bool dirty = trail_dirty(item, bytes, SEGMENT_HEADER);
        free(bytes);
        if (later)
            return trail_refuse(trail, item, SEGMENT_HEADER, "damaged: a bad record, and later ones follow", reason);
        if (!dirty)
            continue;
        if (torn)
            return trail_refuse(trail, torn_item, torn_offset,
                                "damaged: a bad record, and bytes follow in a later segment", reason);
        torn = true;
        torn_item = item;
        torn_offset = SEGMENT_HEADER;
        trail_note(notes, item, SEGMENT_HEADER);
    }
    return DISK_OK;
}

/* --- replaying -------------------------------------------------------------------------------------------------- */

/* A segment that another one goes on from: every byte up to END counts. */
static enum disk_status trail_replay_closed(const struct trail *trail, const struct trail_item *item, uint64_t end,
                                            struct replay *replay, char *reason)
{
    uint8_t *bytes;
    enum disk_status status = trail_read(trail, item, end, &bytes, reason);
    if (status != DISK_OK)
        return status;
    uint64_t offset = SEGMENT_HEADER + TRAIL_FIRST_RECORD;
    while (offset < end) {
        struct record record;
        const char *wrong = "damaged: a bad record, and later ones follow in the next segment";
        if (record_decode(bytes, end, item->segment.id, offset, &record))
            wrong = replay_apply(replay, &record);
        if (wrong) {
            status = trail_refuse(trail, item, offset, wrong, reason);
            break;
        }
        offset += record_bytes(record.payload_size);
    }
    ensure(status != DISK_OK || offset == end);
    free(bytes);
    return status;
}

/* The last segment: up to its first bad record. */
static enum disk_status trail_replay_tip(struct trail *trail, struct replay *replay, struct buffer *notes, char *reason)
{
    const struct trail_item *tip = &trail->items[trail->tip];
    const struct segment *segment = &tip->segment;
    enum disk_status status = trail_read(trail, tip, 0, &trail->bytes, reason);
    if (status != DISK_OK)
        return status;
    trail->last_batch = SEGMENT_HEADER;
    trail->end = tip->previous;
    trail->end_index = tip->base_index;
    trail->end_term = tip->base_term;
    uint64_t offset = SEGMENT_HEADER + TRAIL_FIRST_RECORD;
    struct record record;
    while (record_decode(trail->bytes, segment->bytes, segment->id, offset, &record)) {
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
    if (segment->begun && trail->last_batch == SEGMENT_HEADER)
        return trail_refuse(trail, tip, offset, "damaged: a bad record, and there was a mark behind it", reason);
    trail->valid_end = offset;
    trail->torn = trail_dirty(tip, trail->bytes, offset);
    if (!trail->torn && !segment->recycled)
        return DISK_OK;
    if (trail_later_batch(trail->bytes, segment, offset, offset) > 0)
        return trail_refuse(trail, tip, offset, "damaged: a bad record, and later ones follow", reason);
    if (trail->torn)
        trail_note(notes, tip, offset);
    return DISK_OK;
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
            return trail_refuse(trail, item, SEGMENT_HEADER, "damaged: it does not go on where the log ended", reason);
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
        bool valid = record_decode(trail->bytes, segment->bytes, segment->id, offset, &record);
        ensure(valid); /* it was when it was replayed */
        offset += record_bytes(record.payload_size);
        if (record.type != RECORD_RESET && record.type != RECORD_ENTRY)
            continue;
        record.batch = SEGMENT_HEADER;
        record_append(&record, id, SEGMENT_HEADER + buffer_size(out), out);
    }
}

bool trail_must_rewrite(const struct trail *trail)
{
    if (trail->tip == trail->count || trail->last_batch == SEGMENT_HEADER)
        return true;
    struct record record;
    const struct segment *segment = &trail->items[trail->tip].segment;
    bool valid = record_decode(trail->bytes, segment->bytes, segment->id, trail->last_batch, &record);
    ensure(valid);
    return record.type != RECORD_MARK;
}
