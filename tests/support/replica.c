#include "support/replica.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"

/* --- the disk --------------------------------------------------------------------------------------------------- */

static void disk_truncate(struct replica_disk *disk, size_t count)
{
    ensure(count <= disk->count);
    while (disk->count > count)
        blob_release(disk->entries[--disk->count].payload);
}

static void disk_clear(struct replica_disk *disk, uint64_t index, uint64_t term)
{
    disk_truncate(disk, 0);
    disk->base_index = index;
    disk->base_term = term;
}

uint64_t replica_disk_last(const struct replica *replica)
{
    uint64_t last = replica->disk.base_index + replica->disk.count;
    return last > replica->disk.snapshot_index ? last : replica->disk.snapshot_index;
}

static uint64_t disk_term(const struct replica_disk *disk, uint64_t index)
{
    if (index == disk->base_index)
        return disk->base_term;
    if (index < disk->base_index || index > disk->base_index + disk->count)
        return 0;
    return disk->entries[index - disk->base_index - 1].term;
}

bool replica_disk_holds(const struct replica *replica, uint64_t index, uint64_t term)
{
    return index <= replica->disk.snapshot_index || disk_term(&replica->disk, index) == term;
}

static void disk_append(struct replica_disk *disk, const struct raft_entry *entry)
{
    /* A later record with the same or a lower index takes the place of what was there. */
    ensure(entry->index > disk->base_index && entry->index <= disk->base_index + disk->count + 1);
    ensure(entry->term <= disk->term);
    disk_truncate(disk, (size_t)(entry->index - disk->base_index - 1));
    disk->entries = memory_resize(disk->entries, disk->count + 1, sizeof *disk->entries);
    disk->entries[disk->count++] = *entry;
    if (entry->payload)
        blob_hold(entry->payload);
}

/* The first STEPS steps of the batch under way. */
static void disk_execute(struct replica *replica, size_t steps)
{
    struct replica_disk *disk = &replica->disk;
    const struct raft_writes *batch = &replica->batch;
    if (batch->vote && steps > 0) {
        ensure(batch->term > disk->term || (batch->term == disk->term && disk->vote == 0) ||
               (batch->term == disk->term && disk->vote == batch->voted_for && batch->rolled_back));
        disk->term = batch->term;
        disk->vote = batch->voted_for;
        disk->rolled_back = batch->rolled_back;
        steps--;
    }
    if (batch->reset && steps > 0) {
        ensure(batch->reset_index <= disk->snapshot_index);
        disk_clear(disk, batch->reset_index, batch->reset_term);
        steps--;
    }
    for (uint64_t i = batch->first; i <= batch->last && steps > 0; i++, steps--)
        disk_append(disk, &replica->batch_entries[i - batch->first]);
}

static void batch_close(struct replica *replica)
{
    if (!replica->writing)
        return;
    for (uint64_t i = replica->batch.first; i <= replica->batch.last; i++)
        blob_release(replica->batch_entries[i - replica->batch.first].payload);
    free(replica->batch_entries);
    replica->batch_entries = NULL;
    replica->writing = false;
}

/* --- life ------------------------------------------------------------------------------------------------------- */

void replica_init(struct replica *replica, const struct raft_options *options)
{
    *replica = (struct replica){.options = *options};
}

void replica_close(struct replica *replica)
{
    if (replica->raft)
        replica_crash(replica, 0);
    disk_clear(&replica->disk, 0, 0);
    free(replica->disk.entries);
    replica->disk.entries = NULL;
}

void replica_start(struct replica *replica, uint64_t now_ms)
{
    ensure(!replica->raft);
    struct replica_disk *disk = &replica->disk;
    /* A log that a snapshot overtook is of no use, unless it goes on from it. */
    if (disk->snapshot_index > disk->base_index && disk_term(disk, disk->snapshot_index) != disk->snapshot_term)
        disk_clear(disk, disk->snapshot_index, disk->snapshot_term);
    struct raft_start start = {
        .term = disk->term,
        .vote = disk->vote,
        .base_index = disk->snapshot_index,
        .base_term = disk->snapshot_term,
        .configuration = disk->snapshot_configuration,
        .commit = disk->snapshot_index,
        .rolled_back = disk->rolled_back,
    };
    disk->life++;
    memmove(disk->processes + 1, disk->processes, sizeof disk->processes - sizeof disk->processes[0]);
    disk->processes[0] = replica->options.seed << 8 | (disk->life & 127) << 1 | 1;
    replica->raft = raft_open(&replica->options, &start);
    for (size_t i = 0; i < disk->count; i++) {
        if (disk->entries[i].index > disk->snapshot_index)
            raft_load(replica->raft, &disk->entries[i]);
    }
    replica->options.seed = replica->options.seed * 6364136223846793005u + 1; /* another life, other numbers */
    replica->applied = disk->snapshot_index;
    raft_begin(replica->raft, now_ms);
}

void replica_crash(struct replica *replica, size_t steps)
{
    ensure(replica->raft != NULL);
    if (replica->writing)
        disk_execute(replica, steps);
    batch_close(replica);
    raft_close(replica->raft);
    replica->raft = NULL;
}

void replica_wipe(struct replica *replica, uint64_t incarnation)
{
    ensure(!replica->raft);
    disk_clear(&replica->disk, 0, 0);
    free(replica->disk.entries);
    replica->disk = (struct replica_disk){0};
    replica->options.incarnation = incarnation;
}

void replica_copy(const struct replica *replica, struct replica_disk *copy)
{
    *copy = replica->disk;
    copy->entries = memory_resize(NULL, replica->disk.count, sizeof *copy->entries);
    for (size_t i = 0; i < copy->count; i++) {
        copy->entries[i] = replica->disk.entries[i];
        if (copy->entries[i].payload)
            blob_hold(copy->entries[i].payload);
    }
}

void replica_copy_close(struct replica_disk *copy)
{
    disk_clear(copy, 0, 0);
    free(copy->entries);
    *copy = (struct replica_disk){0};
}

void replica_put_back(struct replica *replica, const struct replica_disk *copy)
{
    ensure(!replica->raft);
    replica_copy_close(&replica->disk);
    struct replica source = {.disk = *copy};
    replica_copy(&source, &replica->disk);
}

struct raft_directory replica_directory(const struct replica *replica)
{
    struct raft_directory directory = {
        .incarnation = replica->options.incarnation,
        .life = replica->disk.life,
        .term = replica->disk.term,
        .durable_index = raft_durable_index(replica->raft),
        .rolled_back = replica->disk.rolled_back,
    };
    memcpy(directory.processes, replica->disk.processes, sizeof directory.processes);
    return directory;
}

void replica_meet(struct raft *raft, uint32_t peer, uint64_t incarnation)
{
    const struct raft_directory directory = {.incarnation = incarnation, .life = 1, .processes = {incarnation}};
    (void)raft_peer_up(raft, peer, &directory);
}

/* --- writes ----------------------------------------------------------------------------------------------------- */

bool replica_take_writes(struct replica *replica, size_t bytes_max)
{
    if (!raft_take_writes(replica->raft, bytes_max, &replica->batch))
        return false;
    ensure(!replica->writing);
    replica->writing = true;
    uint64_t count = replica->batch.last + 1 - replica->batch.first;
    replica->batch_entries = memory_resize(NULL, (size_t)count, sizeof *replica->batch_entries);
    for (uint64_t i = 0; i < count; i++) {
        replica->batch_entries[i] = *raft_entry(replica->raft, replica->batch.first + i);
        if (replica->batch_entries[i].payload)
            blob_hold(replica->batch_entries[i].payload);
    }
    return true;
}

void replica_sync(struct replica *replica)
{
    ensure(replica->writing);
    disk_execute(replica, SIZE_MAX);
    batch_close(replica);
    raft_written(replica->raft);
}

/* --- messages --------------------------------------------------------------------------------------------------- */

bool replica_take_message(struct replica *replica, struct raft_message *message)
{
    if (!raft_take_message(replica->raft, message))
        return false;
    const struct replica_disk *disk = &replica->disk;
    ensure(message->from == replica->options.id && message->to != message->from);
    bool pre = message->type == RAFT_PREVOTE || (message->type == RAFT_PREVOTE_REPLY && message->ok);
    ensure(pre || message->term == disk->term);
    if (message->type == RAFT_VOTE || message->type == RAFT_APPEND)
        ensure(disk->vote == message->from);
    if (message->type == RAFT_VOTE_REPLY && message->ok)
        ensure(disk->vote == message->to);
    if (message->type == RAFT_APPEND_REPLY && message->ok && message->match > disk->snapshot_index)
        ensure(replica_disk_holds(replica, message->match, raft_term_at(replica->raft, message->match)));
    return true;
}

/* --- snapshots -------------------------------------------------------------------------------------------------- */

void replica_snapshot(struct replica *replica, uint64_t keep)
{
    struct replica_disk *disk = &replica->disk;
    uint64_t index = replica->applied;
    if (index <= disk->snapshot_index)
        return;
    disk->snapshot_term = raft_term_at(replica->raft, index);
    disk->snapshot_index = index;
    disk->snapshot_configuration = *raft_members(replica->raft);
    if (index > keep)
        raft_compact(replica->raft, index - keep);
}

bool replica_install(struct replica *replica, uint64_t index, uint64_t term,
                     const struct raft_configuration *configuration)
{
    struct replica_disk *disk = &replica->disk;
    if (index <= raft_commit(replica->raft))
        return false;
    disk->snapshot_index = index;
    disk->snapshot_term = term;
    disk->snapshot_configuration = *configuration;
    bool restored = raft_restore(replica->raft, index, term, configuration);
    ensure(restored);
    replica->applied = index;
    return true;
}

void replica_configuration(struct raft_configuration *configuration, uint32_t count)
{
    *configuration = (struct raft_configuration){.cluster_id = 77, .count = count};
    for (uint32_t i = 0; i < count; i++) {
        configuration->members[i].id = i + 1;
        configuration->members[i].incarnation = 101 + i;
        configuration->members[i].role = RAFT_VOTER;
        snprintf(configuration->members[i].address, sizeof configuration->members[i].address, "node%u:9080", i + 1);
        snprintf(configuration->members[i].client_address, sizeof configuration->members[i].client_address, "node%u:80",
                 i + 1);
    }
}
