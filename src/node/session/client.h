/* A client's connection: text in, an ordered queue of what it asked for, replies out.
 *
 *      input --> parse --> [write 7: numbered][read: confirmed][ping: done][write: waits] --> output
 *                            head                                            tail
 *
 * Replies leave from the head only, so they come in the order of the requests however many are pipelined. A read is
 * answered when it is at the head and its read index is applied, or just before the connection's next change is
 * applied. */
#ifndef CLEAT_NODE_CLIENT_H
#define CLEAT_NODE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/chain.h"
#include "base/list.h"
#include "node/ends.h"
#include "node/session/query.h"
#include "protocol/reply.h"
#include "protocol/request.h"
#include "store/store.h"

struct session;

enum pending_state {
    PENDING_WAITING,   /* a change that has no number yet */
    PENDING_NUMBERED,  /* a change in the gateway's window */
    PENDING_READ,      /* a read without a read index */
    PENDING_CONFIRMED, /* a read whose read index is applied, or that needs none */
    PENDING_DONE,      /* its reply is in `reply`, or `outcome` */
};

/* One command of a client that is not answered yet. */
struct pending {
    struct pending *next;      /* in the client's queue */
    struct node_client *client;
    enum pending_state state;
    enum verb verb;            /* read, stat, list, or what changes something; VERB_NONE: it was DONE at once */
    uint64_t deadline_ms;
    struct list age;           /* in session->ages: all that wait, the oldest first */
    struct list queue;         /* WAITING: in session->waiting; READ: in one of session->reads' */
    uint64_t number;           /* NUMBERED */
    struct blob *command;      /* WAITING: one reference */
    size_t bytes;              /* that count as held: of contents, of a listing to come */
    struct outcome outcome;    /* DONE, for changes */
    struct chain reply;        /* DONE, for all else */
    struct query query;    /* READ, CONFIRMED */
    uint8_t names[];           /* likewise */
};

struct node_client {
    struct connection *owner;
    struct list all;           /* in session->clients */
    struct list dirty;         /* in session->outputs, while the driver must look at it */
    struct list stalled;       /* in session->stalled, while it has input that was not parsed because of a limit */
    struct list asking;        /* in session->asking, while it is to be told of the node as a whole */
    struct pending *head;
    struct pending *tail;
    size_t count;              /* pending commands */
    size_t bytes;              /* their contents */
    struct buffer input;       /* what is not parsed yet */
    struct chain output;
    bool input_ended;          /* it half-closed */
    bool created;              /* node_client_created */
    bool closing;              /* after an error or quit: nothing more is parsed */
    /* Contents under way. */
    bool in_contents;
    struct request request;    /* its line (the name is not kept) */
    uint64_t contents_left;
    struct blob *command;      /* being filled; NULL where contents are dropped, or go into a transaction */
    uint8_t *contents_to;      /* where the next byte goes; NULL: contents are dropped */
    enum reply_error refusal;  /* what to answer after contents that are dropped */
    const char *refusal_reason;
    struct client_txn *txn;    /* the transaction under way (txn.c); NULL: none */
};

/* One more command at the end of CLIENT's queue, with room for NAMES_SIZE bytes of names. */
struct pending *pending_add(struct session *session, struct node_client *client, enum pending_state state,
                            size_t names_size);
/* Sends what is done at the head of the queue, answering reads that may be answered there. */
void client_advance(struct session *session, struct node_client *client);
/* Answers all reads before PENDING in its client's queue: the change is about to be applied. */
void client_read_before(struct session *session, struct pending *pending);
/* Refuses them with ERR_BUSY: the state is past the change. */
void client_refuse_before(struct session *session, struct pending *pending, const char *reason);
/* PENDING, the first that waits for a number, has NUMBER: its command is the gateway's from now on. */
void pending_numbered(struct pending *pending, uint64_t number);
/* Answers, and takes it out of all queues but the client's. COMMAND is what was applied. */
void pending_done(struct session *session, struct pending *pending, const struct outcome *outcome,
                  const struct blob *command);
void pending_fail(struct session *session, struct pending *pending, enum reply_error error, const char *reason);
/* Where to put a reply that is known at once: straight out, or behind what is not answered yet. */
struct chain *client_reply_now(struct session *session, struct node_client *client);
void client_refuse(struct session *session, struct node_client *client, enum reply_error error, const char *reason);
/* A change is complete: it waits for a number. COMMAND's reference goes over; BYTES of contents count as held. */
void client_submit(struct session *session, struct node_client *client, struct blob *command, size_t bytes);
/* Why a change is not taken now that holds HELD bytes of contents until it is applied and adds GROWTH bytes to the
 * files, or REPLY_ERROR_COUNT. All of these are definite. */
enum reply_error client_refusal(const struct session *session, size_t held, size_t growth);
/* Bytes of the contents under way that have come, and count as held. */
size_t client_held_contents(const struct node_client *client);
/* CLIENT is to be told of the node as a whole: nothing more of it is parsed before (session_asking). That is TEXT. */
void client_wants_status(struct session *session, struct node_client *client);
void client_tell(struct session *session, struct node_client *client, const struct buffer *text);
/* The first command in the queue is over, unanswered. The gateway has forgotten who waits for it. */
void client_drop_head(struct session *session, struct node_client *client);
/* The driver must look at it after this turn. */
void client_touch(struct session *session, struct node_client *client);

#endif
