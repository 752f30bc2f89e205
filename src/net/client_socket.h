/* Clients' sockets: accepting, reading, writing, and closing without losing what was said last. */
#ifndef CLEAT_NET_CLIENT_SOCKET_H
#define CLEAT_NET_CLIENT_SOCKET_H

#include "base/list.h"
#include "net/listener.h"
#include "net/loop.h"

enum {
    CLIENT_TURN_BYTES = 128 * 1024, /* written to one client in one go of the loop; then it is the others' turn */
    LINGER_MS = 2000,               /* after the last reply a client may take this long to close */
    METHOD_MS = 2000,               /* half an HTTP method that is not continued for this long is text */
    CLIENT_KEEPALIVE_IDLE_S = 60,
    CLIENT_KEEPALIVE_INTERVAL_S = 10,
    CLIENT_KEEPALIVE_COUNT = 6,
};

struct http;

/* Who serves clients that speak HTTP. All zero: no one, and what they say is taken for text. */
struct server_http {
    struct http *http;
    /* Takes the socket FILE, of which nothing is read yet. It opens a client of the node for it. */
    void (*take)(struct http *http, int file);
    /* The server is about to end: all its connections are closed. HTTP is no more after that. */
    void (*close)(struct http *http);
    /* How many sockets it has. */
    uint32_t (*count)(const struct http *http);
};

struct client_sockets {
    /* Set by the owner. */
    struct loop *loop;
    uint32_t max;
    uint32_t stall_ms;           /* a client that takes none of its replies for this long is cut off */
    struct server_http http;
    /* Its own; the listener is opened by the owner, after client_sockets_init. */
    struct listener listener;
    int spare_file;              /* given up for a moment to turn a client away when descriptors run out; -1: none */
    struct list all;
    struct list lingering;       /* those that only wait for the other side to close, the oldest first */
    uint32_t count;              /* in both lists */
    bool last_replies;           /* what is not written now never will be */
};

void client_sockets_init(struct client_sockets *sockets);
/* Writes what clients are to get, as far as their turn allows, and closes those that are done. */
void client_sockets_flush(struct client_sockets *sockets);
/* Writes what the sockets take, before the end. */
void client_sockets_finish(struct client_sockets *sockets);
/* To be called now and again: closes those that stalled, and listens again. */
void client_sockets_sweep(struct client_sockets *sockets);
void client_sockets_close(struct client_sockets *sockets);

#endif
