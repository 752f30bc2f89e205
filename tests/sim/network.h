/* Connections between machines. A line is where one should be: for every pair and kind, the machine with the higher id
 * dials, again and again. A socket is one end of a connection; its frames travel one by one, and each can be lost,
 * repeated or overtaken while the connection stays.
 *
 *      line (5 -> 2, consensus)  ==  socket at 5  <--- frames --->  socket at 2 */
#ifndef CLEAT_TESTS_SIM_NETWORK_H
#define CLEAT_TESTS_SIM_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "node/node.h"
#include "sim/events.h"
#include "sim/profile.h"

struct world;

struct peer_socket {
    struct peer_socket *next;     /* all that ever were */
    struct peer_socket *other;
    struct line *line;
    struct machine *machine;
    uint64_t life;                /* the process that holds it */
    uint32_t peer;                /* who was called; 0: accepted */
    enum node_link_kind kind;
    struct node_link *link;       /* the node's side, while there is one */
    bool open;                    /* the process has not closed it */
    bool closing;                 /* it will, in its next turn */
    bool told;                    /* news of the other end's death are under way */
    struct buffer partial;        /* of a frame that the node has not given whole */
    size_t under_way;             /* bytes sent and not yet taken by the other process */
    uint64_t arrival_us;          /* of the newest frame that keeps its place */
};

struct line {
    struct machine *high;         /* dials */
    struct machine *low;
    enum node_link_kind kind;
    struct peer_socket *socket;   /* the dialler's end; NULL: not connected */
    bool dialling;
};

enum { NETWORK_LINES_MAX = SIM_NODES_MAX * (SIM_NODES_MAX - 1) };

struct network {
    struct line lines[NETWORK_LINES_MAX];
    size_t line_count;
    struct peer_socket *sockets;
    bool lost[SIM_NODES_MAX][SIM_NODES_MAX]; /* messages from, to (id - 1) are lost */
    uint64_t partition;                      /* a running number */
    const struct machine *late_to;           /* NULL: none. What others than `late_spared` send to it */
    const struct machine *late_spared;
    uint64_t late_until_us;                  /* ... comes at any time until then */
    uint64_t dropped;
    uint64_t repeated;
    uint64_t reordered;
    uint64_t spoilt;
};

void network_init(struct world *world);
void network_close(struct network *network);

void network_machine_up(struct world *world, struct machine *machine);
/* Its sockets are gone; a machine that has power still tells the others, one without is only silent. */
void network_machine_down(struct world *world, struct machine *machine);

/* Events. */
void network_dial(struct world *world, const struct event *event);
void network_link_open(struct world *world, const struct event *event);
void network_frame(struct world *world, const struct event *event);
void network_link_closed(struct world *world, const struct event *event);

/* For US from now on, what others than SPARED send to TO comes late. */
void network_make_late(struct world *world, const struct machine *to, const struct machine *spared, uint64_t us);

/* For turns: SIZE bytes were taken from SOCKET; what the node has for it goes out; the node wants it closed; it is. */
void network_arrived(struct world *world, struct peer_socket *socket, size_t size);
void network_write(struct world *world, struct peer_socket *socket);
void network_close_end(struct world *world, struct peer_socket *socket);
void network_end_closed(struct world *world, struct peer_socket *socket);

/* Closes both ends of LINE's connection, if there is one. */
void network_cut(struct world *world, struct line *line);

#endif
