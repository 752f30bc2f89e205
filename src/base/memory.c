#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/last_line.h"

void *memory_get_for(size_t size, const char *who)
{
    void *block = calloc(1, size > 0 ? size : 1);
    if (!block)
        memory_out(size, who);
    return block;
}

void *memory_resize_for(void *block, size_t count, size_t size, const char *who)
{
    ensure(size > 0 && count <= SIZE_MAX / size);
    void *resized = realloc(block, count > 0 ? count * size : 1);
    if (!resized)
        memory_out(count * size, who);
    return resized;
}

void memory_out(size_t size, const char *who)
{
    last_line("event=out_of_memory bytes=%zu function=%s "
              "reason=\"the system has no more memory: give it more, or this program lower limits\"\n",
              size, who);
    _exit(EXIT_FAILURE);
}
