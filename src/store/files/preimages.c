#include "store/files/preimages.h"

#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"

enum { PREIMAGES_CAPACITY_MIN = 64 };

void preimages_close(struct preimages *preimages)
{
    ensure(preimages->active || preimages->count == 0);
    ensure(preimages->count <= preimages->capacity);
    for (size_t i = 0; i < preimages->count; i++) {
        preimages->blob_bytes -= file_blob_memory_bytes(preimages->files[i].blob);
        blob_release(preimages->files[i].blob);
    }
    ensure(preimages->blob_bytes == 0);
    free(preimages->files);
    *preimages = (struct preimages){0};
}

void preimages_begin(struct preimages *preimages)
{
    ensure(!preimages->active && preimages->count == 0);
    ensure(preimages->number < UINT32_MAX && preimages->blob_bytes == 0);
    preimages->active = true;
    preimages->number++;
}

void preimages_end(struct preimages *preimages)
{
    ensure(preimages->active);
    uint32_t number = preimages->number;
    preimages_close(preimages);
    preimages->number = number;
}

void preimages_add(struct preimages *preimages, const struct file_state *state)
{
    ensure(preimages->active);
    ensure(state->version > 0);
    ensure(state->created > 0 && state->created <= state->version);
    if (preimages->count == preimages->capacity) {
        preimages->capacity = preimages->capacity > 0 ? 2 * preimages->capacity : PREIMAGES_CAPACITY_MIN;
        preimages->files = memory_resize(preimages->files, preimages->capacity, sizeof *preimages->files);
    }
    preimages->files[preimages->count++] = *state;
    preimages->blob_bytes += file_blob_memory_bytes(blob_hold(state->blob));
}

bool preimages_take(struct preimages *preimages, struct file_state *state)
{
    ensure(preimages->active);
    if (preimages->count == 0)
        return false;
    *state = preimages->files[--preimages->count];
    size_t bytes = file_blob_memory_bytes(state->blob);
    ensure(preimages->blob_bytes >= bytes);
    preimages->blob_bytes -= bytes;
    ensure((preimages->blob_bytes > 0) == (preimages->count > 0));
    return true;
}

size_t preimages_memory_bytes(const struct preimages *preimages)
{
    ensure(preimages->count <= preimages->capacity);
    return preimages->capacity * sizeof *preimages->files + preimages->blob_bytes;
}
