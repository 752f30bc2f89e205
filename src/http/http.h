/* The HTTP/JSON shim (SPEC.md section 9): connections that speak HTTP, on the server's loop.
 *
 *      socket -> libmicrohttpd -> header.c -> plan.c, txn.c -> lines of the text protocol -> node
 *      socket <- libmicrohttpd <- respond.c, json.c <-------- answer (protocol/answer.h) <---'
 *
 * Each connection is a client of the node like one that speaks text: the same commands, limits and promises. While the
 * node works on a request the library's connection is suspended. */
#ifndef CLEAT_HTTP_HTTP_H
#define CLEAT_HTTP_HTTP_H

#include <ev.h>
#include <stdint.h>

#include "node/node.h"

struct http;

struct http_options {
    const char *host_names;      /* of this node, as browser_host_known takes them; or NULL. Kept, not copied. */
    uint32_t connections_max;
    uint32_t stall_ms;           /* a connection on which nothing moves for this long is closed */
    uint64_t value_max_bytes;    /* contents whose length is not known beforehand are collected up to this */
};

/* NULL where the library cannot be started. LOOP and NODE stay the caller's, and must outlive it. */
struct http *http_open(const struct http_options *options, struct ev_loop *loop, struct node *node);
/* Takes the accepted socket FILE, of which nothing is read yet: non-blocking; closed with the connection, or at once
 * where there can be no more of them. */
void http_take(struct http *http, int file);
/* Connections that it has now. */
uint32_t http_count(const struct http *http);
/* What is under way is answered as far as it can be, and all connections are closed. HTTP may be NULL. */
void http_close(struct http *http);

#endif
