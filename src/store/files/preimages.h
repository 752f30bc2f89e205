/* Preimages: how files were when a dump began, for those that have changed since and are not in the dump yet.
 *
 * Every file carries the number of the last dump that needs it no more: it is in that dump, or among the preimages, or
 * it came to be after that dump began. A change to any other file while a dump is under way puts the old state here
 * first; it costs a reference to the old blob, not a copy. The dump takes from here before it walks on. */
#ifndef CLEAT_STORE_PREIMAGES_H
#define CLEAT_STORE_PREIMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/files/file_state.h"

struct preimages {
    bool active;        /* a dump is under way */
    uint32_t number;    /* of the newest dump; 0: there was none yet */
    struct file_state *files; /* each with a reference of its own to its blob */
    size_t count;
    size_t capacity;
    size_t blob_bytes;  /* memory of the blobs held here */
};

/* A zeroed struct preimages is new. Releases everything. */
void preimages_close(struct preimages *preimages);

void preimages_begin(struct preimages *preimages);
/* Releases what is left. */
void preimages_end(struct preimages *preimages);

/* Adds the old state of a file; takes a reference of its own to its blob. */
void preimages_add(struct preimages *preimages, const struct file_state *state);
/* Takes one out, in no particular order; the reference is the caller's now. False: there is none. */
bool preimages_take(struct preimages *preimages, struct file_state *state);

size_t preimages_memory_bytes(const struct preimages *preimages);

#endif
