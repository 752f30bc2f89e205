/* The sockets that listen at one "HOST:PORT", one at each address of the host. Where the host is a name, that may come
 * late: when it resolves, to an address of this machine. */
#ifndef CLEAT_NET_LISTENER_H
#define CLEAT_NET_LISTENER_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "net/resolver.h"

struct listener {
    const char *text;
    struct ev_loop *loop;
    struct logger *logger;
    void (*on_ready)(struct ev_loop *loop, struct ev_io *io, int events); /* a connection waits at IO's socket */
    void *data;                           /* io->data */
    struct ev_io sockets[ADDRESSES_MAX];
    size_t count;                         /* of sockets; 0: it does not listen yet */
    bool failed;                          /* it cannot listen there, and has said so: the program must end */
    char reason[ADDRESS_PROBLEM_MAX];     /* why not, when it last tried */
    bool complained;                      /* it has said that no address is one of this machine */
    struct resolver resolver;
};

void listener_init(struct listener *listener, struct ev_loop *loop, struct logger *logger,
                   void (*on_ready)(struct ev_loop *loop, struct ev_io *io, int events), void *data);
/* Listens at TEXT, which is kept: at once where it is numeric (look at `failed` then), or as soon as it can be. A log
 * line says when it does. */
void listener_open(struct listener *listener, const char *text);
/* Takes FILE, a socket that listens. */
void listener_add(struct listener *listener, int file);
/* No connection can be taken now: it is not watched until the next sweep, for it would wake the loop at once. */
void listener_rest(struct listener *listener);
/* To be called now and again: watches it again, or tries again to listen. */
void listener_sweep(struct listener *listener);
void listener_close(struct listener *listener);

#endif
