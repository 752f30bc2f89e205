#include "sim/entry.h"

#include <string.h>

/* Where things are; a part of a transaction has a header of its own. */
enum {
    FORMAT = 2,
    HEADER = 40,
    EXTRAS_SIZE = 32,
    LEVEL = 36,
    PART_HEADER = 12,
    NAME_MAX = 1088,
    RAISE = 24,
    SETTING_MARK = 1,
    TOKEN_TYPE = 1,
    EXTRA_HEADER = 5,
};

static uint64_t number_at(const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;
    while (size-- > 0)
        number = number << 8 | bytes[size];
    return number;
}

/* By docs/FORMATS.md: the level that brought a kind, and which fields follow the name, as letters in their order. NULL:
 * no client's wish is of that kind alone. g: guarded, v: version, s: the source's version, d: delta, e: EXPTIME. */
static const struct kind {
    unsigned level;
    const char *fields;
} kinds[UINT8_MAX + 1] = {
    [1] = {1, NULL},   [2] = {1, NULL},   [3] = {1, NULL}, [4] = {1, "e"},   [5] = {1, "ve"},
    [6] = {1, "gv"},   [7] = {1, "gve"},  [8] = {1, "e"},  [9] = {1, "de"},  [10] = {1, "gv"},
    [11] = {1, "gv"},  [12] = {1, NULL},  [13] = {1, "v"}, [14] = {1, ""},   [15] = {1, "gvs"},
};

/* Reads the fields AT, of which LEFT bytes are there, into CHANGE. Returns their size, or more than LEFT. */
static size_t read_fields(const char *fields, const uint8_t *at, size_t left, struct change *change)
{
    size_t size = 0;
    for (; *fields; fields++) {
        size_t field_size = *fields == 'g' ? 1 : 8;
        if (size + field_size > left)
            return left + 1;
        uint64_t number = number_at(at + size, field_size);
        if (*fields == 'g')
            change->exact = number == 1;
        else if (*fields == 'v')
            change->version = number;
        else if (*fields == 's')
            change->source_version = number;
        else if (*fields == 'e')
            change->exptime_s = number;
        else
            memcpy(&change->delta, &number, sizeof number); /* two's complement */
        if (*fields == 'g' && number > 1)
            return left + 1;
        size += field_size;
    }
    change->exact |= change_always_exact(change);
    return size;
}

/* What it raises to, which its header says too: the body alone, and no name. */
static bool read_raise(const uint8_t *bytes, size_t name_size, const uint8_t *end, struct change *change)
{
    uint64_t level = number_at(bytes + LEVEL, 2);
    if (name_size != 0 || end - bytes != HEADER + 2 || number_at(bytes + HEADER, 2) != level)
        return false;
    *change = (struct change){.kind = COMMAND_RAISE, .level = level};
    return true;
}

/* A change or a condition: NAME_SIZE bytes of name AT, its fields, and contents up to END. */
static bool read_change(uint8_t kind, const uint8_t *at, size_t name_size, const uint8_t *end, struct change *change)
{
    const char *fields = kinds[kind].fields;
    size_t left = (size_t)(end - at);
    if (!fields || name_size == 0 || name_size > NAME_MAX || name_size > left)
        return false;
    if (at[0] == SETTING_MARK || memchr(at, 0, name_size))
        return false;
    *change = (struct change){.kind = (enum command_kind)kind, .name = at, .name_size = name_size};
    left -= name_size;
    size_t size = read_fields(fields, at + name_size, left, change);
    if (size > left)
        return false;
    change->contents = at + name_size + size;
    change->contents_size = left - size;
    return true;
}

/* Raises LEVEL to that of the part that needs the highest. */
static bool parse_parts(const uint8_t *at, const uint8_t *end, struct entry *entry, unsigned *level)
{
    size_t count = 0;
    for (; at < end; count++) {
        if (count == CHANGE_PARTS_MAX || end - at < PART_HEADER || at[1] != 0 || number_at(at + 8, 4) != 0)
            return false;
        size_t name_size = (size_t)number_at(at + 2, 2), contents_size = (size_t)number_at(at + 4, 4);
        const char *fields = kinds[at[0]].fields;
        size_t size = name_size + contents_size; /* and the fields */
        for (; fields && *fields; fields++)
            size += *fields == 'g' ? 1 : 8;
        if (size > (size_t)(end - at) - PART_HEADER)
            return false;
        const uint8_t *next = at + PART_HEADER + size;
        if (!read_change(at[0], at + PART_HEADER, name_size, next, &entry->changes[count]))
            return false;
        if (kinds[at[0]].level > *level)
            *level = kinds[at[0]].level;
        at = next;
    }
    entry->asked.count = count;
    entry->asked.transaction = true;
    return count > 0;
}

/* A token is all that there may be at the end of a command. */
static bool parse_extras(const uint8_t *at, size_t size, struct entry *entry)
{
    if (size == 0)
        return true;
    if (size != EXTRA_HEADER + COMMAND_TOKEN_SIZE || at[0] != TOKEN_TYPE || number_at(at + 1, 4) != COMMAND_TOKEN_SIZE)
        return false;
    entry->asked.token = at + EXTRA_HEADER;
    return true;
}

static bool is_zero(const uint8_t *bytes, size_t from, size_t to)
{
    while (from < to && bytes[from] == 0)
        from++;
    return from == to;
}

/* What is behind the header and before the extras, at END. Raises LEVEL to what its parts need. */
static bool parse_rest(const uint8_t *bytes, const uint8_t *end, struct entry *entry, unsigned *level)
{
    size_t name_size = (size_t)number_at(bytes + 2, 2);
    bool alone = end == bytes + HEADER;
    switch (bytes[1]) {
    case 1: /* TICK: no gateway's */
        return alone && is_zero(bytes, 2, 32);
    case 2: /* OPEN: it has no number */
        return alone && name_size == 0 && entry->gateway > 0 && is_zero(bytes, 16, 32);
    case 3: /* SKIP */
        return alone && name_size == 0;
    case 12:
        return name_size == 0 && parse_parts(bytes + HEADER, end, entry, level);
    case 13: /* conditions are parts of transactions only */
    case 14:
        return false;
    case RAISE:
        entry->asked.count = 1;
        *level = (unsigned)number_at(bytes + LEVEL, 2);
        return *level > 0 && read_raise(bytes, name_size, end, &entry->changes[0]);
    default:
        entry->asked.count = 1;
        return read_change(bytes[1], bytes + HEADER, name_size, end, &entry->changes[0]);
    }
}

bool entry_parse(const uint8_t *bytes, size_t size, struct entry *entry)
{
    if (size < HEADER || bytes[0] != FORMAT || number_at(bytes + LEVEL + 2, 2) != 0)
        return false;
    entry->kind = (enum command_kind)bytes[1];
    entry->gateway = (uint32_t)number_at(bytes + 4, 4);
    entry->epoch = number_at(bytes + 8, 8);
    entry->number = number_at(bytes + 16, 8);
    entry->asked = (struct asked){.changes = entry->changes};
    size_t extras_size = (size_t)number_at(bytes + EXTRAS_SIZE, 4);
    if (extras_size > size - HEADER)
        return false;
    const uint8_t *end = bytes + size - extras_size;
    unsigned level = kinds[bytes[1]].level;
    return parse_extras(end, extras_size, entry) && parse_rest(bytes, end, entry, &level) &&
           (extras_size == 0 || (bytes[1] > 3 && bytes[1] != RAISE)) && number_at(bytes + LEVEL, 2) == level;
}
