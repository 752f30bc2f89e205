/* The past: how files were when a dump began, for those that have changed since and are not in the dump yet.
 *
 * Every file carries the number of the last dump that needs it no more: it is in that dump, or in the past, or it came
 * to be after that dump began. A change to any other file while a dump is under way puts the old state here first; it
 * costs a reference to the old blob, not a copy. The dump takes from here before it walks on. */
#ifndef CLEAT_STORE_PAST_H
#define CLEAT_STORE_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"

/* What a dump says of one file. */
struct past_file {
    struct blob *blob; /* a reference of its own */
    uint64_t version;
    uint64_t expires_ms;
};

struct past {
    bool active;        /* a dump is under way */
    uint32_t number;    /* of the newest dump; 0: there was none yet */
    struct past_file *files;
    size_t count;
    size_t capacity;
    size_t blob_bytes;  /* memory of the blobs held here */
};

/* A zeroed struct past is new. Releases everything. */
void past_close(struct past *past);

void past_begin(struct past *past);
/* Releases what is left. */
void past_end(struct past *past);

/* Adds the old state of a file; takes a reference of its own to BLOB. */
void past_add(struct past *past, struct blob *blob, uint64_t version, uint64_t expires_ms);
/* Takes one out, in no particular order; the reference is the caller's now. False: there is none. */
bool past_take(struct past *past, struct past_file *file);

size_t past_memory_bytes(const struct past *past);

#endif
