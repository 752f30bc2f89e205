#include "support/guard.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/ensure.h"

void guard_open(struct guard *guard)
{
    guard->page_size = (size_t)sysconf(_SC_PAGESIZE);
    guard->pages = mmap(NULL, 2 * guard->page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ensure(guard->pages != MAP_FAILED);
    ensure(mprotect(guard->pages + guard->page_size, guard->page_size, PROT_NONE) == 0);
}

void guard_close(struct guard *guard)
{
    ensure(munmap(guard->pages, 2 * guard->page_size) == 0);
}

uint8_t *guard_copy(struct guard *guard, const void *bytes, size_t size)
{
    ensure(size <= guard->page_size);
    uint8_t *start = guard->pages + guard->page_size - size;
    memset(guard->pages, '\n', guard->page_size - size);
    if (size > 0)
        memcpy(start, bytes, size);
    return start;
}
