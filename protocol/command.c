#include "protocol/command.h"

#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/hash.h"
#include "protocol/transaction.h"

enum {
    FORMAT_OFFSET = 0,
    GATEWAY_OFFSET = 4,
    EPOCH_OFFSET = 8,
    NUMBER_OFFSET = 16,
    LOWEST_OFFSET = 24,
    LEVEL_OFFSET = 36,
    ZERO_OFFSET = 38,
    NAME_OFFSET = COMMAND_HEADER_SIZE,
};

static const struct extra_row {
    uint32_t size;
    uint16_t level; /* 0: there is no such extra */
} extra_rows[32] = {
#define ROW(name, number, size, level, field) [number] = {size, level},
    COMMAND_EXTRAS(ROW)
#undef ROW
};

/* What is no gateway's says nothing of one; OPEN only whose it is, and the nonce. */
static bool origin_sound(const struct command *command)
{
    if (command->kind == COMMAND_OPEN)
        return command->gateway > 0 && command->number == 0 && command->lowest == 0;
    return command_numbered(command->kind) ||
           (command->gateway == 0 && command->epoch == 0 && command->number == 0 && command->lowest == 0);
}

static uint16_t higher(uint16_t a, uint16_t b)
{
    return a > b ? a : b;
}

/* The lowest level at which COMMAND, which is not part of a transaction, is understood: its kind, its extras, and a
 * transaction's parts. A RAISE is understood by whoever knows what it raises to. 0: it breaks a rule on which encoding
 * insists and which decoding checks. */
static uint16_t level_of(const struct command *command)
{
    if (!command_sound(command))
        return 0;
    const struct command_row *row = command_row(command->kind);
    if (row->class == COMMAND_CLASS_CONDITION || !origin_sound(command))
        return 0;
    uint16_t lowest = higher(row->level, command->level);
#define EXTRA_LEVEL(name, number, size, level, field) \
    if (command->field) { \
        if ((row->extras & COMMAND_EXTRA(name)) == 0) \
            return 0; \
        lowest = higher(lowest, (level)); \
    }
    COMMAND_EXTRAS(EXTRA_LEVEL)
#undef EXTRA_LEVEL
    if (row->contents != COMMAND_CONTENTS_PARTS)
        return lowest;
    uint16_t parts = transaction_level(command->value, command->value_size);
    return parts > 0 ? higher(lowest, parts) : 0;
}

/* --- extras ------------------------------------------------------------------------------------------------------- */

static size_t extras_size(const struct command *command)
{
    size_t total = 0;
#define ADD_SIZE(name, number, size, level, field) total += command->field ? COMMAND_EXTRA_HEADER + (size) : 0;
    COMMAND_EXTRAS(ADD_SIZE)
#undef ADD_SIZE
    return total;
}

static void extras_encode(const struct command *command, uint8_t *at)
{
#define APPEND(name, number, size, level, field) \
    if (command->field) { \
        at[0] = (number); \
        bytes_put_u32(at + 1, (size)); \
        memcpy(at + COMMAND_EXTRA_HEADER, command->field, (size)); \
        at += COMMAND_EXTRA_HEADER + (size); \
    }
    COMMAND_EXTRAS(APPEND)
#undef APPEND
    (void)at;
}

/* False where one is not known, or not one that the kind may have, or not as it must be. */
static bool extras_decode(const uint8_t *at, const uint8_t *end, struct command *command)
{
    unsigned before = 0;
    while (at < end) {
        if (end - at < COMMAND_EXTRA_HEADER)
            return false;
        unsigned type = at[0];
        uint32_t size = bytes_u32(at + 1);
        at += COMMAND_EXTRA_HEADER;
        if (type <= before || type >= sizeof extra_rows / sizeof *extra_rows ||
            (command_row(command->kind)->extras & (1u << type)) == 0)
            return false;
        if (size != extra_rows[type].size || size > (size_t)(end - at))
            return false;
        switch ((enum command_extra)type) {
#define TAKE(name, number, size, level, field) \
        case COMMAND_EXTRA_##name: \
            command->field = at; \
            break;
            COMMAND_EXTRAS(TAKE)
#undef TAKE
        }
        at += size;
        before = type;
    }
    return true;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

struct blob *command_encode(const struct command *command)
{
    uint16_t level = level_of(command);
    ensure(level > 0);
    size_t contents_size = command_contents_size(command);
    if (contents_size >= UINT32_MAX)
        return NULL;
    size_t body_size = command_row(command->kind)->body_size;
    struct blob *blob = blob_new(NAME_OFFSET + command->name_size + body_size + contents_size + extras_size(command));
    if (!blob)
        return NULL;
    uint8_t *bytes = blob->bytes;
    bytes[FORMAT_OFFSET] = COMMAND_FORMAT;
    bytes[COMMAND_KIND_OFFSET] = (uint8_t)command->kind;
    bytes_put_u16(bytes + COMMAND_NAME_SIZE_OFFSET, (uint16_t)command->name_size);
    bytes_put_u32(bytes + COMMAND_EXTRAS_SIZE_OFFSET, (uint32_t)extras_size(command));
    bytes_put_u16(bytes + LEVEL_OFFSET, level);
    bytes_put_u16(bytes + ZERO_OFFSET, 0);
    command_number(blob, command->gateway, command->epoch, command->number, command->lowest);
    uint8_t *at = bytes + NAME_OFFSET;
    if (command->name_size > 0)
        memcpy(at, command->name, command->name_size);
    at += command->name_size;
    command_body_encode(command, at);
    at += body_size;
    if (command_contents(command) && contents_size > 0)
        memcpy(at, command_contents(command), contents_size);
    extras_encode(command, at + contents_size);
    return blob;
}

void command_number(struct blob *blob, uint32_t gateway, uint64_t epoch, uint64_t number, uint64_t lowest)
{
    ensure(blob->references == 1); /* nobody else may see the bytes change */
    ensure(blob->size >= COMMAND_HEADER_SIZE);
    bytes_put_u32(blob->bytes + GATEWAY_OFFSET, gateway);
    bytes_put_u64(blob->bytes + EPOCH_OFFSET, epoch);
    bytes_put_u64(blob->bytes + NUMBER_OFFSET, number);
    bytes_put_u64(blob->bytes + LOWEST_OFFSET, lowest);
}

/* False: there is no whole header of this format. */
static bool header_decode(const uint8_t *bytes, size_t size, struct command *command)
{
    *command = (struct command){0};
    if (size < COMMAND_HEADER_SIZE || bytes[FORMAT_OFFSET] != COMMAND_FORMAT)
        return false;
    command->kind = (enum command_kind)bytes[COMMAND_KIND_OFFSET];
    command->gateway = bytes_u32(bytes + GATEWAY_OFFSET);
    command->epoch = bytes_u64(bytes + EPOCH_OFFSET);
    command->number = bytes_u64(bytes + NUMBER_OFFSET);
    command->lowest = bytes_u64(bytes + LOWEST_OFFSET);
    return true;
}

/* What is behind the header of COMMAND. */
static bool rest_decode(const uint8_t *bytes, size_t size, struct command *command)
{
    if (!command_known(bytes[COMMAND_KIND_OFFSET]) || bytes_u16(bytes + ZERO_OFFSET) != 0)
        return false;
    size_t name_size = bytes_u16(bytes + COMMAND_NAME_SIZE_OFFSET);
    size_t body_size = command_row(command->kind)->body_size;
    size_t extras = bytes_u32(bytes + COMMAND_EXTRAS_SIZE_OFFSET);
    size_t left = size - NAME_OFFSET;
    if (name_size + body_size > left || extras > left - name_size - body_size)
        return false;
    command->name = bytes + NAME_OFFSET;
    command->name_size = name_size;
    const uint8_t *at = command->name + name_size;
    if (!command_body_decode(at, command))
        return false;
    command_take_contents(command, at + body_size, left - name_size - body_size - extras);
    if (!extras_decode(bytes + size - extras, bytes + size, command))
        return false;
    uint16_t level = level_of(command);
    return level > 0 && bytes_u16(bytes + LEVEL_OFFSET) == level;
}

bool command_decode(const uint8_t *bytes, size_t size, struct command *command)
{
    if (header_decode(bytes, size, command) && rest_decode(bytes, size, command))
        return true;
    *command = (struct command){0};
    return false;
}

bool command_origin(const uint8_t *bytes, size_t size, struct command *command)
{
    return header_decode(bytes, size, command);
}

bool command_is(const uint8_t *bytes, size_t size, uint32_t gateway, uint64_t epoch, uint64_t number)
{
    return size >= COMMAND_HEADER_SIZE && bytes[FORMAT_OFFSET] == COMMAND_FORMAT &&
           bytes_u64(bytes + NUMBER_OFFSET) == number && bytes_u64(bytes + EPOCH_OFFSET) == epoch &&
           bytes_u32(bytes + GATEWAY_OFFSET) == gateway;
}

unsigned command_level(const uint8_t *bytes, size_t size)
{
    if (size < COMMAND_HEADER_SIZE || bytes[FORMAT_OFFSET] != COMMAND_FORMAT)
        return 0;
    return bytes_u16(bytes + LEVEL_OFFSET);
}

bool command_name(const uint8_t *bytes, size_t size, const uint8_t **name, size_t *name_size)
{
    if (size < COMMAND_HEADER_SIZE)
        return false;
    *name = bytes + COMMAND_HEADER_SIZE;
    *name_size = bytes_u16(bytes + COMMAND_NAME_SIZE_OFFSET);
    return *name_size > 0 && *name_size <= size - COMMAND_HEADER_SIZE;
}

void command_token(const void *text, size_t size, uint8_t token[COMMAND_TOKEN_SIZE])
{
    hash_bytes_128(text, size, token);
}
