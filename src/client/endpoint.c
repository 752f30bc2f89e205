#include "client/endpoint.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "protocol/request.h"

/* One "HOST[:PORT]" of SIZE bytes. */
static const char *parse_one(struct endpoint *endpoint, const char *text, size_t size)
{
    const char *host = text;
    size_t host_size = size;
    const char *port = ENDPOINT_PORT_DEFAULT;
    size_t port_size = strlen(port);
    const char *colon = memrchr(text, ':', size);
    const char *bracket = memrchr(text, ']', size);
    if (colon && (!bracket || colon > bracket)) {
        host_size = (size_t)(colon - text);
        port = colon + 1;
        port_size = size - host_size - 1;
    }
    if (host_size >= 2 && host[0] == '[' && host[host_size - 1] == ']') {
        host++;
        host_size -= 2;
    } else if (memmem(text, size, "://", strlen("://"))) {
        return "each must be HOST:PORT, without http://";
    } else if (memchr(host, ':', host_size)) {
        return "an IPv6 address goes in brackets: [::1]:8080";
    }
    uint64_t number;
    if (host_size == 0 || host_size > ENDPOINT_HOST_MAX)
        return "each must be HOST:PORT";
    if (port_size > ENDPOINT_PORT_MAX || !request_number(port, port_size, &number) || number == 0 || number > 65535)
        return "each must be HOST:PORT, with a PORT from 1 to 65535";
    *endpoint = (struct endpoint){0};
    memcpy(endpoint->host, host, host_size);
    memcpy(endpoint->port, port, port_size);
    return NULL;
}

const char *endpoints_parse(struct endpoints *endpoints, const char *text)
{
    endpoints->count = 0;
    for (const char *at = text;;) {
        size_t size = strcspn(at, ",");
        if (endpoints->count == ENDPOINTS_MAX)
            return "there are more than 64 of them";
        const char *problem = parse_one(&endpoints->list[endpoints->count], at, size);
        if (problem)
            return problem;
        endpoints->count++;
        if (at[size] == '\0')
            return NULL;
        at += size + 1;
    }
}

const char *endpoints_default(void)
{
    const char *text = getenv(ENDPOINTS_VARIABLE);
    return text && *text ? text : ENDPOINTS_DEFAULT;
}

/* Waits until SOCKET_FILE is connected; 0 or an errno. */
static int await_connected(int socket_file, uint32_t timeout_ms)
{
    struct pollfd entry = {.fd = socket_file, .events = POLLOUT};
    int ready = poll(&entry, 1, (int)timeout_ms);
    if (ready == 0)
        return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    if (ready < 0 || getsockopt(socket_file, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        return errno;
    return error;
}

static int connect_to(const struct endpoint_address *address, uint32_t timeout_ms, const char **reason)
{
    int socket_file = socket(address->bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_file < 0) {
        *reason = strerror(errno);
        return -1;
    }
    /* On Linux this goes for connect() too; elsewhere connecting may take as long as the system likes. */
    const struct timeval timeout = {.tv_sec = timeout_ms / 1000, .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000};
    int on = 1;
    setsockopt(socket_file, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    setsockopt(socket_file, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(socket_file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int error = connect(socket_file, (const struct sockaddr *)&address->bytes, address->size) < 0 ? errno : 0;
    if (error == EINTR)
        error = await_connected(socket_file, timeout_ms);
    if (error == 0)
        return socket_file;
    *reason = error == EINPROGRESS || error == EAGAIN ? "it does not answer" : strerror(error);
    close(socket_file);
    return -1;
}

int endpoint_connect(const struct endpoint *endpoint, uint32_t timeout_ms, struct endpoint_address *address,
                     const char **reason)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV};
    struct addrinfo *found;
    address->size = 0;
    int error = getaddrinfo(endpoint->host, endpoint->port, &hints, &found);
    if (error != 0) {
        *reason = gai_strerror(error);
        return -1;
    }
    struct endpoint_address first = {0};
    int socket_file = -1;
    for (const struct addrinfo *one = found; one && socket_file < 0; one = one->ai_next) {
        address->size = one->ai_addrlen;
        memcpy(&address->bytes, one->ai_addr, one->ai_addrlen);
        if (first.size == 0)
            first = *address;
        socket_file = connect_to(address, timeout_ms, reason);
    }
    freeaddrinfo(found);
    if (socket_file < 0)
        *address = first;
    return socket_file;
}
