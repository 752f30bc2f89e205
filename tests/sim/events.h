/* What is going to happen, by time; of things at the same time, what was planned first comes first. */
#ifndef CLEAT_TESTS_SIM_EVENTS_H
#define CLEAT_TESTS_SIM_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"

struct client;
struct connection;
struct line;
struct machine;
struct peer_socket;

enum event_kind {
    /* At a machine. */
    EVENT_START,        /* the process is started */
    EVENT_TURN,         /* its loop wakes up */
    EVENT_LOG_EXECUTE,  /* a disk thread does its work */
    EVENT_LOG_DONE,     /* ... and reports */
    EVENT_BULK_EXECUTE,
    EVENT_BULK_DONE,
    EVENT_DISK_FREED,   /* there is room on its disk again */
    EVENT_PUT_BACK,     /* the copy of its disk may be put back */
    /* Between machines. */
    EVENT_DIAL,         /* a line is to be connected */
    EVENT_LINK_OPEN,    /* a socket is connected */
    EVENT_FRAME,        /* bytes arrive at a socket */
    EVENT_LINK_CLOSED,  /* a socket learns that the other end is gone */
    EVENT_HEAL_PATHS,   /* a partition ends */
    /* From a client to a machine. */
    EVENT_CONNECT,
    EVENT_REQUEST,
    EVENT_HALF_CLOSE,
    EVENT_GONE,
    /* From a machine to a client. */
    EVENT_REPLY,
    EVENT_HUNG_UP,
    /* By themselves. */
    EVENT_CLIENT,       /* a client does something */
    EVENT_FAULT,        /* something breaks */
    EVENT_DEPOSE,       /* the next leader is cut off too */
    EVENT_AMBUSH,       /* ... since a certain message has left; size: enum ambush_blow */
    EVENT_PHASE,        /* is it time to heal, or to end? */
    EVENT_KIND_COUNT,
};

struct event {
    struct heap_item item; /* key: when, in us */
    enum event_kind kind;
    uint64_t life;         /* of the machine or socket it is meant for: events for an earlier life are dropped */
    struct machine *machine;
    struct line *line;
    struct peer_socket *socket;
    struct connection *connection;
    struct client *client;
    uint8_t *bytes;        /* owned */
    size_t size;
};

struct events {
    struct heap heap;
    uint64_t planned; /* so far */
};

/* Plans a copy of EVENT, item unset, at AT_US. Takes its bytes over. */
void events_add(struct events *events, uint64_t at_us, const struct event *event);
/* The next event: false if there is none. The caller frees its bytes. */
bool events_take(struct events *events, struct event *event);
void events_close(struct events *events);

#endif
