/* The whole state to bytes and back, without stopping the world.
 *
 * A dump fixes the state of the moment it begins. It walks over the parts of the store, and over what each holds, in
 * small steps; a change to what the walk has not reached yet first keeps how it was (part.h). So its records are in no
 * exact order. A dump is a sequence of blocks; a block is a whole number of records:
 *
 *      u8 part, u8 type, u32 size, then so many bytes
 *
 *      1 core    1 STATE     u64 index, time, revision; u16 level; u8 n, n x (u8 part, u64 things)   first, once
 *      2 files   1 FILE      u64 version, created, expires; then the command, a WRITE, CAS or SET
 *                2 DROPPED   u64 hash; then such a command                                          the oldest first
 *      3 dedup   1 GATEWAY   u32 id; u64 nonce, epoch, applied, lowest
 *                2 OUTCOMES  n x decision: of the gateway whose record came last, the next numbers in order
 *                3 TOKENS    n x (16 bytes of token, u64 time, decision)                            the oldest first
 *      decision: u8 code, u64 version, u64 value
 *
 * Things are what a part's records hold: files and dropped contents; gateways, outcomes and tokens. n is 1 to 1024, as
 * the size says. At most one dump of a store is under way at a time. */
#ifndef CLEAT_STORE_DUMP_H
#define CLEAT_STORE_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct store;

/* Begins a dump of the state as it is now. None may be under way. */
void store_dump_begin(struct store *store);
/* Appends the next records, until about BLOCK_BYTES are in OUT (one more record may go beyond), or the dump is
 * complete, or so many files were passed that it is time to let others work: false may come with nothing appended.
 * Returns true when complete: then it is over, and changes no longer feed it. */
bool store_dump_step(struct store *store, struct buffer *out, size_t block_bytes);
/* Gives a dump up. */
void store_dump_cancel(struct store *store);
bool store_dump_active(const struct store *store);

/* Loads into a store that is new and empty: the dump's blocks in their order. False where BYTES are not a valid block,
 * or there is no memory for it: the store is then of no use but to be drained and closed. */
bool store_load(struct store *store, const uint8_t *bytes, size_t size);
/* It failed for want of memory alone: nothing is wrong with what was loaded. */
bool store_load_starved(const struct store *store);
/* It failed for a record of a part, a type or a level that this program does not know: a newer one wrote it. */
bool store_load_newer(const struct store *store);
/* After the last block: true if all that STATE announced has come, and the store is fit for use. */
bool store_load_end(struct store *store);

/* Frees up to COUNT things of a store that is no longer used; true when it is empty and store_close is quick. */
bool store_drain(struct store *store, size_t count);

#endif
