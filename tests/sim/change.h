/* What a client asks for, as it was drawn: all that is expected of the log, of the files and of the answers comes from
 * here, and from the bytes in the log (entry.h). None of it goes through what the server makes of a request or of an
 * entry (protocol/), so that what is lost on that way is missed. */
#ifndef CLEAT_TESTS_SIM_CHANGE_H
#define CLEAT_TESTS_SIM_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/command.h"

enum { CHANGE_PARTS_MAX = 128 };

/* A change, or in a transaction a condition; or RAISE, which has a level and nothing else. */
struct change {
    enum command_kind kind;    /* a change, a condition or RAISE; the numbers are those of docs/FORMATS.md */
    const uint8_t *name;       /* borrowed, as is the next */
    size_t name_size;
    const uint8_t *contents;   /* write, cas, append; of copy, move and swap the source's name */
    size_t contents_size;
    bool exact;                /* only if the (target) file has `version`, 0: if there is none. cas, if: always */
    uint64_t version;
    uint64_t source_version;   /* swap, where it is exact: the source has it */
    uint64_t exptime_s;
    int64_t delta;             /* incr */
    uint64_t level;            /* cluster level */
};

/* One that is asked for by itself, or all of a transaction, in their order. */
struct asked {
    const struct change *changes; /* borrowed */
    size_t count;
    bool transaction;
    const uint8_t *token;         /* COMMAND_TOKEN_SIZE bytes as in the log, or NULL; borrowed */
};

/* Of all that is asked for; never 0. */
uint64_t asked_digest(const struct asked *asked);

/* The token's form in the log: XXH3, 128 bits, of its text. */
void asked_token(const char *text, uint8_t token[COMMAND_TOKEN_SIZE]);

static inline bool change_is_condition(const struct change *change)
{
    return change->kind == COMMAND_IF_VERSION || change->kind == COMMAND_IF_PRESENT;
}

static inline bool change_has_source(const struct change *change)
{
    return change->kind == COMMAND_COPY || change->kind == COMMAND_MOVE || change->kind == COMMAND_SWAP;
}

/* Contents come with it. */
static inline bool change_has_contents(const struct change *change)
{
    return change->kind == COMMAND_WRITE || change->kind == COMMAND_CAS || change->kind == COMMAND_APPEND;
}

/* What has a version without a word that says so. */
static inline bool change_always_exact(const struct change *change)
{
    return change->kind == COMMAND_CAS || change->kind == COMMAND_IF_VERSION;
}

/* True if A and B, neither of them a condition, are about one file, sources included. */
bool change_meets(const struct change *a, const struct change *b);

#endif
