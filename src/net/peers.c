/* Links between nodes: the node with the higher id calls, once for each kind, and calls again when a link is lost. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "net/inside.h"
#include "net/watch.h"

struct peer_socket {
    struct ev_io io;
    struct server *server;
    struct node_link *link; /* NULL: still connecting */
    struct dial *dial;      /* NULL: it called us */
    struct list all;        /* in server->peer_sockets */
};

static void on_redial(struct ev_loop *loop, struct ev_timer *timer, int events);

/* REFUSED: the other node does not let this one in, and will hardly do so in a moment. */
static void redial_later(struct dial *dial, bool refused)
{
    dial->socket = NULL;
    uint64_t most_ms = refused ? REFUSED_MAX_MS : REDIAL_MAX_MS;
    if (refused && dial->wait_ms < REFUSED_MIN_MS)
        dial->wait_ms = REFUSED_MIN_MS;
    ev_timer_stop(dial->server->loop, &dial->again);
    ev_timer_set(&dial->again, (double)dial->wait_ms / 1000, 0);
    ev_timer_start(dial->server->loop, &dial->again);
    dial->wait_ms = dial->wait_ms * 2 < most_ms ? dial->wait_ms * 2 : most_ms;
}

static void socket_close(struct peer_socket *socket)
{
    struct server *server = socket->server;
    bool refused = socket->link && node_link_refused(socket->link);
    if (socket->link)
        node_link_close(server->node, socket->link);
    ev_io_stop(server->loop, &socket->io);
    close(socket->io.fd);
    list_remove(&socket->all);
    if (socket->dial && !server->ended)
        redial_later(socket->dial, refused);
    free(socket);
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
    watch_for(socket->server->loop, &socket->io, events);
    return true;
}

void peers_flush(struct server *server)
{
    struct list *link = server->peer_sockets.next;
    while (link != &server->peer_sockets) {
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
    struct server *server = socket->server;
    ssize_t got = read(socket->io.fd, server->buffer, READ_BUFFER_BYTES);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        socket_close(socket);
        return;
    }
    node_link_bytes(server->node, socket->link, server->buffer, (size_t)got);
    if (socket->dial && node_link_up(socket->link))
        socket->dial->wait_ms = REDIAL_MIN_MS;
    server_read(server, (size_t)got);
}

/* The call was answered or refused. */
static void connected(struct peer_socket *socket)
{
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket->io.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0)
        socket->link = node_link_open(socket->server->node, socket, socket->dial->kind, socket->dial->peer);
    if (socket->link)
        watch_for(socket->server->loop, &socket->io, EV_READ);
    else
        socket_close(socket);
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

static struct peer_socket *socket_add(struct server *server, int file, struct dial *dial)
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
    socket->server = server;
    socket->dial = dial;
    ev_io_init(&socket->io, on_socket, file, dial ? EV_WRITE : EV_READ);
    socket->io.data = socket;
    list_add_last(&server->peer_sockets, &socket->all);
    return socket;
}

static void call(struct dial *dial)
{
    int file = socket(dial->address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (file < 0) {
        redial_later(dial, false);
        return;
    }
    dial->socket = socket_add(dial->server, file, dial);
    int result = connect(file, (const struct sockaddr *)&dial->address.bytes, dial->address.size);
    if (result < 0 && errno != EINPROGRESS && errno != EINTR)
        socket_close(dial->socket);
    else
        ev_io_start(dial->server->loop, &dial->socket->io);
}

static void on_redial(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    call(timer->data);
}

void peers_dial(struct server *server)
{
    for (uint32_t i = 0; i < server->dial_count; i++) {
        struct dial *dial = &server->dials[i];
        dial->server = server;
        dial->wait_ms = REDIAL_MIN_MS;
        ev_timer_init(&dial->again, on_redial, 0, 0);
        dial->again.data = dial;
        call(dial);
    }
}

static void on_peer_listener(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct server *server = io->data;
    (void)loop;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct address from = {.size = sizeof from.bytes};
        int file = accept4(io->fd, (struct sockaddr *)&from.bytes, &from.size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (file < 0 && errno != EINTR && errno != ECONNABORTED) {
            if (errno == EMFILE || errno == ENFILE)
                ev_io_stop(server->loop, io); /* who calls goes on calling, and would wake the loop at once */
            return;
        }
        if (file < 0)
            continue;
        struct peer_socket *socket = socket_add(server, file, NULL);
        /* Its hello says which kind it is, and who. */
        socket->link = node_link_open(server->node, socket, NODE_LINK_CONSENSUS, 0);
        if (!socket->link) {
            socket_close(socket);
            continue;
        }
        char text[ADDRESS_TEXT_MAX];
        address_text(&from, text);
        node_link_from(socket->link, text);
        ev_io_start(server->loop, &socket->io);
    }
}

void peers_listen(struct server *server, int listener)
{
    ev_io_init(&server->peer_listener, on_peer_listener, listener, EV_READ);
    server->peer_listener.data = server;
    ev_io_start(server->loop, &server->peer_listener);
}

void peers_sweep(struct server *server)
{
    if (server->options.peer_listen)
        ev_io_start(server->loop, &server->peer_listener);
}

void peers_close(struct server *server)
{
    server->ended = true;
    for (uint32_t i = 0; i < server->dial_count; i++)
        ev_timer_stop(server->loop, &server->dials[i].again);
    while (!list_empty(&server->peer_sockets))
        socket_close(list_item(server->peer_sockets.next, struct peer_socket, all));
    if (server->options.peer_listen) {
        ev_io_stop(server->loop, &server->peer_listener);
        close(server->peer_listener.fd);
    }
}
