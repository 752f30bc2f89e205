#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/memory.h"

enum { BUFFER_CAPACITY_MIN = 64 };

void buffer_close(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){0};
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t size)
{
    size_t content = buffer_size(buffer);
    ensure(size <= SIZE_MAX / 4 - content);
    if (buffer->bytes && buffer->capacity - buffer->end >= size)
        return buffer->bytes + buffer->end;
    if (buffer->start >= content && buffer->capacity - content >= size && buffer->bytes) {
        /* The consumed front is at least as long as what moves, so each byte is moved a bounded number of times. */
        memmove(buffer->bytes, buffer->bytes + buffer->start, content);
    } else {
        size_t capacity = buffer->capacity > BUFFER_CAPACITY_MIN ? buffer->capacity : BUFFER_CAPACITY_MIN;
        while (capacity < content + size)
            capacity *= 2;
        uint8_t *bytes = malloc(capacity);
        if (!bytes)
            return NULL;
        if (content > 0)
            memcpy(bytes, buffer->bytes + buffer->start, content);
        free(buffer->bytes);
        buffer->bytes = bytes;
        buffer->capacity = capacity;
    }
    buffer->start = 0;
    buffer->end = content;
    return buffer->bytes + buffer->end;
}

void buffer_added(struct buffer *buffer, size_t size)
{
    ensure(buffer->capacity - buffer->end >= size);
    buffer->end += size;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t size)
{
    if (size == 0)
        return;
    uint8_t *at = buffer_reserve(buffer, size);
    if (!at)
        memory_out(size, __func__);
    memcpy(at, bytes, size);
    buffer->end += size;
}

void buffer_append_u8(struct buffer *buffer, uint8_t value)
{
    buffer_append(buffer, &value, 1);
}

void buffer_append_u16(struct buffer *buffer, uint16_t value)
{
    uint8_t bytes[2];
    bytes_put_u16(bytes, value);
    buffer_append(buffer, bytes, sizeof bytes);
}

void buffer_append_u32(struct buffer *buffer, uint32_t value)
{
    uint8_t bytes[4];
    bytes_put_u32(bytes, value);
    buffer_append(buffer, bytes, sizeof bytes);
}

void buffer_append_u64(struct buffer *buffer, uint64_t value)
{
    uint8_t bytes[8];
    bytes_put_u64(bytes, value);
    buffer_append(buffer, bytes, sizeof bytes);
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

void buffer_append_number(struct buffer *buffer, uint64_t number)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[sizeof digits - ++count] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buffer_append(buffer, digits + sizeof digits - count, count);
}

void buffer_append_hex(struct buffer *buffer, uint64_t number)
{
    char digits[16];
    for (int i = 15; i >= 0; i--, number >>= 4)
        digits[i] = "0123456789abcdef"[number & 15];
    buffer_append(buffer, digits, sizeof digits);
}

void buffer_consume(struct buffer *buffer, size_t size)
{
    ensure(size <= buffer_size(buffer));
    buffer->start += size;
    if (buffer->start == buffer->end)
        buffer->start = buffer->end = 0;
}

void buffer_clear(struct buffer *buffer, size_t keep)
{
    buffer->start = buffer->end = 0;
    if (buffer->capacity > keep)
        buffer_close(buffer);
}
