/* The node's ends of connections, and what the driver asks of one of them alone. What needs the node is in node.h. */
#ifndef CLEAT_NODE_ENDS_H
#define CLEAT_NODE_ENDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "base/chain.h"

struct node_client;  /* a client's connection, the node's side of it */
struct node_link;    /* a connection between two nodes, likewise */
struct connection;   /* the driver's side of a client's connection: never looked into here */
struct peer_socket;  /* the driver's side of a link */

/* --- clients ---------------------------------------------------------------------------------------------------- */

/* Whether more bytes are welcome now: if not, the driver stops reading until it sees the client in node_next_output. */
bool node_client_reads(const struct node_client *client);
/* Replies to be written; the driver consumes what it wrote, and then calls node_client_written. */
struct chain *node_client_output(struct node_client *client);
/* Whether the last change that was answered made a file that was not there before (not known for transactions and
 * incr: false). */
bool node_client_created(const struct node_client *client);
/* After its output is written the connection is to be closed. */
bool node_client_ends(const struct node_client *client);
struct connection *node_client_owner(const struct node_client *client);

/* --- links to other nodes --------------------------------------------------------------------------------------- */

enum node_link_kind { NODE_LINK_CONSENSUS = 1, NODE_LINK_BULK = 2 };
enum {
    NODE_LINKS_MAX = 64, /* accepted ones included */
    NODE_CALL_MS = 5000, /* see node_calls */
};

/* Where an accepted link comes from, "HOST:PORT": for log lines. */
void node_link_from(struct node_link *link, const char *address);
/* The driver must close it: refused, superseded, or without a hello for too long. A link that falls silent later is the
 * driver's to find out (the server has the system's keepalive do it). */
bool node_link_ends(const struct node_link *link);
/* Both ends have let each other in; the other end does not let this node in, and says why: it is not to be called again
 * at once. */
bool node_link_up(const struct node_link *link);
bool node_link_refused(const struct node_link *link);
/* Bytes to be written: up to COUNT pieces, borrowed until the next call; then how many of them were. */
size_t node_link_peek(struct node_link *link, struct iovec *pieces, size_t count);
void node_link_consume(struct node_link *link, size_t size);
size_t node_link_output_bytes(const struct node_link *link);
/* For tests: whose it is. */
struct peer_socket *node_link_owner(const struct node_link *link);

#endif
