/* The log's commands: what the state machine applies, to and from the payload of a log entry.
 *
 *      offset  size
 *           0     1  format, 2
 *           1     1  kind (kind.h)
 *           2     2  size of the name, at most COMMAND_NAME_MAX
 *           4     4  gateway: the id of the node that proposed it
 *           8     8  epoch: the log index of the gateway's open entry; for OPEN a nonce
 *          16     8  number: 1, 2, 3, ... within the epoch
 *          24     8  lowest: the lowest number that the gateway has not answered yet
 *          32     4  size of all extras
 *          36     2  level: the lowest at which this kind with these extras is understood, and all parts of a TXN;
 *                    RAISE: what it raises to
 *          38     2  0
 *          40        name; body: the fields of this kind, in their order (kind.h); contents; extras
 *
 *      extra:  u8 type, u32 size, so many bytes; by ascending type, each at most once
 *
 * All integers little-endian. There is one form of each command: what decodes is encoded to the same bytes. The name's
 * place is fixed, so that the store finds a file's command from its name. TICK has no gateway: it only carries the
 * entry's time to the store. COPY and MOVE have the target's name, and the source's as contents. TXN has no name; its
 * contents are a row of parts (transaction.h). */
#ifndef CLEAT_PROTOCOL_COMMAND_H
#define CLEAT_PROTOCOL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "protocol/command_fields.h"

enum {
    COMMAND_FORMAT = 2,
    COMMAND_KIND_OFFSET = 1,
    COMMAND_NAME_SIZE_OFFSET = 2,
    COMMAND_EXTRAS_SIZE_OFFSET = 32,
    COMMAND_HEADER_SIZE = 40,         /* where the name is */
    COMMAND_EXTRA_HEADER = 5,
#define COMMAND_EXTRA_BYTES(name, number, size, level, field) +COMMAND_EXTRA_HEADER + (size)
    COMMAND_EXTRAS_MAX = 0 COMMAND_EXTRAS(COMMAND_EXTRA_BYTES), /* all together */
#undef COMMAND_EXTRA_BYTES
    COMMAND_OVERHEAD_MAX = COMMAND_HEADER_SIZE + COMMAND_NAME_MAX + COMMAND_BODY_MAX + COMMAND_EXTRAS_MAX,
};

/* A new blob with COMMAND's header and name, and room for its value, which is copied too unless COMMAND->value is
 * NULL: then the caller fills it in at command_value_offset(). One reference, the caller's; NULL where memory fails. */
struct blob *command_encode(const struct command *command);

/* Sets what is known only when a command is numbered. BLOB must have one owner only. */
void command_number(struct blob *blob, uint32_t gateway, uint64_t epoch, uint64_t number, uint64_t lowest);

/* False where BYTES are no command that this program knows: format, kind, level, sizes, extras, a name or a number that
 * cannot be. Borrows BYTES. */
bool command_decode(const uint8_t *bytes, size_t size, struct command *command);

/* For the last line of a node that cannot go on: the level that BYTES, which do not decode, say they need. LEVEL_KNOWN
 * or less: they are not newer but bad. 0: they are of another format, or no command at all. */
unsigned command_level(const uint8_t *bytes, size_t size);

/* Only who proposed it: kind, gateway, epoch and number, without looking at the rest. False as soon as that is not
 * there. */
bool command_origin(const uint8_t *bytes, size_t size, struct command *command);
/* Whether it is NUMBER of GATEWAY's EPOCH, likewise. For finding who waits for an entry before it is applied. */
bool command_is(const uint8_t *bytes, size_t size, uint32_t gateway, uint64_t epoch, uint64_t number);

/* Only the name, without looking at the rest: a hint at what applying it will touch. False where it has none. Borrows
 * BYTES. */
bool command_name(const uint8_t *bytes, size_t size, const uint8_t **name, size_t *name_size);

/* The kind, the size of the name, and where the contents are, in a blob made by command_encode, or that decodes. */
static inline size_t command_name_size(const struct blob *blob)
{
    ensure(blob->size >= COMMAND_HEADER_SIZE);
    return bytes_u16(blob->bytes + COMMAND_NAME_SIZE_OFFSET);
}

static inline enum command_kind command_kind_in(const struct blob *blob)
{
    ensure(blob->size >= COMMAND_HEADER_SIZE);
    return (enum command_kind)blob->bytes[COMMAND_KIND_OFFSET];
}

static inline size_t command_value_offset(const struct blob *blob)
{
    size_t offset = COMMAND_HEADER_SIZE + command_name_size(blob) + command_row(command_kind_in(blob))->body_size;
    ensure(offset <= blob->size);
    return offset;
}

static inline size_t command_value_size(const struct blob *blob)
{
    size_t offset = command_value_offset(blob);
    size_t extras = bytes_u32(blob->bytes + COMMAND_EXTRAS_SIZE_OFFSET);
    ensure(extras <= blob->size - offset);
    return blob->size - offset - extras;
}

/* The log's form of a client's token: XXH3, 128 bits, of its text. */
void command_token(const void *text, size_t size, uint8_t token[COMMAND_TOKEN_SIZE]);

#endif
