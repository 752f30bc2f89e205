#include "client/endpoint.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/hostport.h"

static const char blanks[] = " \t\r\n";

/* One "HOST[:PORT]" of SIZE bytes, without blanks around it. */
static const char *parse_one(struct endpoint *endpoint, const char *text, size_t size)
{
    struct hostport parts;
    if (memmem(text, size, "://", strlen("://")))
        return "each must be HOST:PORT, without http://";
    for (size_t i = 0; i < size; i++)
        if (text[i] == ';' || strchr(blanks, text[i]))
            return "endpoints are separated by commas";
    const char *problem = hostport_split(&parts, text, size);
    if (problem)
        return problem;
    *endpoint = (struct endpoint){.port = ENDPOINT_PORT_DEFAULT};
    memcpy(endpoint->host, parts.host, parts.host_size);
    if (parts.port_size == 0)
        return NULL;
    memcpy(endpoint->port, parts.port, parts.port_size);
    endpoint->port[parts.port_size] = '\0';
    return NULL;
}

/* Takes the blanks off both ends of the SIZE bytes at *TEXT; returns how many are left. */
static size_t trim(const char **text, size_t size)
{
    while (size > 0 && strchr(blanks, **text)) {
        (*text)++;
        size--;
    }
    while (size > 0 && strchr(blanks, (*text)[size - 1]))
        size--;
    return size;
}

/* The element number COUNT. False: REASON says what is wrong with it. */
static bool parse_element(struct endpoints *endpoints, const char *text, size_t size, char *reason)
{
    size = trim(&text, size);
    if (size == 0) {
        snprintf(reason, ENDPOINTS_REASON_MAX, "element %zu of the list is empty: HOST:PORT,HOST:PORT,... is wanted",
                 endpoints->count + 1);
        return false;
    }
    if (endpoints->count == ENDPOINTS_MAX) {
        snprintf(reason, ENDPOINTS_REASON_MAX, "there are more than %d of them", ENDPOINTS_MAX);
        return false;
    }
    const char *problem = parse_one(&endpoints->list[endpoints->count], text, size);
    if (problem)
        snprintf(reason, ENDPOINTS_REASON_MAX, "'%.*s': %s", size < 60 ? (int)size : 60, text, problem);
    endpoints->count += !problem;
    return !problem;
}

bool endpoints_parse(struct endpoints *endpoints, const char *text, char reason[ENDPOINTS_REASON_MAX])
{
    endpoints->count = 0;
    for (const char *at = text;;) {
        size_t size = strcspn(at, ",");
        if (!parse_element(endpoints, at, size, reason)) {
            endpoints->count = 0;
            return false;
        }
        if (at[size] == '\0')
            return true;
        at += size + 1;
    }
}

const char *endpoint_text(const struct endpoint *endpoint, char text[ENDPOINT_TEXT_SIZE])
{
    const char *format = strchr(endpoint->host, ':') ? "[%s]:%s" : "%s:%s";
    snprintf(text, ENDPOINT_TEXT_SIZE, format, endpoint->host, endpoint->port);
    return text;
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
