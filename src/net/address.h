/* "HOST:PORT" to socket addresses, and sockets that listen there. */
#ifndef CLEAT_NET_ADDRESS_H
#define CLEAT_NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct address {
    struct sockaddr_storage bytes;
    socklen_t size;
};

enum { ADDRESSES_MAX = 16, ADDRESS_TEXT_MAX = 64, ADDRESS_PROBLEM_MAX = 128 };

/* All of a name, IPv6 and IPv4, each once, in the order in which the system would try them. */
struct addresses {
    struct address items[ADDRESSES_MAX];
    size_t count;
};

/* Whether TEXT's host is an address itself ("127.0.0.1:8080", "[::1]:8080"): then it is put into ADDRESS. Never
 * blocks. */
bool address_numeric(const char *text, struct address *address);
/* Resolves TEXT, whose host may be a name ("name:8080"): that may block for as long as the system's resolver does.
 * False: PROBLEM says why there are none. */
bool address_resolve(const char *text, struct addresses *addresses, char problem[ADDRESS_PROBLEM_MAX]);

/* Whether both hold the same ones, in any order. */
bool addresses_same(const struct addresses *a, const struct addresses *b);

/* ADDRESS as numbers, "127.0.0.1:8080" or "[::1]:8080"; empty where that cannot be told. */
void address_text(const struct address *address, char text[ADDRESS_TEXT_MAX]);

/* A socket that listens there: non-blocking, close-on-exec; or -errno. */
int address_listen(const struct address *address);

/* The next connection that waits at LISTENER, a socket like the above, and where it is FROM; -EAGAIN: there is none.
 * Any other error means that none can be had now, for want of descriptors or memory, though one may wait: so the
 * listener stays ready, and must not be watched for a while. */
int address_accept(int listener, struct address *from);

#endif
