/* Base64 (RFC 4648 section 4): bytes that are no text, in JSON. Pure. */
#ifndef CLEAT_BASE_BASE64_H
#define CLEAT_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

void base64_encode(struct buffer *out, const void *bytes, size_t size);
/* Appends the bytes that TEXT stands for. False where it is not strictly Base64, with its padding: OUT is of no use. */
bool base64_decode(struct buffer *out, const char *text, size_t size);

#endif
