/* What a command of the log and a part of a transaction have in common: the fields of its kind, which of them it may
 * have, and their bytes behind the name (kind.h says which, in which order). Pure. */
#ifndef CLEAT_PROTOCOL_COMMAND_FIELDS_H
#define CLEAT_PROTOCOL_COMMAND_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "protocol/kind.h"

enum {
    COMMAND_BODY_MAX = COMMAND_BODY_SIZE(BODY_GUARD | BODY_EXPTIME), /* no kind's is larger */
    COMMAND_NAME_MAX = 1088,          /* bytes; of what clients name REQUEST_NAME_MAX */
    COMMAND_SETTING_MAX = 64 * 1024,  /* bytes of a setting's value */
    COMMAND_SETTING_MARK = 1,         /* the first byte of a setting's name, and of no file's */
};

/* Fields that a kind does not have are 0 and not encoded. */
struct command {
    enum command_kind kind;
    uint32_t gateway;
    uint64_t epoch;        /* OPEN: command_nonce */
    uint64_t number;
    uint64_t lowest;
    uint64_t version;
    uint64_t source_version; /* where `guarded` is about both files */
    int64_t delta;         /* incr: what is added */
    uint64_t exptime_s;    /* append, incr: of a file that they create */
    uint16_t level;        /* raise */
    bool guarded;          /* delete, touch, copy, move: only if the (target) file has `version`; 0: if there is none */
    const uint8_t *name;   /* borrowed, as is all that follows */
    size_t name_size;
    const uint8_t *value;  /* contents of a file or a setting, a transaction's parts */
    size_t value_size;
    const uint8_t *source; /* copy, move: another file's name */
    size_t source_size;
    const uint8_t *token;  /* COMMAND_TOKEN_SIZE bytes that name this change, however often it is sent; NULL: none */
#ifdef CLEAT_TEST_LEVEL
    const uint8_t *note;   /* u64; NULL: none */
#endif
};

/* OPEN: the gateway's nonce for this opening, in the epoch. */
static inline uint64_t command_nonce(const struct command *command)
{
    return command->epoch;
}

/* Whether NAME may stand in the log: 1 to COMMAND_NAME_MAX bytes, none of them 0. */
bool command_name_valid(const void *name, size_t size);

/* True if a command of that kind may have this name, these fields, and contents of this size. */
bool command_sound(const struct command *command);

/* The fields of COMMAND's kind as they stand behind its name: command_row(kind)->body_size bytes at AT. */
void command_body_encode(const struct command *command, uint8_t *at);
/* Into COMMAND, whose kind is set. False where they are not written as they would be encoded. */
static inline bool command_body_decode(const uint8_t *at, struct command *command)
{
    unsigned body = command_row(command->kind)->body;
    uint8_t guarded = body & BODY_GUARDED ? *at++ : 0;
    command->guarded = guarded == 1;
    if (body & BODY_VERSION) {
        command->version = bytes_u64(at);
        at += 8;
    }
    if (body & BODY_SOURCE_VERSION) {
        command->source_version = bytes_u64(at);
        at += 8;
    }
    if (body & BODY_DELTA) {
        command->delta = (int64_t)bytes_u64(at);
        at += 8;
    }
    if (body & BODY_EXPTIME) {
        command->exptime_s = bytes_u64(at);
        at += 8;
    }
    if (body & BODY_LEVEL)
        command->level = bytes_u16(at);
    return guarded <= 1 && (guarded == 1 || (body & BODY_GUARDED) == 0 ||
                            (command->version == 0 && command->source_version == 0));
}

/* What stands as contents: the value, or the source's name. */
static inline const uint8_t *command_contents(const struct command *command)
{
    return command->source ? command->source : command->value;
}

static inline size_t command_contents_size(const struct command *command)
{
    return command->source ? command->source_size : command->value_size;
}

/* SIZE bytes AT are the contents of COMMAND, whose kind is set. */
static inline void command_take_contents(struct command *command, const uint8_t *at, size_t size)
{
    bool is_source = command_row(command->kind)->contents == COMMAND_CONTENTS_SOURCE;
    command->value = is_source ? NULL : at;
    command->value_size = is_source ? 0 : size;
    command->source = is_source ? at : NULL;
    command->source_size = is_source ? size : 0;
}

#endif
