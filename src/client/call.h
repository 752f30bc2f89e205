/* One request to a server, and what came of it: what struct session carries.
 *
 * A request is one line or, for a transaction, several, each with its contents if it has any. Contents are in memory
 * as a whole, for they may have to be sent again; the server's limit keeps them small. */
#ifndef CLEAT_CLIENT_CALL_H
#define CLEAT_CLIENT_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "protocol/answer.h"

enum {
    CALL_REASON_MAX = 480,
    CALL_BODY_MAX = 16 * 1024 * 1024,  /* of an answer; the largest contents have 8 MiB */
};

enum call_outcome {
    CALL_WAITING,
    CALL_ANSWERED,     /* see `answer` */
    CALL_UNREACHABLE,  /* no server did it: see `reason` */
    CALL_UNKNOWN,      /* a change that may have been done, or may yet be: see `reason` */
    CALL_INTERRUPTED,  /* session_interrupt() */
};

struct call_part {
    size_t size;       /* with its line end */
    bool contents;     /* or a line */
};

struct call {
    struct call *next;        /* the session's, from push to pop */
    char *subject;            /* what it is about, for messages; owned; NULL: nothing in particular */
    char *target;             /* of a copy or move: where it goes, which its version is of; owned; NULL: no such */
    struct buffer request;    /* all parts, back to back */
    struct call_part *parts;
    size_t part_count;
    enum answer_kind expects; /* what it is answered with, unless by an error */
    bool bad;                 /* a line is longer than the protocol has it: not to be sent */
    bool changes;             /* something, if it is done */
    bool safe;                /* a change that may be sent again when it is not known whether it was done */
    int64_t first_sent_ms;    /* by the session's clock; 0: not yet */
    int64_t sent_ms;          /* likewise, the last time */
    bool sent;                /* as a whole, without an answer that says it was not done: see `reason` for which */
    enum call_outcome outcome;
    struct answer answer;     /* its line is in `line` */
    uint8_t line[ANSWER_LINE_MAX];
    struct buffer body;       /* what follows the answer's line, without its line end */
    char reason[CALL_REASON_MAX];
};

/* A call without any part yet, which expects OK; SUBJECT is copied. To be given back with call_close. */
struct call *call_open(const char *subject);
/* Likewise for a copy or move of SUBJECT to TARGET. */
struct call *call_open_to(const char *subject, const char *target);
void call_close(struct call *call);

/* Adds a line, as printf does; sets `bad` if it is too long. */
void call_line(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds the line of a question, which expects such an answer. */
void call_ask(struct call *call, enum answer_kind expects, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds a line that changes something, with a random once= token: sent any number of times, it is done once. */
void call_change(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds the contents of the line before. */
void call_contents(struct call *call, const void *bytes, size_t size);

#endif
