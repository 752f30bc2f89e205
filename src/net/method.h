/* Whether a connection speaks HTTP: its first bytes are a method in upper case and a space (RFC 9110 section 9.1). The
 * text protocol's verbs are lower case. Pure. */
#ifndef CLEAT_NET_METHOD_H
#define CLEAT_NET_METHOD_H

#include <stddef.h>
#include <stdint.h>

enum { METHOD_SIZE_MAX = 8 }; /* "OPTIONS " */

enum method {
    METHOD_NONE,
    METHOD_MORE,  /* it may become one */
    METHOD_FOUND,
};

enum method method_find(const uint8_t *bytes, size_t size);

#endif
