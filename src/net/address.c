#include "net/address.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hostport.h"

enum { LISTEN_BACKLOG = 1024 };

const char *address_resolve(const char *text, struct address *address)
{
    struct hostport parts;
    const char *problem = hostport_split_whole(&parts, text, strlen(text));
    if (problem)
        return problem;
    char host[HOSTPORT_HOST_MAX + 1] = "";
    char port[HOSTPORT_PORT_MAX + 1] = "";
    memcpy(host, parts.host, parts.host_size);
    memcpy(port, parts.port, parts.port_size);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV};
    struct addrinfo *found;
    int error = getaddrinfo(host, port, &hints, &found);
    if (error != 0)
        return gai_strerror(error);
    memcpy(&address->bytes, found->ai_addr, found->ai_addrlen);
    address->size = found->ai_addrlen;
    freeaddrinfo(found);
    return NULL;
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
