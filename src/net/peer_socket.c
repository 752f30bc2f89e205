#include "net/peer_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "net/interest.h"

struct peer_socket {
    struct ev_io io;
    struct peer_sockets *sockets;
    struct node_link *link; /* NULL: still connecting */
    struct dial *dial;      /* NULL: it called us */
    struct list all;        /* in sockets->all */
};

static void set_timer(struct dial *dial, uint64_t time_ms)
{
    ev_timer_stop(dial->sockets->loop->ev, &dial->again);
    ev_timer_set(&dial->again, (double)time_ms / 1000, 0);
    ev_timer_start(dial->sockets->loop->ev, &dial->again);
}

/* REFUSED: the other node does not let this one in, and will hardly do so in a moment. */
static void redial_later(struct dial *dial, bool refused)
{
    dial->socket = NULL;
    uint64_t most_ms = refused ? REFUSED_MAX_MS : REDIAL_MAX_MS;
    if (refused && dial->wait_ms < REFUSED_MIN_MS)
        dial->wait_ms = REFUSED_MIN_MS;
    set_timer(dial, dial->wait_ms);
    dial->wait_ms = dial->wait_ms * 2 < most_ms ? dial->wait_ms * 2 : most_ms;
}

/* The call came to nothing, or its link was lost. One that was up (PROVEN) had the right address, which is called
 * first; else the next one is, and soon if it is one that has not been tried yet. In the meantime the name is looked
 * up: the other machine may be elsewhere by now. */
static void call_again(struct dial *dial, bool proven, bool refused)
{
    if (!proven && ++dial->next < dial->resolver->addresses.count) {
        dial->socket = NULL;
        set_timer(dial, REDIAL_MIN_MS);
        return;
    }
    if (proven)
        resolver_serves(dial->resolver);
    else
        dial->next = 0;
    redial_later(dial, refused);
    resolver_want(dial->resolver);
}

static void socket_free(struct peer_socket *socket)
{
    struct peer_sockets *sockets = socket->sockets;
    if (socket->link)
        node_link_close(sockets->loop->node, socket->link);
    ev_io_stop(sockets->loop->ev, &socket->io);
    close(socket->io.fd);
    list_remove(&socket->all);
    sockets->accepted_count -= socket->dial == NULL;
    free(socket);
}

static void socket_close(struct peer_socket *socket)
{
    struct dial *dial = socket->dial;
    bool proven = socket->link && node_link_up(socket->link);
    bool refused = socket->link && node_link_refused(socket->link);
    bool ended = socket->sockets->ended;
    socket_free(socket);
    if (dial && !ended)
        call_again(dial, proven, refused);
}

static bool is_wanted(const struct dial *dial)
{
    return node_calls(dial->sockets->loop->node, dial->peer, dial->kind);
}

/* There is no call for now. It is this node that calls one with a lower id, so it must see soon that their link is
 * lost; one with a higher id is given its time to call. */
static void look_later(struct dial *dial)
{
    dial->socket = NULL;
    set_timer(dial, dial->peer < dial->sockets->id ? REDIAL_MAX_MS : NODE_CALL_MS);
}

/* Writes what waits. False: the link is gone. */
static bool write_frames(struct peer_socket *socket)
{
    while (node_link_output_bytes(socket->link) > 0) {
        struct iovec pieces[WRITE_PIECES_MAX];
        size_t count = node_link_peek(socket->link, pieces, WRITE_PIECES_MAX);
        ssize_t written = writev(socket->io.fd, pieces, (int)count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && errno == EAGAIN)
            break;
        if (written <= 0)
            return false;
        node_link_consume(socket->link, (size_t)written);
    }
    int events = node_link_output_bytes(socket->link) > 0 ? EV_READ | EV_WRITE : EV_READ;
    interest_set(socket->sockets->loop->ev, &socket->io, events);
    return true;
}

void peer_sockets_flush(struct peer_sockets *sockets)
{
    struct list *link = sockets->all.next;
    while (link != &sockets->all) {
        struct peer_socket *socket = list_item(link, struct peer_socket, all);
        link = link->next;
        if (!socket->link)
            continue;
        /* Why a link ends is still told, as far as the socket takes it. */
        bool broken = node_link_output_bytes(socket->link) > 0 && !write_frames(socket);
        if (broken || node_link_ends(socket->link))
            socket_close(socket);
    }
}

static void read_frames(struct peer_socket *socket)
{
    struct peer_sockets *sockets = socket->sockets;
    ssize_t got = read(socket->io.fd, sockets->loop->buffer, READ_BUFFER_BYTES);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        socket_close(socket);
        return;
    }
    node_link_bytes(sockets->loop->node, socket->link, sockets->loop->buffer, (size_t)got);
    if (socket->dial && node_link_up(socket->link))
        socket->dial->wait_ms = REDIAL_MIN_MS;
    loop_read(sockets->loop, (size_t)got);
}

/* The call was answered or refused. If the other node has called in the meantime, it does not matter which. */
static void connected(struct peer_socket *socket)
{
    int error = 0;
    socklen_t size = sizeof error;
    struct dial *dial = socket->dial;
    if (!is_wanted(dial)) {
        socket_free(socket);
        look_later(dial);
        return;
    }
    getsockopt(socket->io.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0)
        node_call_failed(socket->sockets->loop->node, dial->peer, strerror(error));
    else
        socket->link = node_link_open(socket->sockets->loop->node, socket, dial->kind, dial->peer);
    if (!socket->link) {
        socket_close(socket);
        return;
    }
    ev_timer_stop(socket->sockets->loop->ev, &dial->again);
    interest_set(socket->sockets->loop->ev, &socket->io, EV_READ);
}

static void on_socket(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct peer_socket *socket = io->data;
    (void)loop;
    if (!socket->link)
        connected(socket);
    else if (events & EV_READ)
        read_frames(socket);
    else if (!write_frames(socket))
        socket_close(socket);
}

static struct peer_socket *socket_add(struct peer_sockets *sockets, int file, struct dial *dial)
{
    int on = 1;
    unsigned timeout_ms = PEER_USER_TIMEOUT_MS;
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* A link at rest must notice too that the other machine is gone: it is called again only when it is closed here. */
    int idle_s = PEER_KEEPALIVE_IDLE_S, interval_s = PEER_KEEPALIVE_INTERVAL_S, count = PEER_KEEPALIVE_COUNT;
    setsockopt(file, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(file, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    setsockopt(file, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
    setsockopt(file, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    setsockopt(file, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
    struct peer_socket *socket = memory_get(sizeof *socket);
    socket->sockets = sockets;
    socket->dial = dial;
    ev_io_init(&socket->io, on_socket, file, dial ? EV_WRITE : EV_READ);
    socket->io.data = socket;
    list_add_last(&sockets->all, &socket->all);
    sockets->accepted_count += dial == NULL;
    return socket;
}

static void call(struct dial *dial)
{
    if (!is_wanted(dial)) {
        look_later(dial);
        return;
    }
    const struct addresses *addresses = &dial->resolver->addresses;
    if (addresses->count == 0) { /* until it is found */
        node_call_failed(dial->sockets->loop->node, dial->peer, "its name does not resolve");
        return;
    }
    if (dial->next >= addresses->count)
        dial->next = 0;
    const struct address *address = &addresses->items[dial->next];
    int file = socket(address->bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (file < 0 && errno == EAFNOSUPPORT) {
        call_again(dial, false, false);
        return;
    }
    if (file < 0) {
        node_call_failed(dial->sockets->loop->node, dial->peer, strerror(errno));
        redial_later(dial, false);
        return;
    }
    dial->socket = socket_add(dial->sockets, file, dial);
    int result = connect(file, (const struct sockaddr *)&address->bytes, address->size);
    if (result < 0 && errno != EINPROGRESS && errno != EINTR) {
        node_call_failed(dial->sockets->loop->node, dial->peer, strerror(errno));
        socket_close(dial->socket);
        return;
    }
    ev_io_start(dial->sockets->loop->ev, &dial->socket->io);
    set_timer(dial, CONNECT_MS);
}

static void on_again(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct dial *dial = timer->data;
    (void)loop;
    (void)events;
    if (dial->socket && is_wanted(dial)) {
        node_call_failed(dial->sockets->loop->node, dial->peer, "nobody answers");
        socket_close(dial->socket);
    } else if (dial->socket) {
        socket_free(dial->socket);
        look_later(dial);
    } else {
        call(dial);
    }
}

/* The name has addresses, or others than before: calls that are not answered yet go there. */
static void on_found(struct resolver *resolver)
{
    struct peer_sockets *sockets = resolver->owner;
    for (uint32_t i = 0; i < sockets->dial_count; i++) {
        struct dial *dial = &sockets->dials[i];
        if (dial->resolver != resolver || (dial->socket && dial->socket->link))
            continue;
        dial->wait_ms = REDIAL_MIN_MS;
        if (dial->socket)
            socket_close(dial->socket);
        ev_timer_stop(sockets->loop->ev, &dial->again);
        dial->next = 0;
        call(dial);
    }
}

static void add_dial(struct peer_sockets *sockets, uint32_t peer, enum node_link_kind kind, struct resolver *resolver)
{
    struct dial *dial = &sockets->dials[sockets->dial_count++];
    *dial = (struct dial){
        .sockets = sockets, .peer = peer, .kind = kind, .resolver = resolver, .wait_ms = REDIAL_MIN_MS};
    ev_timer_init(&dial->again, on_again, 0, 0);
    dial->again.data = dial;
    call(dial);
}

void peer_sockets_dial(struct peer_sockets *sockets)
{
    for (uint32_t i = 0; i < sockets->peer_count; i++) {
        const struct raft_member *peer = &sockets->peers[i];
        if (peer->id == sockets->id)
            continue;
        struct resolver *resolver = &sockets->resolvers[sockets->resolver_count++];
        resolver_open(resolver, peer->address, sockets->loop->ev, sockets->loop->logger, on_found, sockets);
        add_dial(sockets, peer->id, NODE_LINK_CONSENSUS, resolver);
        add_dial(sockets, peer->id, NODE_LINK_BULK, resolver);
    }
}

/* A connection from another node, or from a stranger: its hello says which kind it is, and who. */
static void add_accepted(struct peer_sockets *sockets, int file, const struct address *from)
{
    if (sockets->accepted_count + sockets->dial_count >= sockets->links_max) {
        close(file); /* a member calls again */
        return;
    }
    struct peer_socket *socket = socket_add(sockets, file, NULL);
    socket->link = node_link_open(sockets->loop->node, socket, NODE_LINK_CONSENSUS, 0);
    if (!socket->link) {
        socket_close(socket);
        return;
    }
    char text[ADDRESS_TEXT_MAX];
    address_text(from, text);
    node_link_from(socket->link, text);
    ev_io_start(sockets->loop->ev, &socket->io);
}

static void on_peer_listener(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct peer_sockets *sockets = io->data;
    (void)loop;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct address from;
        int file = address_accept(io->fd, &from);
        if (file >= 0) {
            add_accepted(sockets, file, &from);
            continue;
        }
        if (file != -EAGAIN) {
            loop_cannot_accept(sockets->loop, &sockets->listener, file);
            listener_rest(&sockets->listener); /* who calls goes on calling, and would wake the loop at once */
        }
        return;
    }
}

void peer_sockets_init(struct peer_sockets *sockets)
{
    list_init(&sockets->all);
    listener_init(&sockets->listener, sockets->loop->ev, sockets->loop->logger, on_peer_listener, sockets);
}

void peer_sockets_close(struct peer_sockets *sockets)
{
    sockets->ended = true;
    for (uint32_t i = 0; i < sockets->dial_count; i++)
        ev_timer_stop(sockets->loop->ev, &sockets->dials[i].again);
    for (uint32_t i = 0; i < sockets->resolver_count; i++)
        resolver_close(&sockets->resolvers[i]);
    while (!list_empty(&sockets->all))
        socket_close(list_item(sockets->all.next, struct peer_socket, all));
    listener_close(&sockets->listener);
}
