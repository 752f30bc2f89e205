#include "sim/oracle.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/hash.h"
#include "base/memory.h"
#include "sim/entry.h"
#include "sim/oracle_change.h"
#include "sim/oracle_files.h"

enum { COMPARE_EVERY = 32 };

void oracle_init(struct oracle *oracle, const uint64_t *now_us, uint64_t value_max_bytes)
{
    *oracle = (struct oracle){.now_us = now_us, .value_max_bytes = value_max_bytes, .memory_max_bytes = UINT64_MAX,
                               .repeats_max = STORE_TOKENS_MAX};
    oracle->capacity = oracle->taken_capacity = 1024;
    oracle->entries = memory_get(oracle->capacity * sizeof *oracle->entries);
    oracle->taken = memory_get(oracle->taken_capacity * sizeof *oracle->taken);
}

void oracle_close(struct oracle *oracle)
{
    for (uint32_t i = 0; i < oracle->file_count; i++) {
        free(oracle->files[i].states);
        free(oracle->files[i].contents);
    }
    free(oracle->entries);
    free(oracle->taken);
    free(oracle->events);
    free(oracle->tokens);
    free(oracle->asks);
    free(oracle->requests);
}

/* --- entries ------------------------------------------------------------------------------------------------------ */

/* The entry that decided TOKEN before, or NULL. */
static const struct oracle_entry *decided(const struct oracle *oracle, const uint8_t *token)
{
    uint64_t now_ms = oracle->entries[oracle->count].time_ms;
    for (size_t i = oracle->token_count; i-- > 0 && oracle->token_count - i <= oracle->repeats_max;) {
        const struct oracle_token *kept = &oracle->tokens[i];
        if (now_ms - kept->time_ms > STORE_TOKENS_S * 1000)
            return NULL;
        if (memcmp(kept->token, token, COMMAND_TOKEN_SIZE) == 0)
            return &oracle->entries[kept->index];
    }
    return NULL;
}

static void keep_token(struct oracle *oracle, const uint8_t *token)
{
    if (oracle->token_count == oracle->token_capacity) {
        oracle->token_capacity = oracle->token_capacity > 0 ? 2 * oracle->token_capacity : 64;
        oracle->tokens = memory_resize(oracle->tokens, oracle->token_capacity, sizeof *oracle->tokens);
    }
    struct oracle_token *kept = &oracle->tokens[oracle->token_count++];
    memcpy(kept->token, token, COMMAND_TOKEN_SIZE);
    kept->time_ms = oracle->entries[oracle->count].time_ms;
    kept->index = oracle->count;
}

static void decide(struct oracle *oracle, struct oracle_entry *entry, const struct asked *asked)
{
    const struct oracle_entry *before = asked->token ? decided(oracle, asked->token) : NULL;
    if (before) {
        entry->result = before->result;
        entry->failed = before->failed;
        return;
    }
    entry->result = oracle_change(oracle, asked);
    if (asked->token && entry->result.code != OUTCOME_FULL)
        keep_token(oracle, asked->token);
}

/* True if ENTRY is its gateway's next one. An OPEN is done here. */
static bool is_next(struct oracle *oracle, const struct entry *entry)
{
    size_t i = 0;
    while (i < oracle->gateway_count && oracle->gateways[i].id != entry->gateway)
        i++;
    if (entry->kind != COMMAND_OPEN) {
        bool next = i < oracle->gateway_count && oracle->gateways[i].epoch == entry->epoch &&
                    oracle->gateways[i].applied + 1 == entry->number;
        if (next)
            oracle->gateways[i].applied++;
        return next;
    }
    if (i < oracle->gateway_count && oracle->gateways[i].nonce == entry->epoch)
        return false;
    ensure(i < ORACLE_GATEWAYS_MAX);
    oracle->gateway_count += i == oracle->gateway_count;
    oracle->gateways[i].id = entry->gateway;
    oracle->gateways[i].nonce = entry->epoch;
    oracle->gateways[i].epoch = oracle->count;
    oracle->gateways[i].applied = 0;
    return false;
}

static void apply_command(struct oracle *oracle, struct oracle_entry *entry, const struct blob *payload)
{
    static struct entry parsed; /* it is large */
    if (!entry_parse(payload->bytes, payload->size, &parsed)) {
        oracle->wrong = "it is not what an entry may be";
        return;
    }
    if (parsed.kind == COMMAND_TICK || !is_next(oracle, &parsed) || parsed.kind == COMMAND_SKIP)
        return;
    entry->digest = asked_digest(&parsed.asked);
    entry->older = oracle->buckets[entry->digest % ORACLE_BUCKETS];
    oracle->buckets[entry->digest % ORACLE_BUCKETS] = oracle->count;
    oracle_logged(oracle, entry->digest);
    decide(oracle, entry, &parsed.asked);
}

void oracle_apply(struct oracle *oracle, const struct raft_entry *raft_entry)
{
    if (++oracle->count == oracle->capacity) {
        oracle->capacity *= 2;
        oracle->entries = memory_resize(oracle->entries, oracle->capacity, sizeof *oracle->entries);
    }
    ensure(raft_entry->index == oracle->count);
    struct oracle_entry *entry = &oracle->entries[oracle->count], *before = entry - 1;
    *entry = (struct oracle_entry){.revision = before->revision, .time_ms = before->time_ms};
    if (raft_entry->time_ms > entry->time_ms)
        entry->time_ms = raft_entry->time_ms;
    if (raft_entry->type == RAFT_ENTRY_COMMAND && raft_entry->payload)
        apply_command(oracle, entry, raft_entry->payload);
    oracle_sweep(oracle);
}

/* --- comparing ---------------------------------------------------------------------------------------------------- */

static const char *compare_file(const struct oracle_file *file, struct store *store)
{
    struct oracle_state expected = oracle_last(file);
    struct store_file is;
    bool there = store_read(store, file->name, file->name_size, &is);
    if (there != (expected.version > 0))
        return there ? "a file is there that should be gone" : "a file is gone that should be there";
    if (!there)
        return NULL;
    if (is.version != expected.version || is.created != expected.created)
        return "a file's version is not what the log makes of it";
    if (is.expires_ms != expected.expires_ms)
        return "a file's expiry is not what the log makes of it";
    bool same = is.value_size == expected.size &&
                hash_bytes(is.blob->bytes + is.value_offset, is.value_size, 0) == expected.hash;
    return same ? NULL : "a file's contents are not what the log makes of them";
}

const char *oracle_compare(struct oracle *oracle, struct store *store)
{
    if (oracle->wrong)
        return oracle->wrong;
    if (store_applied(store) != oracle->count)
        return NULL;
    if (store_revision(store) != oracle->entries[oracle->count].revision)
        return "its revision is not what the log makes of it";
    if (oracle->count > 0 && store_level(store) != ORACLE_LEVEL)
        return "its level is not what the log makes of it";
    if (oracle->count < oracle->compared + COMPARE_EVERY)
        return NULL;
    oracle->compared = oracle->count;
    uint64_t count = 0;
    for (uint32_t i = 0; i < oracle->file_count; i++) {
        const char *wrong = compare_file(&oracle->files[i], store);
        if (wrong)
            return wrong;
        count += oracle_last(&oracle->files[i]).version > 0;
    }
    return count == store_file_count(store) ? NULL : "it has files that no one made";
}
