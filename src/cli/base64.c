#include "cli/base64.h"

#include <stdint.h>

#include "base/memory.h"

char *base64_encode(const void *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *at = bytes;
    char *text = memory_get((size / 3 + 1) * 4 + 1);
    char *to = text;
    for (; size > 0; size -= size < 3 ? size : 3, at += 3) {
        uint32_t three = (uint32_t)at[0] << 16 | (uint32_t)(size > 1 ? at[1] : 0) << 8 | (size > 2 ? at[2] : 0);
        *to++ = digits[three >> 18];
        *to++ = digits[three >> 12 & 63];
        *to++ = size > 1 ? digits[three >> 6 & 63] : '=';
        *to++ = size > 2 ? digits[three & 63] : '=';
    }
    return text;
}
