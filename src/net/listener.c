#include "net/listener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void listener_init(struct listener *listener, struct ev_loop *loop, struct logger *logger,
                   void (*on_ready)(struct ev_loop *loop, struct ev_io *io, int events), void *data)
{
    *listener = (struct listener){.loop = loop, .logger = logger, .on_ready = on_ready, .data = data};
}

void listener_add(struct listener *listener, int file)
{
    struct ev_io *io = &listener->sockets[listener->count++];
    ev_io_init(io, listener->on_ready, file, EV_READ);
    io->data = listener->data;
    ev_io_start(listener->loop, io);
}

static void close_all(struct listener *listener)
{
    while (listener->count > 0) {
        struct ev_io *io = &listener->sockets[--listener->count];
        ev_io_stop(listener->loop, io);
        close(io->fd);
    }
}

/* Why an address cannot be listened at, and what mends it. */
static const char *refusal(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "another process listens there: end it, or choose another port";
    case EADDRNOTAVAIL:
        return "it is no address of this machine: choose one that is; 0.0.0.0 or [::] are for all, with --listen alone";
    case EACCES:
        return "the system does not allow it: choose a port above 1023";
    default:
        return strerror(error);
    }
}

/* At every address that is one of this machine's, now. A name may have others too, and have them before the machine
 * has; all else that goes wrong is for the one who chose the options. */
static void listen_at_all(struct listener *listener)
{
    const struct addresses *addresses = &listener->resolver.addresses;
    for (size_t i = 0; i < addresses->count && !listener->failed; i++) {
        int file = address_listen(&addresses->items[i]);
        if (file >= 0) {
            listener_add(listener, file);
            continue;
        }
        snprintf(listener->reason, sizeof listener->reason, "%s", refusal(-file));
        bool foreign = file == -EADDRNOTAVAIL || file == -EAFNOSUPPORT;
        listener->failed = !foreign || !listener->resolver.lookup;
    }
    if (listener->failed)
        close_all(listener);
    if (listener->count > 0) {
        logger_event(listener->logger, LOG_LISTENING, "address", listener->text, NULL);
        return;
    }
    if (!listener->complained)
        logger_event(listener->logger, LOG_CANNOT_LISTEN, "address", listener->text, listener->reason);
    listener->complained = true;
    resolver_want(&listener->resolver);
}

static void on_found(struct resolver *resolver)
{
    struct listener *listener = resolver->owner;
    if (listener->count == 0)
        listen_at_all(listener);
}

void listener_open(struct listener *listener, const char *text)
{
    listener->text = text;
    resolver_open(&listener->resolver, text, listener->loop, listener->logger, on_found, listener);
    if (listener->resolver.addresses.count > 0)
        listen_at_all(listener);
}

void listener_rest(struct listener *listener)
{
    for (size_t i = 0; i < listener->count; i++)
        ev_io_stop(listener->loop, &listener->sockets[i]);
}

void listener_sweep(struct listener *listener)
{
    for (size_t i = 0; i < listener->count; i++)
        ev_io_start(listener->loop, &listener->sockets[i]);
    if (listener->count == 0 && listener->resolver.addresses.count > 0 && !listener->failed)
        listen_at_all(listener);
}

void listener_close(struct listener *listener)
{
    close_all(listener);
    resolver_close(&listener->resolver);
}
