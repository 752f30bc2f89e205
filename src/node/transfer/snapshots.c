/* Own snapshots: begun after so much log, walked in small steps, a block at a time on its way to the disk; then the log
 * before it goes, but for what a follower that is a little behind may still need. */
#include "base/ensure.h"
#include "node/state.h"
#include "store/dump.h"

static void set_distance(struct node *node)
{
    struct snapshots *snapshots = &node->snapshots;
    /* The state must be written anew each time, so a large one is written after as much log; and every node goes by a
     * distance of its own, so that they do not write at the same time. */
    uint64_t every = node->env.options.snapshot_every_bytes;
    uint64_t memory = store_memory_bytes(node->store);
    every = every > memory ? every : memory;
    snapshots->every_bytes = every + every / 2 * random_between(&node->env.random, 0, 1000) / 1000;
}

static void begin(struct node *node)
{
    struct snapshots *snapshots = &node->snapshots;
    ensure(snapshots->state == SNAPSHOT_IDLE);
    snapshots->index = store_applied(node->store);
    snapshots->term = raft_term_at(node->raft, snapshots->index);
    ensure(snapshots->term > 0);
    snapshots->bytes = 0;
    snapshots->complete = false;
    snapshots->state = SNAPSHOT_BEGIN;
    store_dump_begin(node->store);
    set_distance(node);
    snapshots->log_bytes = 0;
}

/* All there is to wait for is the time after one that had no room. */
static bool is_due(const struct node *node)
{
    const struct snapshots *snapshots = &node->snapshots;
    return snapshots->state == SNAPSHOT_IDLE && snapshots->log_bytes >= snapshots->every_bytes &&
           node->receiving.state == RECEIVE_IDLE && !node->env.stopping &&
           store_applied(node->store) > snapshots->done_index;
}

void snapshots_tick(struct node *node)
{
    /* The log that the start found has been counted by now, and goes on counting: it may be that no life writes as much
     * as the whole distance. */
    if (node->snapshots.every_bytes == 0)
        set_distance(node);
    if (node->env.now_ms >= node->snapshots.retry_ms && is_due(node))
        begin(node);
}

uint64_t snapshots_deadline_ms(const struct node *node)
{
    return is_due(node) ? node->snapshots.retry_ms : UINT64_MAX;
}

void snapshots_abandon(struct node *node)
{
    if (store_dump_active(node->store))
        store_dump_cancel(node->store);
    if (node->snapshots.state == SNAPSHOT_BEGIN || node->snapshots.state == SNAPSHOT_BLOCKS)
        node->snapshots.state = SNAPSHOT_CANCEL;
}

bool snapshots_next(struct node *node, struct disk_bulk *request)
{
    struct snapshots *snapshots = &node->snapshots;
    if (node->receiving.state != RECEIVE_IDLE)
        snapshots_abandon(node); /* a newer state is on its way here */
    switch (snapshots->state) {
    case SNAPSHOT_IDLE:
        request->kind = DISK_CLEAN;
        if (!snapshots->clean_due)
            return false;
        snapshots->clean_due = false;
        return true;
    case SNAPSHOT_BEGIN:
        request->kind = DISK_SNAPSHOT_BEGIN;
        request->index = snapshots->index;
        request->term = snapshots->term;
        request->configuration = *raft_members_at(node->raft, snapshots->index);
        return true;
    case SNAPSHOT_BLOCKS:
        request->kind = DISK_SNAPSHOT_BLOCK;
        snapshots->complete = store_dump_step(node->store, &request->bytes, node->env.options.snapshot_block_bytes);
        snapshots->bytes += buffer_size(&request->bytes);
        return true;
    case SNAPSHOT_END:
        request->kind = DISK_SNAPSHOT_END;
        return true;
    case SNAPSHOT_CANCEL:
        request->kind = DISK_SNAPSHOT_CANCEL;
        return true;
    }
    return false;
}

/* The first entry that a peer will need soon: one that a snapshot is on its way to, or that follows from afar. Without
 * it each would be overtaken, and need the next snapshot, for ever. One that is not linked, or heard of, is not waited
 * for. */
static uint64_t needed_by_peers(const struct node *node)
{
    uint64_t needed = UINT64_MAX;
    if (node->sending.state != SEND_IDLE && node->sending.index > 0)
        needed = node->sending.index + 1;
    for (uint32_t i = 0; i < node->env.options.peer_count; i++) {
        struct raft_peer_view view;
        uint32_t id = node->env.options.peers[i].id;
        if (!peers_link(&node->peers, id, NODE_LINK_CONSENSUS) || !raft_peer(node->raft, id, &view))
            continue;
        uint64_t silent_ms = node->env.now_ms - view.heard_ms;
        if (view.state == RAFT_PEER_SNAPSHOT || silent_ms >= 4 * node->env.options.election_max_ms)
            continue;
        if (view.match > 0 && view.match + 1 < needed)
            needed = view.match + 1;
    }
    return needed;
}

/* The log in memory up to the snapshot goes, but for what lies shortly before it, and what peers need next. */
static void compact(struct node *node, uint64_t index)
{
    uint64_t keep = index, bytes = 0;
    uint64_t needed = needed_by_peers(node);
    uint64_t first = raft_first_index(node->raft);
    if (keep > raft_last_index(node->raft))
        keep = raft_last_index(node->raft);
    while (keep >= first) {
        bool recent = index - keep < node->env.options.catchup_entries && bytes < node->env.options.catchup_bytes;
        if (!recent && (keep < needed || bytes >= LIMIT_NEEDED_BYTES))
            break;
        const struct raft_entry *entry = raft_entry(node->raft, keep);
        bytes += (entry->payload ? entry->payload->size : 0) + sizeof *entry;
        keep--;
    }
    if (keep >= first)
        raft_compact(node->raft, keep);
}

static void finished(struct node *node)
{
    struct snapshots *snapshots = &node->snapshots;
    snapshots->state = SNAPSHOT_IDLE;
    if (snapshots->done_index < snapshots->index)
        snapshots->done_index = snapshots->index;
    snapshots->clean_due = true;
    snapshots->count++;
    compact(node, snapshots->index);
    event_begin(&node->env, LOG_SNAPSHOT_WRITTEN);
    event_number(&node->env, "index", snapshots->index);
    event_number(&node->env, "term", snapshots->term);
    event_number(&node->env, "bytes", snapshots->bytes);
    event_end(&node->env);
}

static void failed(struct node *node, const struct disk_bulk *request)
{
    if (store_dump_active(node->store))
        store_dump_cancel(node->store);
    node->snapshots.state = SNAPSHOT_IDLE;
    node->snapshots.retry_ms = node->env.now_ms + 10 * NODE_FULL_RETRY_MS;
    node->snapshots.log_bytes = node->snapshots.every_bytes; /* it stays due */
    if (complaint_begin(&node->env, LOG_SNAPSHOT_FAILED, 0, "", request->reason))
        event_end(&node->env); /* it is tried again every few seconds */
}

void snapshots_done(struct node *node, struct disk_bulk *request)
{
    struct snapshots *snapshots = &node->snapshots;
    if (request->kind == DISK_CLEAN)
        return;
    if (request->kind == DISK_SNAPSHOT_CANCEL) {
        snapshots->state = SNAPSHOT_IDLE;
        return;
    }
    if (snapshots->state == SNAPSHOT_CANCEL)
        return;
    if (request->status != DISK_OK) {
        failed(node, request);
        return;
    }
    if (request->kind == DISK_SNAPSHOT_BEGIN)
        snapshots->state = SNAPSHOT_BLOCKS;
    else if (request->kind == DISK_SNAPSHOT_BLOCK && snapshots->complete)
        snapshots->state = SNAPSHOT_END;
    else if (request->kind == DISK_SNAPSHOT_END)
        finished(node);
}
