#include "node/frame.h"

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/hash.h"

enum { FRAME_PIECES_MAX = 64, FRAME_SEED = 0xc1ea7 };

static uint64_t header_hash(const uint8_t *header)
{
    return hash_bytes(header, 16, FRAME_SEED);
}

/* The hash of the first SIZE bytes of BODY. A chain of many pieces is hashed from a copy: rare, and bounded. */
static uint64_t body_hash(const struct chain *body, size_t size, uint64_t seed)
{
    struct iovec pieces[FRAME_PIECES_MAX];
    size_t count = chain_peek(body, pieces, FRAME_PIECES_MAX);
    size_t left = size, used = 0;
    for (; used < count && left > 0; used++) {
        if (pieces[used].iov_len > left)
            pieces[used].iov_len = left;
        left -= pieces[used].iov_len;
    }
    if (left == 0)
        return hash_pieces(pieces, used, seed);
    static _Thread_local uint8_t copy[FRAME_BODY_MAX];
    ensure(size <= sizeof copy);
    chain_copy(body, copy, size);
    return hash_bytes(copy, size, seed);
}

void frame_write(struct chain *out, enum frame_type type, uint64_t message, size_t part_max, struct chain *body)
{
    ensure(part_max > 0 && part_max <= FRAME_BODY_MAX);
    uint16_t part = 0;
    do {
        size_t size = body->size < part_max ? body->size : part_max;
        bool more = body->size > size;
        uint8_t *header = chain_reserve(out, FRAME_HEADER_SIZE);
        bytes_put_u32(header, (uint32_t)size);
        header[4] = (uint8_t)type;
        header[5] = more;
        bytes_put_u16(header + 6, part);
        bytes_put_u64(header + 8, message);
        bytes_put_u64(header + 16, body_hash(body, size, header_hash(header)));
        if (more)
            chain_split(out, body, size);
        else
            chain_move(out, body);
        ensure(part < UINT16_MAX);
        part++;
    } while (body->size > 0);
}

static bool frame_known(uint8_t type)
{
    return type > 0 && (type <= FRAME_TAKEN || type == FRAME_REFUSED);
}

long frame_parse(const uint8_t *bytes, size_t size, struct frame *frame)
{
    if (size < FRAME_HEADER_SIZE)
        return 0;
    size_t body = bytes_u32(bytes);
    if (body > FRAME_BODY_MAX || !frame_known(bytes[4]) || bytes[5] > 1)
        return -1;
    if (size - FRAME_HEADER_SIZE < body)
        return 0;
    if (bytes_u64(bytes + 16) != hash_bytes(bytes + FRAME_HEADER_SIZE, body, header_hash(bytes)))
        return -1;
    *frame = (struct frame){
        .type = bytes[4],
        .more = bytes[5],
        .part = bytes_u16(bytes + 6),
        .message = bytes_u64(bytes + 8),
        .body = bytes + FRAME_HEADER_SIZE,
        .size = body,
    };
    return (long)(FRAME_HEADER_SIZE + body);
}

size_t frame_length(const uint8_t *bytes)
{
    return FRAME_HEADER_SIZE + bytes_u32(bytes);
}
