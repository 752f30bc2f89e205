#include "disk/block.h"

#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/hash.h"
#include "disk/reason.h"

const char block_magic_identity[BLOCK_MAGIC_SIZE + 1] = "CLEATIDY";
const char block_magic_vote[BLOCK_MAGIC_SIZE + 1] = "CLEATVOT";
const char block_magic_segment[BLOCK_MAGIC_SIZE + 1] = "CLEATWAL";
const char block_magic_snapshot[BLOCK_MAGIC_SIZE + 1] = "CLEATSNP";

enum { BLOCK_AT_FORMAT = 8 };

void block_seal(uint8_t block[BLOCK_SIZE], const char *magic, uint64_t offset)
{
    ensure(strlen(magic) == BLOCK_MAGIC_SIZE);
    memcpy(block, magic, BLOCK_MAGIC_SIZE);
    bytes_put_u32(block + BLOCK_AT_FORMAT, BLOCK_FORMAT);
    bytes_put_u64(block + BLOCK_END, hash_bytes(block, BLOCK_END, offset));
    ensure(block_state(block, magic, offset) == BLOCK_GOOD);
}

enum block_state block_state(const uint8_t block[BLOCK_SIZE], const char *magic, uint64_t offset)
{
    ensure(strlen(magic) == BLOCK_MAGIC_SIZE);
    if (bytes_u64(block + BLOCK_END) != hash_bytes(block, BLOCK_END, offset) ||
        memcmp(block, magic, BLOCK_MAGIC_SIZE) != 0)
        return BLOCK_DAMAGED;
    uint32_t format = bytes_u32(block + BLOCK_AT_FORMAT);
    if (format == 0)
        return BLOCK_DAMAGED;
    return format == BLOCK_FORMAT ? BLOCK_GOOD : format > BLOCK_FORMAT ? BLOCK_NEWER : BLOCK_OLDER;
}

bool block_is_zero(const uint8_t block[BLOCK_SIZE], size_t from, size_t to)
{
    ensure(from >= BLOCK_FIELDS && from <= to && to <= BLOCK_END);
    while (from < to && block[from] == 0)
        from++;
    return from == to;
}

/* Format 1 was Cleat 0.1's; format 2 was never released. */
static enum disk_status block_refuse_older(uint32_t format, uint64_t offset, const char *path, char *reason)
{
    return reason_refused(reason, path, offset,
                          format == 1 ? "of format 1, as Cleat 0.1 wrote it, which this version cannot read; run Cleat "
                                        "0.1 here, save the files with its cleat get -r, and put them into a new "
                                        "cluster"
                                      : "of format 2, as a build before this release wrote it, which this version "
                                        "cannot read; run that build here, save the files with its cleat get -r, and "
                                        "put them into a new cluster");
}

enum disk_status block_check(const uint8_t block[BLOCK_SIZE], const char *magic, uint64_t offset, const char *path,
                             char *reason)
{
    switch (block_state(block, magic, offset)) {
    case BLOCK_GOOD:
        return DISK_OK;
    case BLOCK_NEWER:
        return reason_newer(reason, path, offset);
    case BLOCK_OLDER:
        return block_refuse_older(bytes_u32(block + BLOCK_AT_FORMAT), offset, path, reason);
    case BLOCK_DAMAGED:
        break;
    }
    return reason_refused(reason, path, offset, "damaged: the block's checksum does not fit");
}
