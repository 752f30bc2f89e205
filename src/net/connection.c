/* Clients' sockets: accepting, reading, writing, and closing without losing what was said last. */
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
#include "net/inside.h"
#include "net/method.h"
#include "net/watch.h"
#include "node/connection.h"

/* A client that speaks text, or whose first bytes are not here yet. */
struct text_client {
    struct connection connection; /* what the node's client is owned by */
    struct ev_io io;
    struct server *server;
    struct node_client *client; /* NULL: all is said; lingers until the other side closes */
    struct list all;            /* in server->connections, or ->lingering */
    uint64_t round;             /* of the loop in which it was last written to, */
    size_t round_bytes;         /* ... and how much */
    uint64_t moved_ms;          /* when the client last took a byte, or nothing was waiting for it */
    bool looks;                 /* nothing is read yet: it may turn out to speak HTTP */
    size_t looked_bytes;        /* of what may become a method */
};

/* The connection is no more; its socket, which is returned, is open yet. */
static int forget(struct text_client *connection)
{
    struct server *server = connection->server;
    int file = connection->io.fd;
    if (connection->client)
        node_client_close(server->node, connection->client);
    ev_io_stop(server->loop, &connection->io);
    list_remove(&connection->all);
    server->connection_count--;
    free(connection);
    return file;
}

static void drop_connection(struct text_client *connection)
{
    close(forget(connection));
}

/* All replies are written. Closing now could throw away unread input, and with it, by a reset, what the client has not
 * read yet: so only this side is closed, and the rest of the input is dropped until the client closes too. */
static void linger(struct text_client *connection)
{
    struct server *server = connection->server;
    node_client_close(server->node, connection->client);
    connection->client = NULL;
    connection->moved_ms = server->now_ms;
    list_remove(&connection->all);
    list_add_last(&server->lingering, &connection->all);
    shutdown(connection->io.fd, SHUT_WR);
    watch_for(connection->server->loop, &connection->io, EV_READ);
}

/* How many bytes it may still be written in this round of the loop. To write as long as the socket takes it would be
 * the copying of megabytes, while all others wait. */
static size_t round_left(struct text_client *connection)
{
    const struct server *server = connection->server;
    if (server->last_replies)
        return SIZE_MAX;
    if (connection->round != server->round)
        connection->round_bytes = 0;
    connection->round = server->round;
    return CLIENT_TURN_BYTES - connection->round_bytes;
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
static bool write_replies(struct text_client *connection, struct chain *output)
{
    size_t left;
    while (output->size > 0 && (left = round_left(connection)) > 0) {
        struct iovec pieces[WRITE_PIECES_MAX];
        size_t count = peek(output, left, pieces);
        ssize_t written = writev(connection->io.fd, pieces, (int)count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && errno == EAGAIN)
            return true;
        if (written <= 0)
            return false;
        chain_consume(output, (size_t)written);
        connection->round_bytes += (size_t)written;
        connection->moved_ms = connection->server->now_ms;
        node_client_written(connection->server->node, connection->client);
    }
    connection->moved_ms = connection->server->now_ms;
    return true;
}

/* False: the connection is gone. */
static bool write_output(struct text_client *connection)
{
    struct chain *output = node_client_output(connection->client);
    if (!write_replies(connection, output)) {
        drop_connection(connection);
        return false;
    }
    if (output->size == 0 && node_client_ends(connection->client)) {
        linger(connection);
        return true;
    }
    int events = node_client_reads(connection->client) ? EV_READ : 0;
    watch_for(connection->server->loop, &connection->io, output->size > 0 ? events | EV_WRITE : events);
    return true;
}

static void flush(struct connection *owner)
{
    (void)write_output(list_item(owner, struct text_client, connection));
}

void connections_flush(struct server *server)
{
    struct node_client *client;
    while ((client = node_next_output(server->node)) != NULL) {
        struct connection *owner = node_client_owner(client);
        owner->flush(owner);
    }
}

void connections_finish(struct server *server)
{
    server->last_replies = true;
    connections_flush(server);
    struct list *link = server->connections.next;
    while (link != &server->connections) {
        struct text_client *connection = list_item(link, struct text_client, all);
        link = link->next;
        (void)write_output(connection);
    }
}

/* Its first bytes are an HTTP request's: they are still to be read, by whoever serves HTTP. */
static void hand_over(struct text_client *connection)
{
    const struct server_http *http = &connection->server->options.http;
    http->take(http->http, forget(connection));
}

/* Until this many bytes are there the socket does not become readable, unless the client ends. */
static void wait_for_bytes(const struct text_client *connection, size_t count)
{
    int low = (int)count;
    setsockopt(connection->io.fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof low);
}

/* Looks at the first bytes without reading them. True: it is text, to be read now. Else the connection may be gone. */
static bool is_text(struct text_client *connection)
{
    uint8_t bytes[METHOD_SIZE_MAX];
    ssize_t got = recv(connection->io.fd, bytes, sizeof bytes, MSG_PEEK);
    if (got < 0)
        return errno != EAGAIN && errno != EINTR; /* reading fails too, and deals with it */
    enum method found = method_find(bytes, (size_t)got);
    /* As many as before: no more will come. */
    if (found == METHOD_MORE && (size_t)got > connection->looked_bytes) {
        connection->looked_bytes = (size_t)got;
        wait_for_bytes(connection, (size_t)got + 1);
        return false;
    }
    if (connection->looked_bytes > 0)
        wait_for_bytes(connection, 1);
    connection->looks = false;
    if (found != METHOD_FOUND)
        return true;
    hand_over(connection);
    return false;
}

static void read_input(struct text_client *connection)
{
    struct server *server = connection->server;
    if (connection->looks && !is_text(connection))
        return;
    ssize_t got = read(connection->io.fd, server->buffer, READ_BUFFER_BYTES);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got < 0 || (got == 0 && !connection->client)) {
        drop_connection(connection);
        return;
    }
    if (!connection->client)
        return;
    if (got == 0) {
        node_client_end(server->node, connection->client);
        watch_for(connection->server->loop, &connection->io, connection->io.events & EV_WRITE);
    } else {
        node_client_bytes(server->node, connection->client, server->buffer, (size_t)got);
        if (!node_client_reads(connection->client))
            watch_for(connection->server->loop, &connection->io, connection->io.events & EV_WRITE);
        server_read(server, (size_t)got);
    }
}

/* Half a method that is not continued is text like any other half a line. */
static void look_no_more(struct text_client *connection, uint64_t still_ms)
{
    if (still_ms < METHOD_MS)
        return;
    connection->looks = false;
    wait_for_bytes(connection, 1); /* what is there is read with the next turn of the loop */
}

static void on_connection(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct text_client *connection = io->data;
    (void)loop;
    /* Writing comes first: the socket of a client that uploads without a pause is always readable. */
    if ((events & EV_WRITE) && connection->client && !write_output(connection))
        return;
    if (events & EV_READ)
        read_input(connection); /* what it brings about is written at the end of the turn */
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
static bool make_place(struct server *server)
{
    const struct server_http *http = &server->options.http;
    uint32_t others = http->http ? http->count(http->http) : 0;
    if (server->connection_count + others >= server->options.connections_max && !list_empty(&server->lingering))
        drop_connection(list_item(server->lingering.next, struct text_client, all));
    return server->connection_count + others < server->options.connections_max;
}

static void add(struct server *server, int file)
{
    if (!make_place(server)) {
        refuse(file);
        return;
    }
    int on = 1;
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    notice_lost_client(file);
    struct text_client *connection = memory_get(sizeof *connection);
    connection->server = server;
    connection->connection.flush = flush;
    connection->client = node_client_open(server->node, &connection->connection);
    connection->looks = server->options.http.http != NULL;
    connection->moved_ms = server->now_ms;
    ev_io_init(&connection->io, on_connection, file, EV_READ);
    connection->io.data = connection;
    if (!connection->client) {
        refuse(file);
        free(connection);
        return;
    }
    list_add_last(&server->connections, &connection->all);
    server->connection_count++;
    ev_io_start(server->loop, &connection->io);
}

/* No descriptor is left: the one in reserve takes the next client, to turn it away. False: there is none in reserve
 * either. */
static bool turn_away(struct server *server, int listener)
{
    if (server->spare_file < 0)
        return false;
    close(server->spare_file);
    struct address from;
    int file = address_accept(listener, &from);
    if (file >= 0)
        refuse(file);
    server->spare_file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return file >= 0 || file == -EAGAIN;
}

static void on_client_listener(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct server *server = io->data;
    (void)loop;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct address from;
        int file = address_accept(io->fd, &from);
        if (file == -EAGAIN)
            return;
        if (file >= 0) {
            add(server, file);
            continue;
        }
        server_cannot_accept(server, &server->client_listener, file);
        if ((file != -EMFILE && file != -ENFILE) || !turn_away(server, io->fd)) {
            listener_rest(&server->client_listener); /* who waits goes on waiting, and would wake the loop at once */
            return;
        }
    }
}

static void open_spare(struct server *server)
{
    if (server->spare_file < 0)
        server->spare_file = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void connections_init(struct server *server)
{
    list_init(&server->connections);
    list_init(&server->lingering);
    server->spare_file = -1;
    open_spare(server);
    listener_init(&server->client_listener, server->loop, server->options.logger, on_client_listener, server);
}

static void sweep_list(struct server *server, const struct list *list)
{
    uint64_t now_ms = server->now_ms;
    struct list *link = list->next;
    while (link != list) {
        struct text_client *connection = list_item(link, struct text_client, all);
        link = link->next;
        uint64_t still_ms = now_ms - connection->moved_ms;
        bool lingered = !connection->client && still_ms >= LINGER_MS;
        bool stalled = connection->client && node_client_output(connection->client)->size > 0 &&
                       still_ms >= server->options.client_stall_ms;
        if (lingered || stalled)
            drop_connection(connection);
        else if (connection->looked_bytes > 0 && connection->looks)
            look_no_more(connection, still_ms);
    }
}

void connections_sweep(struct server *server)
{
    sweep_list(server, &server->lingering);
    sweep_list(server, &server->connections);
    open_spare(server);
    listener_sweep(&server->client_listener);
}

static void close_list(const struct list *list)
{
    while (!list_empty(list))
        drop_connection(list_item(list->next, struct text_client, all));
}

void connections_close(struct server *server)
{
    close_list(&server->connections);
    close_list(&server->lingering);
    listener_close(&server->client_listener);
    if (server->spare_file >= 0)
        close(server->spare_file);
}
