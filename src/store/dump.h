/* The whole state to bytes and back, without stopping the world.
 *
 * A dump fixes the state of the moment it begins. It walks the names in order in small steps; a change to a file that
 * the walk has not reached yet first puts the file's old state into the dump. So its records are in no exact order.
 * A dump is a sequence of blocks; a block is a whole number of records:
 *
 *      u8 type, then
 *      1 STATE    u16 level; u64 index, time, revision, files; u32 gateways, tokens            first, once
 *      2 GATEWAY  u32 id; u64 nonce, epoch, applied, lowest; u32 n, n x decision                numbers lowest..applied
 *      3 FILE     u64 version, created, expires_ms; u32 size, size bytes: the payload of a WRITE, CAS or SET
 *      4 TOKENS  u32 n, n x (16 bytes of token, u64 time, decision)                            the oldest first
 *      decision:  u8 code, u64 version, u64 value
 *
 * At most one dump of a store is under way at a time. */
#ifndef CLEAT_STORE_DUMP_H
#define CLEAT_STORE_DUMP_H

#include "store/store.h"

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
/* After the last block: true if all that STATE announced has come (files, gateways), and the store is fit for use. */
bool store_load_end(struct store *store);

/* Frees up to COUNT files of a store that is no longer used; true when it is empty and store_close is quick. */
bool store_drain(struct store *store, size_t count);

#endif
