/* Stands before the allocator, before memcpy and memmove, and before XXH3, by --wrap at the link. Not seen: copies of
 * small constant sizes, which the compiler makes into a few moves, structs assigned to each other, loops, and what libc
 * does inside of its own functions. */
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/hash.h"
#include "count/meter.h"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **block, size_t alignment, size_t size);
int __wrap_posix_memalign(void **block, size_t alignment, size_t size);
void __real_free(void *block);
void __wrap_free(void *block);
void *__real_memcpy(void *restrict to, const void *restrict from, size_t size);
void *__wrap_memcpy(void *restrict to, const void *restrict from, size_t size);
void *__real_memmove(void *to, const void *from, size_t size);
void *__wrap_memmove(void *to, const void *from, size_t size);
uint64_t __real_hash_bytes(const void *bytes, size_t size, uint64_t seed);
uint64_t __wrap_hash_bytes(const void *bytes, size_t size, uint64_t seed);
uint64_t __real_hash_pieces(const struct iovec *pieces, size_t count, uint64_t seed);
uint64_t __wrap_hash_pieces(const struct iovec *pieces, size_t count, uint64_t seed);

static void count_allocation(size_t size)
{
    struct meter *meter = meter_used();
    if (meter) {
        meter->allocations++;
        meter->allocated_bytes += size;
    }
}

static void count_free(void)
{
    struct meter *meter = meter_used();
    if (meter)
        meter->frees++;
}

static void count_copy(size_t size)
{
    struct meter *meter = meter_used();
    if (meter)
        meter->copied_bytes += size;
}

static void count_hash(size_t size)
{
    struct meter *meter = meter_used();
    if (meter)
        meter->hashed_bytes += size;
}

void *__wrap_malloc(size_t size)
{
    count_allocation(size);
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    count_allocation(count * size);
    return __real_calloc(count, size);
}

/* A block that could stay where it is cost nothing worth counting. */
void *__wrap_realloc(void *block, size_t size)
{
    uintptr_t before = (uintptr_t)block;
    size_t before_size = block ? malloc_usable_size(block) : 0;
    void *after = __real_realloc(block, size);
    if ((uintptr_t)after == before)
        return after;
    count_allocation(size);
    if (before != 0) {
        count_free();
        count_copy(before_size < size ? before_size : size);
    }
    return after;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    count_allocation(size);
    return __real_aligned_alloc(alignment, size);
}

int __wrap_posix_memalign(void **block, size_t alignment, size_t size)
{
    count_allocation(size);
    return __real_posix_memalign(block, alignment, size);
}

void __wrap_free(void *block)
{
    if (block)
        count_free();
    __real_free(block);
}

void *__wrap_memcpy(void *restrict to, const void *restrict from, size_t size)
{
    count_copy(size);
    return __real_memcpy(to, from, size);
}

void *__wrap_memmove(void *to, const void *from, size_t size)
{
    count_copy(size);
    return __real_memmove(to, from, size);
}

uint64_t __wrap_hash_bytes(const void *bytes, size_t size, uint64_t seed)
{
    count_hash(size);
    return __real_hash_bytes(bytes, size, seed);
}

uint64_t __wrap_hash_pieces(const struct iovec *pieces, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++)
        count_hash(pieces[i].iov_len);
    return __real_hash_pieces(pieces, count, seed);
}
