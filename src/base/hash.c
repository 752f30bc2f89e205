#include "base/hash.h"

/* Compiled in here alone, so that the compiler can choose the fastest variant for this machine's baseline. */
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_bytes(const void *bytes, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, size, seed);
}
