#include "disk/disk.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "disk/bulk.h"
#include "disk/fs.h"
#include "disk/reason.h"
#include "disk/recovery.h"
#include "disk/segment.h"

enum { DISK_BLOCK_EXTRA = 1024 * 1024 }; /* a snapshot's block may be this much larger than the largest record */

struct disk {
    struct directory directory;
    struct segments segments;
    struct vote vote;            /* the WAL thread's, like `wal` */
    struct wal wal;
    struct bulk bulk;            /* the bulk thread's */
    struct snapshot_reader load; /* of the recovered snapshot */
};

static void disk_free(struct disk *disk)
{
    vote_close(&disk->vote);
    wal_close(&disk->wal);
    bulk_close(&disk->bulk);
    snapshot_reader_close(&disk->load);
    segments_close(&disk->segments);
    directory_close(&disk->directory);
    free(disk);
}

/* What recovery found, to those who go on from it. */
static void disk_hand_over(struct disk *disk, struct recovery *recovery, struct disk_recovered *recovered)
{
    struct replay *replay = &recovery->replay;
    ensure(replay->count == 0 || replay->entries[0].index == recovery->snapshot.index + 1);
    ensure(replay->last_index == recovery->snapshot.index + replay->count);
    recovered->identity = recovery->identity;
    recovered->term = disk->vote.term;
    recovered->vote = disk->vote.vote;
    recovered->life = disk->vote.life;
    memcpy(recovered->processes, disk->vote.processes, sizeof recovered->processes);
    recovered->rolled_back = disk->vote.rolled_back;
    recovered->snapshot_index = recovery->snapshot.index;
    recovered->snapshot_term = recovery->snapshot.term;
    recovered->snapshot_configuration = recovery->snapshot.configuration;
    recovered->commit =
        replay->commit > recovery->snapshot.index ? replay->commit : recovery->snapshot.index;
    recovered->entries = replay->entries;
    recovered->entry_count = replay->count;
    recovered->full = recovery->full;
    recovered->starved = recovery->starved;
    recovered->reserved = reserve_whole(recovery->reserve);
    replay->entries = NULL;
    replay->count = 0;
    recovered->identity.fresh = recovered->term == 0 && recovered->snapshot_index == 0 &&
                                recovered->entry_count == 0 && recovered->identity.configuration.count == 0;
    disk->bulk.identity = recovery->identity;
    disk->bulk.next_sequence = recovery->next_sequence;
    disk->bulk.block_max_bytes = recovery->block_max_bytes;
    disk->bulk.archive = recovery->archive;
    atomic_store(&disk->bulk.wal_bytes, recovery->wal_bytes);
    bulk_publish(&disk->bulk);
}

static enum disk_status disk_open_load(struct disk *disk, const struct recovery *recovery, char *reason)
{
    if (recovery->snapshot.index == 0)
        return DISK_OK;
    char name[DIRECTORY_NAME_MAX];
    char path[DISK_PATH_MAX];
    bool newer;
    directory_snapshot_name(recovery->snapshot.index, recovery->snapshot.term, name);
    directory_path(&disk->directory, name, path);
    return snapshot_open(&disk->load, path, recovery->block_max_bytes, &newer, reason);
}

/* What to do about a directory that is refused for what is damaged or gone. All other reasons say it themselves. */
static void disk_say_mend(char *reason)
{
    size_t size = strlen(reason);
    if (!reason_has_mend(reason))
        strncpy(reason + size, "; " DISK_MEND, DISK_REASON_MAX - 1 - size);
    reason[DISK_REASON_MAX - 1] = '\0';
}

enum disk_status disk_open(const struct disk_options *options, struct disk **disk, struct disk_recovered *recovered,
                           char reason[DISK_REASON_MAX])
{
    ensure(options->node_id > 0 && options->random != NULL && options->directory != NULL);
    ensure(options->segment_bytes % SEGMENT_HEADER == 0);
    *disk = NULL;
    *recovered = (struct disk_recovered){0};
    reason[0] = '\0';
    struct disk *made = memory_get(sizeof *made);
    made->vote.file = made->load.file = -1;
    segments_init(&made->segments);
    wal_init(&made->wal, &made->directory, &made->segments, options);
    bulk_init(&made->bulk, &made->directory, &made->segments, options);
    struct recovery recovery = {
        .options = options,
        .directory = &made->directory,
        .block_max_bytes = options->record_max_bytes + DISK_BLOCK_EXTRA,
        .notes = &recovered->notes,
        .removals = &made->bulk.removals,
        .reserve = &made->bulk.reserve,
    };
    fs_set_patience(false);
    enum disk_status status = directory_open(&made->directory, options->directory, reason);
    if (status == DISK_OK) {
        status = recovery_read(&recovery, reason);
        if (status == DISK_OK)
            status = recovery_mend(&recovery, &made->wal, &made->segments, reason);
        made->vote = recovery.vote;
    }
    if (status == DISK_OK)
        status = disk_open_load(made, &recovery, reason);
    if (status == DISK_OK) {
        disk_hand_over(made, &recovery, recovered);
        *disk = made;
    }
    recovery_close(&recovery);
    fs_set_patience(true);
    if (status == DISK_REFUSED)
        disk_say_mend(reason);
    if (status != DISK_OK) {
        disk_recovered_free(recovered);
        disk_free(made);
    }
    return status;
}

void disk_recovered_free(struct disk_recovered *recovered)
{
    for (uint64_t i = 0; i < recovered->entry_count; i++)
        blob_release(recovered->entries[i].payload);
    free(recovered->entries);
    buffer_close(&recovered->notes);
    *recovered = (struct disk_recovered){0};
}

int disk_load_next(struct disk *disk, const uint8_t **bytes, size_t *size)
{
    if (disk->load.file < 0)
        return 0;
    char reason[DISK_REASON_MAX];
    bool end = false;
    enum disk_status status = snapshot_next(&disk->load, bytes, size, &end, reason);
    if (status == DISK_OK && !end)
        return 1;
    snapshot_reader_close(&disk->load);
    return status == DISK_OK ? 0 : -1;
}

void disk_close(struct disk *disk)
{
    disk_free(disk);
}

/* --- the WAL thread --------------------------------------------------------------------------------------------- */

void disk_log_execute(struct disk *disk, struct disk_log *request)
{
    uint64_t start_us = fs_clock_us();
    request->reason[0] = '\0';
    request->status = DISK_OK;
    if (request->write_vote && !disk->wal.failed) {
        request->status = vote_write(&disk->vote, request->term, request->vote, request->rolled_back, request->reason);
        if (request->status != DISK_OK)
            wal_poison(&disk->wal, request->reason);
    }
    for (size_t i = 0; i < request->entry_count && !disk->wal.failed; i++)
        ensure(request->entries[i].term <= disk->vote.term); /* recovery relies on it */
    enum disk_status status = wal_execute(&disk->wal, request, request->reason);
    ensure(status == DISK_OK || status == DISK_FAILED);
    /* Written and synced, but it counts only where somebody will find it. */
    if (status == DISK_OK)
        status = directory_check(&disk->directory, request->reason);
    if (status != DISK_OK)
        wal_poison(&disk->wal, request->reason);
    request->status = status;
    request->marked = disk->wal.marked && status == DISK_OK;
    request->committed = disk->wal.commit;
    request->sync_us = fs_clock_us() - start_us;
}

size_t disk_record_bytes(size_t payload_size)
{
    return record_bytes(payload_size);
}

uint64_t disk_room_bytes(const struct disk *disk)
{
    return wal_room_bytes(&disk->wal);
}

size_t disk_spares(const struct disk *disk)
{
    return disk->wal.spare_count;
}

uint64_t disk_segment_room_bytes(const struct disk *disk)
{
    return wal_segment_room_bytes(&disk->wal);
}

/* --- the bulk thread -------------------------------------------------------------------------------------------- */

void disk_bulk_execute(struct disk *disk, struct disk_bulk *request)
{
    request->reason[0] = '\0';
    request->status = bulk_execute(&disk->bulk, request, request->reason);
    ensure(request->status == DISK_OK || request->reason[0] != '\0');
}

void disk_sizes(const struct disk *disk, struct disk_sizes *sizes)
{
    sizes->wal_bytes = atomic_load(&disk->bulk.wal_bytes);
    sizes->snapshot_bytes = atomic_load(&disk->bulk.snapshot_bytes);
    sizes->snapshot_index = atomic_load(&disk->bulk.snapshot_index);
}
