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

enum {
    STORE_SWEEP_MAX = 100,      /* due files that one entry expires */
    STORE_GATEWAYS_MAX = 16,
    STORE_OUTCOMES_MAX = 65536, /* kept for one gateway; beyond that the oldest is dropped */
};

struct store;

/* How a command ended. Fixed in its own apply. */
enum outcome_code {
    OUTCOME_NONE,      /* not applied: repeated, of an older epoch, or out of order; nothing changed */
    OUTCOME_WRITTEN,   /* write, cas: `version` is the new one */
    OUTCOME_DELETED,   /* `version` is the revision that the deletion took */
    OUTCOME_NOT_FOUND, /* delete of an absent file */
    OUTCOME_MISMATCH,  /* cas: `version` is the file's, 0 if absent */
    OUTCOME_SKIPPED,   /* nothing was done under this number: its gateway gave it up, or no client could have sent it */
    OUTCOME_OPENED,    /* the gateway's epoch is now this entry's index */
};

struct outcome {
    enum outcome_code code;
    uint32_t gateway;  /* 0 where the entry was no command of a gateway */
    uint64_t epoch;    /* the command's; of an OPEN the gateway's epoch after it */
    uint64_t number;   /* 0 for OPEN */
    uint64_t version;  /* 0 where nothing else is said above */
};

/* SEED seeds the hash table alone. Never NULL. */
struct store *store_open(uint64_t seed);
void store_close(struct store *store);

/* Applies the entry at INDEX, which must be store_applied() + 1. TIME_MS is its stamp; the store's time becomes the
 * larger of its own and this. BLOB holds an encoded command and is referenced by the store if it becomes a file's
 * contents; NULL for entries that are not the store's (no-op, configuration): they only move index and time.
 * What cannot be decoded does no more than those and gives OUTCOME_NONE (the node looks for newer kinds before it
 * calls); only its number, where it has one in due form, is used up as by a skip.
 *
 * In this order: the time; the command, which first expires its file if that is due; then the sweep, with every kind of
 * entry: up to STORE_SWEEP_MAX due files expire, by (expires_ms, version). */
struct outcome store_apply(struct store *store, uint64_t index, uint64_t time_ms, struct blob *blob);

/* COUNT entries, STORE_EXPECT_MAX at most, will be applied soon: what they touch is fetched into the processor's
 * caches, for all at a time, since with many files it lies far away. BLOBS as for store_apply. Changes nothing. */
enum { STORE_EXPECT_MAX = 16 };
void store_expect(const struct store *store, const struct blob *const *blobs, size_t count);

/* One file as it is in the state. */
struct store_file {
    uint64_t version;
    uint64_t expires_ms;  /* cluster time; 0: never */
    struct blob *blob;    /* borrowed until the next apply */
    size_t value_offset;  /* in blob */
    size_t value_size;
};

/* False if there is no such file. A file that is due but not yet expired by an entry is still there. */
bool store_read(struct store *store, const void *name, size_t name_size, struct store_file *file);

uint64_t store_applied(const struct store *store);
uint64_t store_revision(const struct store *store);
uint64_t store_time_ms(const struct store *store);
uint64_t store_file_count(const struct store *store);
/* Bytes of memory that the files and their indexes take: what the store's memory limit is held against. */
uint64_t store_memory_bytes(const struct store *store);
/* The earliest moment at which a file falls due, in cluster time; 0 if none will. It is not after store_time_ms() where
 * more were due than one entry sweeps: then another entry is wanted at once. */
uint64_t store_due_ms(const struct store *store);
/* A hash over the whole state (files, gateways, revision, time), kept up with every change: equal on all nodes at the
 * same index. O(1). */
uint64_t store_hash(const struct store *store);

/* --- gateways ------------------------------------------------------------------------------------------------- */

struct store_gateway {
    uint64_t nonce;    /* of its open entry */
    uint64_t epoch;    /* index of its open entry */
    uint64_t applied;  /* numbers 1..applied have been applied in this epoch */
    uint64_t lowest;   /* outcomes from here to applied are kept */
};

/* False if that gateway never opened. */
bool store_gateway(const struct store *store, uint32_t gateway, struct store_gateway *state);
/* The kept outcome of NUMBER in the gateway's newest epoch: for a gateway that jumped over its entry by a snapshot.
 * OUTCOME_NONE if it is not kept or not applied. */
struct outcome store_outcome(const struct store *store, uint32_t gateway, uint64_t number);

#endif
