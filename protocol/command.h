/* The log's commands: what the state machine applies, to and from the payload of a log entry.
 *
 *      offset  size
 *           0     1  format version, 1
 *           1     1  kind
 *           2     2  name size
 *           4     4  gateway: the id of the node that proposed it
 *           8     8  epoch: the log index of the gateway's open entry; for OPEN a nonce
 *          16     8  number: 1, 2, 3, ... within the epoch
 *          24     8  lowest: the lowest number that the gateway has not answered yet
 *          32     8  version (cas)
 *          40     8  exptime in seconds (write, cas)
 *          48        name, then value up to the end
 *
 * All integers little-endian. TICK has no gateway: it only carries the entry's time to the store. */
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
    COMMAND_KIND_END, /* kinds from here on are not known */
};

struct command {
    enum command_kind kind;
    uint32_t gateway;
    uint64_t epoch;      /* OPEN: the gateway's nonce for this opening */
    uint64_t number;
    uint64_t lowest;
    uint64_t version;
    uint64_t exptime_s;
    const uint8_t *name; /* borrowed */
    size_t name_size;
    const uint8_t *value;
    size_t value_size;
};

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

/* True where BYTES claim a format or kind newer than this program knows (decode says false for those too). */
bool command_is_newer(const uint8_t *bytes, size_t size);

/* Where the value starts in a blob made by command_encode. */
size_t command_value_offset(const struct blob *blob);

#endif
