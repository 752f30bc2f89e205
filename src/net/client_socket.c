#include "net/client_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "net/interest.h"
#include "net/method.h"
#include "node/connection.h"

/* A client that speaks text, or whose first bytes are not here yet. */
struct client_socket {
    struct connection connection; /* what the node's client is owned by */
    struct ev_io io;
    struct client_sockets *sockets;
    struct node_client *client; /* NULL: all is said; lingers until the other side closes */
    struct list all;            /* in sockets->all, or ->lingering */
    uint64_t round;             /* of the loop in which it was last written to, */
    size_t round_bytes;         /* ... and how much */
    uint64_t moved_ms;          /* when the client last took a byte, or nothing was waiting for it */
    bool looks;                 /* nothing is read yet: it may turn out to speak HTTP */
    size_t looked_bytes;        /* of what may become a method */
};

/* The connection is no more; its socket, which is returned, is open yet. */
static int forget(struct client_socket *socket)
{
    struct client_sockets *sockets = socket->sockets;
    int file = socket->io.fd;
    if (socket->client)
        node_client_close(sockets->loop->node, socket->client);
    ev_io_stop(sockets->loop->ev, &socket->io);
    list_remove(&socket->all);
    sockets->count--;
    free(socket);
    return file;
}

static void drop(struct client_socket *socket)
{
    close(forget(socket));
}

/* All replies are written. Closing now could throw away unread input, and with it, by a reset, what the client has not
 * read yet: so only this side is closed, and the rest of the input is dropped until the client closes too. */
static void linger(struct client_socket *socket)
{
    struct client_sockets *sockets = socket->sockets;
    node_client_close(sockets->loop->node, socket->client);
    socket->client = NULL;
    socket->moved_ms = sockets->loop->now_ms;
    list_remove(&socket->all);
    list_add_last(&sockets->lingering, &socket->all);
    shutdown(socket->io.fd, SHUT_WR);
    interest_set(socket->sockets->loop->ev, &socket->io, EV_READ);
}

/* How many bytes it may still be written in this round of the loop. To write as long as the socket takes it would be
 * the copying of megabytes, while all others wait. */
static size_t round_left(struct client_socket *socket)
{
    const struct client_sockets *sockets = socket->sockets;
    if (sockets->last_replies)
        return SIZE_MAX;
    if (socket->round != sockets->loop->round)
        socket->round_bytes = 0;
    socket->round = sockets->loop->round;
    return CLIENT_TURN_BYTES - socket->round_bytes;
}

/* PIECES of OUTPUT's first bytes, SIZE at most; returns how many. */
static size_t peek(const struct chain *output, size_t size, struct iovec pieces[WRITE_PIECES_MAX])
{
    size_t count = chain_peek(output, pieces, WRITE_PIECES_MAX);
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].iov_len >= size) {
            pieces[i].iov_len = size;
            return i + 1;
        }
        size -= pieces[i].iov_len;
    }
    return count;
}

/* Writes until nothing is left, the socket takes no more, or it is the others' turn: then the socket is writable, and
 * the loop comes back to it when they had theirs. False: the connection is gone. */
static bool write_replies(struct client_socket *socket, struct chain *output)
{
    size_t left;
    while (output->size > 0 && (left = round_left(socket)) > 0) {
        struct iovec pieces[WRITE_PIECES_MAX];
        size_t count = peek(output, left, pieces);
        ssize_t written = writev(socket->io.fd, pieces, (int)count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && errno == EAGAIN)
            return true;
        if (written <= 0)
            return false;
        chain_consume(output, (size_t)written);
        socket->round_bytes += (size_t)written;
        socket->moved_ms = socket->sockets->loop->now_ms;
        node_client_written(socket->sockets->loop->node, socket->client);
    }
    socket->moved_ms = socket->sockets->loop->now_ms;
    return true;
}

/* False: the connection is gone. */
static bool write_output(struct client_socket *socket)
{
    struct chain *output = node_client_output(socket->client);
    if (!write_replies(socket, output)) {
        drop(socket);
        return false;
    }
    if (output->size == 0 && node_client_ends(socket->client)) {
        linger(socket);
        return true;
    }
    int events = node_client_reads(socket->client) ? EV_READ : 0;
    interest_set(socket->sockets->loop->ev, &socket->io, output->size > 0 ? events | EV_WRITE : events);
    return true;
}

static void flush(struct connection *owner)
{
    (void)write_output(list_item(owner, struct client_socket, connection));
}

void client_sockets_flush(struct client_sockets *sockets)
{
    struct node_client *client;
    while ((client = node_next_output(sockets->loop->node)) != NULL) {
        struct connection *owner = node_client_owner(client);
        owner->flush(owner);
    }
}

void client_sockets_finish(struct client_sockets *sockets)
{
    sockets->last_replies = true;
    client_sockets_flush(sockets);
    struct list *link = sockets->all.next;
    while (link != &sockets->all) {
        struct client_socket *socket = list_item(link, struct client_socket, all);
        link = link->next;
        (void)write_output(socket);
    }
}

/* Its first bytes are an HTTP request's: they are still to be read, by whoever serves HTTP. */
static void hand_over(struct client_socket *socket)
{
    const struct server_http *http = &socket->sockets->http;
    http->take(http->http, forget(socket));
}

/* Until this many bytes are there the socket does not become readable, unless the client ends. */
static void wait_for_bytes(const struct client_socket *socket, size_t count)
{
    int low = (int)count;
    setsockopt(socket->io.fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof low);
}

/* Looks at the first bytes without reading them. True: it is text, to be read now. Else the connection may be gone. */
static bool is_text(struct client_socket *socket)
{
    uint8_t bytes[METHOD_SIZE_MAX];
    ssize_t got = recv(socket->io.fd, bytes, sizeof bytes, MSG_PEEK);
    if (got < 0)
        return errno != EAGAIN && errno != EINTR; /* reading fails too, and deals with it */
    enum method found = method_find(bytes, (size_t)got);
    /* As many as before: no more will come. */
    if (found == METHOD_MORE && (size_t)got > socket->looked_bytes) {
        socket->looked_bytes = (size_t)got;
        wait_for_bytes(socket, (size_t)got + 1);
        return false;
    }
    if (socket->looked_bytes > 0)
        wait_for_bytes(socket, 1);
    socket->looks = false;
    if (found != METHOD_FOUND)
        return true;
    hand_over(socket);
    return false;
}

static void read_input(struct client_socket *socket)
{
    struct client_sockets *sockets = socket->sockets;
    if (socket->looks && !is_text(socket))
        return;
    ssize_t got = read(socket->io.fd, sockets->loop->buffer, READ_BUFFER_BYTES);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got < 0 || (got == 0 && !socket->client)) {
        drop(socket);
        return;
    }
    if (!socket->client)
        return;
    if (got == 0) {
        node_client_end(sockets->loop->node, socket->client);
        interest_set(sockets->loop->ev, &socket->io, socket->io.events & EV_WRITE);
    } else {
        node_client_bytes(sockets->loop->node, socket->client, sockets->loop->buffer, (size_t)got);
        if (!node_client_reads(socket->client))
            interest_set(sockets->loop->ev, &socket->io, socket->io.events & EV_WRITE);
        loop_read(sockets->loop, (size_t)got);
    }
}

/* Half a method that is not continued is text like any other half a line. */
static void look_no_more(struct client_socket *socket, uint64_t still_ms)
{
    if (still_ms < METHOD_MS)
        return;
    socket->looks = false;
    wait_for_bytes(socket, 1); /* what is there is read with the next turn of the loop */
}

static void on_socket(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct client_socket *socket = io->data;
    (void)loop;
    /* Writing comes first: the socket of a client that uploads without a pause is always readable. */
    if ((events & EV_WRITE) && socket->client && !write_output(socket))
        return;
    if (events & EV_READ)
        read_input(socket); /* what it brings about is written at the end of the turn */
}

/* A client whose machine is gone says nothing, and would keep its connection for ever. */
static void notice_lost_client(int file)
{
    int on = 1, idle_s = CLIENT_KEEPALIVE_IDLE_S, interval_s = CLIENT_KEEPALIVE_INTERVAL_S,
        count = CLIENT_KEEPALIVE_COUNT;
    setsockopt(file, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(file, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    setsockopt(file, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
    setsockopt(file, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

/* There is no place for it, or none to be had. Closes it. */
static void refuse(int file)
{
    const char *line = node_busy_line();
    ssize_t ignored = write(file, line, strlen(line));
    (void)ignored;
    close(file);
}

/* Whether there may be one connection more. Those whose last reply is written still have their descriptors: where there
 * is no other place, the one that has been waited for longest goes. */
static bool make_place(struct client_sockets *sockets)
{
    const struct server_http *http = &sockets->http;
    uint32_t others = http->http ? http->count(http->http) : 0;
    if (sockets->count + others >= sockets->max && !list_empty(&sockets->lingering))
        drop(list_item(sockets->lingering.next, struct client_socket, all));
    return sockets->count + others < sockets->max;
}

static void add(struct client_sockets *sockets, int file)
{
    if (!make_place(sockets)) {
        refuse(file);
        return;
    }
    int on = 1;
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    notice_lost_client(file);
    struct client_socket *socket = memory_get(sizeof *socket);
    socket->sockets = sockets;
    socket->connection.flush = flush;
    socket->client = node_client_open(sockets->loop->node, &socket->connection);
    socket->looks = sockets->http.http != NULL;
    socket->moved_ms = sockets->loop->now_ms;
    ev_io_init(&socket->io, on_socket, file, EV_READ);
    socket->io.data = socket;
    if (!socket->client) {
        refuse(file);
        free(socket);
        return;
    }
    list_add_last(&sockets->all, &socket->all);
    sockets->count++;
    ev_io_start(sockets->loop->ev, &socket->io);
}

/* No descriptor is left: the one in reserve takes the next client, to turn it away. False: there is none in reserve
 * either. */
static bool turn_away(struct client_sockets *sockets, int listener)
{
    if (sockets->spare_file < 0)
        return false;
    close(sockets->spare_file);
    struct address from;
    int file = address_accept(listener, &from);
    if (file >= 0)
        refuse(file);
    sockets->spare_file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return file >= 0 || file == -EAGAIN;
}

static void on_client_listener(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct client_sockets *sockets = io->data;
    (void)loop;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct address from;
        int file = address_accept(io->fd, &from);
        if (file == -EAGAIN)
            return;
        if (file >= 0) {
            add(sockets, file);
            continue;
        }
        loop_cannot_accept(sockets->loop, &sockets->listener, file);
        if ((file != -EMFILE && file != -ENFILE) || !turn_away(sockets, io->fd)) {
            listener_rest(&sockets->listener); /* who waits goes on waiting, and would wake the loop at once */
            return;
        }
    }
}

static void open_spare(struct client_sockets *sockets)
{
    if (sockets->spare_file < 0)
        sockets->spare_file = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void client_sockets_init(struct client_sockets *sockets)
{
    list_init(&sockets->all);
    list_init(&sockets->lingering);
    sockets->spare_file = -1;
    open_spare(sockets);
    listener_init(&sockets->listener, sockets->loop->ev, sockets->loop->logger, on_client_listener, sockets);
}

static void sweep_list(struct client_sockets *sockets, const struct list *list)
{
    uint64_t now_ms = sockets->loop->now_ms;
    struct list *link = list->next;
    while (link != list) {
        struct client_socket *socket = list_item(link, struct client_socket, all);
        link = link->next;
        uint64_t still_ms = now_ms - socket->moved_ms;
        bool lingered = !socket->client && still_ms >= LINGER_MS;
        bool stalled = socket->client && node_client_output(socket->client)->size > 0 &&
                       still_ms >= sockets->stall_ms;
        if (lingered || stalled)
            drop(socket);
        else if (socket->looked_bytes > 0 && socket->looks)
            look_no_more(socket, still_ms);
    }
}

void client_sockets_sweep(struct client_sockets *sockets)
{
    sweep_list(sockets, &sockets->lingering);
    sweep_list(sockets, &sockets->all);
    open_spare(sockets);
    listener_sweep(&sockets->listener);
}

static void close_list(const struct list *list)
{
    while (!list_empty(list))
        drop(list_item(list->next, struct client_socket, all));
}

void client_sockets_close(struct client_sockets *sockets)
{
    close_list(&sockets->all);
    close_list(&sockets->lingering);
    listener_close(&sockets->listener);
    if (sockets->spare_file >= 0)
        close(sockets->spare_file);
}
