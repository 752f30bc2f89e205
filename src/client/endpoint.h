/* Where servers are: "HOST:PORT,HOST:PORT,...", and how to get there. */
#ifndef CLEAT_CLIENT_ENDPOINT_H
#define CLEAT_CLIENT_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/hostport.h"

enum {
    ENDPOINTS_MAX = 64,
    ENDPOINT_TEXT_SIZE = HOSTPORT_HOST_MAX + HOSTPORT_PORT_MAX + 4,
    ENDPOINTS_REASON_MAX = 160,
};

#define ENDPOINTS_VARIABLE "CLEAT_ENDPOINTS" /* of the environment */
#define ENDPOINTS_DEFAULT "localhost:8080"
#define ENDPOINT_PORT_DEFAULT "8080"

struct endpoint {
    char host[HOSTPORT_HOST_MAX + 1]; /* a name or an address, without brackets */
    char port[HOSTPORT_PORT_MAX + 1]; /* 1 to 65535 */
};

struct endpoints {
    struct endpoint list[ENDPOINTS_MAX];
    size_t count; /* at least 1 once parsed; 0: there was something wrong with the list */
};

struct endpoint_address {
    struct sockaddr_storage bytes;
    socklen_t size;
};

/* "127.0.0.1:8080, [::1]:8081,name": without a port it is 8080; blanks around an element, and line ends, do not count.
 * All of it, or nothing: false leaves no endpoint, and REASON names the element that is wrong. */
bool endpoints_parse(struct endpoints *endpoints, const char *text, char reason[ENDPOINTS_REASON_MAX]);

/* An endpoint as people write it, and as endpoints_parse takes it: returns TEXT, "HOST:PORT" or "[HOST]:PORT". */
const char *endpoint_text(const struct endpoint *endpoint, char text[ENDPOINT_TEXT_SIZE]);

/* What CLEAT_ENDPOINTS says, or localhost:8080. */
const char *endpoints_default(void);

/* A connection, blocking, whose reads and writes end after TIMEOUT_MS too; tries each address that the host has, and
 * leaves the one that answered (or else the first one) in *ADDRESS. -1: *REASON says why not; ADDRESS->size is 0 where
 * the host has no address at all. */
int endpoint_connect(const struct endpoint *endpoint, uint32_t timeout_ms, struct endpoint_address *address,
                     const char **reason);

#endif
