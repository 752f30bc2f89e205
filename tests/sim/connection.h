/* A client's connection to a node: both ends, and the bytes between them, which arrive in order, late and in pieces.
 *
 *      client.c --> EVENT_REQUEST --> arrived --> node_client_bytes       (only while the node wants more)
 *      client.c <-- EVENT_REPLY   <------------- node_client_output      (only while the window is open) */
#ifndef CLEAT_TESTS_SIM_CONNECTION_H
#define CLEAT_TESTS_SIM_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "node/node.h"
#include "sim/events.h"

struct world;

struct connection {
    struct connection *next;      /* all that ever were */
    uint64_t id;
    struct client *client;
    struct machine *machine;
    size_t window;                /* replies under way, at most */
    bool slow;                    /* the client takes its time to read */

    /* The node's end. */
    uint64_t life;                /* the process that holds it */
    bool held;                    /* that process has not closed it */
    bool closing;                 /* it will in its next turn */
    bool told;                    /* the client will hear of the end */
    struct node_client *node_client;
    struct buffer arrived;        /* what the process has not read */
    bool end_arrived;
    bool end_read;
    size_t under_way;             /* replies sent and not yet taken by the client */

    /* The client's end. */
    bool open;
    bool half_closed;
    uint64_t to_node_us;          /* when the newest bytes arrive there */
    uint64_t to_client_us;
    uint64_t active_us;           /* when something was last sent or heard */
    struct buffer replies;        /* not complete */
    uint64_t *operations;         /* ids, in the order sent: those from FIRST on are not answered */
    size_t first;
    size_t count;
    size_t capacity;
    uint64_t shown;               /* the highest log entry that an answer on it showed */
    uint64_t poisoned;            /* the id of a request after which the node must not run anything; 0: none */
};

/* A new connection of CLIENT to MACHINE, on its way. */
struct connection *connection_dial(struct world *world, struct client *client, struct machine *machine);
/* The client sends BYTES, its end of input, or goes without a word. */
void connection_send(struct world *world, struct connection *connection, const uint8_t *bytes, size_t size);
void connection_half_close(struct world *world, struct connection *connection);
void connection_abandon(struct world *world, struct connection *connection);

/* Events at the node's end (EVENT_CONNECT to EVENT_GONE). */
void connection_arrives(struct world *world, const struct event *event);
/* The client took SIZE bytes of replies. */
void connection_taken(struct world *world, struct connection *connection, size_t size);

/* For turns. */
void connection_open(struct world *world, struct connection *connection);
void connection_read(struct world *world, struct connection *connection);
void connection_write(struct world *world, struct connection *connection);
void connection_closed(struct world *world, struct connection *connection);

void connection_machine_down(struct world *world, struct machine *machine);
void connections_close(struct world *world);

#endif
