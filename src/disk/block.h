/* The first 4096 bytes of every file: what it is, for whom, and a checksum over all of it. The vote file is two such
 * blocks.
 *
 *      0     8 bytes  magic: which kind of file
 *      8     u32      format version
 *      12    ...      the kind's own fields, zeros up to
 *      4088  u64      XXH3 of bytes 0..4087, seeded with the block's offset in its file
 *
 * Magic, version and checksum stay where they are in every format, so that a newer or an older file is told from a
 * bad one. */
#ifndef CLEAT_DISK_BLOCK_H
#define CLEAT_DISK_BLOCK_H

#include <stdint.h>

#include "disk/disk.h"

enum { BLOCK_SIZE = 4096, BLOCK_FIELDS = 12, BLOCK_END = 4088, BLOCK_FORMAT = 3, BLOCK_MAGIC_SIZE = 8 };

extern const char block_magic_identity[BLOCK_MAGIC_SIZE + 1];
extern const char block_magic_vote[BLOCK_MAGIC_SIZE + 1];
extern const char block_magic_segment[BLOCK_MAGIC_SIZE + 1];
extern const char block_magic_snapshot[BLOCK_MAGIC_SIZE + 1];

/* Puts magic, version and checksum around the fields, which are in place. */
void block_seal(uint8_t block[BLOCK_SIZE], const char *magic, uint64_t offset);

enum block_state { BLOCK_GOOD, BLOCK_DAMAGED, BLOCK_NEWER, BLOCK_OLDER };
enum block_state block_state(const uint8_t block[BLOCK_SIZE], const char *magic, uint64_t offset);

/* As block_state, with the reason for refusing it. */
enum disk_status block_check(const uint8_t block[BLOCK_SIZE], const char *magic, uint64_t offset, const char *path,
                             char *reason);

/* Whether the bytes from FROM to TO - 1 are zeros, as they are behind and between a block's fields. */
bool block_is_zero(const uint8_t block[BLOCK_SIZE], size_t from, size_t to);
/* For reasons: what such bytes are if they are not, or a yes or no that is neither. */
#define BLOCK_BAD_FIELDS "damaged: the block has what no field of it can be"

#endif
