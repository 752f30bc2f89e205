/* The log's commands: what the state machine applies, to and from the payload of a log entry.
 *
 *      offset  size
 *           0     1  format version, 1
 *           1     1  kind
 *           2     1  name size
 *           3     1  flags: 1 the version counts (delete, touch, copy, move); 2 a token is at the end
 *           4     4  gateway: the id of the node that proposed it
 *           8     8  epoch: the log index of the gateway's open entry; for OPEN a nonce
 *          16     8  number: 1, 2, 3, ... within the epoch
 *          24     8  lowest: the lowest number that the gateway has not answered yet
 *          32     8  version (cas; delete, touch, copy, move where it counts); delta (incr)
 *          40     8  exptime in seconds (write, cas, touch; append, incr: of a file that they create)
 *          48        name, then value; then 16 bytes of token
 *
 * All integers little-endian. TICK has no gateway: it only carries the entry's time to the store. COPY and MOVE have
 * the target's name, and the source's as their value. TXN has no name; its value is a row of parts (transaction.h). */
#ifndef CLEAT_PROTOCOL_COMMAND_H
#define CLEAT_PROTOCOL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"

enum { COMMAND_FORMAT = 1, COMMAND_HEADER_SIZE = 48 };

enum command_kind {
    COMMAND_TICK = 1, /* nothing but time passes: due files expire */
    COMMAND_OPEN,     /* a gateway begins a new epoch */
    COMMAND_SKIP,     /* takes the place of a command that timed out */
    COMMAND_WRITE,
    COMMAND_CAS,
    COMMAND_DELETE,
    COMMAND_TOUCH,
    COMMAND_APPEND,
    COMMAND_INCR,
    COMMAND_COPY,
    COMMAND_MOVE,
    COMMAND_TXN,
    COMMAND_IF_VERSION, /* this and the next: parts of a TXN only */
    COMMAND_IF_PRESENT,
    COMMAND_KIND_END, /* kinds from here on are not known */
};

enum { COMMAND_TOKEN_SIZE = 16 };

struct command {
    enum command_kind kind;
    uint32_t gateway;
    uint64_t epoch;       /* OPEN: command_nonce */
    uint64_t number;
    uint64_t lowest;
    uint64_t version;     /* INCR: command_delta */
    uint64_t exptime_s;
    bool guarded;         /* delete, touch, copy, move: only if the (target) file has `version`; 0: if there is none */
    const uint8_t *name;  /* borrowed, as are the next two */
    size_t name_size;
    const uint8_t *value; /* COPY, MOVE: command_source */
    size_t value_size;
    const uint8_t *token; /* COMMAND_TOKEN_SIZE bytes that name this change, however often it is sent; NULL: none */
};

/* What some kinds keep in fields that are named after something else. */

/* INCR: what is added, in the version as its two's complement. */
static inline int64_t command_delta(const struct command *command)
{
    return (int64_t)command->version;
}

/* OPEN: the gateway's nonce for this opening, in the epoch. */
static inline uint64_t command_nonce(const struct command *command)
{
    return command->epoch;
}

/* COPY and MOVE: the source's name, in the value. False for any other kind: NAME and NAME_SIZE stay as they are. */
static inline bool command_source(const struct command *command, const uint8_t **name, size_t *name_size)
{
    if (command->kind != COMMAND_COPY && command->kind != COMMAND_MOVE)
        return false;
    *name = command->value;
    *name_size = command->value_size;
    return true;
}

/* A new blob with COMMAND's header and name, and room for its value, which is copied too unless COMMAND->value is
 * NULL: then the caller fills it in at command_value_offset(). One reference, the caller's; NULL where memory fails. */
struct blob *command_encode(const struct command *command);

/* Sets what is known only when a command is numbered. BLOB must have one owner only. */
void command_number(struct blob *blob, uint32_t gateway, uint64_t epoch, uint64_t number, uint64_t lowest);

/* False where BYTES are no command (format, kind, sizes, a name or exptime that a client could not have sent). Borrows
 * BYTES. */
bool command_decode(const uint8_t *bytes, size_t size, struct command *command);

/* Only who proposed it: kind, gateway, epoch and number, without looking at the rest. False as soon as that is not
 * there. For finding the one who waits for an entry before it is applied. */
bool command_origin(const uint8_t *bytes, size_t size, struct command *command);

/* Only the name, without looking at the rest: a hint at what applying it will touch. False where it has none. Borrows
 * BYTES. */
bool command_name(const uint8_t *bytes, size_t size, const uint8_t **name, size_t *name_size);

/* Where the value is in a blob made by command_encode. */
size_t command_value_offset(const struct blob *blob);
size_t command_value_size(const struct blob *blob);

/* True if a command of that kind, with this name, version, exptime, guard and value, could have come from a client. */
bool command_sound(const struct command *command);
/* True if what KIND does changes a file: all but TICK, OPEN, SKIP, TXN and the conditions. */
bool command_changes(enum command_kind kind);

/* The log's form of a client's token: XXH3, 128 bits, of its text. */
void command_token(const void *text, size_t size, uint8_t token[COMMAND_TOKEN_SIZE]);

struct request;

/* What REQUEST, a good one, asks for: a change or a condition (kind 0: it is neither). Borrows its names and text.
 * Where contents follow, value is NULL. TOKEN is where a token is put together. */
struct command command_of_request(const struct request *request, uint8_t token[COMMAND_TOKEN_SIZE]);

#endif
