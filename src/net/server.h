/* The event loop around a node: sockets, disk threads, timer and signals. Thin: whatever can be wrong in an interesting
 * way is in the node.
 *
 * One turn of the loop: read all ready sockets and finished disk requests into the node; then, before the loop blocks
 * again, node_turn, one batch to the disk, one write per peer and per client. */
#ifndef CLEAT_NET_SERVER_H
#define CLEAT_NET_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "disk/disk.h"
#include "net/client_socket.h"
#include "node/node.h"

struct server_options {
    const char *listen;          /* "HOST:PORT" for clients */
    const char *peer_listen;     /* "HOST:PORT" for peers, or NULL: a cluster of one */
    uint32_t peer_count;         /* all nodes of --cluster */
    const struct raft_member *peers;
    uint32_t id;                 /* which of them this one is */
    uint32_t connections_max;    /* sockets of clients */
    uint32_t links_max;          /* sockets to other nodes and from them */
    uint32_t client_stall_ms;    /* a client that takes none of its replies for this long is cut off */
    struct server_http http;
    struct logger *logger;       /* where log lines go */
};

/* Listens, and runs until the node stops or a signal asks for it. NODE and DISK stay the caller's. Returns the exit
 * status: 0 after a clean shutdown; 1 where the node stopped, or cannot listen: a log line says why. An address whose
 * host is a name is listened at as soon as it resolves. */
int server_run(const struct server_options *options, struct node *node, struct disk *disk);

/* The server's time: monotonic, ms. */
uint64_t server_now_ms(void);

#endif
