#include "node/transfer/snapshots.h"

#include "base/ensure.h"
#include "node/event.h"
#include "store/dump.h"

/* The store is being walked for the one under way. */
static bool walks(const struct snapshots *snapshots)
{
    return snapshots->state == SNAPSHOT_BEGIN || (snapshots->state == SNAPSHOT_BLOCKS && !snapshots->complete);
}

static void set_distance(struct snapshots *snapshots, struct env *env, const struct store *store)
{
    /* The state must be written anew each time, so a large one is written after as much log; and every node goes by a
     * distance of its own, so that they do not write at the same time. */
    uint64_t every = env->options.snapshot_every_bytes;
    uint64_t memory = store_memory_bytes(store);
    every = every > memory ? every : memory;
    snapshots->every_bytes = every + every / 2 * random_between(&env->random, 0, 1000) / 1000;
}

static void begin(struct snapshots *snapshots, struct env *env, const struct raft *raft, struct store *store)
{
    ensure(snapshots->state == SNAPSHOT_IDLE && !store_dump_active(store));
    snapshots->index = store_applied(store);
    snapshots->term = raft_term_at(raft, snapshots->index);
    ensure(snapshots->term > 0);
    ensure(snapshots->index > snapshots->done_index && snapshots->index <= raft_commit(raft));
    snapshots->bytes = 0;
    snapshots->complete = false;
    snapshots->state = SNAPSHOT_BEGIN;
    store_dump_begin(store);
    set_distance(snapshots, env, store);
    snapshots->log_bytes = 0;
}

/* All there is to wait for is the time after one that had no room. */
static bool is_due(const struct snapshots *snapshots, const struct env *env, const struct store *store, bool receiving)
{
    return snapshots->state == SNAPSHOT_IDLE && snapshots->log_bytes >= snapshots->every_bytes &&
           !receiving && !env->stopping && store_applied(store) > snapshots->done_index;
}

void snapshots_applied(struct snapshots *snapshots, uint64_t bytes)
{
    snapshots->log_bytes += bytes;
}

void snapshots_tick(struct snapshots *snapshots, struct env *env, const struct raft *raft, struct store *store,
                    bool receiving)
{
    /* The log that the start found has been counted by now, and goes on counting: it may be that no life writes as much
     * as the whole distance. */
    if (snapshots->every_bytes == 0)
        set_distance(snapshots, env, store);
    if (env->now_ms >= snapshots->retry_ms && is_due(snapshots, env, store, receiving))
        begin(snapshots, env, raft, store);
}

uint64_t snapshots_deadline_ms(const struct snapshots *snapshots, const struct env *env, const struct store *store,
                               bool receiving)
{
    return is_due(snapshots, env, store, receiving) ? snapshots->retry_ms : UINT64_MAX;
}

void snapshots_abandon(struct snapshots *snapshots, struct store *store)
{
    ensure(store_dump_active(store) == walks(snapshots));
    if (store_dump_active(store))
        store_dump_cancel(store);
    if (snapshots->state == SNAPSHOT_BEGIN || snapshots->state == SNAPSHOT_BLOCKS)
        snapshots->state = SNAPSHOT_CANCEL;
}

void snapshots_installed(struct snapshots *snapshots, uint64_t index)
{
    ensure(index > snapshots->done_index && !walks(snapshots)); /* the store that was walked is gone */
    snapshots->done_index = index;
    snapshots->log_bytes = 0;
    snapshots->clean_due = true;
}

bool snapshots_next(struct snapshots *snapshots, const struct env *env, const struct raft *raft, struct store *store,
                    struct disk_bulk *request)
{
    ensure(snapshots->state == SNAPSHOT_IDLE || store_dump_active(store) == walks(snapshots));
    switch (snapshots->state) {
    case SNAPSHOT_IDLE:
        request->kind = DISK_CLEAN;
        if (!snapshots->clean_due)
            return false;
        snapshots->clean_due = false;
        return true;
    case SNAPSHOT_BEGIN:
        ensure(snapshots->index <= store_applied(store));
        request->kind = DISK_SNAPSHOT_BEGIN;
        request->index = snapshots->index;
        request->term = snapshots->term;
        request->configuration = *raft_members_at(raft, snapshots->index);
        return true;
    case SNAPSHOT_BLOCKS:
        ensure(!snapshots->complete);
        request->kind = DISK_SNAPSHOT_BLOCK;
        snapshots->complete = store_dump_step(store, &request->bytes, env->options.snapshot_block_bytes);
        snapshots->bytes += buffer_size(&request->bytes);
        return true;
    case SNAPSHOT_END:
        ensure(snapshots->complete);
        request->kind = DISK_SNAPSHOT_END;
        return true;
    case SNAPSHOT_CANCEL:
        request->kind = DISK_SNAPSHOT_CANCEL;
        return true;
    }
    return false;
}

/* The first entry that a peer will need soon. */
static uint64_t needed_soon(const struct env *env, const struct raft *raft, uint64_t needed, const uint32_t *linked,
                            uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct raft_peer_view view;
        if (!raft_peer(raft, linked[i], &view))
            continue;
        uint64_t silent_ms = env->now_ms - view.heard_ms;
        if (view.state == RAFT_PEER_SNAPSHOT || silent_ms >= 4 * env->options.election_max_ms)
            continue;
        if (view.match > 0 && view.match + 1 < needed)
            needed = view.match + 1;
    }
    return needed;
}

void snapshots_compact(const struct snapshots *snapshots, const struct env *env, struct raft *raft, uint64_t sent,
                       const uint32_t *linked, uint32_t count)
{
    uint64_t index = snapshots->index, keep = index, bytes = 0;
    uint64_t needed = needed_soon(env, raft, sent, linked, count);
    uint64_t first = raft_first_index(raft);
    ensure(snapshots->state == SNAPSHOT_IDLE && snapshots->done_index >= index); /* it is on the disk */
    if (keep > raft_last_index(raft))
        keep = raft_last_index(raft);
    while (keep >= first) {
        bool recent = index - keep < env->options.catchup_entries && bytes < env->options.catchup_bytes;
        if (!recent && (keep < needed || bytes >= LIMIT_NEEDED_BYTES))
            break;
        const struct raft_entry *entry = raft_entry(raft, keep);
        bytes += (entry->payload ? entry->payload->size : 0) + sizeof *entry;
        keep--;
    }
    if (keep >= first)
        raft_compact(raft, keep);
}

static void finished(struct snapshots *snapshots, struct env *env)
{
    ensure(snapshots->state == SNAPSHOT_END && snapshots->complete);
    snapshots->state = SNAPSHOT_IDLE;
    if (snapshots->done_index < snapshots->index)
        snapshots->done_index = snapshots->index;
    snapshots->clean_due = true;
    snapshots->count++;
    event_begin(env, LOG_SNAPSHOT_WRITTEN);
    event_number(env, "index", snapshots->index);
    event_number(env, "term", snapshots->term);
    event_number(env, "bytes", snapshots->bytes);
    event_end(env);
}

static void failed(struct snapshots *snapshots, struct env *env, struct store *store, const struct disk_bulk *request)
{
    ensure(snapshots->state != SNAPSHOT_IDLE);
    if (store_dump_active(store))
        store_dump_cancel(store);
    snapshots->state = SNAPSHOT_IDLE;
    snapshots->retry_ms = env->now_ms + SNAPSHOTS_RETRY_MS;
    snapshots->log_bytes = snapshots->every_bytes; /* it stays due */
    if (complaint_begin(env, LOG_SNAPSHOT_FAILED, 0, "", request->reason))
        event_end(env); /* it is tried again every few seconds */
}

bool snapshots_done(struct snapshots *snapshots, struct env *env, struct store *store,
                    const struct disk_bulk *request)
{
    if (request->kind == DISK_CLEAN)
        return false;
    if (request->kind == DISK_SNAPSHOT_CANCEL) {
        ensure(snapshots->state == SNAPSHOT_CANCEL);
        snapshots->state = SNAPSHOT_IDLE;
        return false;
    }
    if (snapshots->state == SNAPSHOT_CANCEL)
        return false;
    if (request->status != DISK_OK) {
        failed(snapshots, env, store, request);
        return false;
    }
    if (request->kind == DISK_SNAPSHOT_BEGIN) {
        ensure(snapshots->state == SNAPSHOT_BEGIN);
        snapshots->state = SNAPSHOT_BLOCKS;
    } else if (request->kind == DISK_SNAPSHOT_BLOCK && snapshots->complete) {
        ensure(snapshots->state == SNAPSHOT_BLOCKS);
        snapshots->state = SNAPSHOT_END;
    } else if (request->kind == DISK_SNAPSHOT_END) {
        finished(snapshots, env);
        return true;
    }
    return false;
}
