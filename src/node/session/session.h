/* The side of a node that speaks with clients: who is connected, what they asked for in what order, what waits, and how
 * much is held for them.
 *
 * It reads the state as it is in the store. What has effects beyond it is never called from here; node.c hands it over:
 *
 *      in     bytes of clients; what became of a change (pending_done, pending_fail); read indexes, from raft
 *      out    changes that wait for a number (session_waiting), commands that waited too long (session_overdue), those
 *             who ask about the node as a whole (session_asking), clients whose output changed (session_output)
 */
#ifndef CLEAT_NODE_SESSION_H
#define CLEAT_NODE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "node/env.h"
#include "node/session/reads.h"
#include "raft/raft.h"
#include "store/store.h"

struct node_client;
struct connection;
struct pending;

/* What clients are told of other parts: node.c sets it before anything of a client is parsed. */
struct session_gate {
    bool writable;          /* the leader takes new changes */
    bool behind;            /* this node's disk has been full for so long that it does not follow any more */
    uint64_t leaderless_ms; /* since when the turns saw no leader; UINT64_MAX: the last one saw one */
};

struct session {
    /* Borrowed. node.c puts a new store here when a snapshot takes the old one's place. */
    struct env *env;
    struct raft *raft;
    struct store *store;
    struct session_gate gate;
    struct list clients;
    struct list outputs;    /* clients that the driver must look at */
    struct list stalled;    /* clients with input that was not parsed because of a limit */
    struct list ages;       /* pendings that wait for anything, the oldest first */
    struct list waiting;    /* pendings: changes without a number, in the order in which they came */
    struct list asking;     /* clients that are to be told of the node as a whole */
    uint32_t client_count;
    uint64_t answered_bytes; /* of stale answers since the last turn began; what stat hashed too */
    uint64_t held_bytes;     /* contents, and listings, that are held for clients */
    struct reads reads;
};

void session_init(struct session *session, struct env *env, struct raft *raft, struct store *store);
/* Frees all clients: none of their changes may be in the gateway any more. */
void session_end(struct session *session);

/* NULL: there are too many. */
struct node_client *session_client_open(struct session *session, struct connection *owner);
/* Everything about this client is over. The gateway has forgotten its changes. */
void session_client_close(struct session *session, struct node_client *client);

/* The next client that the driver must look at, taken out of the list; NULL: none. */
struct node_client *session_output(struct session *session);
/* Those that stood still because of a limit get on, one after the other, until the turn has answered enough. */
void session_resume(struct session *session);

/* The oldest change without a number; NULL: none. It stays where it is until it is numbered or has failed. */
struct pending *session_waiting(const struct session *session);
/* When that one is refused although there is a leader, who is WRITABLE or not; UINT64_MAX: none waits, or there is no
 * leader. */
uint64_t session_refusal_ms(const struct session *session, bool writable);
/* The oldest command, if its time is over or ALL are to end; NULL: none. */
struct pending *session_overdue(const struct session *session, bool all);
uint64_t session_deadline_ms(const struct session *session);

/* The next client that is to be told of the node as a whole, taken out of the list; NULL: none. It gets its answer by
 * client_tell, and then client_parse takes what is behind the question. */
struct node_client *session_asking(struct session *session);

#endif
