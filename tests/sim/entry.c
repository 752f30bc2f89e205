#include "sim/entry.h"

#include <string.h>

enum { HEADER = 48, PART_HEADER = 24, EXACT = 1, WITH_TOKEN = 2 };

static uint64_t number_at(const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;
    while (size-- > 0)
        number = number << 8 | bytes[size];
    return number;
}

/* The fields that a command and a part of a transaction have alike. */
static struct change change_of(uint8_t kind, bool exact, uint64_t version, uint64_t exptime_s)
{
    struct change change = {.kind = (enum command_kind)kind, .exact = exact, .exptime_s = exptime_s};
    change.exact |= change_always_exact(&change);
    if (change.kind == COMMAND_INCR)
        memcpy(&change.delta, &version, sizeof version); /* two's complement */
    else
        change.version = version;
    return change;
}

static bool is_change(uint8_t kind)
{
    return kind >= COMMAND_WRITE && kind <= COMMAND_MOVE;
}

static bool parse_parts(const uint8_t *at, const uint8_t *end, struct entry *entry)
{
    size_t count = 0;
    for (; at < end; count++) {
        if (count == CHANGE_PARTS_MAX || end - at < PART_HEADER || (at[1] & ~EXACT) != 0 || at[3] != 0)
            return false;
        struct change *part = &entry->changes[count];
        *part = change_of(at[0], at[1] & EXACT, number_at(at + 8, 8), number_at(at + 16, 8));
        if (!is_change(at[0]) && !change_is_condition(part))
            return false;
        part->name_size = at[2];
        part->contents_size = (size_t)number_at(at + 4, 4);
        part->name = at + PART_HEADER;
        part->contents = part->name + part->name_size;
        if (part->name_size + part->contents_size > (size_t)(end - part->name))
            return false;
        at = part->contents + part->contents_size;
    }
    entry->asked.count = count;
    entry->asked.transaction = true;
    return count > 0;
}

bool entry_parse(const uint8_t *bytes, size_t size, struct entry *entry)
{
    if (size < HEADER || bytes[0] != 1 || (bytes[3] & ~(EXACT | WITH_TOKEN)) != 0)
        return false;
    entry->kind = (enum command_kind)bytes[1];
    entry->gateway = (uint32_t)number_at(bytes + 4, 4);
    entry->epoch = number_at(bytes + 8, 8);
    entry->number = number_at(bytes + 16, 8);
    entry->asked = (struct asked){.changes = entry->changes};
    size_t name_size = bytes[2], token_size = bytes[3] & WITH_TOKEN ? COMMAND_TOKEN_SIZE : 0;
    if (size - HEADER < name_size + token_size)
        return false;
    const uint8_t *contents = bytes + HEADER + name_size, *end = bytes + size - token_size;
    if (token_size > 0)
        entry->asked.token = end;
    if (entry->kind == COMMAND_TXN)
        return name_size == 0 && parse_parts(contents, end, entry);
    if (!is_change(bytes[1]))
        return bytes[1] >= COMMAND_TICK && bytes[1] <= COMMAND_SKIP && size == HEADER;
    struct change *change = &entry->changes[0];
    *change = change_of(bytes[1], bytes[3] & EXACT, number_at(bytes + 32, 8), number_at(bytes + 40, 8));
    change->name = bytes + HEADER;
    change->name_size = name_size;
    change->contents = contents;
    change->contents_size = (size_t)(end - contents);
    entry->asked.count = 1;
    return true;
}
