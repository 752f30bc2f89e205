#include "protocol/error.h"

#include <string.h>

#include "base/ensure.h"

enum { NO_EFFECT = true, PERHAPS = false, GOES_ON = true, MAY_CLOSE = false, ELSEWHERE = true, HERE = false };

static const struct error_row rows[REPLY_ERROR_END] = {
    [REPLY_ERROR_COUNT] = {.code = "ERR_INTERNAL", .code_size = 12, .http = 500, .exit = 1, .goes_on = true},
#define ERROR(id, effect, connection, elsewhere_, http_, exit_, reason_)                                              \
    [REPLY_##id] = {                                                                                                  \
        .code = "ERR_" #id,                                                                                           \
        .code_size = sizeof "ERR_" #id - 1,                                                                           \
        .definite = effect,                                                                                           \
        .goes_on = connection,                                                                                        \
        .elsewhere = elsewhere_,                                                                                      \
        .http = http_,                                                                                                \
        .exit = exit_,                                                                                                \
        .reason = reason_,                                                                                            \
    },
#define OUTCOME ERROR
#define HTTP_ERROR(id, http) ERROR(id, NO_EFFECT, GOES_ON, HERE, http, 1, NULL)
#include "protocol/errors.def"
#undef ERROR
#undef OUTCOME
#undef HTTP_ERROR
};

#define ERROR(id, effect, connection, elsewhere, http, exit, reason)                                                  \
    _Static_assert(http >= 400 && http < 600 && exit > 0, #id " is no success");
#define OUTCOME ERROR
#define HTTP_ERROR(id, http) _Static_assert(http >= 400 && http < 600, #id " is no success");
#include "protocol/errors.def"
#undef ERROR
#undef OUTCOME
#undef HTTP_ERROR

const struct error_row *error_row(enum reply_error error)
{
    ensure(error < REPLY_ERROR_END);
    return &rows[error];
}

enum reply_error error_find(const void *code, size_t size)
{
    for (enum reply_error error = 0; error < REPLY_ERROR_COUNT; error++)
        if (rows[error].code_size == size && memcmp(rows[error].code, code, size) == 0)
            return error;
    return REPLY_ERROR_COUNT;
}
