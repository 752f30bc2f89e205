#include "disk/bulk.h"

#include <errno.h>
#include <string.h>

#include "base/ensure.h"
#include "disk/fs.h"
#include "disk/identity.h"
#include "disk/reason.h"
#include "disk/segment.h"

static const char bulk_own_name[] = "snapshot-own.tmp";
static const char bulk_received_name[] = "snapshot-received.tmp";

void bulk_init(struct bulk *bulk, const struct directory *directory, struct segments *segments,
               const struct disk_options *options)
{
    *bulk = (struct bulk){
        .directory = directory,
        .segments = segments,
        .options = *options,
        .own = {.file = -1},
        .received = -1,
        .sent = -1,
        .load = {.file = -1},
    };
    removals_init(&bulk->removals, directory, &bulk->options);
    reserve_init(&bulk->reserve, directory, &bulk->options);
}

static void bulk_close_file(int *file)
{
    if (*file >= 0)
        (void)fs_close(*file);
    *file = -1;
}

void bulk_close(struct bulk *bulk)
{
    snapshot_writer_close(&bulk->own);
    snapshot_reader_close(&bulk->load);
    bulk_close_file(&bulk->received);
    bulk_close_file(&bulk->sent);
    removals_close(&bulk->removals);
}

/* Those snapshots are read a little at a time, which their removal must not disturb. */
static struct removals_held bulk_held(const struct bulk *bulk)
{
    return (struct removals_held){{bulk->sent >= 0 ? bulk->sent_index : 0,
                                   bulk->load.file >= 0 ? bulk->load.snapshot.index : 0}};
}

void bulk_publish(struct bulk *bulk)
{
    const struct archive_item *newest = archive_newest(&bulk->archive);
    atomic_store(&bulk->snapshot_bytes, archive_bytes(&bulk->archive));
    atomic_store(&bulk->snapshot_index, newest ? newest->index : 0);
}

static uint64_t bulk_random(const struct bulk *bulk)
{
    uint64_t number = bulk->options.random(bulk->options.random_context);
    return number > 0 ? number : 1;
}

/* --- segments and identity -------------------------------------------------------------------------------------- */

static enum disk_status bulk_prepare_segment(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    struct segment segment = {
        .node_id = bulk->identity.node_id,
        .incarnation = bulk->identity.incarnation,
        .id = bulk_random(bulk),
        .sequence = bulk->next_sequence++,
        .bytes = bulk->options.segment_bytes,
    };
    request->segment = (struct disk_segment){.file = -1, .sequence = segment.sequence, .id = segment.id};
    char from[DIRECTORY_NAME_MAX];
    enum disk_status status;
    while (recycled_take(&bulk->recycled, from)) {
        status = segment_recycle(bulk->directory, &segment, from, &request->segment.file, reason);
        if (status == DISK_OK || status == DISK_FAILED)
            return status;
        atomic_fetch_sub(&bulk->wal_bytes, segment.bytes); /* it is gone, or goes */
        if (status == DISK_FULL)
            return status;
        /* Somebody has changed it: of no use, but no reason to have no segment. */
        status = removals_add(&bulk->removals, from, 0, reason);
        if (status != DISK_OK)
            return status;
    }
    status = segment_create(bulk->directory, &segment, NULL, 0, &request->segment.file, reason);
    if (status == DISK_OK)
        atomic_fetch_add(&bulk->wal_bytes, segment.bytes);
    return status;
}

static enum disk_status bulk_prepare_reserve(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    (void)request;
    return reserve_make(&bulk->reserve, &bulk->removals, reason);
}

static enum disk_status bulk_identity(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    ensure(request->configuration.count > 0);
    struct disk_identity identity = bulk->identity;
    identity.configuration = request->configuration;
    enum disk_status status = identity_write(bulk->directory, &identity, reason);
    if (status == DISK_OK)
        bulk->identity = identity;
    return status;
}

/* A segment of the usual size waits to be used again, if not enough do; another one goes. */
static enum disk_status bulk_retire(struct bulk *bulk, const struct segments_item *item, char *reason)
{
    bool kept = false;
    enum disk_status status;
    if (item->bytes == bulk->options.segment_bytes && !recycled_enough(&bulk->recycled)) {
        status = recycled_add(&bulk->recycled, bulk->directory, item->sequence, &kept, reason);
    } else {
        char name[DIRECTORY_NAME_MAX];
        directory_segment_name(item->sequence, name);
        status = removals_add(&bulk->removals, name, 0, reason);
    }
    if (status == DISK_OK && !kept)
        atomic_fetch_sub(&bulk->wal_bytes, item->bytes);
    return status;
}

static enum disk_status bulk_clean(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    (void)request;
    struct segments_item oldest;
    while (segments_oldest_before(bulk->segments, archive_log_index(&bulk->archive), &oldest)) {
        enum disk_status status = bulk_retire(bulk, &oldest, reason);
        if (status != DISK_OK)
            return status;
        segments_drop_oldest(bulk->segments);
    }
    return DISK_OK;
}

/* A full disk: what only waits to be used, or to go, gives way, all at once. */
static enum disk_status bulk_give_way(struct bulk *bulk, char *reason)
{
    size_t count;
    char removal[DISK_REASON_MAX];
    char name[DIRECTORY_NAME_MAX];
    enum disk_status status = removals_finish(&bulk->removals, &count, removal);
    while (status == DISK_OK && recycled_take(&bulk->recycled, name)) {
        status = directory_remove(bulk->directory, name, removal);
        atomic_fetch_sub(&bulk->wal_bytes, bulk->options.segment_bytes);
    }
    if (status == DISK_OK)
        return DISK_FULL;
    memcpy(reason, removal, sizeof removal);
    return status;
}

/* --- own snapshots ---------------------------------------------------------------------------------------------- */

/* Verifies a finished temporary file and takes it in under its real name. Where it fails the file is still there, but
 * for DISK_FULL. *NEWER: it is refused for being of a newer format. */
static enum disk_status bulk_take_in(struct bulk *bulk, const char *unfinished, struct snapshot *snapshot, bool *newer,
                                     char *reason)
{
    char path[DISK_PATH_MAX];
    char name[DIRECTORY_NAME_MAX];
    directory_path(bulk->directory, unfinished, path);
    uint64_t bytes;
    enum disk_status status = snapshot_verify(path, bulk->block_max_bytes, snapshot, &bytes, newer, reason);
    if (status != DISK_OK)
        return directory_abandon(bulk->directory, -1, unfinished, status, reason);
    const struct raft_configuration *cluster = &bulk->identity.configuration;
    if (cluster->count > 0 && cluster->cluster_id != snapshot->cluster_id)
        return reason_refused(reason, path, 0, "belongs to another cluster");
    const struct archive_item *newest = archive_newest(&bulk->archive);
    if (newest && newest->index > snapshot->index)
        return reason_refused(reason, path, 0, "older than the newest snapshot that is here");
    if (archive_has(&bulk->archive, snapshot->index, snapshot->term))
        return removals_add(&bulk->removals, unfinished, 0, reason);
    if (newest && newest->index == snapshot->index)
        return reason_refused(reason, path, 0, "has another term than the snapshot of that index that is here");
    directory_snapshot_name(snapshot->index, snapshot->term, name);
    status = directory_rename(bulk->directory, unfinished, name, reason);
    if (status != DISK_OK)
        return status;
    archive_add(&bulk->archive,
                (struct archive_item){.index = snapshot->index, .term = snapshot->term, .bytes = bytes});
    status = archive_trim(&bulk->archive, &bulk->removals, reason);
    if (status == DISK_OK)
        bulk_publish(bulk);
    return status;
}

/* After a step of the own snapshot: want of room drops it. */
static enum disk_status bulk_own_result(struct bulk *bulk, enum disk_status status, char *reason)
{
    if (status == DISK_OK)
        return DISK_OK;
    snapshot_writer_close(&bulk->own);
    return directory_abandon(bulk->directory, -1, bulk_own_name, status, reason);
}

static enum disk_status bulk_snapshot_cancel(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    (void)request;
    if (bulk->own.file < 0)
        return DISK_OK;
    snapshot_writer_close(&bulk->own);
    return removals_add(&bulk->removals, bulk_own_name, 0, reason);
}

static enum disk_status bulk_snapshot_begin(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    enum disk_status status = bulk_snapshot_cancel(bulk, request, reason);
    if (status != DISK_OK)
        return status;
    struct snapshot snapshot = {
        .cluster_id = request->configuration.cluster_id,
        .id = bulk_random(bulk),
        .index = request->index,
        .term = request->term,
        .configuration = request->configuration,
    };
    char path[DISK_PATH_MAX];
    directory_path(bulk->directory, bulk_own_name, path);
    return bulk_own_result(bulk, snapshot_begin(&bulk->own, path, &snapshot, reason), reason);
}

static enum disk_status bulk_snapshot_block(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    size_t size = buffer_size(&request->bytes);
    ensure(bulk->own.file >= 0 && size <= bulk->block_max_bytes);
    const uint8_t *bytes = size > 0 ? buffer_start(&request->bytes) : NULL;
    return bulk_own_result(bulk, snapshot_block(&bulk->own, bytes, size, reason), reason);
}

static enum disk_status bulk_snapshot_end(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    ensure(bulk->own.file >= 0);
    const struct archive_item *newest = archive_newest(&bulk->archive);
    /* One from the leader overtook it. */
    if (newest && newest->index >= bulk->own.snapshot.index)
        return bulk_snapshot_cancel(bulk, request, reason);
    enum disk_status status = bulk_own_result(bulk, snapshot_end(&bulk->own, reason), reason);
    if (status != DISK_OK)
        return status;
    snapshot_writer_close(&bulk->own);
    struct snapshot snapshot;
    status = bulk_take_in(bulk, bulk_own_name, &snapshot, &request->newer, reason);
    /* What was just written reads back as something else. */
    return status == DISK_REFUSED ? DISK_FAILED : status;
}

/* --- snapshots out and in --------------------------------------------------------------------------------------- */

static enum disk_status bulk_send_open(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    bulk_close_file(&bulk->sent);
    const struct archive_item *newest = archive_newest(&bulk->archive);
    request->index = request->term = request->size = 0;
    if (!newest)
        return DISK_OK;
    char name[DIRECTORY_NAME_MAX];
    char path[DISK_PATH_MAX];
    directory_snapshot_name(newest->index, newest->term, name);
    directory_path(bulk->directory, name, path);
    int file = fs_open(path);
    if (file < 0)
        return reason_no_room(reason, "open", path, file);
    bulk->sent = file;
    bulk->sent_bytes = newest->bytes;
    bulk->sent_index = newest->index;
    request->index = newest->index;
    request->term = newest->term;
    request->size = newest->bytes;
    return DISK_OK;
}

static enum disk_status bulk_send_read(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    ensure(bulk->sent >= 0);
    buffer_clear(&request->bytes, SIZE_MAX);
    uint64_t left = request->offset < bulk->sent_bytes ? bulk->sent_bytes - request->offset : 0;
    size_t size = (size_t)(request->size < left ? request->size : left);
    if (size == 0)
        return DISK_OK;
    uint8_t *bytes = buffer_reserve(&request->bytes, size);
    if (!bytes)
        return reason_failed(reason, "memory for", "a snapshot's bytes", -ENOMEM);
    size_t got = 0;
    int error = fs_read(bulk->sent, request->offset, bytes, size, &got);
    if (error < 0 || got < size)
        return reason_failed(reason, "read", "the snapshot that is sent", error < 0 ? error : -EIO);
    buffer_added(&request->bytes, size);
    return DISK_OK;
}

static enum disk_status bulk_send_close(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    (void)request;
    (void)reason;
    bulk_close_file(&bulk->sent);
    return DISK_OK;
}

static enum disk_status bulk_receive_begin(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    (void)request;
    if (bulk->received >= 0) {
        bulk_close_file(&bulk->received);
        enum disk_status status = removals_add(&bulk->removals, bulk_received_name, 0, reason);
        if (status != DISK_OK)
            return status;
    }
    bulk->received_bytes = 0;
    bulk->received_pace = (struct pace){0};
    char path[DISK_PATH_MAX];
    directory_path(bulk->directory, bulk_received_name, path);
    int file = fs_create(path);
    if (file < 0)
        return directory_abandon(bulk->directory, -1, bulk_received_name,
                                 reason_no_room(reason, "create", path, file), reason);
    bulk->received = file;
    return DISK_OK;
}

/* Drops what came in so far. Returns STATUS, or DISK_FAILED where that cannot be done. */
static enum disk_status bulk_receive_drop(struct bulk *bulk, enum disk_status status, char *reason)
{
    ensure(status != DISK_OK);
    bulk_close_file(&bulk->received);
    if (status == DISK_FAILED)
        return status;
    char removal[DISK_REASON_MAX];
    if (removals_add(&bulk->removals, bulk_received_name, 0, removal) == DISK_OK)
        return status;
    memcpy(reason, removal, sizeof removal);
    return DISK_FAILED;
}

static enum disk_status bulk_receive_write(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    char path[DISK_PATH_MAX];
    directory_path(bulk->directory, bulk_received_name, path);
    size_t size = buffer_size(&request->bytes);
    if (bulk->received < 0)
        return reason_unfit(reason, path, "no snapshot is coming in");
    if (request->offset != bulk->received_bytes)
        return bulk_receive_drop(
            bulk, reason_refused(reason, path, bulk->received_bytes, "bytes of another place came"), reason);
    if (size == 0)
        return DISK_OK;
    int error = fs_write(bulk->received, request->offset, buffer_start(&request->bytes), size);
    if (error < 0)
        return bulk_receive_drop(bulk, reason_no_room(reason, "write", path, error), reason);
    error = pace_wrote(&bulk->received_pace, bulk->received, size);
    if (error < 0)
        return bulk_receive_drop(bulk, reason_no_room(reason, "sync", path, error), reason);
    bulk->received_bytes += size;
    return DISK_OK;
}

static enum disk_status bulk_receive_end(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    char path[DISK_PATH_MAX];
    directory_path(bulk->directory, bulk_received_name, path);
    if (bulk->received < 0)
        return reason_unfit(reason, path, "no snapshot is coming in");
    int error = fs_sync(bulk->received);
    if (error < 0)
        return bulk_receive_drop(bulk, reason_no_room(reason, "sync", path, error), reason);
    bulk_close_file(&bulk->received);
    struct snapshot snapshot;
    enum disk_status status = bulk_take_in(bulk, bulk_received_name, &snapshot, &request->newer, reason);
    if (status == DISK_REFUSED)
        return bulk_receive_drop(bulk, status, reason);
    if (status != DISK_OK)
        return status;
    request->index = snapshot.index;
    request->term = snapshot.term;
    request->configuration = snapshot.configuration;
    return DISK_OK;
}

static enum disk_status bulk_receive_cancel(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    (void)request;
    snapshot_reader_close(&bulk->load);
    if (bulk->received < 0)
        return DISK_OK;
    bulk_close_file(&bulk->received);
    return removals_add(&bulk->removals, bulk_received_name, 0, reason);
}

static enum disk_status bulk_load_open(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    snapshot_reader_close(&bulk->load);
    char name[DIRECTORY_NAME_MAX];
    char path[DISK_PATH_MAX];
    directory_snapshot_name(request->index, request->term, name);
    directory_path(bulk->directory, name, path);
    if (!archive_has(&bulk->archive, request->index, request->term))
        return reason_unfit(reason, path, "there is no such snapshot");
    bool newer;
    return snapshot_open(&bulk->load, path, bulk->block_max_bytes, &newer, reason);
}

static enum disk_status bulk_load_block(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    ensure(bulk->load.file >= 0);
    const uint8_t *bytes;
    size_t size;
    buffer_clear(&request->bytes, SIZE_MAX);
    enum disk_status status = snapshot_next(&bulk->load, &bytes, &size, &request->end, reason);
    if (status != DISK_OK || request->end) {
        snapshot_reader_close(&bulk->load);
        return status;
    }
    buffer_append(&request->bytes, bytes, size);
    return DISK_OK;
}

/* It may be sent at the moment: then it is cut when that is done. */
static enum disk_status bulk_load_drop(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    snapshot_reader_close(&bulk->load);
    enum disk_status status = archive_drop(&bulk->archive, request->index, request->term, &bulk->removals, reason);
    if (status == DISK_OK)
        bulk_publish(bulk);
    return status;
}

static enum disk_status bulk_remove(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    (void)request;
    struct removals_held held = bulk_held(bulk);
    return removals_step(&bulk->removals, &held, reason);
}

/* Nothing but what goes before every request. */
static enum disk_status bulk_check(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    (void)bulk;
    (void)request;
    (void)reason;
    return DISK_OK;
}

enum disk_status bulk_execute(struct bulk *bulk, struct disk_bulk *request, char *reason)
{
    static enum disk_status (*const functions[])(struct bulk *, struct disk_bulk *, char *) = {
        [DISK_PREPARE_SEGMENT] = bulk_prepare_segment, [DISK_IDENTITY] = bulk_identity,
        [DISK_SNAPSHOT_BEGIN] = bulk_snapshot_begin,   [DISK_SNAPSHOT_BLOCK] = bulk_snapshot_block,
        [DISK_SNAPSHOT_END] = bulk_snapshot_end,       [DISK_SNAPSHOT_CANCEL] = bulk_snapshot_cancel,
        [DISK_CLEAN] = bulk_clean,                     [DISK_SEND_OPEN] = bulk_send_open,
        [DISK_SEND_READ] = bulk_send_read,             [DISK_SEND_CLOSE] = bulk_send_close,
        [DISK_RECEIVE_BEGIN] = bulk_receive_begin,     [DISK_RECEIVE_WRITE] = bulk_receive_write,
        [DISK_RECEIVE_END] = bulk_receive_end,         [DISK_RECEIVE_CANCEL] = bulk_receive_cancel,
        [DISK_LOAD_OPEN] = bulk_load_open,             [DISK_LOAD_BLOCK] = bulk_load_block,
        [DISK_LOAD_DROP] = bulk_load_drop,             [DISK_PREPARE_RESERVE] = bulk_prepare_reserve,
        [DISK_REMOVE] = bulk_remove,                   [DISK_CHECK] = bulk_check,
    };
    size_t kind = request->kind;
    ensure(kind < sizeof functions / sizeof *functions && functions[kind] != NULL);
    /* What a request makes, it makes by its path. */
    enum disk_status status = directory_check(bulk->directory, reason);
    if (status == DISK_OK)
        status = functions[kind](bulk, request, reason);
    if (status == DISK_FULL)
        status = bulk_give_way(bulk, reason);
    struct removals_held held = bulk_held(bulk);
    request->removals = removals_due(&bulk->removals, &held);
    request->reserved = reserve_whole(&bulk->reserve);
    return status;
}
