/* A queue of bytes on their way out, as pieces: small ones are copied together, large ones are slices of shared blobs.
 *
 *      head -> [copied bytes] -> [blob 7: bytes 40..1064] -> [copied bytes] <- tail
 *
 * Read by peeking at the pieces at the front (for writev) and consuming what was taken. */
#ifndef CLEAT_BASE_CHAIN_H
#define CLEAT_BASE_CHAIN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/blob.h"

struct chain_piece;

struct chain {
    struct chain_piece *head;
    struct chain_piece *tail;
    size_t size; /* bytes in all pieces */
};

/* A zeroed struct chain is an empty chain. Releases everything it holds. */
void chain_close(struct chain *chain);

/* SIZE (at most CHAIN_RESERVE_MAX) contiguous bytes at the end, counted as content at once; the caller fills them
 * before anything else is appended. */
enum { CHAIN_RESERVE_MAX = 4096 };
uint8_t *chain_reserve(struct chain *chain, size_t size);

/* Copies SIZE bytes to the end. */
void chain_append(struct chain *chain, const void *bytes, size_t size);

/* Appends SIZE bytes of BLOB from OFFSET: copied if short, else by a reference that the chain takes for itself. */
void chain_append_blob(struct chain *chain, struct blob *blob, size_t offset, size_t size);

/* Appends SIZE bytes of BLOB from OFFSET by a reference, however short. */
void chain_append_reference(struct chain *chain, struct blob *blob, size_t offset, size_t size);

/* Appends what is in FROM, which keeps it: as chain_append_blob does, so FROM must be made of references alone. */
void chain_append_chain(struct chain *chain, const struct chain *from);

/* Up to COUNT pieces at the front, borrowed until the chain changes. Returns how many were filled in. */
size_t chain_peek(const struct chain *chain, struct iovec *pieces, size_t count);

/* Copies the first SIZE bytes out without consuming them; SIZE is at most chain->size. */
void chain_copy(const struct chain *chain, void *bytes, size_t size);

void chain_consume(struct chain *chain, size_t size);

/* Moves the first SIZE bytes of FROM to the end of CHAIN. */
void chain_split(struct chain *chain, struct chain *from, size_t size);

/* Moves all of FROM to the end of CHAIN; FROM is empty then. */
void chain_move(struct chain *chain, struct chain *from);

#endif
