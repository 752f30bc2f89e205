/* A growing run of bytes: appended at the end, consumed at the front.
 *
 *      bytes            start             end            capacity
 *      |  consumed      |  content        |  free         |
 *
 * The bytes move when it grows or when the front is reclaimed: pointers into it last until the next reserve or
 * append. */
#ifndef CLEAT_BASE_BUFFER_H
#define CLEAT_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t *bytes;
    size_t start;
    size_t end;
    size_t capacity;
};

/* A zeroed struct buffer is an empty buffer. */
void buffer_close(struct buffer *buffer);

static inline size_t buffer_size(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

/* NULL where it never held anything. */
static inline uint8_t *buffer_start(const struct buffer *buffer)
{
    return buffer->bytes ? buffer->bytes + buffer->start : buffer->bytes;
}

/* Room for SIZE more bytes at the end: returns where to put them, or NULL where memory fails (nothing changed). The
 * caller writes there and calls buffer_added. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t size);
void buffer_added(struct buffer *buffer, size_t size);

/* Appends; stops the program where memory fails: for sizes that a limit bounds. */
void buffer_append(struct buffer *buffer, const void *bytes, size_t size);
void buffer_append_u8(struct buffer *buffer, uint8_t value);
void buffer_append_u16(struct buffer *buffer, uint16_t value);
void buffer_append_u32(struct buffer *buffer, uint32_t value);
void buffer_append_u64(struct buffer *buffer, uint64_t value);

/* Text: a string, and a number in decimal. For log lines and replies. */
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_number(struct buffer *buffer, uint64_t number);
void buffer_append_hex(struct buffer *buffer, uint64_t number); /* 16 digits */

/* Drops SIZE bytes at the front. */
void buffer_consume(struct buffer *buffer, size_t size);
/* Empties it; memory above KEEP bytes is given back. */
void buffer_clear(struct buffer *buffer, size_t keep);

#endif
