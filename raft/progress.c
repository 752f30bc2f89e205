#include "raft/progress.h"

#include "base/ensure.h"

static void inflight_clear(struct raft_progress *progress)
{
    progress->inflight_first = 0;
    progress->inflight_count = 0;
    progress->inflight_bytes = 0;
    progress->held = false;
}

void raft_progress_init(struct raft_progress *progress, uint64_t next, uint64_t now_ms)
{
    ensure(next > 0);
    uint32_t id = progress->id;
    bool counts = progress->counts;
    *progress = (struct raft_progress){.id = id, .counts = counts, .heard_ms = now_ms};
    raft_progress_probe(progress, next);
}

void raft_progress_probe(struct raft_progress *progress, uint64_t next)
{
    ensure(next > progress->match);
    inflight_clear(progress);
    progress->state = RAFT_PEER_PROBE;
    progress->next = next;
    progress->commit_told = 0; /* what was told before may be lost */
    progress->probe_sent = false;
    progress->probe_full = true;
    progress->snapshot_wanted = false;
}

void raft_progress_replicate(struct raft_progress *progress, uint64_t next, uint64_t now_ms)
{
    ensure(next > progress->match);
    inflight_clear(progress);
    progress->state = RAFT_PEER_REPLICATE;
    progress->next = next;
    progress->moved_ms = now_ms;
    progress->snapshot_wanted = false;
}

void raft_progress_snapshot(struct raft_progress *progress)
{
    ensure(progress->state != RAFT_PEER_SNAPSHOT);
    inflight_clear(progress);
    progress->state = RAFT_PEER_SNAPSHOT;
    progress->snapshot_wanted = true;
}

void raft_progress_sent(struct raft_progress *progress, uint64_t last, uint64_t bytes, uint64_t now_ms)
{
    ensure(progress->state == RAFT_PEER_REPLICATE && last >= progress->next);
    ensure(progress->inflight_count < RAFT_INFLIGHT_MAX);
    if (progress->inflight_count == 0)
        progress->moved_ms = now_ms;
    uint32_t place = (progress->inflight_first + progress->inflight_count) % RAFT_INFLIGHT_MAX;
    progress->inflight[place] = (struct raft_inflight){.last = last, .bytes = bytes};
    progress->inflight_count++;
    progress->inflight_bytes += bytes;
    progress->sent_ms = now_ms;
    progress->next = last + 1;
}

bool raft_progress_matched(struct raft_progress *progress, uint64_t match, uint64_t now_ms)
{
    ensure(progress->next > progress->match);
    if (match <= progress->match)
        return false;
    progress->match = match;
    if (progress->next <= match)
        progress->next = match + 1;
    progress->moved_ms = now_ms;
    raft_progress_held(progress, match, now_ms);
    return true;
}

void raft_progress_held(struct raft_progress *progress, uint64_t held, uint64_t now_ms)
{
    while (progress->inflight_count > 0 && progress->inflight[progress->inflight_first].last <= held) {
        ensure(progress->inflight_bytes >= progress->inflight[progress->inflight_first].bytes);
        progress->inflight_bytes -= progress->inflight[progress->inflight_first].bytes;
        progress->inflight_first = (progress->inflight_first + 1) % RAFT_INFLIGHT_MAX;
        progress->inflight_count--;
        progress->moved_ms = now_ms;
    }
}
