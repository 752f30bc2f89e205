#include "protocol/command_fields.h"

#include <string.h>

#include "base/bytes.h"
#include "protocol/limits.h"

#define CHECK(name, number, text, level, class, body, names, contents, extras)                                         \
    _Static_assert(COMMAND_BODY_SIZE(body) <= COMMAND_BODY_MAX, "no body is larger");
COMMAND_KINDS(CHECK)
#undef CHECK

bool command_name_valid(const void *name, size_t size)
{
    return size > 0 && size <= COMMAND_NAME_MAX && !memchr(name, 0, size);
}

static bool is_setting(const uint8_t *name)
{
    return name[0] == COMMAND_SETTING_MARK;
}

static bool name_is_sound(const struct command *command, enum command_names names)
{
    switch (names) {
    case COMMAND_NAMES_NONE:
        return command->name_size == 0;
    case COMMAND_NAMES_FILE:
        return command_name_valid(command->name, command->name_size) && !is_setting(command->name);
    case COMMAND_NAMES_SETTING:
        return command_name_valid(command->name, command->name_size) && is_setting(command->name);
    }
    return false;
}

/* A file's name, and not the target's. */
static bool source_is_sound(const struct command *command)
{
    return command->source && command_name_valid(command->source, command->source_size) &&
           !is_setting(command->source) &&
           (command->source_size != command->name_size ||
            memcmp(command->source, command->name, command->name_size) != 0);
}

static bool contents_are_sound(const struct command *command, enum command_contents contents)
{
    if (contents == COMMAND_CONTENTS_SOURCE)
        return command->value_size == 0 && source_is_sound(command);
    if (command->source)
        return false;
    if (contents == COMMAND_CONTENTS_SETTING)
        return command->value_size <= COMMAND_SETTING_MAX;
    return contents != COMMAND_CONTENTS_NONE || command->value_size == 0;
}

bool command_sound(const struct command *command)
{
    if (!command_known(command->kind))
        return false;
    const struct command_row *row = command_row(command->kind);
    if (command->exptime_s > REQUEST_EXPTIME_MAX_S)
        return false;
    if (command->guarded && (row->body & BODY_GUARDED) == 0)
        return false;
    if ((row->body & BODY_LEVEL) && (command->level == 0 || command->level > LEVEL_KNOWN))
        return false;
    return name_is_sound(command, row->names) && contents_are_sound(command, row->contents);
}

/* --- bytes -------------------------------------------------------------------------------------------------------- */

void command_body_encode(const struct command *command, uint8_t *at)
{
    unsigned body = command_row(command->kind)->body;
    if (body & BODY_GUARDED)
        *at++ = command->guarded;
    if (body & BODY_VERSION) {
        bytes_put_u64(at, (body & BODY_GUARDED) && !command->guarded ? 0 : command->version);
        at += 8;
    }
    if (body & BODY_SOURCE_VERSION) {
        bytes_put_u64(at, command->guarded ? command->source_version : 0);
        at += 8;
    }
    if (body & BODY_DELTA) {
        bytes_put_u64(at, (uint64_t)command->delta);
        at += 8;
    }
    if (body & BODY_EXPTIME) {
        bytes_put_u64(at, command->exptime_s);
        at += 8;
    }
    if (body & BODY_LEVEL)
        bytes_put_u16(at, command->level);
}
