#include "node/session/session.h"

#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "node/session/client.h"
#include "node/session/parse.h"
#include "node/session/txn.h"

void session_init(struct session *session, struct env *env, struct raft *raft, struct store *store)
{
    *session = (struct session){.env = env, .raft = raft, .store = store};
    session->gate = (struct session_gate){.writable = true, .leaderless_ms = env->now_ms};
    list_init(&session->clients);
    list_init(&session->outputs);
    list_init(&session->stalled);
    list_init(&session->ages);
    list_init(&session->waiting);
    list_init(&session->asking);
    reads_init(&session->reads);
}

void session_end(struct session *session)
{
    while (!list_empty(&session->clients))
        session_client_close(session, list_item(session->clients.next, struct node_client, all));
    ensure(list_empty(&session->ages) && list_empty(&session->waiting));
    ensure(session->client_count == 0 && session->held_bytes == 0);
    ensure(list_empty(&session->outputs) && list_empty(&session->stalled) && list_empty(&session->asking));
    reads_close(&session->reads);
}

struct node_client *session_client_open(struct session *session, struct connection *owner)
{
    if (session->client_count >= session->env->options.connections_max)
        return NULL;
    ensure(list_empty(&session->clients) == (session->client_count == 0));
    struct node_client *client = memory_get(sizeof *client);
    client->owner = owner;
    list_add_last(&session->clients, &client->all);
    session->client_count++;
    return client;
}

void session_client_close(struct session *session, struct node_client *client)
{
    while (client->head)
        client_drop_head(session, client);
    ensure(client->count == 0 && client->bytes == 0);
    if (list_linked(&client->dirty))
        list_remove(&client->dirty);
    if (list_linked(&client->stalled))
        list_remove(&client->stalled);
    ensure(!list_linked(&client->asking));
    list_remove(&client->all);
    ensure(session->client_count > 0);
    session->client_count--;
    ensure(list_empty(&session->clients) == (session->client_count == 0));
    ensure(!client->command || session->held_bytes >= client_held_contents(client));
    if (client->command)
        session->held_bytes -= client_held_contents(client);
    blob_release(client->command);
    txn_free(session, client);
    buffer_close(&client->input);
    chain_close(&client->output);
    free(client);
}

struct node_client *session_output(struct session *session)
{
    if (list_empty(&session->outputs))
        return NULL;
    struct node_client *client = list_item(session->outputs.next, struct node_client, dirty);
    list_remove(&client->dirty);
    return client;
}

void session_resume(struct session *session)
{
    struct list stalled;
    list_init(&stalled);
    list_move(&stalled, &session->stalled);
    while (!list_empty(&stalled) && session->answered_bytes < LIMIT_ANSWER_BYTES) {
        struct node_client *client = list_item(stalled.next, struct node_client, stalled);
        list_remove(&client->stalled);
        list_add_last(&session->stalled, &client->stalled);
        client_parse(session, client);
    }
    session->env->more |= !list_empty(&stalled);
    /* Those that did not get their turn are the first in the next one. */
    list_move(&stalled, &session->stalled);
    list_move(&session->stalled, &stalled);
}

struct pending *session_waiting(const struct session *session)
{
    if (list_empty(&session->waiting))
        return NULL;
    struct pending *pending = list_item(session->waiting.next, struct pending, queue);
    ensure(pending->state == PENDING_WAITING && pending->command);
    return pending;
}

/* After half the timeout, so that those that get a number have the other half to be done in. */
uint64_t session_refusal_ms(const struct session *session, bool writable)
{
    const struct pending *oldest = session_waiting(session);
    if (!oldest || raft_leader(session->raft) == 0)
        return UINT64_MAX;
    if (!writable)
        return session->env->now_ms;
    return oldest->deadline_ms - session->env->options.command_timeout_ms / 2;
}

struct pending *session_overdue(const struct session *session, bool all)
{
    if (list_empty(&session->ages))
        return NULL;
    struct pending *oldest = list_item(session->ages.next, struct pending, age);
    ensure(oldest->state != PENDING_DONE);
    return all || oldest->deadline_ms <= session->env->now_ms ? oldest : NULL;
}

uint64_t session_deadline_ms(const struct session *session)
{
    if (list_empty(&session->ages))
        return UINT64_MAX;
    return list_item(session->ages.next, struct pending, age)->deadline_ms;
}

struct node_client *session_asking(struct session *session)
{
    if (list_empty(&session->asking))
        return NULL;
    struct node_client *client = list_item(session->asking.next, struct node_client, asking);
    list_remove(&client->asking);
    return client;
}
