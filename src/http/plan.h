/* What an HTTP request means: the lines of the text protocol (SPEC.md section 1) that are asked of the node for it, and
 * how the answer is to be told. Or why it is refused. The one place where HTTP is mapped to commands. Pure.
 *
 *      PUT /files/x?ttl=60  If-Match: "7"  Content-Length: 5     ->  cas x 7 5 60
 *      PUT /files/x  If-Match: *                                 ->  txn / if x present / write x 5 0 / commit
 *      GET /files/x?stale                                        ->  read x stale */
#ifndef CLEAT_HTTP_PLAN_H
#define CLEAT_HTTP_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "http/browser.h"
#include "http/precondition.h"
#include "http/target.h"
#include "protocol/error.h"

/* A request as it came in. Headers that are not there are NULL. */
struct fields {
    const char *method;
    const char *target;
    struct browser_headers browser;
    const char *if_match;
    const char *if_none_match;
    const char *range;       /* this and the next are read again with the answer; they may be there once */
    const char *if_range;
    const char *idempotency_key;
    const char *content_range;
    const char *content_encoding;
    bool has_length;         /* Content-Length */
    uint64_t length;
    bool chunked;
};

/* An answer without asking the node. Its texts are borrowed, from where they outlive the request. */
struct refusal {
    const char *message;     /* NULL: there is none */
    enum reply_error error;
    const char *allow;       /* 405: the methods of this path; else NULL */
};

enum { PLAN_REASON_MAX = 160 };

enum plan_kind {
    PLAN_CHANGE,             /* OK or an error */
    PLAN_READ,               /* CONTENTS */
    PLAN_LIST,
    PLAN_STATUS,
    PLAN_METRICS,
    PLAN_LIVEZ,              /* asks nothing */
    PLAN_READYZ,
};

enum plan_body {
    PLAN_BODY_NONE,          /* there must be none */
    PLAN_BODY_CONTENTS,      /* goes on to the node as it is */
    PLAN_BODY_JSON,          /* a transaction (txn.h) */
};

struct plan {
    enum plan_kind kind;
    enum plan_body body;
    bool head;               /* HEAD: no contents in the answer */
    bool creates;            /* success means that the file was not there before: 201 */
    bool of_level;           /* a change of the cluster's level: that is told, and no version */
    bool only_if;            /* there was an If-Match: that the file is not there is a failed condition */
    struct precondition precondition;
    struct target_text name; /* the file that is read or changed; not given: none */
    struct target_text source; /* copy, move: the file that it comes from; else not given */
    /* What the node is asked: `lines`, then for contents their size, `rest`, the contents and `end`. */
    struct buffer lines;
    struct buffer rest;
    const char *end;
    struct target_text once; /* the token, for transactions */
    char reason[PLAN_REASON_MAX]; /* what the refusal's message may be */
};

/* Fills in PLAN, to be closed in any case; NAMES are those of browser_host_known. *REFUSAL says whether it may be gone
 * about. */
void plan_make(const struct fields *fields, const char *names, struct plan *plan, struct refusal *refusal);
void plan_close(struct plan *plan);

#endif
