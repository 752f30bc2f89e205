/* One client: a connection to some node, the commands on it that are not answered, and when it asks next. When its
 * connection breaks, or nothing comes for long, it goes to another node; it also moves on by itself now and then. */
#ifndef CLEAT_TESTS_TORTURE_CLIENT_H
#define CLEAT_TESTS_TORTURE_CLIENT_H

#include "e2e/tools/shared/wire.h"
#include "torture/plan.h"
#include "torture/record.h"

enum { CLIENT_DEPTH_MAX = 8, CLIENT_SILENCE_US = 3000000 };

struct client {
    struct wire wire;      /* its socket is -1 while there is no connection */
    uint32_t connection;   /* a number of its own for each connection */
    uint8_t node;          /* from 1 */
    uint32_t depth;        /* commands that it sends before it reads replies */
    bool reads;            /* it does nothing else: so no change that hangs keeps it from seeing what is stale */
    uint32_t asks_left;    /* on this connection */
    uint64_t next_us;      /* when it asks, or connects, again */
    struct operation waiting[CLIENT_DEPTH_MAX];
    size_t waiting_count;
};

/* What all clients share. */
struct crowd {
    struct plan plan;
    struct record record;
    uint16_t ports[WIRE_PORTS_MAX];
    size_t port_count;
    uint64_t pause_us;     /* between two turns of a client, on average */
    bool ending;           /* nothing is asked any more */
};

/* Reads, asks, connects: what is to be done by now. */
void client_turn(struct client *client, struct crowd *crowd);
/* The connection breaks off now; what was not answered never will be. */
void client_break(struct client *client, struct crowd *crowd);

#endif
