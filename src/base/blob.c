#include "base/blob.h"

#include <stdlib.h>

struct blob *blob_new(size_t size)
{
    if (size >= UINT32_MAX)
        return NULL;
    struct blob *blob = malloc(sizeof *blob + size);
    if (!blob)
        return NULL;
    blob->references = 1;
    blob->size = (uint32_t)size;
    return blob;
}

void blob_free(struct blob *blob)
{
    ensure(blob->references == 0);
    free(blob);
}
