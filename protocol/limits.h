/* Limits of what clients say. */
#ifndef CLEAT_PROTOCOL_LIMITS_H
#define CLEAT_PROTOCOL_LIMITS_H

enum {
    REQUEST_LINE_MAX = 499,              /* bytes in a line, its end not counted */
    REQUEST_NAME_MAX = 250,              /* bytes in a file name */
    REQUEST_TOKEN_MAX = 64,              /* bytes in a token behind once= */
    REQUEST_LIST_MAX = 10000,            /* lines of one listing */
    REQUEST_LIST_DEFAULT = 1000,
};
#define REQUEST_EXPTIME_MAX_S UINT32_MAX /* about 136 years */

#endif
