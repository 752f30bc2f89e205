/* XXH3, 64 bits, with a seed: names in the hash table, checksums on wire and disk, the hash of the state. */
#ifndef CLEAT_BASE_HASH_H
#define CLEAT_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const void *bytes, size_t size, uint64_t seed);

struct iovec;

/* XXH3, 128 bits, in its canonical form (big-endian). */
void hash_bytes_128(const void *bytes, size_t size, uint8_t hash[16]);

/* The same hash as hash_bytes over COUNT pieces one after another, as if they were contiguous. */
uint64_t hash_pieces(const struct iovec *pieces, size_t count, uint64_t seed);

#endif
