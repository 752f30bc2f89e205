#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/ensure.h"

void *memory_get(size_t size)
{
    void *block = calloc(1, size > 0 ? size : 1);
    ensure(block != NULL);
    return block;
}

void *memory_resize(void *block, size_t count, size_t size)
{
    ensure(size > 0 && count <= SIZE_MAX / size);
    void *resized = realloc(block, count > 0 ? count * size : 1);
    ensure(resized != NULL);
    return resized;
}
