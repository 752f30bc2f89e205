#include "protocol/command.h"

#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "protocol/request.h"

enum {
    FORMAT_OFFSET = 0,
    KIND_OFFSET = 1,
    NAME_SIZE_OFFSET = 2,
    GATEWAY_OFFSET = 4,
    EPOCH_OFFSET = 8,
    NUMBER_OFFSET = 16,
    LOWEST_OFFSET = 24,
    VERSION_OFFSET = 32,
    EXPTIME_OFFSET = 40,
    NAME_OFFSET = COMMAND_HEADER_SIZE,
};

static bool kind_has_name(enum command_kind kind)
{
    return kind == COMMAND_WRITE || kind == COMMAND_CAS || kind == COMMAND_DELETE;
}

static bool kind_has_value(enum command_kind kind)
{
    return kind == COMMAND_WRITE || kind == COMMAND_CAS;
}

/* The rules on which encoding insists and which decoding checks. */
static bool command_valid(const struct command *command)
{
    if (command->kind < COMMAND_TICK || command->kind >= COMMAND_KIND_END)
        return false;
    if (command->exptime_s > REQUEST_EXPTIME_MAX_S)
        return false;
    if (!kind_has_value(command->kind) && command->value_size > 0)
        return false;
    if (!kind_has_name(command->kind))
        return command->name_size == 0;
    return request_name(command->name, command->name_size);
}

struct blob *command_encode(const struct command *command)
{
    ensure(command_valid(command));
    if (command->value_size >= UINT32_MAX)
        return NULL;
    struct blob *blob = blob_new(COMMAND_HEADER_SIZE + command->name_size + command->value_size);
    if (!blob)
        return NULL;
    uint8_t *bytes = blob->bytes;
    bytes[FORMAT_OFFSET] = COMMAND_FORMAT;
    bytes[KIND_OFFSET] = (uint8_t)command->kind;
    bytes_put_u16(bytes + NAME_SIZE_OFFSET, (uint16_t)command->name_size);
    bytes_put_u64(bytes + VERSION_OFFSET, command->version);
    bytes_put_u64(bytes + EXPTIME_OFFSET, command->exptime_s);
    command_number(blob, command->gateway, command->epoch, command->number, command->lowest);
    if (command->name_size > 0)
        memcpy(bytes + NAME_OFFSET, command->name, command->name_size);
    if (command->value && command->value_size > 0)
        memcpy(bytes + NAME_OFFSET + command->name_size, command->value, command->value_size);
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

bool command_decode(const uint8_t *bytes, size_t size, struct command *command)
{
    *command = (struct command){0};
    if (size < COMMAND_HEADER_SIZE || bytes[FORMAT_OFFSET] != COMMAND_FORMAT)
        return false;
    size_t name_size = bytes_u16(bytes + NAME_SIZE_OFFSET);
    if (name_size > size - COMMAND_HEADER_SIZE)
        return false;
    struct command decoded = {
        .kind = (enum command_kind)bytes[KIND_OFFSET],
        .gateway = bytes_u32(bytes + GATEWAY_OFFSET),
        .epoch = bytes_u64(bytes + EPOCH_OFFSET),
        .number = bytes_u64(bytes + NUMBER_OFFSET),
        .lowest = bytes_u64(bytes + LOWEST_OFFSET),
        .version = bytes_u64(bytes + VERSION_OFFSET),
        .exptime_s = bytes_u64(bytes + EXPTIME_OFFSET),
        .name = bytes + NAME_OFFSET,
        .name_size = name_size,
        .value = bytes + NAME_OFFSET + name_size,
        .value_size = size - NAME_OFFSET - name_size,
    };
    if (!command_valid(&decoded))
        return false;
    *command = decoded;
    return true;
}

bool command_origin(const uint8_t *bytes, size_t size, struct command *command)
{
    *command = (struct command){0};
    if (size < COMMAND_HEADER_SIZE || bytes[FORMAT_OFFSET] != COMMAND_FORMAT)
        return false;
    command->kind = (enum command_kind)bytes[KIND_OFFSET];
    command->gateway = bytes_u32(bytes + GATEWAY_OFFSET);
    command->epoch = bytes_u64(bytes + EPOCH_OFFSET);
    command->number = bytes_u64(bytes + NUMBER_OFFSET);
    return true;
}

bool command_name(const uint8_t *bytes, size_t size, const uint8_t **name, size_t *name_size)
{
    if (size < COMMAND_HEADER_SIZE)
        return false;
    *name = bytes + COMMAND_HEADER_SIZE;
    *name_size = bytes_u16(bytes + NAME_SIZE_OFFSET);
    return *name_size > 0 && *name_size <= size - COMMAND_HEADER_SIZE;
}

bool command_is_newer(const uint8_t *bytes, size_t size)
{
    if (size <= FORMAT_OFFSET)
        return false;
    if (bytes[FORMAT_OFFSET] != COMMAND_FORMAT)
        return bytes[FORMAT_OFFSET] > COMMAND_FORMAT;
    return size > KIND_OFFSET && bytes[KIND_OFFSET] >= COMMAND_KIND_END;
}

size_t command_value_offset(const struct blob *blob)
{
    ensure(blob->size >= COMMAND_HEADER_SIZE);
    size_t offset = COMMAND_HEADER_SIZE + (size_t)bytes_u16(blob->bytes + NAME_SIZE_OFFSET);
    ensure(offset <= blob->size);
    return offset;
}
