/* The leader's side of AppendEntries: what each peer gets, and what its answers tell (5.3 of the paper; batching and
 * pipelining as in 10.2.1 and 10.2.2 of the dissertation). */
#include "base/ensure.h"
#include "raft/internal.h"

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* --- sending ---------------------------------------------------------------------------------------------------- */

/* COUNT entries after PREVIOUS, whose term is known here. */
static void send_append(struct raft *raft, struct raft_progress *peer, uint64_t previous, uint32_t count)
{
    ensure(previous >= raft->log.base_index && previous + count <= raft_log_last(&raft->log));
    /* The peer may commit no more than what this message confirms. */
    uint64_t commit = smaller(raft->commit, previous + count);
    struct raft_message message = {
        .type = RAFT_APPEND,
        .to = peer->id,
        .index = previous,
        .log_term = raft_log_term(&raft->log, previous),
        .commit = commit,
        .round = raft->leading.round,
        .time_ms = raft->time_ms,
        .entry_count = count,
    };
    raft_outbox_add(raft, &message);
    if (commit > peer->commit_told)
        peer->commit_told = commit;
}

/* A heartbeat claims only what is known to be there, since it may overtake entries on their way. */
static void send_heartbeat(struct raft *raft, struct raft_progress *peer)
{
    if (peer->match >= raft->log.base_index)
        send_append(raft, peer, peer->match, 0);
    else {
        struct raft_message message = {
            .type = RAFT_APPEND,
            .to = peer->id,
            .round = raft->leading.round,
            .time_ms = raft->time_ms,
        };
        raft_outbox_add(raft, &message);
    }
}

/* A link that is slower than its queue is long looks like one that loses things, and sending all again makes it slower
 * still: so each setback takes three quarters off what is under way, and doubles the time that it may take. */
enum { SETBACKS_MAX = 3, SETBACK_FORGOTTEN = 8 /* times the patience */ };

static uint64_t patience_ms(const struct raft *raft, const struct raft_progress *peer)
{
    return (uint64_t)raft->options.election_min_ms << peer->setbacks;
}

static uint64_t append_max(const struct raft *raft, const struct raft_progress *peer)
{
    return raft->options.append_bytes_max >> 2 * peer->setbacks;
}

static uint64_t inflight_max(const struct raft *raft, const struct raft_progress *peer)
{
    return raft->options.inflight_bytes_max >> 2 * peer->setbacks;
}

/* How many entries from FIRST on go into one message of at most BYTES_MAX, at least one. *BYTES is what they take. */
static uint32_t batch(const struct raft *raft, uint64_t first, uint64_t bytes_max, uint64_t *bytes)
{
    uint64_t last = raft_log_last(&raft->log);
    ensure(first <= last);
    uint32_t count = 0;
    *bytes = 0;
    while (count < RAFT_MESSAGE_ENTRIES_MAX && first + count <= last) {
        const struct raft_entry *entry = raft_log_entry(&raft->log, first + count);
        uint64_t more = RAFT_ENTRY_OVERHEAD + (uint64_t)(entry->payload ? entry->payload->size : 0);
        if (count > 0 && *bytes + more > bytes_max)
            break;
        *bytes += more;
        count++;
    }
    return count;
}

enum { HOLD_PART = 4 /* less than this part of a full message is little */ };

/* While messages are under way, a few new entries wait until one is answered, or for a moment: over there they would
 * wait for the disk, and each message costs a wake-up. With two under way that disk is still never idle. */
static bool holds(const struct raft *raft, const struct raft_progress *peer, uint64_t bytes)
{
    uint32_t enough = raft->options.hold_count;
    return enough > 0 && peer->inflight_count >= enough && bytes < raft->options.append_bytes_max / HOLD_PART &&
           raft->now_ms - peer->sent_ms < RAFT_HOLD_MS;
}

/* What the window lets through. Returns whether anything was sent. */
static bool send_window(struct raft *raft, struct raft_progress *peer)
{
    bool sent = false;
    peer->held = false;
    while (peer->next <= raft_log_last(&raft->log) && peer->inflight_count < raft->options.inflight_count_max) {
        uint64_t most = inflight_max(raft, peer);
        uint64_t room = most - smaller(most, peer->inflight_bytes);
        uint64_t bytes;
        uint32_t count = batch(raft, peer->next, smaller(append_max(raft, peer), room), &bytes);
        if (bytes > room && peer->inflight_count > 0)
            break;
        peer->held = holds(raft, peer, bytes);
        if (peer->held)
            break;
        send_append(raft, peer, peer->next - 1, count);
        raft_progress_sent(peer, peer->next + count - 1, bytes, raft->now_ms);
        sent = true;
    }
    return sent;
}

/* One message, then none until it is answered or the next heartbeat is due. */
static bool send_probe(struct raft *raft, struct raft_progress *peer)
{
    if (peer->probe_sent)
        return false;
    uint32_t count = 0;
    if (peer->probe_full && peer->next <= raft_log_last(&raft->log)) {
        uint64_t bytes;
        count = batch(raft, peer->next, append_max(raft, peer), &bytes);
    }
    peer->probe_sent = true;
    peer->probe_full = false;
    send_append(raft, peer, peer->next - 1, count);
    return true;
}

static bool send_entries(struct raft *raft, struct raft_progress *peer)
{
    if (peer->state == RAFT_PEER_SNAPSHOT)
        return false;
    if (peer->next - 1 < raft->log.base_index) { /* what comes before its next entry is compacted */
        if (peer->heard)
            raft_progress_snapshot(peer);
        return false;
    }
    if (peer->state == RAFT_PEER_PROBE)
        return send_probe(raft, peer);
    if (send_window(raft, peer))
        return true;
    /* A new commit index goes with the next entries or the next heartbeat, unless somebody waits for it there. */
    if (!peer->commit_wanted)
        return false;
    peer->commit_wanted = false;
    if (peer->commit_told >= smaller(raft->commit, peer->next - 1))
        return false;
    send_append(raft, peer, peer->next - 1, 0);
    return true;
}

/* Followers answer what is of a new round at once, so a heartbeat begins one where an answer is wanted: by a read,
 * from a peer that owes one, or because the last was a while ago (CheckQuorum lives on answers). A cluster at rest
 * has one in every few heartbeats. */
static bool wants_answers(const struct raft *raft)
{
    if (raft->asked.count > 0 || raft->now_ms - raft->leading.round_ms >= raft->options.election_min_ms / 2)
        return true;
    for (uint32_t i = 0; i < raft->peer_count; i++)
        if (raft->peers[i].round < raft->leading.round || raft->peers[i].state != RAFT_PEER_REPLICATE)
            return true;
    return false;
}

void raft_replicate_flush(struct raft *raft)
{
    ensure(raft->role == RAFT_LEADER);
    bool heartbeat = raft->leading.heartbeat_due || raft->leading.round_due;
    if (raft->leading.round_due || (raft->leading.heartbeat_due && wants_answers(raft))) {
        raft->leading.round++;
        raft->leading.round_ms = raft->now_ms;
    }
    raft->leading.heartbeat_due = false;
    raft->leading.round_due = false;
    for (uint32_t i = 0; i < raft->peer_count; i++) {
        struct raft_progress *peer = &raft->peers[i];
        if (!send_entries(raft, peer) && heartbeat)
            send_heartbeat(raft, peer);
    }
}

/* At every heartbeat: a probe may go out again, and what was sent long ago without an answer may be lost. */
void raft_replicate_stalled(struct raft *raft, struct raft_progress *peer)
{
    ensure(raft->role == RAFT_LEADER);
    peer->probe_sent = false;
    if (peer->state == RAFT_PEER_REPLICATE && peer->inflight_count > 0 &&
        raft->now_ms - peer->moved_ms >= patience_ms(raft, peer)) {
        raft_progress_probe(peer, peer->match + 1);
        peer->setbacks += peer->setbacks < SETBACKS_MAX;
        peer->setback_ms = raft->now_ms;
    } else if (peer->setbacks > 0 && raft->now_ms - peer->setback_ms >= SETBACK_FORGOTTEN * patience_ms(raft, peer)) {
        peer->setbacks--;
        peer->setback_ms = raft->now_ms;
    }
}

/* --- answers ---------------------------------------------------------------------------------------------------- */

static void matched(struct raft *raft, struct raft_progress *peer, const struct raft_message *message)
{
    uint64_t next_before = peer->next;
    bool more = raft_progress_matched(peer, message->match, raft->now_ms);
    ensure(peer->match < peer->next);
    /* It may hold more than is durable there: that need not be sent again. */
    uint64_t held = message->index > peer->match ? message->index : peer->match;
    switch (peer->state) {
    case RAFT_PEER_PROBE:
        if (more || held + 1 >= next_before)
            raft_progress_replicate(peer, held + 1, raft->now_ms);
        break;
    case RAFT_PEER_REPLICATE:
        raft_progress_held(peer, held, raft->now_ms);
        break;
    case RAFT_PEER_SNAPSHOT:
        if (peer->match >= raft->log.base_index)
            raft_progress_replicate(peer, held + 1, raft->now_ms);
        break;
    }
    if (more)
        raft_commit_advance(raft);
}

/* 5.3: "if AppendEntries fails because of log inconsistency: decrement nextIndex and retry", but by whole terms at once
 * (the end of 5.3). */
static void refused(struct raft *raft, struct raft_progress *peer, const struct raft_message *message)
{
    bool news = peer->state == RAFT_PEER_PROBE ? message->index == peer->next - 1
                                               : peer->state == RAFT_PEER_REPLICATE && message->index < peer->next;
    if (!news || message->index <= peer->match || message->match > message->index)
        return;
    uint64_t next = raft_log_find(&raft->log, message->match, message->log_term) + 1;
    if (next > message->index)
        next = message->index;
    if (next <= peer->match)
        next = peer->match + 1;
    raft_progress_probe(peer, next);
}

void raft_handle_append_reply(struct raft *raft, const struct raft_message *message)
{
    ensure(message->type == RAFT_APPEND_REPLY && message->term == raft->term);
    struct raft_progress *peer = raft_peers_find(raft, message->from);
    if (raft->role != RAFT_LEADER || !peer)
        return;
    uint64_t last = raft_log_last(&raft->log);
    if (message->match > last || message->index > last || message->round > raft->leading.round)
        return; /* nothing that this leader could have caused */
    peer->heard = true;
    peer->heard_ms = raft->now_ms;
    peer->probe_full = true;
    if (message->round > peer->round)
        peer->round = message->round;
    if (message->ok)
        matched(raft, peer, message);
    else
        refused(raft, peer, message);
    raft_read_confirm(raft);
    raft_transfer_go_on(raft);
}
