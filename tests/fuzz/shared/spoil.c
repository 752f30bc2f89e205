#include "fuzz/shared/spoil.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/hash.h"
#include "base/memory.h"
#include "disk/block.h"
#include "disk/record.h"
#include "disk/sector.h"
#include "disk/segment.h"

enum { STEPS_MAX = 24, SECTOR = SECTOR_BYTES, RUN_MAX = 8 * SECTOR };

enum step {
    STEP_FLIP,
    STEP_SET,      /* bytes of the input itself */
    STEP_ZERO,     /* a few sectors */
    STEP_SWAP,     /* two sectors */
    STEP_COPY,     /* a run of bytes to another place, perhaps of another file */
    STEP_CUT,
    STEP_GROW,
    STEP_ZERO_END, /* all from somewhere on */
    STEP_DELETE,
    STEP_SEAL_BLOCK,
    STEP_SEAL_RECORD,
    STEPS,
};

struct target {
    struct fs_memory *memory;
    const char *path;
    size_t size;
};

static uint64_t place(struct reader *input, size_t size)
{
    uint64_t at = reader_u32(input);
    return size > 0 ? at % size : 0;
}

static void put(const struct target *target, uint64_t at, const uint8_t *bytes, size_t size)
{
    size_t room = at < target->size ? target->size - at : 0;
    fs_memory_spoil(target->memory, target->path, at, bytes, size < room ? size : room);
}

/* The content, as a copy. */
static uint8_t *content(const struct target *target)
{
    size_t size;
    uint8_t *copy = memory_get(target->size + 1);
    const uint8_t *bytes = fs_memory_content(target->memory, target->path, &size);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

static void zero(const struct target *target, uint64_t at, size_t size)
{
    uint8_t *zeros = memory_get(size);
    put(target, at, zeros, size);
    free(zeros);
}

static void swap(const struct target *target, uint64_t a, uint64_t b)
{
    uint8_t *bytes = content(target);
    a -= a % SECTOR;
    b -= b % SECTOR;
    if (a + SECTOR <= target->size && b + SECTOR <= target->size) {
        put(target, a, bytes + b, SECTOR);
        put(target, b, bytes + a, SECTOR);
    }
    free(bytes);
}

static void copy(const struct target *from, const struct target *to, struct reader *input)
{
    uint8_t *bytes = content(from);
    uint64_t at = place(input, from->size), there = place(input, to->size);
    size_t size = reader_u16(input) % RUN_MAX;
    if (size > from->size - at)
        size = from->size - (size_t)at;
    if (size > 0 && to->size > 0)
        put(to, there, bytes + at, size);
    free(bytes);
}

/* --- checksums ---------------------------------------------------------------------------------------------------- */

/* The block at AT, if one is there: they begin with a magic of their kind. */
static void seal_block(const struct target *target, uint64_t at)
{
    static const char *const magics[] = {block_magic_identity, block_magic_vote, block_magic_segment,
                                         block_magic_snapshot};
    uint8_t *bytes = content(target);
    at -= at % BLOCK_SIZE;
    for (size_t i = 0; i < sizeof magics / sizeof *magics && at + BLOCK_SIZE <= target->size; i++) {
        if (memcmp(bytes + at, magics[i], BLOCK_MAGIC_SIZE) != 0)
            continue;
        block_seal(bytes + at, magics[i], at);
        put(target, at, bytes + at, BLOCK_SIZE);
    }
    free(bytes);
}

/* As record.h and sector.h say how these are sealed: the record's header at AT, if one fits there into its sector, and
 * then the sector. */
static void seal_record(const struct target *target, uint64_t at)
{
    uint8_t *bytes = content(target);
    uint64_t sector = at - at % SECTOR;
    uint64_t id = target->size >= SEGMENT_HEADER ? bytes_u64(bytes + 28) : 0;
    if (sector >= SEGMENT_HEADER && sector + SECTOR <= target->size && id != 0) {
        uint64_t in = at % SECTOR / RECORD_ALIGN * RECORD_ALIGN;
        uint64_t offset = (sector - SEGMENT_HEADER) / SECTOR * SECTOR_STREAM + in;
        uint8_t *header = bytes + sector + in;
        if (in + RECORD_HEADER <= SECTOR_STREAM)
            bytes_put_u64(header, hash_bytes(header + 8, RECORD_HEADER - 8, id ^ offset * 0x9e3779b97f4a7c15u));
        sector_seal(bytes + sector, id, sector);
        put(target, sector, bytes + sector, SECTOR);
    }
    free(bytes);
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

static bool take_step(const struct target *target, const struct target *other, enum step step, struct reader *input)
{
    uint64_t at = place(input, target->size);
    uint8_t set[64];
    size_t size;
    switch (step) {
    case STEP_FLIP:
        if (target->size > 0)
            fs_memory_flip(target->memory, target->path, at * 8 + reader_u8(input) % 8);
        break;
    case STEP_SET:
        size = reader_u8(input) % sizeof set;
        for (size_t i = 0; i < size; i++)
            set[i] = reader_u8(input);
        put(target, at, set, size);
        break;
    case STEP_ZERO:
        zero(target, at - at % SECTOR, (size_t)SECTOR * (1 + reader_u8(input) % 16));
        break;
    case STEP_SWAP:
        swap(target, at, place(input, target->size));
        break;
    case STEP_COPY:
        copy(target, other, input);
        break;
    case STEP_CUT:
        fs_memory_resize(target->memory, target->path, at);
        break;
    case STEP_GROW:
        fs_memory_resize(target->memory, target->path, target->size + reader_u16(input));
        break;
    case STEP_ZERO_END:
        zero(target, at, target->size - (size_t)at);
        break;
    case STEP_DELETE:
        fs_memory_delete(target->memory, target->path);
        break;
    case STEP_SEAL_BLOCK:
        seal_block(target, at);
        return true;
    case STEP_SEAL_RECORD:
        seal_record(target, at);
        return true;
    case STEPS:
        break;
    }
    return false;
}

bool spoil(struct fs_memory *memory, char paths[PAST_FILES_MAX][DISK_PATH_MAX], size_t count, struct reader *input)
{
    bool sealed = false;
    for (int i = 0; i < STEPS_MAX && reader_left(input) > 0 && count > 0; i++) {
        enum step step = reader_u8(input) % STEPS;
        uint8_t which = reader_u8(input);
        struct target target = {.memory = memory, .path = paths[which % count]};
        struct target other = {.memory = memory, .path = paths[which / 16 % count]};
        if (!fs_memory_exists(memory, target.path) || !fs_memory_exists(memory, other.path))
            continue;
        (void)fs_memory_content(memory, target.path, &target.size);
        (void)fs_memory_content(memory, other.path, &other.size);
        sealed |= take_step(&target, &other, step, input);
    }
    return sealed;
}
