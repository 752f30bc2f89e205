/* What a file is, apart from where it stands in tables and orders. */
#ifndef CLEAT_STORE_FILE_STATE_H
#define CLEAT_STORE_FILE_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"

struct file_state {
    struct blob *blob;   /* an encoded command with its name and contents */
    uint64_t version;
    uint64_t created;    /* the version at which it came to be */
    uint64_t expires_ms; /* 0: never */
};

/* What BLOB takes from the allocator, about: rounded up to 16 with 8 bytes of the allocator's own. */
static inline size_t file_blob_memory_bytes(const struct blob *blob)
{
    return (sizeof *blob + blob->size + 8 + 15) & ~(size_t)15;
}

#endif
