#include "base/chain.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"

enum {
    PIECE_CAPACITY = CHAIN_RESERVE_MAX, /* of a piece of copied bytes */
    PIECE_COPY_MAX = 1024,              /* a blob's slice up to this is copied: cheaper than one more iovec */
};

struct chain_piece {
    struct chain_piece *next;
    struct blob *blob; /* NULL: the bytes are below */
    uint32_t start;
    uint32_t end;      /* content is start..end of the blob's bytes or of `bytes` */
    uint8_t bytes[];   /* PIECE_CAPACITY of them where blob is NULL */
};

static const uint8_t *piece_content(const struct chain_piece *piece)
{
    return (piece->blob ? piece->blob->bytes : piece->bytes) + piece->start;
}

static void piece_close(struct chain_piece *piece)
{
    blob_release(piece->blob);
    free(piece);
}

static struct chain_piece *piece_add(struct chain *chain, size_t capacity)
{
    struct chain_piece *piece = memory_resize(NULL, 1, sizeof *piece + capacity);
    *piece = (struct chain_piece){0};
    if (chain->tail)
        chain->tail->next = piece;
    else
        chain->head = piece;
    chain->tail = piece;
    return piece;
}

/* PIECE, which is no longer in CHAIN, has room for what will be copied to its end. */
static void piece_reuse(struct chain *chain, struct chain_piece *piece)
{
    ensure(!piece->blob && chain->tail != NULL);
    piece->next = NULL;
    piece->start = piece->end = 0;
    chain->tail->next = piece;
    chain->tail = piece;
}

void chain_close(struct chain *chain)
{
    while (chain->head) {
        struct chain_piece *next = chain->head->next;
        piece_close(chain->head);
        chain->head = next;
    }
    *chain = (struct chain){0};
}

uint8_t *chain_reserve(struct chain *chain, size_t size)
{
    ensure(size <= PIECE_CAPACITY);
    struct chain_piece *piece = chain->tail;
    if (!piece || piece->blob || PIECE_CAPACITY - piece->end < size)
        piece = piece_add(chain, PIECE_CAPACITY);
    uint8_t *at = piece->bytes + piece->end;
    piece->end += (uint32_t)size;
    chain->size += size;
    return at;
}

void chain_append(struct chain *chain, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    struct chain_piece *tail = chain->tail;
    if (size > 0 && tail && !tail->blob && PIECE_CAPACITY - tail->end >= size) { /* nearly always */
        memcpy(tail->bytes + tail->end, from, size);
        tail->end += (uint32_t)size;
        chain->size += size;
        return;
    }
    while (size > 0) {
        struct chain_piece *piece = chain->tail;
        size_t room = piece && !piece->blob ? PIECE_CAPACITY - piece->end : 0;
        if (room == 0)
            room = PIECE_CAPACITY;
        size_t part = size < room ? size : room;
        memcpy(chain_reserve(chain, part), from, part);
        from += part;
        size -= part;
    }
}

void chain_append_blob(struct chain *chain, struct blob *blob, size_t offset, size_t size)
{
    if (size <= PIECE_COPY_MAX) {
        ensure(offset <= blob->size && size <= blob->size - offset);
        chain_append(chain, blob->bytes + offset, size);
        return;
    }
    chain_append_reference(chain, blob, offset, size);
}

void chain_append_reference(struct chain *chain, struct blob *blob, size_t offset, size_t size)
{
    ensure(offset <= blob->size && size <= blob->size - offset);
    struct chain_piece *piece = piece_add(chain, 0);
    piece->blob = blob_hold(blob);
    piece->start = (uint32_t)offset;
    piece->end = (uint32_t)(offset + size);
    chain->size += size;
}

void chain_append_chain(struct chain *chain, const struct chain *from)
{
    for (const struct chain_piece *piece = from->head; piece; piece = piece->next) {
        ensure(piece->blob != NULL);
        chain_append_blob(chain, piece->blob, piece->start, piece->end - piece->start);
    }
}

size_t chain_peek(const struct chain *chain, struct iovec *pieces, size_t count)
{
    size_t filled = 0;
    for (const struct chain_piece *piece = chain->head; piece && filled < count; piece = piece->next) {
        if (piece->end == piece->start)
            continue;
        /* iovec has no const; writev does not write there. */
        pieces[filled].iov_base = (void *)(uintptr_t)piece_content(piece);
        pieces[filled].iov_len = piece->end - piece->start;
        filled++;
    }
    return filled;
}

void chain_copy(const struct chain *chain, void *bytes, size_t size)
{
    ensure(size <= chain->size);
    uint8_t *to = bytes;
    for (const struct chain_piece *piece = chain->head; size > 0; piece = piece->next) {
        size_t content = piece->end - piece->start;
        size_t part = size < content ? size : content;
        if (part == 0)
            continue;
        memcpy(to, piece_content(piece), part);
        to += part;
        size -= part;
    }
}

void chain_consume(struct chain *chain, size_t size)
{
    ensure(size <= chain->size);
    chain->size -= size;
    while (chain->head) {
        struct chain_piece *piece = chain->head;
        size_t content = piece->end - piece->start;
        if (size < content) {
            piece->start += (uint32_t)size;
            return;
        }
        size -= content;
        if (!piece->next && !piece->blob) {
            piece->start = piece->end = 0; /* the last piece of copied bytes is kept for the next turn */
            return;
        }
        chain->head = piece->next;
        if (!chain->head)
            chain->tail = NULL;
        if (!piece->blob && chain->tail && chain->tail->blob)
            piece_reuse(chain, piece);
        else
            piece_close(piece);
    }
}

void chain_split(struct chain *chain, struct chain *from, size_t size)
{
    ensure(size <= from->size);
    size_t left = size;
    while (left > 0) {
        struct chain_piece *piece = from->head;
        size_t content = piece->end - piece->start;
        size_t part = content < left ? content : left;
        if (piece->blob)
            chain_append_blob(chain, piece->blob, piece->start, part);
        else
            chain_append(chain, piece_content(piece), part);
        left -= part;
        chain_consume(from, part);
    }
}

void chain_move(struct chain *chain, struct chain *from)
{
    if (from->size == 0)
        return;
    if (chain->tail)
        chain->tail->next = from->head;
    else
        chain->head = from->head;
    chain->tail = from->tail;
    chain->size += from->size;
    *from = (struct chain){0};
}
