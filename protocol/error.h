/* The errors that clients are told: what the table errors.def says of each. Pure. */
#ifndef CLEAT_PROTOCOL_ERROR_H
#define CLEAT_PROTOCOL_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum reply_error {
#define ERROR(id, ...) REPLY_##id,
#define OUTCOME(id, ...)
#define HTTP_ERROR(id, ...)
#include "protocol/errors.def"
#undef ERROR
#undef OUTCOME
    REPLY_ERROR_COUNT, /* of those with a reason. As one of them: none; of an answer, one that is not known here */
#define ERROR(id, ...)
#define OUTCOME(id, ...) REPLY_##id,
#include "protocol/errors.def"
#undef OUTCOME
#undef HTTP_ERROR
#define OUTCOME(id, ...)
#define HTTP_ERROR(id, ...) REPLY_##id,
#include "protocol/errors.def"
#undef ERROR
#undef OUTCOME
#undef HTTP_ERROR
    REPLY_ERROR_END,
};

struct error_row {
    const char *code;      /* "ERR_BUSY" */
    const char *reason;    /* the usual one; NULL: it has none */
    uint16_t http;
    uint8_t code_size;
    uint8_t exit;          /* of `cleat` */
    bool definite;         /* it certainly had no effect */
    bool goes_on;          /* the connection, in every case */
    bool elsewhere;        /* it is worth to ask another node */
};

/* ERROR's row; REPLY_ERROR_COUNT: what holds of an error that is not known here. */
const struct error_row *error_row(enum reply_error error);

/* The error with a reason that has this code; REPLY_ERROR_COUNT: none. */
enum reply_error error_find(const void *code, size_t size);

#endif
