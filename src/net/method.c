#include "net/method.h"

#include <string.h>

enum method method_find(const uint8_t *bytes, size_t size)
{
    static const char *const methods[] = {"GET ",    "HEAD ",    "POST ",  "PUT ",  "DELETE ",
                                          "PATCH ", "OPTIONS ", "TRACE ", "COPY ", "MOVE "};
    enum method found = METHOD_NONE;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0] && size > 0; i++) {
        size_t length = strlen(methods[i]);
        if (memcmp(methods[i], bytes, size < length ? size : length) != 0)
            continue;
        if (size >= length)
            return METHOD_FOUND;
        found = METHOD_MORE;
    }
    return found;
}
