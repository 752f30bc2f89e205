/* "HOST:PORT", as options have it, taken apart: "127.0.0.1:8080", "name:8080", "[::1]:8080". */
#ifndef CLEAT_BASE_HOSTPORT_H
#define CLEAT_BASE_HOSTPORT_H

#include <stddef.h>

enum { HOSTPORT_HOST_MAX = 255, HOSTPORT_PORT_MAX = 5 };

/* Both borrowed from the text. */
struct hostport {
    const char *host; /* 1 to HOSTPORT_HOST_MAX bytes, '!' to '~': a name or an address, without brackets */
    size_t host_size;
    const char *port; /* up to HOSTPORT_PORT_MAX digits, from 1 to 65535; size 0: none is given */
    size_t port_size;
};

/* Takes apart the SIZE bytes of TEXT, in which ":PORT" may be missing. NULL, or what is wrong with it. */
const char *hostport_split(struct hostport *parts, const char *text, size_t size);
/* The same, and a port must be there. */
const char *hostport_split_whole(struct hostport *parts, const char *text, size_t size);

#endif
