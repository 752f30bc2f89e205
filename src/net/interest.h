/* What a socket is watched for. */
#ifndef CLEAT_NET_INTEREST_H
#define CLEAT_NET_INTEREST_H

#include <ev.h>

/* From now on IO is watched for EVENTS: EV_READ, EV_WRITE, both, or 0 for nothing. */
static inline void interest_set(struct ev_loop *loop, struct ev_io *io, int events)
{
    if (io->events == events && ev_is_active(io) == (events != 0))
        return;
    ev_io_stop(loop, io);
    ev_io_modify(io, events);
    if (events != 0)
        ev_io_start(loop, io);
}

#endif
