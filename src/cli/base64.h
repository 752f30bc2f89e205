/* Bytes as base64 (RFC 4648, section 4), for what JSON cannot hold. */
#ifndef CLEAT_CLI_BASE64_H
#define CLEAT_CLI_BASE64_H

#include <stddef.h>

/* A string, to be given back with free(). */
char *base64_encode(const void *bytes, size_t size);

#endif
