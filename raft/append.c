/* The follower's side of AppendEntries (5.3, figure 2 of the paper). Answers are not one per message: at the end of a
 * turn a follower says how far its log, durably, equals the leader's, if there is something new to say. */
#include "base/ensure.h"
#include "raft/internal.h"

/* --- what can be true ------------------------------------------------------------------------------------------- */

static bool configuration_valid(const struct raft_entry *entry)
{
    struct raft_configuration configuration;
    return entry->payload &&
           raft_configuration_decode(entry->payload->bytes, entry->payload->size, &configuration);
}

/* A configuration in a format that this program does not know is not one that can be passed over. */
static bool brings_newer(const struct raft_message *message)
{
    for (uint32_t i = 0; i < message->entry_count && i < RAFT_MESSAGE_ENTRIES_MAX; i++) {
        const struct raft_entry *entry = &message->entries[i];
        if (entry->type == RAFT_ENTRY_CONFIGURATION && entry->payload &&
            raft_configuration_is_newer(entry->payload->bytes, entry->payload->size))
            return true;
    }
    return false;
}

/* No leader of this version says what this refuses. */
static bool possible(const struct raft_message *message)
{
    if (message->entry_count > RAFT_MESSAGE_ENTRIES_MAX || (message->index == 0) != (message->log_term == 0))
        return false;
    if (message->log_term > message->term || message->index > UINT64_MAX - message->entry_count)
        return false;
    uint64_t term = message->log_term;
    uint64_t time_ms = 0;
    for (uint32_t i = 0; i < message->entry_count; i++) {
        const struct raft_entry *entry = &message->entries[i];
        if (entry->index != message->index + i + 1 || entry->type == 0 || entry->time_ms < time_ms)
            return false;
        if (entry->term == 0 || entry->term < term || entry->term > message->term)
            return false;
        if (entry->type == RAFT_ENTRY_CONFIGURATION && !configuration_valid(entry))
            return false;
        term = entry->term;
        time_ms = entry->time_ms;
    }
    return true;
}

/* --- appending -------------------------------------------------------------------------------------------------- */

/* What was agreed on in this term, or is committed, equals the leader's log for good (5.4.3, Leader Completeness). */
static uint64_t agreed(const struct raft *raft)
{
    return raft->following.matched > raft->commit ? raft->following.matched : raft->commit;
}

/* Puts in what is missing. False, and nothing changed, where that would undo what is agreed. */
static bool store(struct raft *raft, const struct raft_message *message)
{
    /* Figure 2: "append any new entries not already in the log": what is there stays, so that a late or shorter message
     * takes nothing away; and what the snapshot holds is there. */
    uint32_t i = 0;
    while (i < message->entry_count) {
        const struct raft_entry *entry = &message->entries[i];
        if (entry->index > raft->log.base_index && raft_log_term(&raft->log, entry->index) != entry->term)
            break;
        i++;
    }
    if (i == message->entry_count)
        return true;
    uint64_t first = message->entries[i].index;
    if (first <= agreed(raft))
        return false;
    if (raft_log_term(&raft->log, first - 1) > message->entries[i].term)
        return false; /* terms never fall along a log: no leader sends this */
    bool changed = false;
    /* "If an existing entry conflicts with a new one, delete the existing entry and all that follow it." */
    if (first <= raft_log_last(&raft->log)) {
        ensure(first > raft->commit);
        changed = raft_log_truncate(&raft->log, first);
    }
    ensure(raft_log_last(&raft->log) + 1 == first);
    for (; i < message->entry_count; i++)
        changed = raft_log_append(&raft->log, &message->entries[i]) || changed;
    if (changed)
        raft_peers_sync(raft);
    return true;
}

static void accept(struct raft *raft, const struct raft_message *message)
{
    uint64_t confirmed = message->index + message->entry_count;
    if (!store(raft, message))
        return;
    if (raft->following.matched < confirmed)
        raft->following.matched = confirmed;
    if (raft->following.matched < raft->commit)
        raft->following.matched = raft->commit;
    ensure(raft->following.matched <= raft_log_last(&raft->log));
    if (raft->following.refused && raft->following.refused_index <= raft->following.matched)
        raft->following.refused = false; /* what came too early fits by now */
    /* Figure 2: "set commitIndex = min(leaderCommit, index of last new entry)": of this message, not of the log. */
    uint64_t commit = message->commit < confirmed ? message->commit : confirmed;
    if (commit > raft->commit)
        raft->commit = commit;
    /* Entries that are durable already were sent again because an answer was lost. */
    if (message->entry_count > 0 && confirmed <= raft->log.durable)
        raft->following.due = true;
}

void raft_handle_append_entries(struct raft *raft, const struct raft_message *message)
{
    ensure(message->type == RAFT_APPEND && message->term == raft->term);
    if (raft->role == RAFT_LEADER || (raft->leader != 0 && raft->leader != message->from))
        return; /* two leaders of one term cannot be */
    if (!possible(message)) {
        raft->met_newer = raft->met_newer || brings_newer(message);
        return;
    }
    if (raft->role != RAFT_FOLLOWER || raft->leader == 0)
        raft_become_follower(raft, message->term, message->from);
    raft_timeout_heard(raft);
    if (message->round > raft->following.round) {
        raft->following.round = message->round;
        raft->following.due = true;
    }
    bool fits = message->index <= raft->log.base_index ||
                raft_log_term(&raft->log, message->index) == message->log_term;
    if (fits) {
        accept(raft, message);
    } else if (message->index > agreed(raft)) {
        raft->following.due = true;
        raft->following.refused = true;
        raft->following.refused_index = message->index;
        raft->following.refused_term = message->log_term;
    }
}

/* --- answering -------------------------------------------------------------------------------------------------- */

/* 5.1: "if a server receives a request with a stale term number, it rejects the request". The old leader learns of the
 * newer term, and a node that was cut off and came back with a high term is not left out for ever. */
void raft_append_stale(struct raft *raft, const struct raft_message *message)
{
    ensure(message->term < raft->term);
    struct raft_message reply = {.type = RAFT_APPEND_REPLY, .to = message->from, .index = message->index};
    raft_outbox_add(raft, &reply);
}

void raft_append_flush(struct raft *raft)
{
    ensure(raft->role != RAFT_LEADER);
    if (raft->leader == 0 || raft_outbox_held(raft))
        return;
    uint64_t matched = raft->following.matched;
    uint64_t match = matched < raft->log.durable ? matched : raft->log.durable;
    if (!raft->following.due && match <= raft->following.replied)
        return;
    struct raft_message reply = {.type = RAFT_APPEND_REPLY, .to = raft->leader, .round = raft->following.round};
    if (raft->following.refused) {
        /* The last place worth trying: no entry after it can be the leader's, since its term would be too high. */
        uint64_t hint = raft_log_find(&raft->log, raft->following.refused_index - 1, raft->following.refused_term);
        reply.index = raft->following.refused_index;
        reply.match = hint > agreed(raft) ? hint : agreed(raft);
        reply.log_term = raft_log_term(&raft->log, reply.match);
    } else {
        reply.ok = true;
        reply.match = match;
        reply.index = matched;
        raft->following.replied = match > raft->following.replied ? match : raft->following.replied;
    }
    raft->following.due = false;
    raft->following.refused = false;
    raft_outbox_add(raft, &reply);
}
