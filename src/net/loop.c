#include "net/loop.h"

#include <string.h>

#include "base/ensure.h"

void loop_init(struct loop *loop, void (*turn)(struct ev_loop *ev, struct ev_watcher *due, int events), void *data)
{
    ev_init(&loop->turn_due, turn);
    ev_set_priority(&loop->turn_due, EV_MAXPRI);
    loop->turn_due.data = data;
}

void loop_read(struct loop *loop, size_t size)
{
    ensure(size <= READ_BUFFER_BYTES);
    loop->turn_bytes += size;
    /* What is fed with the highest priority comes before all other events that are pending. */
    if (loop->turn_bytes >= TURN_BYTES)
        ev_feed_event(loop->ev, &loop->turn_due, EV_CUSTOM);
}

void loop_cannot_accept(struct loop *loop, const struct listener *listener, int error)
{
    ensure(error < 0);
    if (loop->complained_ms != 0 && loop->now_ms - loop->complained_ms < COMPLAINT_MS)
        return;
    loop->complained_ms = loop->now_ms;
    logger_event(loop->logger, LOG_CANNOT_ACCEPT, "address", listener->text, strerror(-error));
}
