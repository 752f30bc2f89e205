/* What all sockets of a server share: the event loop, the node that their bytes go to, and the time. */
#ifndef CLEAT_NET_LOOP_H
#define CLEAT_NET_LOOP_H

#include <ev.h>
#include <stddef.h>
#include <stdint.h>

#include "net/listener.h"
#include "net/logger.h"
#include "node/node.h"

enum {
    READ_BUFFER_BYTES = 256 * 1024,
    TURN_BYTES = 64 * 1024,      /* read in one go of the loop, after which a turn is taken in between */
    WRITE_PIECES_MAX = 64,
    ACCEPTS_PER_TURN = 64,
    COMPLAINT_MS = 60000,        /* between two lines that say that no connection can be taken */
};

struct loop {
    struct ev_loop *ev;
    struct node *node;
    struct logger *logger;
    uint8_t *buffer;             /* READ_BUFFER_BYTES, for one read at a time */
    uint64_t now_ms;             /* when this turn began, or the loop last woke */
    uint64_t round;              /* how often the loop has woken */
    size_t turn_bytes;           /* read since the last turn */
    struct ev_watcher turn_due;  /* pending: a turn is to be taken before anything else is read */
    uint64_t complained_ms;      /* when it was last said that no connection can be taken; 0: never */
};

/* The rest of LOOP is set. TURN is called with the watcher, whose data is DATA, when loop_read says that it is due. */
void loop_init(struct loop *loop, void (*turn)(struct ev_loop *ev, struct ev_watcher *due, int events), void *data);
/* SIZE bytes were read and given to the node. After enough of them the next thing that the loop calls is the turn, in
 * which disk and peers get their work before the rest is read: they and this node then work at the same time. */
void loop_read(struct loop *loop, size_t size);
/* No connection could be taken at LISTENER, for want of descriptors or memory (ERROR, as -errno): says so, though not
 * often. */
void loop_cannot_accept(struct loop *loop, const struct listener *listener, int error);

#endif
