/* An endpoint as people write it, and as endpoints_parse takes it: an address of IPv6 in brackets. */
#ifndef CLEAT_CLIENT_ENDPOINT_TEXT_H
#define CLEAT_CLIENT_ENDPOINT_TEXT_H

#include "client/endpoint.h"

enum { ENDPOINT_TEXT_SIZE = HOSTPORT_HOST_MAX + HOSTPORT_PORT_MAX + 4 };

/* Returns TEXT: "HOST:PORT", or "[HOST]:PORT". */
const char *endpoint_text(const struct endpoint *endpoint, char text[ENDPOINT_TEXT_SIZE]);

#endif
