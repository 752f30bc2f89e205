/* The log and the vote to the WAL thread, one batch at a time; and room for them, prepared ahead. */
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "node/state.h"

enum { LEADERS_OWN_BYTES = 64 /* no entry that a leader makes of itself is larger */ };
enum { SPARES_WANTED = 1, SPARES_WANTED_BUSY = 3 /* while the bulk thread has long work: it may not come in time */ };

/* --- room ------------------------------------------------------------------------------------------------------- */

static uint64_t room_bytes(const struct node *node)
{
    return node->persist.room_bytes + node->persist.spare_count * disk_segment_room_bytes(node->disk);
}

/* Bytes that the log's entries will take which are not known to be durable; an upper bound. The batch under way counts
 * by itself as well: a new leader may have taken its entries out of the log, but not out of the file. */
static uint64_t promised_bytes(const struct node *node)
{
    uint64_t entries = raft_last_index(node->raft) - raft_durable_index(node->raft);
    return node->persist.batch_bytes + raft_unwritten_bytes(node->raft) + entries * disk_record_bytes(8);
}

static bool fits(uint64_t room, uint64_t promised, size_t size, bool may_use_reserve)
{
    uint64_t reserve = may_use_reserve ? 0 : LIMIT_RESERVE_BYTES;
    return room >= promised + disk_record_bytes(size) + reserve;
}

bool persist_fits(const struct node *node, size_t size, bool may_use_reserve)
{
    if (node->persist.failed || (node->persist.starved && !may_use_reserve))
        return false;
    return fits(room_bytes(node), promised_bytes(node), size, may_use_reserve);
}

uint32_t persist_fitting(const struct node *node, const struct raft_message *message)
{
    /* A follower whose disk is full goes on in memory: it acknowledges nothing, but hears what is committed and serves
     * its clients. */
    uint64_t behind = raft_unwritten_bytes(node->raft);
    for (uint32_t i = 0; i < message->entry_count; i++) {
        const struct raft_entry *entry = &message->entries[i];
        size_t size = entry->payload ? entry->payload->size : 0;
        if (node->persist.failed || behind + size > LIMIT_BEHIND_BYTES)
            return i;
        if (size > node->env.limits.value_max_bytes + PAYLOAD_ALLOWANCE)
            return i; /* no sound leader has it in its log */
        behind += size;
    }
    return message->entry_count;
}

bool persist_is_behind(const struct node *node)
{
    return node->persist.full &&
           raft_unwritten_bytes(node->raft) + node->env.limits.value_max_bytes + PAYLOAD_ALLOWANCE > LIMIT_BEHIND_BYTES;
}

/* Enough spares that the largest command fits, whatever the size of a segment; more while the bulk thread is busy. */
static bool wants_spare(const struct node *node)
{
    const struct persist *persist = &node->persist;
    size_t spares = persist->spare_count + persist->wal_spares;
    bool busy = node->snapshots.state != SNAPSHOT_IDLE || node->receiving.state != RECEIVE_IDLE;
    if (persist->failed || spares >= DISK_SPARES_MAX)
        return false;
    if (spares < (busy ? SPARES_WANTED_BUSY : SPARES_WANTED))
        return true;
    return !fits(room_bytes(node), 0, (size_t)node->env.limits.value_max_bytes + PAYLOAD_ALLOWANCE, false);
}

static bool wants_reserve(const struct node *node)
{
    return !node->persist.reserved && !node->persist.failed;
}

/* What is to be prepared next, and from when on; UINT64_MAX: nothing. A spare segment comes before the room for later
 * starts, which nobody waits for; but where this start used that up it comes first. */
static uint64_t prepare_ms(const struct node *node, enum disk_bulk_kind *kind)
{
    const struct persist *persist = &node->persist;
    uint64_t due_ms = persist->full ? persist->retry_ms : 0;
    bool spare = wants_spare(node), reserve = wants_reserve(node);
    if (!spare && !reserve)
        return UINT64_MAX;
    *kind = reserve && (persist->starved || !spare) ? DISK_PREPARE_RESERVE : DISK_PREPARE_SEGMENT;
    if (*kind == DISK_PREPARE_RESERVE && !persist->starved && due_ms < persist->reserve_retry_ms)
        due_ms = persist->reserve_retry_ms;
    return due_ms;
}

bool persist_next(struct node *node, struct disk_bulk *request)
{
    return prepare_ms(node, &request->kind) <= node->env.now_ms;
}

static void set_full(struct node *node, bool full, const char *reason)
{
    if (full != node->persist.full) {
        event_begin(&node->env, full ? LOG_DISK_FULL : LOG_DISK_HAS_ROOM);
        if (full)
            event_text(&node->env, "reason", reason);
        event_end(&node->env);
    }
    node->persist.full = full;
}

/* The log has all that it wants: only a later start on a disk that is full by then would lack what cannot be made. */
static void reserve_failed(struct node *node, const struct disk_bulk *request)
{
    struct persist *persist = &node->persist;
    persist->reserve_retry_ms = node->env.now_ms + NODE_RESERVE_RETRY_MS;
    if (persist->unreserved_said)
        return;
    persist->unreserved_said = true;
    event_begin(&node->env, LOG_NO_ROOM_FOR_STARTS);
    event_text(&node->env, "reason", request->reason);
    event_end(&node->env);
}

void persist_prepared(struct node *node, struct disk_bulk *request)
{
    struct persist *persist = &node->persist;
    bool failed = request->status != DISK_OK;
    persist->reserved = request->reserved;
    if (persist->reserved)
        persist->unreserved_said = false;
    if (failed && request->kind == DISK_PREPARE_RESERVE && !persist->starved) {
        reserve_failed(node, request);
        return;
    }
    if (failed) {
        persist->retry_ms = node->env.now_ms + NODE_FULL_RETRY_MS;
    } else if (request->kind == DISK_PREPARE_SEGMENT) {
        ensure(persist->spare_count < DISK_SPARES_MAX);
        persist->spares[persist->spare_count++] = request->segment;
    }
    if (persist->reserved && !wants_spare(node))
        persist->starved = false;
    set_full(node, failed || persist->starved, request->reason);
}

/* Tells the peers when there begins or ceases to be room for the largest command. */
static void tell_room(struct node *node)
{
    size_t largest = (size_t)node->env.limits.value_max_bytes + PAYLOAD_ALLOWANCE;
    bool room = !node->persist.full || persist_fits(node, largest, false);
    if (room == node->own_room)
        return;
    node->own_room = room;
    exchange_tell_state(node, 0, 0);
}

/* --- batches ---------------------------------------------------------------------------------------------------- */

/* Lets raft hand out just what is certain to fit: what does not stays in the log, and is written when there is room. */
static void allow_entries(struct node *node)
{
    uint64_t room = room_bytes(node), taken = disk_record_bytes(0) * 3; /* a reset, a commit, a mark */
    uint64_t last = raft_durable_index(node->raft);
    /* Of a segment made of the reserve half is kept: a start can take over what is in the other half. */
    uint64_t kept = node->persist.starved ? disk_segment_room_bytes(node->disk) / 2 : 0;
    if (taken > room) {
        raft_writes_allow(node->raft, 0);
        return;
    }
    while (last < raft_last_index(node->raft) && taken <= LIMIT_BATCH_BYTES * 2) {
        const struct raft_entry *entry = raft_entry(node->raft, last + 1);
        size_t size = entry->payload ? entry->payload->size : 0;
        taken += disk_record_bytes(size);
        if (taken + (size > LEADERS_OWN_BYTES ? kept : 0) > room)
            break;
        last++;
    }
    raft_writes_allow(node->raft, last);
}

static void hold_entries(struct node *node, const struct raft_writes *writes)
{
    struct persist *persist = &node->persist;
    size_t count = writes->last >= writes->first ? (size_t)(writes->last - writes->first + 1) : 0;
    if (count > persist->capacity) {
        persist->capacity = count + count / 2;
        persist->entries = memory_resize(persist->entries, persist->capacity, sizeof *persist->entries);
    }
    for (size_t i = 0; i < count; i++) {
        persist->entries[i] = *raft_entry(node->raft, writes->first + i);
        if (persist->entries[i].payload)
            blob_hold(persist->entries[i].payload);
        persist->batch_bytes += disk_record_bytes(persist->entries[i].payload ? persist->entries[i].payload->size : 0);
    }
    persist->request.entries = persist->entries;
    persist->request.entry_count = count;
}

bool persist_owes(const struct node *node)
{
    return !node->persist.failed && raft_commit_handed(node->raft) > node->persist.told_commit;
}

/* When a mark is due; UINT64_MAX: it is not. A follower hears of what is committed after its batch was written: the
 * mark waits a little for that, so that one is enough. What becomes known later has one of its own: all is at rest. */
static uint64_t mark_due_ms(const struct node *node)
{
    const struct persist *persist = &node->persist;
    if (persist->busy || persist->failed || (persist->marked && !persist_owes(node)))
        return UINT64_MAX;
    if (node->shutting_down && persist_owes(node))
        return node->env.now_ms;
    bool known = raft_commit(node->raft) >= raft_durable_index(node->raft);
    return persist->done_ms + (known ? NODE_MARK_MS : NODE_MARK_LATE_MS);
}

struct disk_log *node_take_log(struct node *node)
{
    struct persist *persist = &node->persist;
    struct raft_writes writes;
    if (persist->busy || persist->failed || node->env.stopping)
        return NULL;
    struct disk_log *request = &persist->request;
    allow_entries(node);
    persist->from_raft = raft_take_writes(node->raft, LIMIT_BATCH_BYTES, &writes);
    bool mark = !persist->from_raft && node->env.now_ms >= mark_due_ms(node);
    if (!persist->from_raft && !mark)
        return NULL;
    memset(request, 0, sizeof *request);
    request->mark = mark;
    if (persist->from_raft) {
        request->write_vote = writes.vote;
        request->term = writes.term;
        request->vote = writes.voted_for;
        request->rolled_back = writes.rolled_back;
        request->reset = writes.reset;
        request->reset_index = writes.reset_index;
        request->reset_term = writes.reset_term;
        hold_entries(node, &writes);
    }
    /* On a full disk a batch leaves all the room to entries; the mark behind it has room of its own. */
    bool along = (request->reset || request->entry_count > 0) && !persist->full &&
                 node->env.now_ms - persist->told_ms >= NODE_COMMIT_MS;
    if ((mark || along) && persist_owes(node)) {
        request->commit = persist->told_commit = raft_commit_handed(node->raft);
        persist->told_ms = node->env.now_ms;
    }
    memcpy(request->spares, persist->spares, sizeof request->spares);
    request->spare_count = persist->spare_count;
    persist->room_bytes += persist->spare_count * disk_segment_room_bytes(node->disk);
    persist->wal_spares += persist->spare_count;
    persist->spare_count = 0;
    persist->busy = true;
    persist->stall_said = false;
    persist->begun_ms = node->env.now_ms;
    return request;
}

static void batch_failed(struct node *node, const struct disk_log *request)
{
    node->persist.failed = true;
    event_begin(&node->env, LOG_DISK_FAILED);
    event_text(&node->env, "reason", request->reason);
    event_end(&node->env);
    /* What the failed write claims is never claimed. A leader may still hand over, unless its vote is in doubt. */
    bool hands_over = !request->write_vote && raft_transfer(node->raft, 0);
    memcpy(node->env.stop_reason, request->reason, sizeof node->env.stop_reason);
    node->shutting_down = true;
    node->shutdown_ms = node->env.now_ms;
    if (!hands_over)
        env_stop(&node->env, LOG_STOPPED, request->reason);
}

void node_log_done(struct node *node, struct disk_log *request)
{
    struct persist *persist = &node->persist;
    ensure(persist->busy && request == &persist->request);
    persist->busy = false;
    persist->batch_bytes = 0;
    for (size_t i = 0; i < request->entry_count; i++)
        blob_release(persist->entries[i].payload);
    if (request->status != DISK_OK) {
        batch_failed(node, request);
        return;
    }
    persist->done_ms = node->env.now_ms;
    persist->marked = request->marked;
    persist->sync_us = request->sync_us;
    persist->batches++;
    meter_duration(&node->env.meter.syncs, request->sync_us);
    persist->room_bytes = disk_room_bytes(node->disk);
    persist->wal_spares = disk_spares(node->disk);
    if (persist->from_raft)
        raft_written(node->raft);
}

/* A leader whose disk does not answer hands over, or if that comes to nothing steps down: it may never answer. Alone it
 * can only wait. */
static void judge_stall(struct node *node)
{
    struct persist *persist = &node->persist;
    uint64_t since_ms = persist->busy ? node->env.now_ms - persist->begun_ms : 0;
    if (since_ms < NODE_STALL_MS || raft_role(node->raft) != RAFT_LEADER)
        return;
    bool alone = raft_configuration_quorum(raft_members(node->raft)) == 1;
    if (!persist->stall_said) {
        persist->stall_said = true;
        event_begin(&node->env, LOG_DISK_STALLS);
        event_number(&node->env, "since_ms", since_ms);
        event_end(&node->env);
        if (raft_transfer(node->raft, 0))
            return;
    }
    if (!alone && !raft_transferring(node->raft))
        raft_step_down(node->raft);
}

void persist_tick(struct node *node)
{
    struct persist *persist = &node->persist;
    tell_room(node);
    judge_stall(node);
    bool hands_over = raft_role(node->raft) == RAFT_LEADER && raft_transferring(node->raft);
    if (persist->failed && !node->env.stopping && !hands_over)
        env_stop(&node->env, LOG_STOPPED, node->env.stop_reason);
}

uint64_t persist_deadline_ms(const struct node *node)
{
    const struct persist *persist = &node->persist;
    uint64_t deadline_ms = mark_due_ms(node);
    enum disk_bulk_kind kind;
    uint64_t prepare = prepare_ms(node, &kind); /* one that is due is taken in this turn */
    if (!node->bulk.busy && prepare > node->env.now_ms && prepare < deadline_ms)
        deadline_ms = prepare;
    if (persist->busy && !persist->stall_said && raft_role(node->raft) == RAFT_LEADER &&
        persist->begun_ms + NODE_STALL_MS < deadline_ms)
        deadline_ms = persist->begun_ms + NODE_STALL_MS;
    return deadline_ms;
}
