#include "disk/recovery.h"

#include <stdio.h>
#include <string.h>

#include "base/ensure.h"
#include "base/log_events.h"
#include "disk/fs.h"
#include "disk/identity.h"
#include "disk/reason.h"

enum { RECOVERY_SPARE_BYTES = 16 * 1024 };

/* --- who and how far -------------------------------------------------------------------------------------------- */

static enum disk_status recovery_identity(struct recovery *recovery, char *reason)
{
    const struct directory_listing *listing = &recovery->listing;
    bool used = listing->vote || listing->segment_count > 0 || listing->snapshot_count > 0;
    if (listing->identity)
        return identity_load(recovery->directory, recovery->options->node_id, &recovery->identity, reason);
    if (used)
        return reason_unfit(reason, recovery->directory->path, "the file \"identity\" is missing");
    recovery->identity = (struct disk_identity){.node_id = recovery->options->node_id};
    recovery->made = true;
    return DISK_OK;
}

static enum disk_status recovery_vote(struct recovery *recovery, char *reason)
{
    const struct directory_listing *listing = &recovery->listing;
    if (listing->vote)
        return vote_load(recovery->directory, recovery->identity.node_id, recovery->identity.incarnation,
                         &recovery->vote, reason);
    /* Made right after the identity, and before anything else. */
    if (listing->segment_count > 0 || listing->snapshot_count > 0 || recovery->identity.configuration.count > 0)
        return reason_unfit(reason, recovery->directory->path, "the file \"vote\" is missing");
    return DISK_OK;
}

/* --- snapshots -------------------------------------------------------------------------------------------------- */

static void recovery_note(struct recovery *recovery, enum log_event event, const char *key, uint64_t number)
{
    log_event_begin(recovery->notes, event);
    buffer_append_text(recovery->notes, " ");
    buffer_append_text(recovery->notes, key);
    buffer_append_text(recovery->notes, "=");
    buffer_append_number(recovery->notes, number);
    buffer_append_text(recovery->notes, "\n");
}

static void recovery_pass_over(struct recovery *recovery, const struct listing_snapshot *item, const char *name,
                               const char *reason)
{
    log_event_begin(recovery->notes, LOG_DAMAGED_SNAPSHOT);
    buffer_append_text(recovery->notes, " file=");
    buffer_append_text(recovery->notes, name);
    buffer_append_text(recovery->notes, "\n");
    if (recovery->passed_index > 0)
        return;
    recovery->passed_index = item->index;
    recovery->passed_term = item->term;
    memcpy(recovery->passed_reason, reason, DISK_REASON_MAX);
}

/* Reads one wholly. *GOOD: it is fit for use. */
static enum disk_status recovery_try_snapshot(struct recovery *recovery, const struct listing_snapshot *item,
                                              bool *good, uint64_t *bytes, char *reason)
{
    char name[DIRECTORY_NAME_MAX];
    char path[DISK_PATH_MAX];
    directory_snapshot_name(item->index, item->term, name);
    directory_path(recovery->directory, name, path);
    bool newer;
    struct snapshot snapshot;
    *good = false;
    enum disk_status status = snapshot_verify(path, recovery->block_max_bytes, &snapshot, bytes, &newer, reason);
    if (status == DISK_OK && (snapshot.index != item->index || snapshot.term != item->term))
        status = reason_refused(reason, path, 0, "is another snapshot than its name says");
    if (status == DISK_REFUSED && !newer) {
        recovery_pass_over(recovery, item, name, reason);
        return DISK_OK;
    }
    if (status != DISK_OK)
        return status;
    const struct raft_configuration *cluster = &recovery->identity.configuration;
    if (cluster->count > 0 && cluster->cluster_id != snapshot.cluster_id)
        return reason_refused(reason, path, 0, "belongs to another cluster");
    recovery->snapshot = snapshot;
    *good = true;
    return DISK_OK;
}

/* The newest good one, and the one before it, which is not read: it may be needed one day, and that day it is. */
static enum disk_status recovery_snapshots(struct recovery *recovery, char *reason)
{
    const struct directory_listing *listing = &recovery->listing;
    size_t i = listing->snapshot_count;
    bool good = false;
    uint64_t bytes = 0;
    while (i > 0 && !good) {
        enum disk_status status = recovery_try_snapshot(recovery, &listing->snapshots[--i], &good, &bytes, reason);
        if (status != DISK_OK)
            return status;
    }
    if (!good)
        return DISK_OK;
    if (i > 0 && listing->snapshots[i - 1].index < recovery->snapshot.index) {
        const struct listing_snapshot *older = &listing->snapshots[i - 1];
        char name[DIRECTORY_NAME_MAX];
        char path[DISK_PATH_MAX];
        directory_snapshot_name(older->index, older->term, name);
        directory_path(recovery->directory, name, path);
        uint64_t older_bytes = 0;
        int file = fs_open(path);
        int error = file < 0 ? file : fs_size(file, &older_bytes);
        if (file >= 0)
            (void)fs_close(file);
        if (error < 0)
            return reason_failed(reason, "open", path, error);
        archive_add(&recovery->archive,
                    (struct archive_item){.index = older->index, .term = older->term, .bytes = older_bytes});
    }
    archive_add(&recovery->archive, (struct archive_item){.index = recovery->snapshot.index,
                                                          .term = recovery->snapshot.term,
                                                          .bytes = bytes});
    return DISK_OK;
}

/* --- do they fit together --------------------------------------------------------------------------------------- */

static enum disk_status recovery_combine(struct recovery *recovery, char *reason)
{
    const struct replay *replay = &recovery->replay;
    uint64_t index = recovery->snapshot.index;
    const char *path = recovery->directory->path;
    if (replay->base_index > index) {
        if (recovery->passed_index == 0)
            return reason_unfit(reason, path, "the log begins after the newest snapshot: entries are missing");
        memcpy(reason, recovery->passed_reason, DISK_REASON_MAX);
        return DISK_REFUSED;
    }
    uint64_t term = replay_term_at(replay, index);
    recovery->drop = replay->last_index < index || (term != 0 && term != recovery->snapshot.term);
    if (recovery->passed_index > 0 &&
        (recovery->drop || replay_term_at(replay, recovery->passed_index) != recovery->passed_term)) {
        /* Something up to the damaged snapshot's end is only in it. */
        memcpy(reason, recovery->passed_reason, DISK_REASON_MAX);
        return DISK_REFUSED;
    }
    if (replay->last_index > replay->base_index && replay->last_term > recovery->vote.term)
        return reason_refused(reason, recovery->vote.path, 0, "older than the log: the log holds a later term");
    return DISK_OK;
}

/* The log began to be written when the vote was made: where that was used, the log must be there. */
static enum disk_status recovery_check_log(const struct recovery *recovery, char *reason)
{
    const struct trail *trail = &recovery->trail;
    bool used = recovery->vote.term > 0 || recovery->listing.snapshot_count > 0 || trail->count > 0;
    if (trail->tip == trail->count && used)
        return reason_unfit(reason, recovery->directory->path, "the log is missing");
    return DISK_OK;
}

enum disk_status recovery_read(struct recovery *recovery, char *reason)
{
    ensure(recovery->options != NULL && recovery->notes != NULL);
    recovery->vote = (struct vote){.file = -1};
    /* What another process did may be in memory alone: it is made durable before it is believed. */
    enum disk_status status = directory_sync(recovery->directory, reason);
    if (status == DISK_OK)
        status = directory_list(recovery->directory, &recovery->listing, reason);
    if (status == DISK_OK)
        status = reserve_find(recovery->reserve, &recovery->listing, reason);
    if (status == DISK_OK)
        status = recovery_identity(recovery, reason);
    if (status == DISK_OK)
        status = recovery_vote(recovery, reason);
    if (status == DISK_OK)
        status = recovery_snapshots(recovery, reason);
    struct segment expected = {.node_id = recovery->identity.node_id, .incarnation = recovery->identity.incarnation};
    if (status == DISK_OK)
        status = trail_open(&recovery->trail, recovery->directory, &recovery->listing, &expected, reason);
    if (status == DISK_OK)
        status = recovery_check_log(recovery, reason);
    if (status == DISK_OK)
        status = trail_replay(&recovery->trail, recovery->snapshot.index, &recovery->replay, recovery->notes, reason);
    if (status == DISK_OK)
        status = recovery_combine(recovery, reason);
    /* A read that failed for want of room is no want of room that could be waited out. */
    if (status == DISK_FULL)
        status = DISK_FAILED;
    if (status != DISK_OK)
        vote_close(&recovery->vote);
    return status;
}

void recovery_close(struct recovery *recovery)
{
    directory_listing_close(&recovery->listing);
    trail_close(&recovery->trail);
    replay_close(&recovery->replay);
}

/* --- mending ---------------------------------------------------------------------------------------------------- */

static uint64_t recovery_random(const struct recovery *recovery)
{
    uint64_t number = recovery->options->random(recovery->options->random_context);
    return number > 0 ? number : 1;
}

/* Identity and vote of a new directory, or the vote's two blocks made equal. */
static enum disk_status recovery_mend_vote(struct recovery *recovery, char *reason)
{
    struct disk_identity *identity = &recovery->identity;
    enum disk_status status = DISK_OK;
    if (recovery->made) {
        identity->incarnation = recovery_random(recovery);
        status = directory_sync_parent(recovery->directory, reason);
        if (status == DISK_OK)
            status = identity_write(recovery->directory, identity, reason);
    }
    if (status != DISK_OK)
        return status;
    if (recovery->vote.file < 0)
        return vote_create(recovery->directory, identity->node_id, identity->incarnation, recovery_random(recovery),
                           &recovery->vote, reason);
    status = vote_repair(&recovery->vote, reason);
    if (status == DISK_OK)
        status = vote_begin_life(&recovery->vote, recovery_random(recovery), reason);
    /* A snapshot from a leader whose term had not been written here yet. No vote was cast in it then. */
    if (status == DISK_OK && recovery->snapshot.term > recovery->vote.term) {
        recovery_note(recovery, LOG_TERM_OF_SNAPSHOT_TAKEN, "term", recovery->snapshot.term);
        status = vote_write(&recovery->vote, recovery->snapshot.term, 0, recovery->vote.rolled_back, reason);
    }
    return status;
}

/* It becomes a reserve where one is lacking. */
static enum disk_status recovery_remove_segment(struct recovery *recovery, size_t i, char *reason)
{
    char name[DIRECTORY_NAME_MAX];
    const struct segment *segment = &recovery->trail.items[i].segment;
    directory_segment_name(segment->sequence, name);
    bool kept;
    enum disk_status status = reserve_keep(recovery->reserve, name, segment->bytes, &kept, reason);
    if (status != DISK_OK || kept)
        return status;
    return removals_add(recovery->removals, name, 0, reason);
}

/* Unfinished files; segments after the tip, newest first, which hold nothing; those whose place others have taken.
 * Their room may be needed. */
static enum disk_status recovery_tidy(struct recovery *recovery, char *reason)
{
    enum disk_status status = DISK_OK;
    const struct directory_listing *listing = &recovery->listing;
    for (size_t i = 0; i < listing->unfinished_count && status == DISK_OK; i++)
        status = removals_add(recovery->removals, listing->unfinished[i], 0, reason);
    const struct trail *trail = &recovery->trail;
    for (size_t i = trail->count; i-- > 0 && i > trail->tip && status == DISK_OK;)
        status = recovery_remove_segment(recovery, i, reason);
    for (size_t i = 0; i < trail->tip && trail->tip < trail->count && status == DISK_OK; i++) {
        if (!trail->items[i].counts)
            status = recovery_remove_segment(recovery, i, reason);
    }
    return status;
}

/* What is left over once the new segment stands: the segment that it takes the place of (or those that were prepared
 * where there was no log yet), and snapshots. */
static enum disk_status recovery_tidy_rest(struct recovery *recovery, bool tip_counts, char *reason)
{
    enum disk_status status = DISK_OK;
    const struct trail *trail = &recovery->trail;
    if (trail->tip < trail->count && !tip_counts)
        status = recovery_remove_segment(recovery, trail->tip, reason);
    for (size_t i = 0; i < trail->count && trail->tip == trail->count && status == DISK_OK; i++)
        status = recovery_remove_segment(recovery, i, reason);
    for (size_t i = 0; i < recovery->listing.snapshot_count && status == DISK_OK; i++) {
        const struct listing_snapshot *item = &recovery->listing.snapshots[i];
        char name[DIRECTORY_NAME_MAX];
        directory_snapshot_name(item->index, item->term, name);
        if (!archive_has(&recovery->archive, item->index, item->term))
            status = removals_add(recovery->removals, name, item->index, reason);
    }
    return status;
}

/* The new segment's records: where the one before ends, then the last batch, or a RESET, then a mark. */
static void recovery_encode(const struct recovery *recovery, uint64_t id, struct buffer *records)
{
    const struct trail *trail = &recovery->trail;
    uint8_t payload[RECORD_BEGIN_PAYLOAD];
    record_begin_encode(&trail->end, payload);
    struct record begin = {.type = RECORD_BEGIN, .index = trail->end_index,
                           .term = trail->end_term, .payload_size = sizeof payload, .payload = payload};
    record_append(&begin, id, 0, records);
    struct record mark = {.type = RECORD_MARK, .index = recovery->replay.last_index,
                          .term = recovery->replay.last_term, .commit = recovery->replay.commit};
    if (recovery->drop) {
        struct record reset = {.type = RECORD_RESET, .index = recovery->snapshot.index,
                               .term = recovery->snapshot.term};
        record_append(&reset, id, buffer_size(records), records);
        mark.index = mark.commit = reset.index;
        mark.term = reset.term;
    } else {
        trail_last_batch(trail, id, records);
    }
    mark.batch = (uint32_t)buffer_size(records);
    record_append(&mark, id, buffer_size(records), records);
}

/* Without a new segment the log can be read but not written, until there is room for a spare one. */
static enum disk_status recovery_without_room(struct recovery *recovery, struct wal *wal, char *reason)
{
    if (trail_must_rewrite(&recovery->trail)) {
        char why[DISK_REASON_MAX];
        int size =
            snprintf(why, sizeof why, "no room to begin a log segment; free some and start again: %.300s", reason);
        ensure(size > 0 && (size_t)size < sizeof why);
        memcpy(reason, why, (size_t)size + 1);
        return DISK_FULL;
    }
    wal->end = recovery->trail.end;
    wal->index = recovery->trail.end_index;
    wal->term = recovery->trail.end_term;
    wal->commit = recovery->replay.commit;
    if (recovery->drop) {
        wal->reset_pending = true;
        wal->reset_index = recovery->snapshot.index;
        wal->reset_term = recovery->snapshot.term;
    }
    recovery_note(recovery, LOG_NO_ROOM_FOR_SEGMENT, "bytes", recovery->options->segment_bytes);
    return DISK_OK;
}

/* What a segment must hold beside the records that it begins with: a new leader's entries, where it is certain that
 * they fit. There may be no room for a further segment. */
static uint64_t recovery_spare_bytes(const struct recovery *recovery)
{
    return record_bytes(recovery->options->record_max_bytes) + RECOVERY_SPARE_BYTES;
}

/* Whether all that the tip has fits in BYTES of a segment's stream; then it is to be written anew. */
static bool recovery_may_absorb(const struct recovery *recovery, uint64_t bytes)
{
    const struct trail *trail = &recovery->trail;
    return trail->tip < trail->count && trail->last_batch > 0 && trail->valid_end <= bytes;
}

/* The life before this one started from the reserve, whose other part can take over all that it wrote: that needs no
 * room, and gives the first part back. Whether there is room by now is found out later. */
static bool recovery_takes_turns(const struct recovery *recovery)
{
    const struct trail *trail = &recovery->trail;
    char name[DIRECTORY_NAME_MAX];
    uint64_t bytes = reserve_offer(recovery->reserve, reserve_file_bytes(recovery->reserve), name);
    uint64_t spare = recovery_spare_bytes(recovery);
    return bytes > 0 && trail->tip < trail->count && !reserve_whole(recovery->reserve) &&
           trail->items[trail->tip].segment.bytes == reserve_file_bytes(recovery->reserve) &&
           recovery_may_absorb(recovery, segment_stream_bytes((uint32_t)bytes) - spare);
}

/* Encodes the records for SEGMENT, and sees how large it must be for them. */
static enum disk_status recovery_create(struct recovery *recovery, struct segment *segment, int *file, uint64_t *end,
                                        char *reason)
{
    struct buffer records = {0};
    recovery_encode(recovery, segment->id, &records);
    /* The last batch may fill a segment, which may have been larger than they are now. */
    uint64_t room = buffer_size(&records) + recovery_spare_bytes(recovery);
    uint64_t need = SEGMENT_HEADER + sector_file_bytes(room) + SEGMENT_HEADER - 1;
    if (segment->bytes < need)
        segment->bytes = (uint32_t)(need / SEGMENT_HEADER * SEGMENT_HEADER);
    *end = buffer_size(&records);
    enum disk_status status = segment_create(recovery->directory, segment, buffer_start(&records),
                                             buffer_size(&records), file, reason);
    buffer_close(&records);
    return status;
}

static enum disk_status recovery_make(struct recovery *recovery, struct segment *segment, int *file, uint64_t *end,
                                      char *reason)
{
    if (recovery_may_absorb(recovery, segment_stream_bytes(segment->bytes) / 2))
        trail_absorb(&recovery->trail);
    enum disk_status status = recovery_create(recovery, segment, file, end, reason);
    if (status != DISK_FULL || recovery->removals->count == 0)
        return status;
    /* What is to be cut down by and by is gone at once, then. */
    size_t removed;
    status = removals_finish(recovery->removals, &removed, reason);
    return status == DISK_OK ? recovery_create(recovery, segment, file, end, reason) : status;
}

/* The same in what was set aside. DISK_FULL, and the reason is as it was: there is nothing that is large enough. */
static enum disk_status recovery_make_of_reserve(struct recovery *recovery, struct segment *segment, int *file,
                                                 uint64_t *end, char *reason)
{
    char name[DIRECTORY_NAME_MAX];
    struct buffer records = {0};
    uint64_t spare = recovery_spare_bytes(recovery);
    uint64_t bytes = reserve_offer(recovery->reserve, 0, name);
    uint64_t stream = bytes > 0 ? segment_stream_bytes((uint32_t)bytes) : 0;
    if (stream > spare && recovery_may_absorb(recovery, stream - spare))
        trail_absorb(&recovery->trail);
    recovery_encode(recovery, segment->id, &records);
    *end = buffer_size(&records);
    enum disk_status status = DISK_FULL;
    bytes = reserve_offer(recovery->reserve, SEGMENT_HEADER + sector_file_bytes(*end), name);
    if (bytes > 0) {
        segment->bytes = (uint32_t)bytes;
        status = segment_begin_in(recovery->directory, segment, name, buffer_start(&records), buffer_size(&records),
                                  file, reason);
    }
    buffer_close(&records);
    if (status == DISK_OK) {
        reserve_taken(recovery->reserve, name);
        recovery_note(recovery, LOG_STARTED_FROM_RESERVE, "segment", segment->sequence);
    }
    return status;
}

static enum disk_status recovery_begin_segment(struct recovery *recovery, struct wal *wal, char *reason)
{
    struct segment segment = {
        .node_id = recovery->identity.node_id,
        .incarnation = recovery->identity.incarnation,
        .id = recovery_random(recovery),
        .sequence = recovery->next_sequence++,
        .bytes = recovery->options->segment_bytes,
        .begun = true,
    };
    uint64_t end;
    const struct trail before = recovery->trail;
    enum disk_status status = DISK_FULL;
    if (!recovery_takes_turns(recovery))
        status = recovery_make(recovery, &segment, &wal->file, &end, reason);
    recovery->full = status == DISK_FULL;
    if (status == DISK_FULL) {
        status = recovery_make_of_reserve(recovery, &segment, &wal->file, &end, reason);
        recovery->starved = status == DISK_OK;
    }
    if (status == DISK_FULL) {
        recovery->trail = before;
        return recovery_without_room(recovery, wal, reason);
    }
    if (status != DISK_OK)
        return status;
    wal->active_bytes = segment.bytes;
    wal->active_base = recovery->trail.end_index;
    wal->end = (struct record_place){.sequence = segment.sequence, .id = segment.id, .offset = end};
    wal->index = recovery->drop ? recovery->snapshot.index : recovery->replay.last_index;
    wal->term = recovery->drop ? recovery->snapshot.term : recovery->replay.last_term;
    wal->commit = recovery->drop ? recovery->snapshot.index : recovery->replay.commit;
    return DISK_OK;
}

enum disk_status recovery_mend(struct recovery *recovery, struct wal *wal, struct segments *segments, char *reason)
{
    struct trail *trail = &recovery->trail;
    recovery->next_sequence = trail->count > 0 ? trail->items[trail->count - 1].segment.sequence + 1 : 1;
    enum disk_status status = recovery_tidy(recovery, reason);
    if (status == DISK_OK)
        status = recovery_mend_vote(recovery, reason);
    if (status == DISK_OK)
        status = recovery_begin_segment(recovery, wal, reason);
    bool tip_counts = trail->tip < trail->count && trail->last_batch > 0;
    if (status == DISK_OK)
        status = recovery_tidy_rest(recovery, tip_counts, reason);
    if (status != DISK_OK)
        return status;
    for (size_t i = 0; i <= trail->tip && i < trail->count; i++) {
        const struct trail_item *item = &trail->items[i];
        if (!item->counts || (i == trail->tip && !tip_counts))
            continue;
        segments_add(segments, (struct segments_item){.sequence = item->segment.sequence,
                                                      .base_index = item->base_index,
                                                      .bytes = item->segment.bytes});
        recovery->wal_bytes += item->segment.bytes;
    }
    if (wal->file >= 0) {
        segments_add(segments, (struct segments_item){.sequence = wal->end.sequence,
                                                      .base_index = wal->active_base,
                                                      .bytes = wal->active_bytes});
        recovery->wal_bytes += wal->active_bytes;
    }
    if (recovery->drop) {
        recovery_note(recovery, LOG_LOG_GIVES_WAY_TO_SNAPSHOT, "index", recovery->snapshot.index);
        replay_reset(&recovery->replay, recovery->snapshot.index, recovery->snapshot.term);
    }
    return DISK_OK;
}
