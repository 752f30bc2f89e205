/* A request's target to its parts: "/files/a%20b?ttl=5" (RFC 9112 section 3.2.1; RFC 3986 section 2.1 for escapes).
 *
 *      /files                        the listing             ?prefix= after= limit= delimiter= stale
 *      /files/NAME, /upload/NAME     a file                  ?ttl= op= from= from_version= delta= stale
 *      /cluster                                              ?level=
 *      /txn  /status  /metrics  /livez  /readyz
 *
 * NAME is what follows, slashes too, with %XX taken back. Parameters are name=value; '+' in a value is a space.
 * Pure. */
#ifndef CLEAT_HTTP_TARGET_H
#define CLEAT_HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/request.h"

enum route {
    ROUTE_NONE, /* no such path */
    ROUTE_FILE,
    ROUTE_LIST,
    ROUTE_TXN,
    ROUTE_STATUS,
    ROUTE_CLUSTER,
    ROUTE_METRICS,
    ROUTE_LIVEZ,
    ROUTE_READYZ,
};

enum parameter {
    PARAMETER_TTL,
    PARAMETER_OP,
    PARAMETER_FROM,
    PARAMETER_FROM_VERSION,
    PARAMETER_DELTA,
    PARAMETER_STALE,
    PARAMETER_PREFIX,
    PARAMETER_AFTER,
    PARAMETER_LIMIT,
    PARAMETER_DELIMITER,
    PARAMETER_LEVEL,
    PARAMETER_COUNT,
};

/* Decoded bytes, with a NUL behind them. */
struct target_text {
    bool given;
    uint8_t size;
    char bytes[REQUEST_NAME_MAX + 1];
};

struct target {
    enum route route;
    struct target_text name; /* ROUTE_FILE: a legal name */
    struct target_text parameters[PARAMETER_COUNT];
};

/* NULL, or what is wrong with TEXT, for people. */
const char *target_parse(const char *text, struct target *target);

#endif
