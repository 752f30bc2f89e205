/* The limit: a server that only reads, parses and answers, in one thread, without log, disk and other nodes.
 *
 *      null_server [PORT [NUMBYTES]]        127.0.0.1:PORT (28090); a read is answered with so many bytes (256)
 *
 * No server that takes the same text over the same sockets can be faster than this one by much; so it shows how much of
 * a figure is the machine, the kernel and the load itself. Every write is "OK 1"; nothing is stored. */
#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "protocol/request.h"

enum { INPUT_BYTES = 256 * 1024, VALUE_MAX = 8 * 1024 * 1024, KEPT_BYTES = 64 * 1024, BACKLOG = 1024 };

struct client {
    struct ev_io io;
    struct buffer input;    /* what is not complete yet */
    struct buffer output;
    struct request request; /* answered when its contents are there too; its name is not to be looked at */
    uint64_t skip;          /* bytes of contents that are to come yet and to be dropped */
};

static uint8_t bytes[INPUT_BYTES];
static struct buffer contents; /* the answer to a read */

static void client_close(struct ev_loop *loop, struct client *client)
{
    ev_io_stop(loop, &client->io);
    close(client->io.fd);
    buffer_close(&client->input);
    buffer_close(&client->output);
    free(client);
}

/* False: the connection is to be closed. */
static bool answer(struct client *client, const struct request *request)
{
    static const char status[] = "STATUS 20\r\nrole=leader\r\nterm=1\r\n\r\n";
    struct buffer *out = &client->output;
    if (request->error != REQUEST_OK) {
        buffer_append_text(out, "ERR_CMD_ERR\r\n");
        return true;
    }
    switch (request->verb) {
    case VERB_READ:
        buffer_append(out, buffer_start(&contents), buffer_size(&contents));
        return true;
    case VERB_WRITE:
    case VERB_CAS:
        buffer_append_text(out, "OK 1\r\n");
        return true;
    case VERB_DELETE:
        buffer_append_text(out, "OK\r\n");
        return true;
    case VERB_STATUS:
        buffer_append_text(out, status);
        return true;
    case VERB_PING:
        buffer_append_text(out, "PONG\r\n");
        return true;
    default:
        return false;
    }
}

/* Takes what is complete, and returns how many bytes that was; -1: the connection is to be closed. */
static ssize_t parse(struct client *client, const uint8_t *start, size_t size)
{
    const uint8_t *at = start;
    while (size > 0) {
        if (client->skip > 0) {
            size_t skipped = client->skip < size ? (size_t)client->skip : size;
            client->skip -= skipped;
            at += skipped;
            size -= skipped;
        } else {
            size_t consumed;
            enum request_status status = request_parse(at, size, VALUE_MAX, &client->request, &consumed);
            if (status == REQUEST_FATAL)
                return -1;
            if (status == REQUEST_MORE)
                break;
            at += consumed;
            size -= consumed;
            client->skip = client->request.has_contents ? client->request.numbytes + 2 : 0;
        }
        if (client->skip == 0 && !answer(client, &client->request))
            return -1;
    }
    return at - start;
}

/* False: the client is gone. */
static bool flush(struct ev_loop *loop, struct client *client)
{
    while (buffer_size(&client->output) > 0) {
        ssize_t sent = write(client->io.fd, buffer_start(&client->output), buffer_size(&client->output));
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno != EAGAIN)
            return false;
        if (sent < 0)
            break;
        buffer_consume(&client->output, (size_t)sent);
    }
    /* Who takes no answers gets no more of them: it is not read from. */
    int events = buffer_size(&client->output) > 0 ? EV_WRITE : EV_READ;
    if (client->io.events != events) {
        ev_io_stop(loop, &client->io);
        ev_io_set(&client->io, client->io.fd, events);
        ev_io_start(loop, &client->io);
    }
    return true;
}

/* False: the client is gone. */
static bool read_input(struct client *client)
{
    ssize_t got = read(client->io.fd, bytes, sizeof bytes);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (got <= 0)
        return false;
    if (buffer_size(&client->input) == 0) {
        ssize_t taken = parse(client, bytes, (size_t)got);
        if (taken >= 0)
            buffer_append(&client->input, bytes + taken, (size_t)(got - taken));
        return taken >= 0;
    }
    buffer_append(&client->input, bytes, (size_t)got);
    ssize_t taken = parse(client, buffer_start(&client->input), buffer_size(&client->input));
    if (taken >= 0)
        buffer_consume(&client->input, (size_t)taken);
    return taken >= 0;
}

static void on_client(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct client *client = io->data;
    if (((events & EV_READ) && !read_input(client)) || !flush(loop, client))
        client_close(loop, client);
    else if (buffer_size(&client->output) == 0)
        buffer_clear(&client->output, KEPT_BYTES);
}

static void on_listener(struct ev_loop *loop, struct ev_io *io, int events)
{
    (void)events;
    int file = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (file < 0)
        return;
    int on = 1;
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct client *client = memory_get(sizeof *client);
    ev_io_init(&client->io, on_client, file, EV_READ);
    client->io.data = client;
    ev_io_start(loop, &client->io);
}

static uint64_t number_of(const char *text, uint64_t max)
{
    uint64_t number;
    if (request_number(text, strlen(text), &number) && number <= max)
        return number;
    fprintf(stderr, "null_server: %s: it must be a number up to %llu\n", text, (unsigned long long)max);
    exit(2);
}

int main(int argc, char **argv)
{
    uint16_t port = argc > 1 ? (uint16_t)number_of(argv[1], 65535) : 28090;
    uint64_t size = argc > 2 ? number_of(argv[2], VALUE_MAX) : 256;
    buffer_append_text(&contents, "CONTENTS 1 ");
    buffer_append_number(&contents, size);
    buffer_append_text(&contents, " 0\r\n");
    while (size-- > 0)
        buffer_append_u8(&contents, 'x');
    buffer_append_text(&contents, "\r\n");
    signal(SIGPIPE, SIG_IGN);
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    int on = 1;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) < 0 || listen(listener, BACKLOG) < 0) {
        perror("null_server");
        return EXIT_FAILURE;
    }
    struct ev_io io;
    struct ev_loop *loop = ev_default_loop(0);
    ev_io_init(&io, on_listener, listener, EV_READ);
    ev_io_start(loop, &io);
    ev_run(loop, 0);
    return EXIT_SUCCESS;
}
