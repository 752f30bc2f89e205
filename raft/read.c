/* Linearizable reads (6.4 of the dissertation): the leader remembers its commit index, makes sure with a round of
 * heartbeats begun after the read came that it still leads, and then says up to where the store must have applied. All
 * reads of a turn share one round. */
#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "raft/internal.h"

static struct raft_read_request *queue_at(const struct raft_read_queue *queue, uint32_t place)
{
    ensure(place < queue->count);
    return &queue->requests[(queue->first + place) & (queue->capacity - 1)];
}

static void queue_drop(struct raft_read_queue *queue, uint32_t count)
{
    ensure(count <= queue->count);
    queue->first += count;
    queue->count -= count;
}

static void queue_add(struct raft_read_queue *queue, const struct raft_read_request *request)
{
    if (queue->count == queue->capacity) {
        uint32_t capacity = queue->capacity > 0 ? queue->capacity * 2 : 16;
        struct raft_read_request *requests = memory_resize(NULL, capacity, sizeof *requests);
        for (uint32_t i = 0; i < queue->count; i++)
            requests[i] = *queue_at(queue, i);
        free(queue->requests);
        queue->requests = requests;
        queue->capacity = capacity;
        queue->first = 0;
    }
    queue->count++;
    *queue_at(queue, queue->count - 1) = *request;
}

static bool full(const struct raft *raft)
{
    return raft->asked.count + raft->confirmed.count >= RAFT_READS_MAX;
}

static void confirm(struct raft *raft, uint64_t id, uint64_t index)
{
    ensure(raft->confirmed.count < RAFT_READS_MAX);
    struct raft_read_request request = {.id = id, .index = index};
    queue_add(&raft->confirmed, &request);
}

void raft_read_drop(struct raft *raft)
{
    queue_drop(&raft->asked, raft->asked.count);
    raft->leading.round_due = false;
}

void raft_read_close(struct raft *raft)
{
    free(raft->asked.requests);
    free(raft->confirmed.requests);
}

/* --- the leader ------------------------------------------------------------------------------------------------- */

static void lead_read(struct raft *raft, uint64_t id, uint32_t from)
{
    ensure(raft->role == RAFT_LEADER && !full(raft));
    /* Until the term's first entry is committed the leader does not know what is: everything that is lies before it. */
    struct raft_read_request request = {
        .id = id,
        .from = from,
        .round = raft->leading.round + 1,
        .index = raft->commit > raft->leading.noop ? raft->commit : raft->leading.noop,
    };
    queue_add(&raft->asked, &request);
    raft->leading.round_due = true;
    raft->leading.worked_ms = raft->now_ms;
    raft_read_confirm(raft);
}

static uint64_t peer_round(const struct raft_progress *peer)
{
    return peer->round;
}

void raft_read_confirm(struct raft *raft)
{
    ensure(raft->role == RAFT_LEADER);
    if (raft->asked.count == 0)
        return;
    uint64_t round = raft_quorum_index(raft, UINT64_MAX, peer_round);
    while (raft->asked.count > 0) {
        const struct raft_read_request *request = queue_at(&raft->asked, 0);
        if (request->round > round || request->index > raft->commit)
            return;
        struct raft_message reply = {
            .type = RAFT_READ_REPLY,
            .to = request->from,
            .round = request->id,
            .ok = true,
            .match = request->index,
        };
        queue_drop(&raft->asked, 1);
        if (reply.to == 0) {
            confirm(raft, reply.round, reply.match);
        } else {
            raft_outbox_add(raft, &reply);
            raft_tell(raft, reply.to); /* it reads when it has applied so much */
        }
    }
}

void raft_handle_read_request(struct raft *raft, const struct raft_message *message)
{
    ensure(message->type == RAFT_READ && message->term == raft->term);
    if (raft->role == RAFT_LEADER && raft_peers_find(raft, message->from) && !full(raft))
        lead_read(raft, message->round, message->from);
}

/* --- anyone ----------------------------------------------------------------------------------------------------- */

bool raft_read(struct raft *raft, uint64_t id)
{
    if (full(raft) || raft_leader(raft) == 0)
        return false;
    if (raft->role == RAFT_LEADER) {
        lead_read(raft, id, 0);
        return true;
    }
    /* Asked under a token of its own: an answer to another life of this node must not be taken for this one's. */
    struct raft_read_request request = {.id = id, .round = ++raft->read_token};
    queue_add(&raft->asked, &request);
    struct raft_message message = {.type = RAFT_READ, .to = raft->leader, .round = request.round};
    raft_outbox_add(raft, &message);
    return true;
}

void raft_handle_read_reply(struct raft *raft, const struct raft_message *message)
{
    ensure(message->type == RAFT_READ_REPLY && message->term == raft->term);
    if (raft->role == RAFT_LEADER || raft->leader != message->from || !message->ok || raft->asked.count == 0)
        return;
    uint64_t place = message->round - queue_at(&raft->asked, 0)->round; /* tokens follow each other */
    if (place >= raft->asked.count)
        return;
    /* The leader answers in order: what was asked before and is still open was lost. */
    uint64_t id = queue_at(&raft->asked, (uint32_t)place)->id;
    queue_drop(&raft->asked, (uint32_t)place + 1);
    confirm(raft, id, message->match);
}

bool raft_take_read(struct raft *raft, uint64_t *id, uint64_t *index)
{
    if (raft->confirmed.count == 0)
        return false;
    *id = queue_at(&raft->confirmed, 0)->id;
    *index = queue_at(&raft->confirmed, 0)->index;
    queue_drop(&raft->confirmed, 1);
    return true;
}
