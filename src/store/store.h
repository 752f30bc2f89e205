/* The state machine: committed entries in, outcomes out. Deterministic: no clock, no randomness but the hash seed,
 * which nothing visible depends on.
 *
 * State, applied index, gateway windows and cluster time are one unit: they change together, in store_apply, and go
 * into a snapshot together.
 *
 *      table --+--> struct file --> blob of the log entry that wrote it (name and value are in it)
 *      names --+        |
 *      heap  --(expiry)-+
 *
 * Versions: every successful change, expiry included, takes the next number of one counter, the revision. */
#ifndef CLEAT_STORE_STORE_H
#define CLEAT_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/buffer.h"
#include "protocol/command.h"
#include "store/events.h"
#include "store/limits.h"
#include "store/outcome.h"

struct store;

/* SEED seeds the hash table alone. Never NULL. */
struct store *store_open(uint64_t seed);
void store_close(struct store *store);
/* The cluster's limits, set before anything is applied: what the contents of a file may come to by append, and what
 * names and contents of all files may come to by copy. */
void store_limit(struct store *store, uint64_t value_max_bytes, uint64_t memory_max_bytes);
/* How many changes with a token are kept, at most STORE_TOKENS_MAX, which it is without this; set before anything is
 * applied, the same on every node. For tests: few make it common that the oldest goes. */
void store_limit_tokens(struct store *store, uint64_t tokens_max);

/* For tests: the store is that of a program which can follow levels up to KNOWN. */
void store_limit_level(struct store *store, unsigned known);
struct setting;
/* For tests: it knows SETTINGS (files/settings.h), which are borrowed, instead of those that there are. */
void store_settings(struct store *store, const struct setting *settings);

/* Applies the entry at INDEX, which must be store_applied() + 1. TIME_MS is its stamp; the store's time becomes the
 * larger of its own and this. BLOB holds an encoded command and is referenced by the store if it becomes a file's
 * contents; NULL for entries that are not the store's (no-op, configuration): they only move index and time.
 * What cannot be decoded changes nothing, not even the index, and gives OUTCOME_UNKNOWN: other nodes may know what it
 * is, and whoever passed over it would differ from them. So does a RAISE to a level that this program does not know.
 *
 * In this order: the time; the command, which first expires its file if that is due; then the sweep, with every kind of
 * entry: up to STORE_SWEEP_MAX due files expire, by (expires_ms, version, name). */
struct outcome store_apply(struct store *store, uint64_t index, uint64_t time_ms, struct blob *blob);

/* What the last entry did to files: how many events, and where they are, until the next apply. */
size_t store_events(const struct store *store, const struct store_event **events);
/* They have been read: the contents of removed files are held no longer. */
void store_events_clear(struct store *store);

/* COUNT entries, STORE_EXPECT_MAX at most, will be applied soon: what they touch is fetched into the processor's
 * caches, for all at a time, since with many files it lies far away. BLOBS as for store_apply. Changes nothing. */
enum { STORE_EXPECT_MAX = 16 };
void store_expect(const struct store *store, const struct blob *const *blobs, size_t count);

/* One file as it is in the state. */
struct store_file {
    const uint8_t *name;  /* borrowed until the next apply, like the blob */
    size_t name_size;
    uint64_t version;
    uint64_t created;     /* the version at which it came to be */
    uint64_t expires_ms;  /* cluster time; 0: never */
    struct blob *blob;    /* borrowed until the next apply */
    size_t value_offset;  /* in blob */
    size_t value_size;
};

/* False if there is no such file; a setting is none. One that is due but not yet expired by an entry is still there. */
bool store_read(struct store *store, const void *name, size_t name_size, struct store_file *file);

/* Up to COUNT files in the order of their names, from the first whose name is greater than NAME on (NULL: from the
 * very first). Returns how many. */
enum { STORE_WALK_MAX = 64 };
size_t store_walk(const struct store *store, const void *name, size_t name_size, struct store_file *files,
                  size_t count);

/* Settings (files/settings.h) likewise, by names that begin with COMMAND_SETTING_MARK. */
bool store_setting_read(struct store *store, const void *name, size_t name_size, struct store_file *file);
size_t store_setting_walk(const struct store *store, const void *name, size_t name_size, struct store_file *files,
                          size_t count);

uint64_t store_applied(const struct store *store);
uint64_t store_revision(const struct store *store);
uint64_t store_time_ms(const struct store *store);
uint64_t store_file_count(const struct store *store); /* settings are not counted */
/* Bytes of memory that the files and their indexes take: what the store's memory limit is held against. */
uint64_t store_memory_bytes(const struct store *store);
/* What CHANGE, of files, would add to that at most as they are now, about: names and contents. */
size_t store_growth(struct store *store, const struct command *change);
/* The cluster forms at LEVEL: its first configuration, which is the entry that is applied next, says so. False: this
 * program does not know that level. */
bool store_form(struct store *store, unsigned level);
/* The cluster's level (protocol/level.h): that at which it formed, until a RAISE is applied. It never falls. */
unsigned store_level(const struct store *store);
/* The earliest moment at which a file falls due, in cluster time; 0 if none will. It is not after store_time_ms() where
 * more were due than one entry sweeps: then another entry is wanted at once. */
uint64_t store_due_ms(const struct store *store);
/* Bytes of contents that changes have copied since the store was opened, by copy, append and the like: what they cost
 * beside what their entries are long. */
uint64_t store_copied_bytes(const struct store *store);
/* A hash over the whole state, over its parts' in their order, kept up with every change: equal on all nodes at the
 * same index. O(1). */
uint64_t store_hash(const struct store *store);
/* The same of one part (enum part_number), of those that have a name: to say in which one two states differ. */
uint64_t store_part_hash(const struct store *store, unsigned part);
/* NULL: this program knows no part of that number. */
const char *store_part_name(unsigned part);
/* Memory that a part takes, its files, windows and tokens included. */
size_t store_part_memory_bytes(const struct store *store, unsigned part);

/* --- gateways ------------------------------------------------------------------------------------------------- */

struct store_gateway {
    uint64_t nonce;    /* of its open entry */
    uint64_t epoch;    /* index of its open entry */
    uint64_t applied;  /* numbers 1..applied have been applied in this epoch */
    uint64_t lowest;   /* outcomes from here to applied are kept */
};

/* The entry that is applied next makes the COUNT nodes with IDS the members, STORE_GATEWAYS_MAX at most: whatever is
 * kept for gateways of others goes, in the same step. What they numbered and is not applied yet never will be. */
void store_members(struct store *store, const uint32_t *ids, size_t count);
/* False if that gateway never opened. */
bool store_gateway(const struct store *store, uint32_t gateway, struct store_gateway *state);
/* The kept outcome of NUMBER in the gateway's newest epoch: for a gateway that jumped over its entry by a snapshot.
 * OUTCOME_NONE if it is not kept or not applied. */
struct outcome store_outcome(const struct store *store, uint32_t gateway, uint64_t number);

#endif
