#include "base/hash.h"

/* Compiled in here alone, so that the compiler can choose the fastest variant for this machine's baseline. */
#define XXH_INLINE_ALL
#include <string.h>
#include <sys/uio.h>
#include <xxhash.h>

uint64_t hash_bytes(const void *bytes, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, size, seed);
}

void hash_bytes_128(const void *bytes, size_t size, uint8_t hash[16])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, size));
    memcpy(hash, canonical.digest, sizeof canonical.digest);
}

uint64_t hash_pieces(const struct iovec *pieces, size_t count, uint64_t seed)
{
    if (count == 1)
        return hash_bytes(pieces[0].iov_base, pieces[0].iov_len, seed);
    XXH3_state_t state;
    XXH3_INITSTATE(&state);
    XXH3_64bits_reset_withSeed(&state, seed);
    for (size_t i = 0; i < count; i++)
        XXH3_64bits_update(&state, pieces[i].iov_base, pieces[i].iov_len);
    return XXH3_64bits_digest(&state);
}
