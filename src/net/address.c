#include "net/address.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hostport.h"

enum { LISTEN_BACKLOG = 1024 };

struct parts {
    char host[HOSTPORT_HOST_MAX + 1];
    char port[HOSTPORT_PORT_MAX + 1];
};

/* NULL, or what is wrong with TEXT. */
static const char *split(const char *text, struct parts *parts)
{
    struct hostport found;
    const char *problem = hostport_split_whole(&found, text, strlen(text));
    if (problem)
        return problem;
    *parts = (struct parts){0};
    memcpy(parts->host, found.host, found.host_size);
    memcpy(parts->port, found.port, found.port_size);
    return NULL;
}

static bool holds(const struct addresses *addresses, const struct address *address)
{
    for (size_t i = 0; i < addresses->count; i++) {
        const struct address *item = &addresses->items[i];
        if (item->size == address->size && memcmp(&item->bytes, &address->bytes, address->size) == 0)
            return true;
    }
    return false;
}

/* 0, or an error as of getaddrinfo. Each address is there once: some resolvers say one for each line that has it. */
static int look_up(const struct parts *parts, int flags, struct addresses *addresses)
{
    /* Not AI_ADDRCONFIG: it hides addresses of the loopback device where there is no other of that family. One that
     * cannot be reached is found out when it is tried. */
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    addresses->count = 0;
    int error = getaddrinfo(parts->host, parts->port, &hints, &found);
    if (error != 0)
        return error;
    for (const struct addrinfo *at = found; at && addresses->count < ADDRESSES_MAX; at = at->ai_next) {
        struct address address = {.size = at->ai_addrlen};
        if (at->ai_addrlen > sizeof address.bytes)
            continue;
        memcpy(&address.bytes, at->ai_addr, at->ai_addrlen);
        if (!holds(addresses, &address))
            addresses->items[addresses->count++] = address;
    }
    freeaddrinfo(found);
    return addresses->count > 0 ? 0 : EAI_NONAME;
}

bool address_numeric(const char *text, struct address *address)
{
    struct parts parts;
    struct addresses found;
    if (split(text, &parts) || look_up(&parts, AI_NUMERICHOST, &found) != 0)
        return false;
    *address = found.items[0];
    return true;
}

bool address_resolve(const char *text, struct addresses *addresses, char problem[ADDRESS_PROBLEM_MAX])
{
    struct parts parts;
    const char *wrong = split(text, &parts);
    errno = 0;
    int error = wrong ? 0 : look_up(&parts, 0, addresses);
    if (error == EAI_SYSTEM) {
        char text_of[ADDRESS_PROBLEM_MAX];
        snprintf(problem, ADDRESS_PROBLEM_MAX, "%s", strerror_r(errno, text_of, sizeof text_of));
    } else {
        snprintf(problem, ADDRESS_PROBLEM_MAX, "%s", wrong ? wrong : error != 0 ? gai_strerror(error) : "");
    }
    return !wrong && error == 0;
}

bool addresses_same(const struct addresses *a, const struct addresses *b)
{
    for (size_t i = 0; i < a->count; i++) {
        if (!holds(b, &a->items[i]))
            return false;
    }
    for (size_t i = 0; i < b->count; i++) {
        if (!holds(a, &b->items[i]))
            return false;
    }
    return true;
}

void address_text(const struct address *address, char text[ADDRESS_TEXT_MAX])
{
    char host[ADDRESS_TEXT_MAX - sizeof "[]:65535"], port[HOSTPORT_PORT_MAX + 1];
    text[0] = '\0';
    if (getnameinfo((const struct sockaddr *)&address->bytes, address->size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(text, ADDRESS_TEXT_MAX, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

int address_listen(const struct address *address)
{
    int socket_file = socket(address->bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_file < 0)
        return -errno;
    int on = 1;
    setsockopt(socket_file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(socket_file, (const struct sockaddr *)&address->bytes, address->size) < 0 ||
        listen(socket_file, LISTEN_BACKLOG) < 0) {
        int error = errno;
        close(socket_file);
        return -error;
    }
    return socket_file;
}

/* What accept says of the one connection that it would have given: of the network between, or that it is gone. */
static bool is_of_one(int error)
{
    static const int errors[] = {EINTR,     ECONNABORTED, EPROTO,       EPERM,      ENETDOWN,   ENOPROTOOPT,
                                 EHOSTDOWN, ENONET,       EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (errors[i] == error)
            return true;
    }
    return false;
}

int address_accept(int listener, struct address *from)
{
    int file;
    do {
        *from = (struct address){.size = sizeof from->bytes};
        file = accept4(listener, (struct sockaddr *)&from->bytes, &from->size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    } while (file < 0 && is_of_one(errno));
    return file >= 0 ? file : errno == EWOULDBLOCK ? -EAGAIN : -errno;
}
