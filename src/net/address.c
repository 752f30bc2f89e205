#include "net/address.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

enum { HOST_MAX = 256, LISTEN_BACKLOG = 1024 };

const char *address_resolve(const char *text, struct address *address)
{
    char host[HOST_MAX];
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text || colon[1] == '\0')
        return "it must be HOST:PORT";
    const char *from = text;
    size_t size = (size_t)(colon - text);
    if (text[0] == '[' && size > 2 && colon[-1] == ']') {
        from++;
        size -= 2;
    }
    if (size >= sizeof host)
        return "its host name is too long";
    memcpy(host, from, size);
    host[size] = '\0';
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV};
    struct addrinfo *found;
    int error = getaddrinfo(host, colon + 1, &hints, &found);
    if (error != 0)
        return gai_strerror(error);
    memcpy(&address->bytes, found->ai_addr, found->ai_addrlen);
    address->size = found->ai_addrlen;
    freeaddrinfo(found);
    return NULL;
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
