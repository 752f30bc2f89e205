/* Links between nodes: the node with the higher id calls, once for each kind, and calls again when a link is lost. One
 * that does not is called by the other after a while (node_calls). Whoever calls, where a link is up there is no call,
 * and one under way is given up when it is answered: a new link would take the place of one that is good. */
#ifndef CLEAT_NET_PEER_SOCKET_H
#define CLEAT_NET_PEER_SOCKET_H

#include "base/list.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/resolver.h"

enum {
    REDIAL_MIN_MS = 10,
    REDIAL_MAX_MS = 200,
    REFUSED_MIN_MS = 1000,       /* a node that does not let this one in is called less often */
    REFUSED_MAX_MS = 10000,
    CONNECT_MS = 2000,           /* an address that does not answer within this is given up for the next */
    PEER_USER_TIMEOUT_MS = 5000, /* unacknowledged bytes end a link */
    PEER_KEEPALIVE_IDLE_S = 5,
    PEER_KEEPALIVE_INTERVAL_S = 1,
    PEER_KEEPALIVE_COUNT = 3,
};

/* One that may be called (node_calls): a kind of link to another node of --cluster. */
struct dial {
    struct peer_sockets *sockets;
    uint32_t peer;
    enum node_link_kind kind;
    struct resolver *resolver;   /* where it is; both kinds of link have the same */
    size_t next;                 /* of the addresses: the one to be called, or that is being called */
    struct peer_socket *socket;  /* connecting or connected; NULL: waiting to call again, or for an address */
    struct ev_timer again;       /* calls again; or ends a call that nobody answers */
    uint64_t wait_ms;
};

struct peer_sockets {
    /* Set by the owner. */
    struct loop *loop;
    uint32_t id;                 /* this node's */
    uint32_t peer_count;         /* all nodes of --cluster */
    const struct raft_member *peers;
    uint32_t links_max;
    /* Its own; the listener is opened by the owner, after peer_sockets_init. */
    struct listener listener;
    struct list all;
    uint32_t accepted_count;     /* of these: they called us */
    struct resolver resolvers[RAFT_MEMBERS_MAX]; /* of the other nodes of --cluster */
    uint32_t resolver_count;
    struct dial dials[2 * RAFT_MEMBERS_MAX];
    uint32_t dial_count;
    bool ended;
};

void peer_sockets_init(struct peer_sockets *sockets);
/* Calls the other nodes of --cluster from now on, whenever node_calls says so. */
void peer_sockets_dial(struct peer_sockets *sockets);
/* Writes what links are to get, as far as the sockets take it, and closes those that end. */
void peer_sockets_flush(struct peer_sockets *sockets);
void peer_sockets_close(struct peer_sockets *sockets);

#endif
