#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WIRE_READ_SIZE = 65536 };

void wire_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

uint64_t wire_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool wire_open(struct wire *wire, uint16_t port)
{
    *wire = (struct wire){.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (wire->socket < 0)
        wire_fail("socket: %s", strerror(errno));
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int on = 1;
    if (connect(wire->socket, (struct sockaddr *)&address, sizeof address) < 0 ||
        setsockopt(wire->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        fcntl(wire->socket, F_SETFL, O_NONBLOCK) < 0) {
        wire_close(wire);
        return false;
    }
    return true;
}

void wire_close(struct wire *wire)
{
    if (wire->socket >= 0)
        close(wire->socket);
    buffer_close(&wire->in);
    buffer_close(&wire->out);
    wire->socket = -1;
}

void wire_text(struct wire *wire, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *at = (char *)buffer_reserve(&wire->out, (size_t)size + 1);
    if (!at)
        wire_fail("out of memory");
    va_start(arguments, format);
    vsnprintf(at, (size_t)size + 1, format, arguments);
    va_end(arguments);
    buffer_added(&wire->out, (size_t)size);
}

short wire_events(const struct wire *wire)
{
    return (short)(buffer_size(&wire->out) > 0 ? POLLIN | POLLOUT : POLLIN);
}

bool wire_step(struct wire *wire)
{
    while (buffer_size(&wire->out) > 0) {
        ssize_t sent = send(wire->socket, buffer_start(&wire->out), buffer_size(&wire->out), MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (sent < 0)
            break; /* what the node said before it closed is still to be read */
        buffer_consume(&wire->out, (size_t)sent);
    }
    for (;;) {
        uint8_t *at = buffer_reserve(&wire->in, WIRE_READ_SIZE);
        if (!at)
            wire_fail("out of memory");
        ssize_t got = recv(wire->socket, at, WIRE_READ_SIZE, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno == EAGAIN;
        if (got == 0)
            return false;
        buffer_added(&wire->in, (size_t)got);
        if (got < WIRE_READ_SIZE)
            return true;
    }
}

/* The first line of BYTES: its size with its end, 0 if it is not complete. */
static size_t line_size(const uint8_t *bytes, size_t size)
{
    const uint8_t *end = memchr(bytes, '\n', size);
    return end ? (size_t)(end - bytes) + 1 : 0;
}

static bool parse_line(struct wire_reply *reply, uint64_t *numbytes)
{
    const char *line = reply->line;
    int end = -1;
    *numbytes = 0;
    if (sscanf(line, "OK %" SCNu64 "%n", &reply->version, &end) == 1 && line[end] == 0)
        reply->code = WIRE_OK;
    else if (strcmp(line, "OK") == 0)
        reply->code = WIRE_OK;
    else if (sscanf(line, "CONTENTS %" SCNu64 " %" SCNu64 " %" SCNu64 "%n", &reply->version, numbytes,
                    &reply->exptime_s, &end) == 3 && line[end] == 0)
        reply->code = WIRE_CONTENTS;
    else if (strcmp(line, "ERR_FILE_NOT_FOUND") == 0)
        reply->code = WIRE_NOT_FOUND;
    else if (sscanf(line, "ERR_VERSION %" SCNu64 "%n", &reply->version, &end) == 1 && line[end] == 0)
        reply->code = WIRE_MISMATCH;
    else if (strncmp(line, "ERR_TIMEOUT", 11) == 0)
        reply->code = WIRE_TIMEOUT;
    else if (strncmp(line, "ERR_", 4) == 0)
        reply->code = WIRE_REFUSED;
    else
        return false;
    return true;
}

int wire_reply(struct wire *wire, struct wire_reply *reply)
{
    const uint8_t *bytes = buffer_start(&wire->in);
    size_t size = buffer_size(&wire->in);
    size_t line = size > 0 ? line_size(bytes, size) : 0;
    if (line == 0)
        return size < sizeof reply->line ? 0 : -1;
    if (line > sizeof reply->line || line < 2 || bytes[line - 2] != '\r')
        return -1;
    *reply = (struct wire_reply){0};
    memcpy(reply->line, bytes, line - 2);
    uint64_t numbytes;
    if (!parse_line(reply, &numbytes))
        return -1;
    size_t whole = line;
    if (reply->code == WIRE_CONTENTS) {
        if (numbytes > size - line || size - line - numbytes < 2)
            return 0;
        reply->value = bytes + line;
        reply->value_size = numbytes;
        whole += numbytes + 2;
        if (memcmp(bytes + whole - 2, "\r\n", 2) != 0)
            return -1;
    }
    buffer_consume(&wire->in, whole);
    return 1;
}

bool wire_ask(struct wire *wire, struct wire_reply *reply, int timeout_ms)
{
    uint64_t end_ms = wire_now_ms() + (uint64_t)timeout_ms;
    for (;;) {
        bool alive = wire_step(wire);
        int got = wire_reply(wire, reply);
        if (got < 0)
            wire_fail("not a reply: '%s'", reply->line);
        if (got > 0)
            return true;
        uint64_t now_ms = wire_now_ms();
        if (!alive || now_ms >= end_ms)
            return false;
        struct pollfd entry = {.fd = wire->socket, .events = wire_events(wire)};
        poll(&entry, 1, (int)(end_ms - now_ms));
    }
}

size_t wire_ports(const char *list, uint16_t ports[WIRE_PORTS_MAX])
{
    size_t count = 0;
    while (count < WIRE_PORTS_MAX) {
        char *end;
        unsigned long port = strtoul(list, &end, 10);
        if (end == list || port == 0 || port > UINT16_MAX || (*end != ',' && *end != 0))
            break;
        ports[count++] = (uint16_t)port;
        if (*end == 0)
            return count;
        list = end + 1;
    }
    wire_fail("not a list of ports: '%s'", list);
}
