/* A client's connection to a cluster: to one of several endpoints, and to the next one when that is lost.
 *
 *      push -> [ answered | sent, waiting | not sent yet ] -> pop
 *
 * Calls are answered in the order in which they were pushed. When the connection breaks, when the server does not
 * answer, or refuses a call with ERR_NO_LEADER, ERR_BUSY or ERR_TIMEOUT, all that is not done is sent again to the next
 * endpoint, in the same order. (After a refusal nothing more is sent over the connection, but the answers to what is on
 * its way are waited for: most often they are refusals too, and then nothing is in doubt.) Changes carry a token, with
 * which servers do them once; those that are not `safe` in this way, or are too old for it, are given up as
 * CALL_UNKNOWN once they may have been done.
 *
 * Time counts from the last answer: when there was none for `timeout_ms`, all calls fail. Where no endpoint ever took a
 * connection, they fail after SESSION_REFUSED_MS. How it ends for a change:
 *
 *      every sending of it was refused, or broke off in its midst      CALL_UNREACHABLE, with the last refusal
 *      of one sending it is not known what came of it                  CALL_UNKNOWN, with what happened to that one
 *
 * So that a change is not put in doubt for nothing, it is not sent again where a refusal would come too late, going by
 * how long the last one took: it is then CALL_UNREACHABLE at once. One that would come a little late is waited for.
 *
 * Blocks, in session_pop alone. One thread. */
#ifndef CLEAT_CLIENT_SESSION_H
#define CLEAT_CLIENT_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "client/call.h"
#include "client/endpoint.h"

enum {
    SESSION_TIMEOUT_MS = 15000,      /* unless the caller knows better */
    SESSION_REFUSED_MS = 2000,
    SESSION_SILENCE_MS = 6000,       /* the server answers by then, or it hangs; its own --timeout-ms is 5000 */
    SESSION_GRACE_MS = 500,          /* more, for a refusal that is due; at most a tenth of the timeout */
    SESSION_TOKEN_MS = 5 * 60 * 1000, /* how long a change may be sent again: servers keep its token for 10 minutes */
    SESSION_CALLS_MAX = 128,         /* see session_full */
    SESSION_BYTES_MAX = 4 * 1024 * 1024,
};

struct session_options {
    struct endpoints endpoints;
    uint32_t timeout_ms;
    FILE *wire;               /* where the lines are shown; NULL: nowhere */
};

struct session {
    struct session_options options;
    int socket_file;          /* -1: none */
    size_t endpoint;          /* the one that it is connected to, or the next to be tried */
    bool ever_connected;
    uint32_t losses;          /* connections lost or refused since the last answer */
    bool refused;             /* since the last answer; the reason is a server's own */
    bool draining;            /* this connection has refused a call: nothing more goes over it */
    int64_t refusal_ms;       /* how long the last refusal took; 0: there was none since the last answer */
    int64_t progress_ms;      /* when the last answer came, or the queue stopped to be empty */
    int64_t activity_ms;      /* when bytes went or came last */
    struct call *first;       /* answered or not; the oldest */
    struct call *last;
    struct call *unanswered;  /* NULL: all are; the oldest without an outcome */
    struct call *expected;    /* whose answer comes next over this connection; `unanswered`, unless it is draining */
    struct call *unsent;      /* NULL: all are */
    size_t sent_bytes;        /* of `unsent` */
    size_t count;
    size_t bytes;             /* of the requests of all calls */
    struct buffer input;
    char reason[CALL_REASON_MAX];
};

/* Copies OPTIONS; connects only when there is something to send. */
void session_open(struct session *session, const struct session_options *options);
/* From now on OPTIONS hold, for a session without calls. It keeps its connection if the endpoints stay the same. */
void session_change(struct session *session, const struct session_options *options);
/* Calls that are still in it are closed too. */
void session_close(struct session *session);

/* True when nothing more should be pushed before something is popped, so that memory stays bounded. */
bool session_full(const struct session *session);
/* The session borrows CALL until it is popped. It must not be `bad`. */
void session_push(struct session *session, struct call *call);
/* Waits until the oldest call has an outcome, and hands it back; NULL: there is none. */
struct call *session_pop(struct session *session);
/* push and pop of a single one, while there is no other. */
void session_do(struct session *session, struct call *call);

/* Makes what waits in a session end soon, with CALL_INTERRUPTED, until session_interrupt(false). A signal handler may
 * call it. */
void session_interrupt(bool on);
bool session_interrupted(void);

#endif
