#include "node/peers/frame.h"

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/hash.h"

enum { FRAME_PIECES_MAX = 64, FRAME_SEED = 0xc1ea7, FRAME_TAIL_SEED = 0x7a11 };

/* The checksum of a frame with that HEADER, whose body begins with HEAD. TAIL_HASH: 0 where nothing follows. */
static uint64_t checksum(const uint8_t *header, const uint8_t *head, size_t head_size, uint64_t tail_hash)
{
    ensure(head_size <= FRAME_HEAD_MAX);
    return hash_bytes(head, head_size, hash_bytes(header, 16, FRAME_SEED) ^ tail_hash);
}

/* The hash of SIZE bytes of BODY that follow the first SKIPPED. A chain of many pieces is hashed from a copy: rare, and
 * bounded. */
static uint64_t tail_hash_of(const struct chain *body, size_t skipped, size_t size)
{
    struct iovec pieces[FRAME_PIECES_MAX];
    size_t count = chain_peek(body, pieces, FRAME_PIECES_MAX);
    size_t left = size, used = 0, first = 0;
    for (size_t skip = skipped; first < count && skip > 0; first += skip > 0) {
        size_t part = skip < pieces[first].iov_len ? skip : pieces[first].iov_len;
        pieces[first].iov_base = (uint8_t *)pieces[first].iov_base + part;
        pieces[first].iov_len -= part;
        skip -= part;
    }
    for (used = first; used < count && left > 0; used++) {
        if (pieces[used].iov_len > left)
            pieces[used].iov_len = left;
        left -= pieces[used].iov_len;
    }
    if (left == 0)
        return hash_pieces(pieces + first, used - first, FRAME_TAIL_SEED);
    static _Thread_local uint8_t copy[FRAME_BODY_MAX];
    ensure(skipped + size <= sizeof copy);
    chain_copy(body, copy, skipped + size);
    return hash_bytes(copy + skipped, size, FRAME_TAIL_SEED);
}

uint64_t frame_tail_hash(const struct chain *tail)
{
    ensure(tail->size > 0 && tail->size <= FRAME_BODY_MAX - FRAME_HEAD_MAX);
    return tail_hash_of(tail, 0, tail->size);
}

/* All of a header but its checksum, at the end of OUT. */
static uint8_t *write_header(struct chain *out, size_t size, enum frame_type type, bool more, uint16_t part,
                             uint64_t message)
{
    ensure(size <= FRAME_BODY_MAX);
    uint8_t *header = chain_reserve(out, FRAME_HEADER_SIZE);
    bytes_put_u32(header, (uint32_t)size);
    header[4] = (uint8_t)type;
    header[5] = more;
    bytes_put_u16(header + 6, part);
    bytes_put_u64(header + 8, message);
    return header;
}

void frame_write(struct chain *out, enum frame_type type, uint64_t message, size_t part_max, struct chain *body)
{
    ensure(part_max > 0 && part_max <= FRAME_BODY_MAX);
    uint16_t part = 0;
    do {
        size_t size = body->size < part_max ? body->size : part_max;
        size_t head_size = size < FRAME_HEAD_MAX ? size : FRAME_HEAD_MAX;
        bool more = body->size > size;
        uint8_t head[FRAME_HEAD_MAX];
        chain_copy(body, head, head_size);
        uint64_t tail_hash = size > head_size ? tail_hash_of(body, head_size, size - head_size) : 0;
        uint8_t *header = write_header(out, size, type, more, part, message);
        bytes_put_u64(header + 16, checksum(header, head, head_size, tail_hash));
        if (more)
            chain_split(out, body, size);
        else
            chain_move(out, body);
        ensure(part < UINT16_MAX);
        part++;
    } while (body->size > 0);
}

void frame_write_head(struct chain *out, enum frame_type type, uint64_t message, const uint8_t *head, size_t head_size,
                      const struct chain *tail, uint64_t tail_hash)
{
    ensure(tail->size == 0 ? tail_hash == 0 : head_size == FRAME_HEAD_MAX);
    uint8_t *header = write_header(out, head_size + tail->size, type, false, 0, message);
    bytes_put_u64(header + 16, checksum(header, head, head_size, tail_hash));
    chain_append(out, head, head_size);
    chain_append_chain(out, tail);
}

static bool frame_known(uint8_t type)
{
    switch ((enum frame_type)type) {
    case FRAME_HELLO:
    case FRAME_FORM:
    case FRAME_RAFT:
    case FRAME_OPEN:
    case FRAME_FORWARD:
    case FRAME_CREDIT:
    case FRAME_STATE:
    case FRAME_OFFER:
    case FRAME_CHUNK:
    case FRAME_TAKEN:
    case FRAME_REFUSED:
        return true;
    case FRAME_TYPE_END:
        break;
    }
    return false;
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
    const uint8_t *head = bytes + FRAME_HEADER_SIZE;
    size_t head_size = body < FRAME_HEAD_MAX ? body : FRAME_HEAD_MAX;
    uint64_t tail_hash = body > head_size ? hash_bytes(head + head_size, body - head_size, FRAME_TAIL_SEED) : 0;
    if (bytes_u64(bytes + 16) != checksum(bytes, head, head_size, tail_hash))
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
