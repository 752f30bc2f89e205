/* Fixed-width integers, little-endian, to and from bytes: everything binary on the wire and on disk.
 *
 * A reader walks borrowed bytes and remembers whether it ran over the end, so that a decoder checks once, at its end:
 * a read past the end gives 0 and sets `bad`. */
#ifndef CLEAT_BASE_BYTES_H
#define CLEAT_BASE_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void bytes_put_u16(uint8_t *at, uint16_t value)
{
    value = htole16(value);
    memcpy(at, &value, sizeof value);
}

static inline void bytes_put_u32(uint8_t *at, uint32_t value)
{
    value = htole32(value);
    memcpy(at, &value, sizeof value);
}

static inline void bytes_put_u64(uint8_t *at, uint64_t value)
{
    value = htole64(value);
    memcpy(at, &value, sizeof value);
}

static inline uint16_t bytes_u16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return le16toh(value);
}

static inline uint32_t bytes_u32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return le32toh(value);
}

static inline uint64_t bytes_u64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad; /* a read went past the end */
};

static inline struct reader reader_of(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    return (struct reader){.at = at, .end = size > 0 ? at + size : at, .bad = false};
}

static inline size_t reader_left(const struct reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

/* SIZE bytes, borrowed from the input, or NULL (and bad) where fewer are left. */
static inline const uint8_t *reader_bytes(struct reader *reader, size_t size)
{
    if (reader->bad || reader_left(reader) < size) {
        reader->bad = true;
        return NULL;
    }
    const uint8_t *bytes = reader->at;
    reader->at += size;
    return bytes;
}

static inline uint8_t reader_u8(struct reader *reader)
{
    const uint8_t *at = reader_bytes(reader, 1);
    return at ? *at : 0;
}

static inline uint16_t reader_u16(struct reader *reader)
{
    const uint8_t *at = reader_bytes(reader, 2);
    return at ? bytes_u16(at) : 0;
}

static inline uint32_t reader_u32(struct reader *reader)
{
    const uint8_t *at = reader_bytes(reader, 4);
    return at ? bytes_u32(at) : 0;
}

static inline uint64_t reader_u64(struct reader *reader)
{
    const uint8_t *at = reader_bytes(reader, 8);
    return at ? bytes_u64(at) : 0;
}

#endif
