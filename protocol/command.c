#include "protocol/command.h"

#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/hash.h"
#include "protocol/request.h"
#include "protocol/transaction.h"

enum {
    FORMAT_OFFSET = 0,
    KIND_OFFSET = 1,
    NAME_SIZE_OFFSET = 2,
    FLAGS_OFFSET = 3,
    GATEWAY_OFFSET = 4,
    EPOCH_OFFSET = 8,
    NUMBER_OFFSET = 16,
    LOWEST_OFFSET = 24,
    VERSION_OFFSET = 32,
    EXPTIME_OFFSET = 40,
    NAME_OFFSET = COMMAND_HEADER_SIZE,
};

enum { FLAG_GUARDED = 1, FLAG_TOKEN = 2, FLAGS_KNOWN = FLAG_GUARDED | FLAG_TOKEN };

_Static_assert(REQUEST_NAME_MAX <= UINT8_MAX, "a name's size is one byte");

/* What commands of a kind have. */
static const struct kind {
    bool has_name;
    bool has_value;
    bool has_guard;
    bool has_source; /* the value is a name */
} kinds[COMMAND_KIND_END] = {
    [COMMAND_WRITE] = {.has_name = true, .has_value = true},
    [COMMAND_CAS] = {.has_name = true, .has_value = true},
    [COMMAND_DELETE] = {.has_name = true, .has_guard = true},
    [COMMAND_TOUCH] = {.has_name = true, .has_guard = true},
    [COMMAND_APPEND] = {.has_name = true, .has_value = true},
    [COMMAND_INCR] = {.has_name = true},
    [COMMAND_COPY] = {.has_name = true, .has_value = true, .has_guard = true, .has_source = true},
    [COMMAND_MOVE] = {.has_name = true, .has_value = true, .has_guard = true, .has_source = true},
    [COMMAND_TXN] = {.has_value = true},
    [COMMAND_IF_VERSION] = {.has_name = true},
    [COMMAND_IF_PRESENT] = {.has_name = true},
};

/* A name, and not the target's. */
static bool source_is_sound(const struct command *command)
{
    return request_name(command->value, command->value_size) &&
           (command->value_size != command->name_size ||
            memcmp(command->value, command->name, command->name_size) != 0);
}

bool command_sound(const struct command *command)
{
    if (command->kind < COMMAND_TICK || command->kind >= COMMAND_KIND_END)
        return false;
    const struct kind *kind = &kinds[command->kind];
    if (command->exptime_s > REQUEST_EXPTIME_MAX_S)
        return false;
    if ((!kind->has_value && command->value_size > 0) || (!kind->has_guard && command->guarded))
        return false;
    if (kind->has_source && !source_is_sound(command))
        return false;
    if (!kind->has_name)
        return command->name_size == 0;
    return request_name(command->name, command->name_size);
}

bool command_changes(enum command_kind kind)
{
    return kind >= COMMAND_WRITE && kind < COMMAND_TXN;
}

/* The rules on which encoding insists and which decoding checks, for what is not part of a transaction. */
static bool command_valid(const struct command *command)
{
    if (!command_sound(command) || command->kind >= COMMAND_IF_VERSION)
        return false;
    if (command->token && !command_changes(command->kind) && command->kind != COMMAND_TXN)
        return false;
    return command->kind != COMMAND_TXN || transaction_valid(command->value, command->value_size);
}

struct blob *command_encode(const struct command *command)
{
    ensure(command_valid(command));
    if (command->value_size >= UINT32_MAX)
        return NULL;
    size_t token_size = command->token ? COMMAND_TOKEN_SIZE : 0;
    struct blob *blob = blob_new(COMMAND_HEADER_SIZE + command->name_size + command->value_size + token_size);
    if (!blob)
        return NULL;
    uint8_t *bytes = blob->bytes;
    bytes[FORMAT_OFFSET] = COMMAND_FORMAT;
    bytes[KIND_OFFSET] = (uint8_t)command->kind;
    bytes[NAME_SIZE_OFFSET] = (uint8_t)command->name_size;
    bytes[FLAGS_OFFSET] = (uint8_t)((command->guarded ? FLAG_GUARDED : 0) | (command->token ? FLAG_TOKEN : 0));
    bytes_put_u64(bytes + VERSION_OFFSET, command->version);
    bytes_put_u64(bytes + EXPTIME_OFFSET, command->exptime_s);
    command_number(blob, command->gateway, command->epoch, command->number, command->lowest);
    if (command->name_size > 0)
        memcpy(bytes + NAME_OFFSET, command->name, command->name_size);
    if (command->value && command->value_size > 0)
        memcpy(bytes + NAME_OFFSET + command->name_size, command->value, command->value_size);
    if (command->token)
        memcpy(bytes + blob->size - COMMAND_TOKEN_SIZE, command->token, COMMAND_TOKEN_SIZE);
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
    size_t name_size = bytes[NAME_SIZE_OFFSET];
    uint8_t flags = bytes[FLAGS_OFFSET];
    size_t token_size = flags & FLAG_TOKEN ? COMMAND_TOKEN_SIZE : 0;
    if ((flags & ~FLAGS_KNOWN) != 0 || name_size + token_size > size - COMMAND_HEADER_SIZE)
        return false;
    struct command decoded = {
        .kind = (enum command_kind)bytes[KIND_OFFSET],
        .gateway = bytes_u32(bytes + GATEWAY_OFFSET),
        .epoch = bytes_u64(bytes + EPOCH_OFFSET),
        .number = bytes_u64(bytes + NUMBER_OFFSET),
        .lowest = bytes_u64(bytes + LOWEST_OFFSET),
        .version = bytes_u64(bytes + VERSION_OFFSET),
        .exptime_s = bytes_u64(bytes + EXPTIME_OFFSET),
        .guarded = (flags & FLAG_GUARDED) != 0,
        .name = bytes + NAME_OFFSET,
        .name_size = name_size,
        .value = bytes + NAME_OFFSET + name_size,
        .value_size = size - NAME_OFFSET - name_size - token_size,
        .token = token_size > 0 ? bytes + size - token_size : NULL,
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
    *name_size = bytes[NAME_SIZE_OFFSET];
    return *name_size > 0 && *name_size <= size - COMMAND_HEADER_SIZE;
}

size_t command_value_offset(const struct blob *blob)
{
    ensure(blob->size >= COMMAND_HEADER_SIZE);
    size_t offset = COMMAND_HEADER_SIZE + (size_t)blob->bytes[NAME_SIZE_OFFSET];
    ensure(offset <= blob->size);
    return offset;
}

size_t command_value_size(const struct blob *blob)
{
    size_t offset = command_value_offset(blob);
    size_t token_size = blob->bytes[FLAGS_OFFSET] & FLAG_TOKEN ? COMMAND_TOKEN_SIZE : 0;
    ensure(token_size <= blob->size - offset);
    return blob->size - offset - token_size;
}

void command_token(const void *text, size_t size, uint8_t token[COMMAND_TOKEN_SIZE])
{
    hash_bytes_128(text, size, token);
}

/* The kinds of what changes something, and of conditions; 0 for all other verbs. */
static const enum command_kind verb_kinds[VERB_COUNT] = {
    [VERB_SET] = COMMAND_WRITE,
    [VERB_WRITE] = COMMAND_WRITE,   [VERB_CAS] = COMMAND_CAS,   [VERB_DELETE] = COMMAND_DELETE,
    [VERB_TOUCH] = COMMAND_TOUCH,   [VERB_COPY] = COMMAND_COPY, [VERB_MOVE] = COMMAND_MOVE,
    [VERB_APPEND] = COMMAND_APPEND, [VERB_INCR] = COMMAND_INCR, [VERB_IF] = COMMAND_IF_PRESENT,
};

struct command command_of_request(const struct request *request, uint8_t token[COMMAND_TOKEN_SIZE])
{
    enum command_kind kind = verb_kinds[request->verb];
    if (kind == COMMAND_IF_PRESENT && request->has_version)
        kind = COMMAND_IF_VERSION;
    struct command command = {
        .kind = kind,
        .version = request->verb == VERB_INCR ? (uint64_t)request->delta : request->version,
        .exptime_s = request->exptime_s,
        .guarded = request->has_version && kinds[kind].has_guard,
        .name = request->name,
        .name_size = request->name_size,
        .value_size = (size_t)request->numbytes,
    };
    if (request->text) {
        command.value = request->text;
        command.value_size = request->text_size;
    }
    if (kinds[kind].has_source) {
        command.value = request->other;
        command.value_size = request->other_size;
    }
    if (request->token) {
        command_token(request->token, request->token_size, token);
        command.token = token;
    }
    return command;
}
