#include "raft/raft.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "raft/internal.h"

/* --- life ------------------------------------------------------------------------------------------------------- */

static void check_options(const struct raft_options *options)
{
    ensure(options->id > 0);
    ensure(options->election_min_ms > 0 && options->election_min_ms <= options->election_max_ms);
    ensure(options->heartbeat_ms > 0 && options->heartbeat_ms < options->election_min_ms);
    ensure(options->gone_min_ms <= options->gone_max_ms);
    ensure(options->append_bytes_max > 0 && options->inflight_bytes_max > 0);
    ensure(options->inflight_count_max > 0 && options->inflight_count_max <= RAFT_INFLIGHT_MAX);
}

struct raft *raft_open(const struct raft_options *options, const struct raft_start *start)
{
    check_options(options);
    ensure(start->commit >= start->base_index);
    struct raft *raft = memory_get(sizeof *raft);
    raft->options = *options;
    raft->random.state = options->seed;
    raft->term = raft->durable_term = start->term;
    raft->vote = raft->durable_vote = start->vote;
    raft->rolled_back = raft->durable_rolled_back = start->rolled_back;
    raft->commit = start->commit;
    raft->election.deadline_ms = UINT64_MAX;
    raft->writes.allowed = UINT64_MAX;
    raft->read_token = random_u64(&raft->random) >> 1;
    if (raft->term < start->base_term) {
        /* The snapshot was durable before the term that it ends in was: nothing of that term was said. */
        raft->term = start->base_term;
        raft->vote = 0;
    }
    raft_log_init(&raft->log, start->base_index, start->base_term, &start->configuration);
    raft_peers_sync(raft);
    return raft;
}

void raft_load(struct raft *raft, const struct raft_entry *entry)
{
    ensure(!raft->begun);
    bool changed = raft_log_append(&raft->log, entry);
    raft_log_hand(&raft->log, entry->index);
    raft_log_written(&raft->log);
    if (changed)
        raft_peers_sync(raft);
}

void raft_begin(struct raft *raft, uint64_t now_ms)
{
    ensure(!raft->begun);
    ensure(raft->commit <= raft_log_last(&raft->log) && raft->term >= raft_log_last_term(&raft->log));
    raft->begun = true;
    raft->now_ms = now_ms;
    raft_election_begin(raft);
}

void raft_close(struct raft *raft)
{
    raft_log_close(&raft->log);
    raft_read_close(raft);
    free(raft->outbox.messages);
    free(raft);
}

/* --- events in -------------------------------------------------------------------------------------------------- */

void raft_tick(struct raft *raft, uint64_t now_ms)
{
    ensure(raft->begun && now_ms >= raft->now_ms);
    raft->now_ms = now_ms;
    if (raft->role == RAFT_LEADER)
        raft_heartbeat_tick(raft);
    else
        raft_election_tick(raft);
}

/* Messages of the current term. */
static void step(struct raft *raft, const struct raft_message *message)
{
    ensure(message->term == raft->term);
    switch (message->type) {
    case RAFT_VOTE_REPLY:
        raft_handle_vote_reply(raft, message);
        break;
    case RAFT_APPEND:
        raft_handle_append_entries(raft, message);
        break;
    case RAFT_APPEND_REPLY:
        raft_handle_append_reply(raft, message);
        break;
    case RAFT_READ:
        raft_handle_read_request(raft, message);
        break;
    case RAFT_READ_REPLY:
        raft_handle_read_reply(raft, message);
        break;
    case RAFT_TIMEOUT_NOW:
        raft_handle_timeout_now(raft, message);
        break;
    case RAFT_PREVOTE:
    case RAFT_PREVOTE_REPLY:
    case RAFT_VOTE:
    case RAFT_MESSAGE_TYPE_END:
        break;
    }
}

void raft_step(struct raft *raft, const struct raft_message *message)
{
    ensure(raft->begun);
    if (message->to != raft->options.id || message->from == raft->options.id || message->from == 0)
        return;
    if (message->type == 0 || message->type >= RAFT_MESSAGE_TYPE_END || message->term == 0)
        return;
    /* These do not make a newer term known just by coming. */
    if (message->type == RAFT_PREVOTE || message->type == RAFT_VOTE) {
        raft_handle_vote_request(raft, message);
        return;
    }
    if (message->type == RAFT_PREVOTE_REPLY && (message->ok || message->term <= raft->term)) {
        raft_handle_vote_reply(raft, message);
        return;
    }
    /* 5.1: "if one server's current term is smaller than the other's, then it updates its current term to the larger
     * value. If a candidate or leader discovers that its term is out of date, it immediately reverts to follower." */
    if (message->term > raft->term)
        raft_become_follower(raft, message->term, 0);
    if (message->term == raft->term)
        step(raft, message);
    else if (message->type == RAFT_APPEND)
        raft_append_stale(raft, message);
}

void raft_set_time(struct raft *raft, uint64_t time_ms)
{
    raft->time_ms = time_ms; /* a newer leader may have set it back; what is proposed never goes back all the same */
}

void raft_roll_back(struct raft *raft)
{
    if (raft->rolled_back)
        return;
    raft->rolled_back = true;
    raft_outbox_clear(raft); /* a vote may wait there */
    if (raft->role != RAFT_FOLLOWER)
        raft_become_follower(raft, raft->term, 0);
    raft_timeout_arm(raft); /* it only waits to forget its leader now */
}

void raft_bootstrap(struct raft *raft, const struct raft_configuration *configuration, uint64_t time_ms)
{
    ensure(raft_log_last(&raft->log) == 0 && raft->commit == 0);
    struct buffer bytes = {0};
    raft_configuration_encode(configuration, &bytes);
    struct blob *payload = blob_new(buffer_size(&bytes));
    if (!payload)
        memory_out(buffer_size(&bytes), __func__);
    memcpy(payload->bytes, buffer_start(&bytes), buffer_size(&bytes));
    buffer_close(&bytes);
    struct raft_entry entry = {
        .index = 1, .term = 1, .time_ms = time_ms, .type = RAFT_ENTRY_CONFIGURATION, .payload = payload};
    if (raft->term < 1)
        raft_become_follower(raft, 1, 0);
    bool changed = raft_log_append(&raft->log, &entry);
    ensure(changed);
    blob_release(payload);
    raft->bootstrapped = true;
    raft->commit = 1; /* the same on every node, by how the cluster forms */
    raft_peers_sync(raft);
    if (raft->begun)
        raft_election_begin(raft);
}

/* --- what must be done ------------------------------------------------------------------------------------------ */

void raft_flush(struct raft *raft)
{
    ensure(raft->begun);
    if (raft->role == RAFT_LEADER)
        raft_replicate_flush(raft);
    else
        raft_append_flush(raft);
}

uint64_t raft_deadline_ms(const struct raft *raft)
{
    return raft->role == RAFT_LEADER ? raft_heartbeat_deadline_ms(raft) : raft->election.deadline_ms;
}
