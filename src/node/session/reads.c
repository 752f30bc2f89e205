#include "node/session/reads.h"

#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "node/session/client.h"
#include "node/session/session.h"

void reads_init(struct reads *reads)
{
    *reads = (struct reads){0};
    list_init(&reads->fresh);
    list_init(&reads->asked);
    list_init(&reads->confirmed);
}

static void batches_free(struct list *batches)
{
    while (!list_empty(batches)) {
        struct read_batch *batch = list_item(batches->next, struct read_batch, batches);
        ensure(list_empty(&batch->pendings));
        list_remove(&batch->batches);
        free(batch);
    }
}

void reads_close(struct reads *reads)
{
    ensure(list_empty(&reads->fresh));
    batches_free(&reads->asked);
    batches_free(&reads->confirmed);
}

void reads_add(struct reads *reads, struct pending *pending)
{
    ensure(pending->state == PENDING_READ);
    list_add_last(&reads->fresh, &pending->queue);
}

/* What was asked is asked again, together with what is fresh: a later index serves an earlier read as well. */
static void ask_again(struct reads *reads)
{
    while (!list_empty(&reads->asked)) {
        struct read_batch *batch = list_item(reads->asked.next, struct read_batch, batches);
        ensure(batch->index == 0); /* it is not confirmed */
        list_move(&reads->fresh, &batch->pendings);
        list_remove(&batch->batches);
        free(batch);
    }
}

void reads_ask(struct session *session)
{
    struct reads *reads = &session->reads;
    if (!list_empty(&reads->asked)) {
        const struct read_batch *oldest = list_item(reads->asked.next, struct read_batch, batches);
        ensure(oldest->id <= reads->last_id && session->env->now_ms >= oldest->asked_ms);
        if (reads->term != raft_term(session->raft) || session->env->now_ms - oldest->asked_ms >= NODE_RETRY_MS)
            ask_again(reads);
    }
    if (list_empty(&reads->fresh) || raft_leader(session->raft) == 0)
        return;
    if (!raft_read(session->raft, reads->last_id + 1))
        return;
    struct read_batch *batch = memory_get(sizeof *batch);
    batch->id = ++reads->last_id;
    batch->asked_ms = session->env->now_ms;
    list_init(&batch->pendings);
    list_move(&batch->pendings, &reads->fresh);
    list_add_last(&reads->asked, &batch->batches);
    reads->term = raft_term(session->raft);
}

/* The batches up to ID are confirmed at INDEX: what was asked earlier began earlier, so the index serves it too. */
static void confirm_batches(struct reads *reads, uint64_t id, uint64_t index)
{
    while (!list_empty(&reads->asked)) {
        struct read_batch *batch = list_item(reads->asked.next, struct read_batch, batches);
        if (batch->id > id)
            return;
        ensure(batch->index == 0);
        batch->index = index;
        list_remove(&batch->batches);
        list_add_last(&reads->confirmed, &batch->batches);
    }
}

static void answer_batch(struct session *session, struct read_batch *batch)
{
    ensure(batch->index <= store_applied(session->store));
    while (!list_empty(&batch->pendings)) {
        struct pending *pending = list_item(batch->pendings.next, struct pending, queue);
        list_remove(&pending->queue);
        ensure(pending->state == PENDING_READ);
        pending->state = PENDING_CONFIRMED;
        client_advance(session, pending->client);
    }
}

void reads_confirm(struct session *session)
{
    struct reads *reads = &session->reads;
    uint64_t id, index;
    while (raft_take_read(session->raft, &id, &index))
        confirm_batches(reads, id, index);
    struct list *link = reads->confirmed.next;
    while (link != &reads->confirmed) {
        struct read_batch *batch = list_item(link, struct read_batch, batches);
        link = link->next;
        if (batch->index > store_applied(session->store))
            continue;
        answer_batch(session, batch);
        list_remove(&batch->batches);
        free(batch);
    }
}

uint64_t reads_deadline_ms(const struct session *session)
{
    const struct reads *reads = &session->reads;
    if (list_empty(&reads->asked))
        return UINT64_MAX;
    return list_item(reads->asked.next, struct read_batch, batches)->asked_ms + NODE_RETRY_MS;
}
