/* Bytes that several owners share: a log entry's payload is allocated once, and the log, the WAL batch, the peers'
 * output and the store each hold a reference.
 *
 * Counted without atomics: all references are taken and released on the node's thread. Another thread may read the
 * bytes while the node holds a reference for it. Bytes do not change once a second reference is held. */
#ifndef CLEAT_BASE_BLOB_H
#define CLEAT_BASE_BLOB_H

#include <stddef.h>
#include <stdint.h>

#include "base/ensure.h"

struct blob {
    uint32_t references;
    uint32_t size; /* of bytes */
    uint8_t bytes[];
};

/* A blob of SIZE bytes, not zeroed, with one reference, the caller's. NULL where memory fails or SIZE is 4 GiB or
 * more. */
struct blob *blob_new(size_t size);
void blob_free(struct blob *blob);

/* One more reference, which the caller owns. Returns BLOB. */
static inline struct blob *blob_hold(struct blob *blob)
{
    ensure(blob->references > 0 && blob->references < UINT32_MAX);
    blob->references++;
    return blob;
}

/* Gives up one reference; the last one frees. BLOB may be NULL. */
static inline void blob_release(struct blob *blob)
{
    if (!blob)
        return;
    ensure(blob->references > 0);
    if (--blob->references == 0)
        blob_free(blob);
}

#endif
