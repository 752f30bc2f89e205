/* Messages on their way out. Nothing leaves while what it may claim, a term or a vote, is not durable (5.1, figure 2 of
 * the paper: "updated on stable storage before responding to RPCs"; and before asking for votes). */
#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "raft/internal.h"

bool raft_outbox_held(const struct raft *raft)
{
    if (raft->term != raft->durable_term || raft->vote != raft->durable_vote ||
        raft->rolled_back != raft->durable_rolled_back)
        return true;
    return raft->bootstrapped && raft->log.durable == 0;
}

void raft_outbox_add(struct raft *raft, const struct raft_message *message)
{
    ensure(message->to > 0 && message->to != raft->options.id);
    if (raft->outbox.count == RAFT_OUTBOX_MAX)
        return;
    if (raft->outbox.first + raft->outbox.count == raft->outbox.capacity) {
        if (raft->outbox.first > 0) {
            for (uint32_t i = 0; i < raft->outbox.count; i++)
                raft->outbox.messages[i] = raft->outbox.messages[raft->outbox.first + i];
            raft->outbox.first = 0;
        } else {
            raft->outbox.capacity = raft->outbox.capacity > 0 ? raft->outbox.capacity * 2 : 32;
            raft->outbox.messages =
                memory_resize(raft->outbox.messages, raft->outbox.capacity, sizeof *raft->outbox.messages);
        }
    }
    struct raft_message *queued = &raft->outbox.messages[raft->outbox.first + raft->outbox.count++];
    *queued = *message;
    queued->from = raft->options.id;
    if (queued->term == 0)
        queued->term = raft->term;
    ensure(queued->term > 0);
}

void raft_outbox_clear(struct raft *raft)
{
    raft->outbox.first = 0;
    raft->outbox.count = 0;
}

bool raft_take_message(struct raft *raft, struct raft_message *message)
{
    if (raft_outbox_held(raft))
        return false;
    while (raft->outbox.count > 0) {
        *message = raft->outbox.messages[raft->outbox.first++];
        if (--raft->outbox.count == 0)
            raft->outbox.first = 0;
        if (message->entry_count == 0)
            return true;
        ensure(message->type == RAFT_APPEND && raft->role == RAFT_LEADER);
        if (message->index < raft->log.base_index)
            continue; /* compacted meanwhile: as good as lost */
        ensure(message->index + message->entry_count <= raft_log_last(&raft->log));
        message->entries = raft_log_entry(&raft->log, message->index + 1);
        return true;
    }
    return false;
}
