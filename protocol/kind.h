/* The kinds of commands in the log, and the extras that a command may have: one row each. All that differs between
 * kinds is in these rows; no code compares kinds by their order, since numbers have gaps and new ones go where the
 * registry (docs/FORMATS.md) has reserved them.
 *
 * A row that lacks a column does not compile. Code that does something for each kind either expands COMMAND_KINDS or
 * switches over the enum without a default, so that a new row is missed wherever it is not dealt with. */
#ifndef CLEAT_PROTOCOL_KIND_H
#define CLEAT_PROTOCOL_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ensure.h"
#include "protocol/level.h"

/* What a command of a kind is to the state machine. */
enum command_class {
    COMMAND_CLASS_INTERNAL,    /* made by nodes themselves: changes no file */
    COMMAND_CLASS_CHANGE,      /* of a file */
    COMMAND_CLASS_CONDITION,   /* a part of a transaction only */
    COMMAND_CLASS_TRANSACTION,
    COMMAND_CLASS_SETTING,     /* of a setting: a file that clients cannot name */
    COMMAND_CLASS_CLUSTER,     /* of the cluster itself, for an operator */
};

enum command_names { COMMAND_NAMES_NONE, COMMAND_NAMES_FILE, COMMAND_NAMES_SETTING };

enum command_contents {
    COMMAND_CONTENTS_NONE,
    COMMAND_CONTENTS_VALUE,   /* of a file: any bytes */
    COMMAND_CONTENTS_SOURCE,  /* another file's name */
    COMMAND_CONTENTS_PARTS,   /* transaction.h */
    COMMAND_CONTENTS_SETTING, /* at most COMMAND_SETTING_MAX bytes */
};

/* The fields of a body, in the order in which they stand there. */
enum {
    BODY_NONE = 0,
    BODY_GUARDED = 1, /* u8: 1 if the version counts */
    BODY_VERSION = 2, /* u64; where BODY_GUARDED is there too, 0 unless it counts */
    BODY_SOURCE_VERSION = 32, /* u64, the other file's; beside BODY_GUARD only, and 0 likewise */
    BODY_DELTA = 4,   /* i64 */
    BODY_EXPTIME = 8, /* u64, seconds */
    BODY_LEVEL = 16,  /* u16 */
    BODY_GUARD = BODY_GUARDED | BODY_VERSION,
};

#define COMMAND_BODY_SIZE(body)                                                                                        \
    (((body) & BODY_GUARDED ? 1 : 0) + ((body) & BODY_VERSION ? 8 : 0) + ((body) & BODY_SOURCE_VERSION ? 8 : 0) +      \
     ((body) & BODY_DELTA ? 8 : 0) + ((body) & BODY_EXPTIME ? 8 : 0) + ((body) & BODY_LEVEL ? 2 : 0))

/* X(NAME, number, size, level, field): extras, by type. A size is exact; the field is
 * of struct command. Number 31, and kind 63, are for tests of upgrades. */
#ifdef CLEAT_TEST_LEVEL
#define COMMAND_EXTRAS(X) X(TOKEN, 1, 16, LEVEL_BASE, token) X(NOTE, 31, 8, LEVEL_TEST, note)
#define COMMAND_TEST_KINDS(X)                                                                                          \
    X(MARK, 63, "mark", LEVEL_TEST, CHANGE, BODY_EXPTIME, FILE, NONE, COMMAND_EXTRA(TOKEN) | COMMAND_EXTRA(NOTE))
#else
#define COMMAND_EXTRAS(X) X(TOKEN, 1, 16, LEVEL_BASE, token)
#define COMMAND_TEST_KINDS(X)
#endif

#define COMMAND_EXTRA(name) (1u << COMMAND_EXTRA_##name)

/* X(NAME, number, text, level, class, body, names, contents, extras) */
#define COMMAND_KINDS(X)                                                                                               \
    X(TICK, 1, "tick", LEVEL_BASE, INTERNAL, BODY_NONE, NONE, NONE, 0)                                                 \
    X(OPEN, 2, "open", LEVEL_BASE, INTERNAL, BODY_NONE, NONE, NONE, 0)                                                 \
    X(SKIP, 3, "skip", LEVEL_BASE, INTERNAL, BODY_NONE, NONE, NONE, 0)                                                 \
    X(WRITE, 4, "write", LEVEL_BASE, CHANGE, BODY_EXPTIME, FILE, VALUE, COMMAND_EXTRA(TOKEN))                          \
    X(CAS, 5, "cas", LEVEL_BASE, CHANGE, BODY_VERSION | BODY_EXPTIME, FILE, VALUE, COMMAND_EXTRA(TOKEN))               \
    X(DELETE, 6, "delete", LEVEL_BASE, CHANGE, BODY_GUARD, FILE, NONE, COMMAND_EXTRA(TOKEN))                           \
    X(TOUCH, 7, "touch", LEVEL_BASE, CHANGE, BODY_GUARD | BODY_EXPTIME, FILE, NONE, COMMAND_EXTRA(TOKEN))              \
    X(APPEND, 8, "append", LEVEL_BASE, CHANGE, BODY_EXPTIME, FILE, VALUE, COMMAND_EXTRA(TOKEN))                        \
    X(INCR, 9, "incr", LEVEL_BASE, CHANGE, BODY_DELTA | BODY_EXPTIME, FILE, NONE, COMMAND_EXTRA(TOKEN))                \
    X(COPY, 10, "copy", LEVEL_BASE, CHANGE, BODY_GUARD, FILE, SOURCE, COMMAND_EXTRA(TOKEN))                            \
    X(MOVE, 11, "move", LEVEL_BASE, CHANGE, BODY_GUARD, FILE, SOURCE, COMMAND_EXTRA(TOKEN))                            \
    X(TXN, 12, "txn", LEVEL_BASE, TRANSACTION, BODY_NONE, NONE, PARTS, COMMAND_EXTRA(TOKEN))                           \
    X(IF_VERSION, 13, "if_version", LEVEL_BASE, CONDITION, BODY_VERSION, FILE, NONE, 0)                                \
    X(IF_PRESENT, 14, "if_present", LEVEL_BASE, CONDITION, BODY_NONE, FILE, NONE, 0)                                   \
    X(SWAP, 15, "swap", LEVEL_BASE, CHANGE, BODY_GUARD | BODY_SOURCE_VERSION, FILE, SOURCE, COMMAND_EXTRA(TOKEN))      \
    X(RAISE, 24, "raise", LEVEL_BASE, CLUSTER, BODY_LEVEL, NONE, NONE, 0)                                              \
    X(SET, 32, "set", LEVEL_BASE, SETTING, BODY_NONE, SETTING, SETTING, COMMAND_EXTRA(TOKEN))                          \
    X(UNSET, 33, "unset", LEVEL_BASE, SETTING, BODY_NONE, SETTING, NONE, COMMAND_EXTRA(TOKEN))                         \
    COMMAND_TEST_KINDS(X)

#define COMMAND_ENUM(name, number, ...) COMMAND_##name = (number),
enum command_kind { COMMAND_KINDS(COMMAND_ENUM) };
#undef COMMAND_ENUM

#define COMMAND_ENUM(name, number, ...) COMMAND_EXTRA_##name = (number),
enum command_extra { COMMAND_EXTRAS(COMMAND_ENUM) };
#undef COMMAND_ENUM

enum {
    COMMAND_NUMBERS = 64, /* the numbers that kinds may have lie below; most are not used */
    COMMAND_TOKEN_SIZE = 16,
};

struct command_row {
    const char *text;
    uint16_t level; /* 0: there is no such kind */
    enum command_class class;
    uint8_t body;   /* BODY_... */
    uint8_t body_size;
    enum command_names names;
    enum command_contents contents;
    uint32_t extras; /* bits, COMMAND_EXTRA(...), of those that it may have */
};

extern const struct command_row command_rows[COMMAND_NUMBERS];

/* Whether NUMBER, which may come from anywhere, is a kind's that this program knows. */
static inline bool command_known(unsigned number)
{
    return number < COMMAND_NUMBERS && command_rows[number].level > 0;
}

/* The row of a kind that has one. */
static inline const struct command_row *command_row(enum command_kind kind)
{
    ensure(command_known(kind));
    return &command_rows[kind];
}

/* True if what KIND does changes a file. */
static inline bool command_changes(enum command_kind kind)
{
    return command_known(kind) && command_rows[kind].class == COMMAND_CLASS_CHANGE;
}

/* True if KIND is an entry of its own that takes a number of its gateway's. */
static inline bool command_numbered(enum command_kind kind)
{
    switch (command_row(kind)->class) {
    case COMMAND_CLASS_INTERNAL:
        return kind == COMMAND_SKIP;
    case COMMAND_CLASS_CONDITION:
        return false;
    case COMMAND_CLASS_CHANGE:
    case COMMAND_CLASS_TRANSACTION:
    case COMMAND_CLASS_SETTING:
    case COMMAND_CLASS_CLUSTER:
        return true;
    }
    return false;
}

#endif
