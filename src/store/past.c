#include "store/past.h"

#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "store/files.h"

enum { PAST_CAPACITY_MIN = 64 };

void past_close(struct past *past)
{
    ensure(past->active || past->count == 0);
    for (size_t i = 0; i < past->count; i++)
        blob_release(past->files[i].blob);
    free(past->files);
    *past = (struct past){0};
}

void past_begin(struct past *past)
{
    ensure(!past->active && past->count == 0);
    ensure(past->number < UINT32_MAX);
    past->active = true;
    past->number++;
}

void past_end(struct past *past)
{
    ensure(past->active);
    uint32_t number = past->number;
    past_close(past);
    past->number = number;
}

void past_add(struct past *past, const struct file_state *state)
{
    ensure(past->active);
    ensure(state->version > 0);
    if (past->count == past->capacity) {
        past->capacity = past->capacity > 0 ? 2 * past->capacity : PAST_CAPACITY_MIN;
        past->files = memory_resize(past->files, past->capacity, sizeof *past->files);
    }
    past->files[past->count++] = *state;
    past->blob_bytes += file_blob_memory_bytes(blob_hold(state->blob));
}

bool past_take(struct past *past, struct file_state *state)
{
    ensure(past->active);
    if (past->count == 0)
        return false;
    *state = past->files[--past->count];
    size_t bytes = file_blob_memory_bytes(state->blob);
    ensure(past->blob_bytes >= bytes);
    past->blob_bytes -= bytes;
    return true;
}

size_t past_memory_bytes(const struct past *past)
{
    return past->capacity * sizeof *past->files + past->blob_bytes;
}
