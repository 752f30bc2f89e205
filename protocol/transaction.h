/* The parts of a transaction: conditions and changes, side by side in the contents of a TXN command.
 *
 *      offset  size
 *           0     1  kind: of a change, or a condition: IF_VERSION (`version` 0: absent), IF_PRESENT
 *           1     1  0
 *           2     2  size of the name
 *           4     4  size of the contents
 *           8     4  size of all extras; 0: there are none that a part may have
 *          12        name; body: as in a command of its own (kind.h); contents
 *
 * All integers little-endian. No two changes touch the same name, sources of copies included: so they can be looked at
 * one by one, before the first is made. Pure. */
#ifndef CLEAT_PROTOCOL_TRANSACTION_H
#define CLEAT_PROTOCOL_TRANSACTION_H

#include "base/buffer.h"
#include "protocol/command_fields.h"

enum { TRANSACTION_PART_HEADER = 12 };

/* Conditions and changes in one; and as a text, for messages. */
#define TRANSACTION_PARTS_MAX 128
#define TRANSACTION_PARTS_MAX_TEXT TRANSACTION_TEXT(TRANSACTION_PARTS_MAX)
#define TRANSACTION_TEXT(number) TRANSACTION_TEXT_OF(number)
#define TRANSACTION_TEXT_OF(number) #number

/* Bytes that PART takes. */
size_t transaction_part_size(const struct command *part);

/* Appends PART: kind, name, the fields of its kind, contents. With value NULL, room for value_size bytes, which the
 * caller fills in. False where memory fails: nothing is appended. */
bool transaction_append(struct buffer *parts, const struct command *part);

/* The part at *AT, which moves behind it; borrows the bytes. False: there is none, or what is there is none. */
bool transaction_next(const uint8_t **at, const uint8_t *end, struct command *part);

/* The lowest level at which all PARTS are understood: the highest that one of their kinds has. 0: these are not 1 to
 * TRANSACTION_PARTS_MAX parts, each one sound, at least one of them a change, and no name in two changes. */
uint16_t transaction_level(const uint8_t *parts, size_t size);
bool transaction_valid(const uint8_t *parts, size_t size);

/* What CHANGE touches: its name, and copy's and move's source. Returns 1 or 2. Borrows its bytes. */
struct transaction_name {
    const uint8_t *bytes;
    size_t size;
};
size_t transaction_names(const struct command *change, struct transaction_name names[2]);

/* True if a change among PARTS touches a name that CHANGE touches. */
bool transaction_touches(const uint8_t *parts, size_t size, const struct command *change);

#endif
