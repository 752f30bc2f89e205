#include "node/replica/persist.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "node/event.h"

enum { LEADERS_OWN_BYTES = 64 /* no entry that a leader makes of itself is larger */ };
enum { SPARES_WANTED = 1, SPARES_WANTED_BUSY = 3 /* while the bulk thread has long work: it may not come in time */ };

void persist_init(struct persist *persist, const struct env *env, const struct disk *disk,
                  const struct disk_recovered *recovered)
{
    *persist = (struct persist){
        .room_bytes = disk_room_bytes(disk),
        .segment_room_bytes = disk_segment_room_bytes(disk),
        .wal_spares = disk_spares(disk),
        .done_ms = env->now_ms,
        .told_commit = recovered->commit,
        .full = recovered->full,
        .starved = recovered->starved,
        .reserved = recovered->reserved,
    };
    ensure(persist->full || !persist->starved);
}

void persist_close(struct persist *persist)
{
    ensure(!persist->busy);
    free(persist->entries);
}

/* --- room ------------------------------------------------------------------------------------------------------- */

static uint64_t room_bytes(const struct persist *persist)
{
    return persist->room_bytes + persist->spare_count * persist->segment_room_bytes;
}

/* Bytes that the log's entries will take which are not known to be durable; an upper bound. The batch under way counts
 * by itself as well: a new leader may have taken its entries out of the log, but not out of the file. */
static uint64_t promised_bytes(const struct persist *persist, const struct raft *raft)
{
    ensure(raft_last_index(raft) >= raft_durable_index(raft));
    ensure(persist->busy || persist->batch_bytes == 0);
    uint64_t entries = raft_last_index(raft) - raft_durable_index(raft);
    return persist->batch_bytes + raft_unwritten_bytes(raft) + entries * disk_record_bytes(8);
}

static bool fits(uint64_t room, uint64_t promised, size_t size, bool may_use_reserve)
{
    uint64_t reserve = may_use_reserve ? 0 : LIMIT_RESERVE_BYTES;
    return room >= promised + disk_record_bytes(size) + reserve;
}

bool persist_fits(const struct persist *persist, const struct raft *raft, size_t size, bool may_use_reserve)
{
    if (persist->failed || (persist->starved && !may_use_reserve))
        return false;
    return fits(room_bytes(persist), promised_bytes(persist, raft), size, may_use_reserve);
}

bool persist_has_room(const struct persist *persist, const struct env *env, const struct raft *raft)
{
    size_t largest = (size_t)env->limits.value_max_bytes + PAYLOAD_ALLOWANCE;
    return !persist->full || persist_fits(persist, raft, largest, false);
}

/* How many of a message's entries are taken. */
static uint32_t fitting(const struct persist *persist, const struct env *env, const struct raft *raft,
                        const struct raft_message *message)
{
    /* A follower whose disk is full goes on in memory: it acknowledges nothing, but hears what is committed and serves
     * its clients. */
    uint64_t behind = raft_unwritten_bytes(raft);
    for (uint32_t i = 0; i < message->entry_count; i++) {
        const struct raft_entry *entry = &message->entries[i];
        size_t size = entry->payload ? entry->payload->size : 0;
        if (persist->failed || behind + size > LIMIT_BEHIND_BYTES)
            return i;
        if (size > env->limits.value_max_bytes + PAYLOAD_ALLOWANCE)
            return i; /* no sound leader has it in its log */
        behind += size;
    }
    return message->entry_count;
}

void persist_step(const struct persist *persist, struct env *env, struct raft *raft, struct raft_message *message)
{
    uint32_t count = message->entry_count;
    /* What this node may not hold now is not taken: it comes again later. */
    message->entry_count = fitting(persist, env, raft, message);
    raft_step(raft, message);
    if (message->type == RAFT_APPEND && message->term == raft_term(raft) && raft_leader(raft) == message->from)
        clock_learn(&env->clock, message->term, message->time_ms, env->now_ms);
    message->entry_count = count;
}

bool persist_is_behind(const struct persist *persist, const struct env *env, const struct raft *raft)
{
    return persist->full &&
           raft_unwritten_bytes(raft) + env->limits.value_max_bytes + PAYLOAD_ALLOWANCE > LIMIT_BEHIND_BYTES;
}

/* Enough spares that the largest command fits, whatever the size of a segment; more while the bulk thread is busy. */
static bool wants_spare(const struct persist *persist, const struct env *env, bool long_work)
{
    size_t spares = persist->spare_count + persist->wal_spares;
    if (persist->failed || spares >= DISK_SPARES_MAX)
        return false;
    if (spares < (long_work ? SPARES_WANTED_BUSY : SPARES_WANTED))
        return true;
    return !fits(room_bytes(persist), 0, (size_t)env->limits.value_max_bytes + PAYLOAD_ALLOWANCE, false);
}

static bool wants_reserve(const struct persist *persist)
{
    return !persist->reserved && !persist->failed;
}

/* What is to be prepared next, and from when on; UINT64_MAX: nothing. A spare segment comes before the room for later
 * starts, which nobody waits for; but where this start used that up it comes first. */
static uint64_t prepare_ms(const struct persist *persist, const struct env *env, bool long_work,
                           enum disk_bulk_kind *kind)
{
    uint64_t due_ms = persist->full ? persist->retry_ms : 0;
    bool spare = wants_spare(persist, env, long_work), reserve = wants_reserve(persist);
    if (!spare && !reserve)
        return UINT64_MAX;
    *kind = reserve && (persist->starved || !spare) ? DISK_PREPARE_RESERVE : DISK_PREPARE_SEGMENT;
    if (*kind == DISK_PREPARE_RESERVE && !persist->starved && due_ms < persist->reserve_retry_ms)
        due_ms = persist->reserve_retry_ms;
    return due_ms;
}

bool persist_next(const struct persist *persist, const struct env *env, bool long_work, struct disk_bulk *request)
{
    return prepare_ms(persist, env, long_work, &request->kind) <= env->now_ms;
}

static void set_full(struct persist *persist, struct env *env, bool full, const char *reason)
{
    ensure(full || !persist->starved);
    if (full != persist->full) {
        event_begin(env, full ? LOG_DISK_FULL : LOG_DISK_HAS_ROOM);
        if (full)
            event_text(env, "reason", reason);
        event_end(env);
    }
    persist->full = full;
}

/* The log has all that it wants: only a later start on a disk that is full by then would lack what cannot be made. */
static void reserve_failed(struct persist *persist, struct env *env, const struct disk_bulk *request)
{
    ensure(!persist->reserved && !persist->starved);
    persist->reserve_retry_ms = env->now_ms + PERSIST_RESERVE_RETRY_MS;
    if (persist->unreserved_said)
        return;
    persist->unreserved_said = true;
    event_begin(env, LOG_NO_ROOM_FOR_STARTS);
    event_text(env, "reason", request->reason);
    event_end(env);
}

void persist_prepared(struct persist *persist, struct env *env, bool long_work, const struct disk_bulk *request)
{
    ensure(request->kind == DISK_PREPARE_SEGMENT || request->kind == DISK_PREPARE_RESERVE);
    bool failed = request->status != DISK_OK;
    persist->reserved = request->reserved;
    if (persist->reserved)
        persist->unreserved_said = false;
    if (failed && request->kind == DISK_PREPARE_RESERVE && !persist->starved) {
        reserve_failed(persist, env, request);
        return;
    }
    if (failed) {
        persist->retry_ms = env->now_ms + PERSIST_FULL_RETRY_MS;
    } else if (request->kind == DISK_PREPARE_SEGMENT) {
        ensure(persist->spare_count < DISK_SPARES_MAX);
        persist->spares[persist->spare_count++] = request->segment;
    }
    if (persist->reserved && !wants_spare(persist, env, long_work))
        persist->starved = false;
    set_full(persist, env, failed || persist->starved, request->reason);
}

/* --- batches ---------------------------------------------------------------------------------------------------- */

/* Lets raft hand out just what is certain to fit: what does not stays in the log, and is written when there is room. */
static void allow_entries(const struct persist *persist, struct raft *raft)
{
    uint64_t room = room_bytes(persist), taken = disk_record_bytes(0) * 3; /* a reset, a commit, a mark */
    uint64_t last = raft_durable_index(raft);
    /* Of a segment made of the reserve half is kept: a start can take over what is in the other half. */
    uint64_t kept = persist->starved ? persist->segment_room_bytes / 2 : 0;
    if (taken > room) {
        raft_writes_allow(raft, 0);
        return;
    }
    while (last < raft_last_index(raft) && taken <= LIMIT_BATCH_BYTES * 2) {
        const struct raft_entry *entry = raft_entry(raft, last + 1);
        size_t size = entry->payload ? entry->payload->size : 0;
        taken += disk_record_bytes(size);
        if (taken + (size > LEADERS_OWN_BYTES ? kept : 0) > room)
            break;
        last++;
    }
    raft_writes_allow(raft, last);
}

static void hold_entries(struct persist *persist, const struct raft *raft, const struct raft_writes *writes)
{
    size_t count = writes->last >= writes->first ? (size_t)(writes->last - writes->first + 1) : 0;
    ensure(count == 0 || (writes->first > raft_durable_index(raft) && writes->last <= raft_last_index(raft)));
    if (count > persist->capacity) {
        persist->capacity = count + count / 2;
        persist->entries = memory_resize(persist->entries, persist->capacity, sizeof *persist->entries);
    }
    for (size_t i = 0; i < count; i++) {
        persist->entries[i] = *raft_entry(raft, writes->first + i);
        if (persist->entries[i].payload)
            blob_hold(persist->entries[i].payload);
        persist->batch_bytes += disk_record_bytes(persist->entries[i].payload ? persist->entries[i].payload->size : 0);
    }
    ensure(count == 0 || persist->batch_bytes <= room_bytes(persist)); /* as they were allowed */
    persist->request.entries = persist->entries;
    persist->request.entry_count = count;
}

bool persist_owes(const struct persist *persist, const struct raft *raft)
{
    return !persist->failed && raft_commit_handed(raft) > persist->told_commit;
}

/* When a mark is due; UINT64_MAX: it is not. A follower hears of what is committed after its batch was written: the
 * mark waits a little for that, so that one is enough. What becomes known later has one of its own: all is at rest. */
static uint64_t mark_due_ms(const struct persist *persist, const struct env *env, const struct raft *raft)
{
    if (persist->busy || persist->failed || (persist->marked && !persist_owes(persist, raft)))
        return UINT64_MAX;
    if (env->shutting_down && persist_owes(persist, raft))
        return env->now_ms;
    bool known = raft_commit(raft) >= raft_durable_index(raft);
    return persist->done_ms + (known ? PERSIST_MARK_MS : PERSIST_MARK_LATE_MS);
}

struct disk_log *persist_take(struct persist *persist, const struct env *env, struct raft *raft)
{
    struct raft_writes writes;
    if (persist->busy || persist->failed || env->stopping)
        return NULL;
    struct disk_log *request = &persist->request;
    ensure(persist->batch_bytes == 0 && persist->spare_count <= DISK_SPARES_MAX);
    allow_entries(persist, raft);
    persist->from_raft = raft_take_writes(raft, LIMIT_BATCH_BYTES, &writes);
    bool mark = !persist->from_raft && env->now_ms >= mark_due_ms(persist, env, raft);
    if (!persist->from_raft && !mark)
        return NULL;
    memset(request, 0, offsetof(struct disk_log, reason));
    request->mark = mark;
    if (persist->from_raft) {
        request->write_vote = writes.vote;
        request->term = writes.term;
        request->vote = writes.voted_for;
        request->rolled_back = writes.rolled_back;
        request->reset = writes.reset;
        request->reset_index = writes.reset_index;
        request->reset_term = writes.reset_term;
        hold_entries(persist, raft, &writes);
    }
    /* On a full disk a batch leaves all the room to entries; the mark behind it has room of its own. */
    bool along = (request->reset || request->entry_count > 0) && !persist->full &&
                 env->now_ms - persist->told_ms >= PERSIST_COMMIT_MS;
    if ((mark || along) && persist_owes(persist, raft)) {
        request->commit = persist->told_commit = raft_commit_handed(raft);
        ensure(request->commit <= raft_commit(raft));
        persist->told_ms = env->now_ms;
    }
    memcpy(request->spares, persist->spares, sizeof request->spares);
    request->spare_count = persist->spare_count;
    persist->room_bytes += persist->spare_count * persist->segment_room_bytes;
    persist->wal_spares += persist->spare_count;
    persist->spare_count = 0;
    persist->busy = true;
    persist->stall_said = false;
    persist->begun_ms = env->now_ms;
    return request;
}

static void batch_failed(struct persist *persist, struct env *env, struct raft *raft, const struct disk_log *request)
{
    ensure(!persist->failed); /* nothing was handed out since */
    persist->failed = true;
    event_begin(env, LOG_DISK_FAILED);
    event_text(env, "reason", request->reason);
    event_end(env);
    /* What the failed write claims is never claimed. A leader may still hand over, unless its vote is in doubt. */
    bool hands_over = !request->write_vote && raft_transfer(raft, 0);
    memcpy(env->stop_reason, request->reason, sizeof env->stop_reason);
    env->shutting_down = true;
    env->shutdown_ms = env->now_ms;
    if (!hands_over)
        env_stop(env, LOG_STOPPED, request->reason);
}

void persist_done(struct persist *persist, struct env *env, struct raft *raft, const struct disk *disk,
                  struct disk_log *request)
{
    ensure(persist->busy && request == &persist->request);
    ensure(persist->from_raft || request->entry_count == 0);
    ensure(env->now_ms >= persist->begun_ms);
    persist->busy = false;
    persist->batch_bytes = 0;
    for (size_t i = 0; i < request->entry_count; i++)
        blob_release(persist->entries[i].payload);
    if (request->status != DISK_OK) {
        batch_failed(persist, env, raft, request);
        return;
    }
    persist->done_ms = env->now_ms;
    persist->marked = request->marked;
    persist->sync_us = request->sync_us;
    persist->batches++;
    meter_duration(&env->meter.syncs, request->sync_us);
    persist->room_bytes = disk_room_bytes(disk);
    persist->wal_spares = disk_spares(disk);
    if (persist->from_raft)
        raft_written(raft);
}

/* A leader whose disk does not answer hands over, or if that comes to nothing steps down: it may never answer. Alone it
 * can only wait. */
static void judge_stall(struct persist *persist, struct env *env, struct raft *raft)
{
    uint64_t since_ms = persist->busy ? env->now_ms - persist->begun_ms : 0;
    if (since_ms < PERSIST_STALL_MS || raft_role(raft) != RAFT_LEADER)
        return;
    bool alone = raft_configuration_quorum(raft_members(raft)) == 1;
    if (!persist->stall_said) {
        persist->stall_said = true;
        event_begin(env, LOG_DISK_STALLS);
        event_number(env, "since_ms", since_ms);
        event_end(env);
        if (raft_transfer(raft, 0))
            return;
    }
    if (!alone && !raft_transferring(raft))
        raft_step_down(raft);
}

void persist_tick(struct persist *persist, struct env *env, struct raft *raft)
{
    judge_stall(persist, env, raft);
    bool hands_over = raft_role(raft) == RAFT_LEADER && raft_transferring(raft);
    if (persist->failed && !env->stopping && !hands_over)
        env_stop(env, LOG_STOPPED, env->stop_reason);
}

uint64_t persist_deadline_ms(const struct persist *persist, const struct env *env, const struct raft *raft,
                             bool long_work, bool bulk_busy)
{
    uint64_t deadline_ms = mark_due_ms(persist, env, raft);
    enum disk_bulk_kind kind;
    uint64_t prepare = prepare_ms(persist, env, long_work, &kind); /* one that is due is taken in this turn */
    if (!bulk_busy && prepare > env->now_ms && prepare < deadline_ms)
        deadline_ms = prepare;
    if (persist->busy && !persist->stall_said && raft_role(raft) == RAFT_LEADER &&
        persist->begun_ms + PERSIST_STALL_MS < deadline_ms)
        deadline_ms = persist->begun_ms + PERSIST_STALL_MS;
    return deadline_ms;
}
