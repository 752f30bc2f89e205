/* What the files of src/net share: the server, and the sockets that belong to it. */
#ifndef CLEAT_NET_INSIDE_H
#define CLEAT_NET_INSIDE_H

#include <ev.h>

#include "base/list.h"
#include "net/address.h"
#include "net/listener.h"
#include "net/logger.h"
#include "net/notify.h"
#include "net/resolver.h"
#include "net/server.h"
#include "net/worker.h"

enum {
    READ_BUFFER_BYTES = 256 * 1024,
    TURN_BYTES = 64 * 1024,      /* read in one go of the loop, after which a turn is taken in between */
    CLIENT_TURN_BYTES = 128 * 1024, /* written to one client in one go of the loop; then it is the others' turn */
    WRITE_PIECES_MAX = 64,
    BULK_NICE = 4,               /* snapshots and spare segments are less urgent than clients */
    ACCEPTS_PER_TURN = 64,
    LINGER_MS = 2000,            /* after the last reply a client may take this long to close */
    METHOD_MS = 2000,            /* half an HTTP method that is not continued for this long is text */
    SWEEP_MS = 1000,             /* how often clients are looked at for stalls, and peers listened for again */
    REDIAL_MIN_MS = 10,
    REDIAL_MAX_MS = 200,
    REFUSED_MIN_MS = 1000,       /* a node that does not let this one in is called less often */
    REFUSED_MAX_MS = 10000,
    CONNECT_MS = 2000,           /* an address that does not answer within this is given up for the next */
    COMPLAINT_MS = 60000,        /* between two lines that say that no connection can be taken */
    PEER_USER_TIMEOUT_MS = 5000, /* unacknowledged bytes end a link */
    PEER_KEEPALIVE_IDLE_S = 5,
    PEER_KEEPALIVE_INTERVAL_S = 1,
    PEER_KEEPALIVE_COUNT = 3,
    CLIENT_KEEPALIVE_IDLE_S = 60,
    CLIENT_KEEPALIVE_INTERVAL_S = 10,
    CLIENT_KEEPALIVE_COUNT = 6,
};

/* One that may be called (node_calls): a kind of link to another node of --cluster. */
struct dial {
    struct server *server;
    uint32_t peer;
    enum node_link_kind kind;
    struct resolver *resolver;   /* where it is; both kinds of link have the same */
    size_t next;                 /* of the addresses: the one to be called, or that is being called */
    struct peer_socket *socket;  /* connecting or connected; NULL: waiting to call again, or for an address */
    struct ev_timer again;       /* calls again; or ends a call that nobody answers */
    uint64_t wait_ms;
};

struct server {
    struct ev_loop *loop;
    struct node *node;
    struct server_options options;
    struct ev_prepare before_block;
    struct ev_check after_block;
    struct ev_timer deadline;
    struct ev_timer sweep;
    struct ev_async disk_done;
    struct ev_signal terminate;
    struct ev_signal interrupt;
    struct worker log_worker;
    struct worker bulk_worker;
    bool log_busy;
    bool bulk_busy;
    struct notify notify;
    bool ending;                 /* a signal asked for it */
    struct listener client_listener;
    struct listener peer_listener;
    int spare_file;              /* given up for a moment to turn a client away when descriptors run out; -1: none */
    uint64_t complained_ms;      /* when it was last said that no connection can be taken; 0: never */
    struct list connections;
    struct list lingering;       /* those that only wait for the other side to close, the oldest first */
    uint32_t connection_count;   /* in both lists */
    struct list peer_sockets;
    uint32_t accepted_count;     /* of these: they called us */
    struct resolver resolvers[RAFT_MEMBERS_MAX]; /* of the other nodes of --cluster */
    uint32_t resolver_count;
    struct dial dials[2 * RAFT_MEMBERS_MAX];
    uint32_t dial_count;
    bool ended;
    bool last_replies;           /* what is not written now never will be */
    uint8_t *buffer;             /* READ_BUFFER_BYTES, for one read at a time */
    uint64_t now_ms;             /* when this turn began, or the loop last woke */
    size_t turn_bytes;           /* read since the last turn */
    uint64_t round;              /* how often the loop has woken */
};

/* --- server.c --- */
/* SIZE bytes were read and given to the node. After enough of them disk and peers get their work before the rest is
 * read: they and this node then work at the same time. Clients may be gone afterwards. */
void server_read(struct server *server, size_t size);
/* No connection could be taken at LISTENER, for want of descriptors or memory (ERROR, as -errno): says so, though not
 * often. */
void server_cannot_accept(struct server *server, const struct listener *listener, int error);

/* --- connection.c --- */
/* Before the listener is opened. */
void connections_init(struct server *server);
/* Writes what clients are to get, as far as their turn allows, and closes those that are done. */
void connections_flush(struct server *server);
/* Writes what the sockets take, before the end. */
void connections_finish(struct server *server);
void connections_sweep(struct server *server);
void connections_close(struct server *server);

/* --- peers.c --- */
/* Before the listener is opened. */
void peers_init(struct server *server);
/* Calls the other nodes of --cluster from now on, whenever node_calls says so. */
void peers_dial(struct server *server);
void peers_flush(struct server *server);
void peers_close(struct server *server);

#endif
