/* What the files around the HTTP library share. */
#ifndef CLEAT_HTTP_INSIDE_H
#define CLEAT_HTTP_INSIDE_H

#include <ev.h>
#include <microhttpd.h>

#include "base/buffer.h"
#include "base/list.h"
#include "http/header.h"
#include "http/http.h"
#include "http/plan.h"
#include "http/txn.h"
#include "node/connection.h"
#include "protocol/answer.h"

enum {
    HTTP_HEADER_BYTES = 16 * 1024,           /* of a request's header, and what is read of a body at a time */
    HTTP_JSON_ALLOWANCE = 64 * 1024,         /* of a transaction's JSON beside its contents */
    HTTP_COLLECTED_BYTES = 64 * 1024 * 1024, /* of bodies that are collected, on all connections */
    HTTP_DROPPED_BYTES = 64 * 1024 * 1024,   /* of a body that was refused; then the connection is closed */
    HTTP_COPY_BYTES = 16 * 1024,             /* contents up to this are copied into the answer's buffer */
};

struct http {
    struct http_options options;
    struct ev_loop *loop;
    struct node *node;
    struct MHD_Daemon *daemon;
    struct ev_io ready;         /* the library's epoll descriptor */
    struct ev_timer again;      /* when it wants to run without it */
    struct list connections;
    size_t collected_bytes;
    bool closing;
};

struct http_connection {
    struct connection connection; /* what the node's client is owned by */
    struct http *http;
    struct MHD_Connection *library;
    struct node_client *client;   /* NULL: there is none at the moment */
    struct exchange *exchange;    /* the request under way; NULL: none */
    struct list all;
};

/* A request and its answer. */
struct exchange {
    struct http_connection *connection;
    enum {
        EXCHANGE_HEADER,    /* has just been read */
        EXCHANGE_STREAM,    /* the body goes on to the node */
        EXCHANGE_COLLECT,   /* the body is kept until it is complete */
        EXCHANGE_DROP,      /* the body is of no use: there is a refusal */
        EXCHANGE_ASKED,     /* the node has it all */
        EXCHANGE_ANSWERED,
    } state;
    bool suspended;
    bool sent;              /* something of it went to the node */
    bool settled;           /* all of it did, and the answer was taken */
    bool closes;            /* the connection ends with it */
    bool confirmed;         /* PLAN_READYZ: the node was asked to read */
    struct plan plan;
    struct refusal refusal; /* to be told when the request is complete */
    char reason[TXN_REASON_MAX]; /* what a refusal's message may be */
    struct buffer body;     /* collected */
    size_t collected_max;
    size_t dropped;
    bool told;              /* the refusal, before the body's end */
    struct header_place place;
    char target[];
};

/* --- http.c --- */
/* The library runs with the loop's next turn: it does not notice by itself that a connection is resumed. */
void http_run_soon(struct http *http);

/* --- exchange.c --- */
struct exchange *exchange_open(const char *target);
void exchange_close(struct exchange *exchange);
/* The library's calls: the header (SIZE 0, first), then pieces of the body, then SIZE 0 for its end. */
enum MHD_Result exchange_step(struct exchange *exchange, const char *method, const char *version, const char *bytes,
                              size_t *size);
/* The node may have answered. */
void exchange_flush(struct exchange *exchange);
/* The node's side of a connection, afresh: the last request was not answered to its end. */
void exchange_reset_client(struct http_connection *connection);

/* --- respond.c: each queues the answer to EXCHANGE's request --- */
enum MHD_Result respond_refusal(struct exchange *exchange, const struct refusal *refusal);
/* ANSWER was read off OUTPUT, which what follows its line is taken from. */
enum MHD_Result respond_answer(struct exchange *exchange, const struct answer *answer, struct chain *output);

#endif
