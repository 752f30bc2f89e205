#include "protocol/transaction.h"

#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/hash.h"

enum { ZERO_OFFSET = 1, NAME_SIZE_OFFSET = 2, CONTENTS_SIZE_OFFSET = 4, EXTRAS_SIZE_OFFSET = 8 };

size_t transaction_part_size(const struct command *part)
{
    return TRANSACTION_PART_HEADER + part->name_size + command_row(part->kind)->body_size +
           command_contents_size(part);
}

bool transaction_append(struct buffer *parts, const struct command *part)
{
    size_t contents_size = command_contents_size(part);
    ensure(part->name_size <= COMMAND_NAME_MAX && contents_size <= UINT32_MAX);
    size_t size = transaction_part_size(part);
    uint8_t *bytes = buffer_reserve(parts, size);
    if (!bytes)
        return false;
    bytes[0] = (uint8_t)part->kind;
    bytes[ZERO_OFFSET] = 0;
    bytes_put_u16(bytes + NAME_SIZE_OFFSET, (uint16_t)part->name_size);
    bytes_put_u32(bytes + CONTENTS_SIZE_OFFSET, (uint32_t)contents_size);
    bytes_put_u32(bytes + EXTRAS_SIZE_OFFSET, 0);
    uint8_t *at = bytes + TRANSACTION_PART_HEADER;
    memcpy(at, part->name, part->name_size);
    command_body_encode(part, at + part->name_size);
    if (command_contents(part) && contents_size > 0)
        memcpy(bytes + size - contents_size, command_contents(part), contents_size);
    buffer_added(parts, size);
    return true;
}

bool transaction_next(const uint8_t **at, const uint8_t *end, struct command *part)
{
    const uint8_t *bytes = *at;
    size_t left = (size_t)(end - bytes);
    if (left < TRANSACTION_PART_HEADER || !command_known(bytes[0]) || bytes[ZERO_OFFSET] != 0 ||
        bytes_u32(bytes + EXTRAS_SIZE_OFFSET) != 0)
        return false;
    *part = (struct command){.kind = (enum command_kind)bytes[0]};
    size_t name_size = bytes_u16(bytes + NAME_SIZE_OFFSET), contents_size = bytes_u32(bytes + CONTENTS_SIZE_OFFSET);
    size_t body_size = command_row(part->kind)->body_size;
    left -= TRANSACTION_PART_HEADER;
    if (name_size + body_size > left || contents_size > left - name_size - body_size)
        return false;
    part->name = bytes + TRANSACTION_PART_HEADER;
    part->name_size = name_size;
    const uint8_t *body = part->name + name_size;
    command_take_contents(part, body + body_size, contents_size);
    *at = body + body_size + contents_size;
    return command_body_decode(body, part) && command_sound(part);
}

size_t transaction_names(const struct command *change, struct transaction_name names[2])
{
    names[0] = (struct transaction_name){change->name, change->name_size};
    names[1] = (struct transaction_name){change->source, change->source_size};
    return change->source ? 2 : 1;
}

static bool touch_the_same(const struct command *a, const struct command *b)
{
    struct transaction_name of_a[2], of_b[2];
    size_t count_a = transaction_names(a, of_a), count_b = transaction_names(b, of_b);
    for (size_t i = 0; i < count_a; i++)
        for (size_t j = 0; j < count_b; j++)
            if (of_a[i].size == of_b[j].size && memcmp(of_a[i].bytes, of_b[j].bytes, of_a[i].size) == 0)
                return true;
    return false;
}

bool transaction_touches(const uint8_t *parts, size_t size, const struct command *change)
{
    if (size == 0) /* there may be no bytes to point at either */
        return false;
    const uint8_t *at = parts, *end = parts + size;
    struct command part;
    while (at < end && transaction_next(&at, end, &part))
        if (command_changes(part.kind) && touch_the_same(&part, change))
            return true;
    return false;
}

/* The names that changes touch, found again by hashes: there may be twice as many as parts, and all of them long. */
struct touched {
    size_t count;
    uint64_t hashes[2 * TRANSACTION_PARTS_MAX];
    struct transaction_name names[2 * TRANSACTION_PARTS_MAX];
};

/* False: NAME was there before. */
static bool touched_add(struct touched *touched, const struct transaction_name *name)
{
    uint64_t hash = hash_bytes(name->bytes, name->size, 0);
    for (size_t i = 0; i < touched->count; i++)
        if (touched->hashes[i] == hash && touched->names[i].size == name->size &&
            memcmp(touched->names[i].bytes, name->bytes, name->size) == 0)
            return false;
    touched->hashes[touched->count] = hash;
    touched->names[touched->count++] = *name;
    return true;
}

uint16_t transaction_level(const uint8_t *parts, size_t size)
{
    if (size == 0)
        return 0;
    const uint8_t *at = parts, *end = parts + size;
    struct command part;
    struct transaction_name names[2];
    struct touched touched;
    uint16_t level = 0;
    touched.count = 0; /* the rest is not zeroed: this is done for every transaction */
    for (size_t count = 0; at < end; count++) {
        if (count == TRANSACTION_PARTS_MAX || !transaction_next(&at, end, &part))
            return 0;
        const struct command_row *row = command_row(part.kind);
        if (row->level > level)
            level = row->level;
        if (row->class == COMMAND_CLASS_CONDITION)
            continue;
        if (!command_changes(part.kind))
            return 0;
        size_t name_count = transaction_names(&part, names);
        for (size_t i = 0; i < name_count; i++)
            if (!touched_add(&touched, &names[i]))
                return 0;
    }
    return touched.count > 0 ? level : 0;
}

bool transaction_valid(const uint8_t *parts, size_t size)
{
    return transaction_level(parts, size) > 0;
}
