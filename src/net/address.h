/* "HOST:PORT" to a socket address. */
#ifndef CLEAT_NET_ADDRESS_H
#define CLEAT_NET_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

struct address {
    struct sockaddr_storage bytes;
    socklen_t size;
};

/* Resolves TEXT ("127.0.0.1:8080", "[::1]:8080", "name:8080"); blocks if it is a name. NULL, or
 * why it cannot be had. */
const char *address_resolve(const char *text, struct address *address);

enum { ADDRESS_TEXT_MAX = 64 };

/* ADDRESS as numbers, "127.0.0.1:8080" or "[::1]:8080"; empty where that cannot be told. */
void address_text(const struct address *address, char text[ADDRESS_TEXT_MAX]);

/* A socket that listens there: non-blocking, close-on-exec; or -errno. */
int address_listen(const struct address *address);

#endif
