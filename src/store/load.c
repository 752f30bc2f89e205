/* Reading a dump. Its bytes may be anyone's: what is wrong makes the load fail, nothing makes it stop the program. */
#include "store/dump.h"

#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "protocol/transaction.h"
#include "store/files/expiry.h"
#include "store/state.h"

/* Counters in a dump leave room to count on. */
#define COUNTER_MAX (UINT64_MAX / 2)

static bool load_state(struct store *store, struct reader *reader)
{
    uint16_t level = reader_u16(reader);
    uint64_t index = reader_u64(reader);
    uint64_t time_ms = reader_u64(reader);
    uint64_t revision = reader_u64(reader);
    uint64_t files = reader_u64(reader);
    uint32_t gateways = reader_u32(reader);
    uint32_t tokens = reader_u32(reader);
    if (reader->bad || store->load.begun)
        return false;
    /* Every file took a revision, which it may share with others of its transaction. */
    if (index > COUNTER_MAX || revision > COUNTER_MAX || files / TRANSACTION_PARTS_MAX > revision ||
        gateways > STORE_GATEWAYS_MAX || tokens > STORE_TOKENS_MAX || level < LEVEL_BASE || level > LEVEL_KNOWN)
        return false;
    ensure(store->revision == 0 && store->gateways.count == 0);
    store->applied = index;
    store->time_ms = time_ms;
    store->revision = revision;
    store->level = level;
    store->load.begun = true;
    store->load.files_left = files;
    store->load.gateways_left = gateways;
    store->load.tokens_left = tokens;
    return true;
}

/* What a change can come to in this state. */
static bool decision_is_valid(const struct store *store, const struct decision *decision)
{
    int64_t value = decision->value;
    switch (decision->code) {
    case OUTCOME_WRITTEN:
    case OUTCOME_DELETED:
        return decision->version > 0 && decision->version <= store->revision && (value == 0 || value == 1);
    case OUTCOME_COUNTED:
        return decision->version > 0 && decision->version <= store->revision;
    case OUTCOME_MISMATCH:
        return decision->version <= store->revision && value >= 0 && value <= TRANSACTION_PARTS_MAX;
    case OUTCOME_NOT_FOUND:
    case OUTCOME_TOO_BIG:
    case OUTCOME_NOT_A_NUMBER:
        return decision->version == 0 && value >= 0 && value <= TRANSACTION_PARTS_MAX;
    case OUTCOME_SKIPPED:
    case OUTCOME_FULL:
        return decision->version == 0 && value == 0;
    default:
        return false;
    }
}

static bool load_decision(const struct store *store, struct reader *reader, struct decision *decision)
{
    decision->code = (enum outcome_code)reader_u8(reader);
    decision->version = reader_u64(reader);
    decision->value = (int64_t)reader_u64(reader);
    return !reader->bad && decision_is_valid(store, decision);
}

static bool load_gateway(struct store *store, struct reader *reader)
{
    uint32_t id = reader_u32(reader);
    uint64_t nonce = reader_u64(reader);
    uint64_t epoch = reader_u64(reader);
    uint64_t applied = reader_u64(reader);
    uint64_t lowest = reader_u64(reader);
    uint32_t count = reader_u32(reader);
    if (reader->bad || store->load.gateways_left == 0 || gateways_find(&store->gateways, id))
        return false;
    if (epoch == 0 || epoch > store->applied || applied > COUNTER_MAX)
        return false;
    /* The newest number's outcome is always kept. */
    if (applied == 0 ? lowest != 1 : lowest < 1 || lowest > applied)
        return false;
    if (count > STORE_OUTCOMES_MAX || count != applied + 1 - lowest)
        return false;
    struct gateway_state *gateway = gateways_add(&store->gateways, id, nonce, epoch, lowest);
    ensure(gateway != NULL);
    for (uint32_t i = 0; i < count; i++) {
        struct decision decision;
        if (!load_decision(store, reader, &decision))
            return false;
        gateway_keep(gateway, decision);
    }
    ensure(gateway->applied == applied && gateway->lowest == lowest);
    store->load.gateways_left--;
    return true;
}

static bool load_tokens(struct store *store, struct reader *reader)
{
    uint32_t count = reader_u32(reader);
    if (reader->bad || count == 0 || count > store->load.tokens_left)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct tokens *kept = &store->tokens;
        uint64_t newest_ms = kept->count > 0 ? tokens_at(kept, kept->count - 1)->time_ms : 0;
        const uint8_t *token = reader_bytes(reader, COMMAND_TOKEN_SIZE);
        uint64_t time_ms = reader_u64(reader);
        struct decision decision;
        if (!token || time_ms < newest_ms || time_ms > store->time_ms || !load_decision(store, reader, &decision))
            return false;
        if (decision.code == OUTCOME_SKIPPED || decision.code == OUTCOME_FULL ||
            tokens_find(&store->tokens, token, newest_ms))
            return false;
        tokens_keep(&store->tokens, token, time_ms, decision);
    }
    store->load.tokens_left -= count;
    return true;
}

/* The payload of a file's record must be what writes such a file; touched, it may live longer or shorter. */
static bool file_is_valid(const struct store *store, const struct command *command, const struct file_state *state)
{
    if (command->kind != COMMAND_WRITE && command->kind != COMMAND_CAS && command->kind != COMMAND_SET)
        return false;
    if (state->created == 0 || state->created > state->version || state->version > store->revision)
        return false;
    return state->expires_ms <= expiry_ms(store->time_ms, REQUEST_EXPTIME_MAX_S);
}

static bool load_file(struct store *store, struct reader *reader)
{
    struct file_state state = {NULL, reader_u64(reader), 0, 0};
    state.created = reader_u64(reader);
    state.expires_ms = reader_u64(reader);
    uint32_t size = reader_u32(reader);
    const uint8_t *payload = reader_bytes(reader, size);
    struct command command;
    if (!payload || store->load.files_left == 0 || !command_decode(payload, size, &command))
        return false;
    if (!file_is_valid(store, &command, &state))
        return false;
    if (files_find(&store->files, command.name, command.name_size))
        return false;
    state.blob = blob_new(size);
    if (!state.blob) {
        store->load.starved = true;
        return false;
    }
    memcpy(state.blob->bytes, payload, size);
    files_add(&store->files, &state);
    blob_release(state.blob);
    store->load.files_left--;
    return true;
}

static bool load_record(struct store *store, struct reader *reader)
{
    ensure(reader_left(reader) > 0);
    uint8_t type = reader_u8(reader);
    if (type != RECORD_STATE && !store->load.begun)
        return false;
    switch (type) {
    case RECORD_STATE:
        return load_state(store, reader);
    case RECORD_GATEWAY:
        return load_gateway(store, reader);
    case RECORD_FILE:
        return load_file(store, reader);
    case RECORD_TOKENS:
        return load_tokens(store, reader);
    default:
        return false;
    }
}

bool store_load(struct store *store, const uint8_t *bytes, size_t size)
{
    struct loading *load = &store->load;
    ensure(!store_dump_active(store));
    ensure(load->active || (store->applied == 0 && store_file_count(store) == 0));
    load->active = true;
    if (size == 0)
        return !load->bad;
    struct reader reader = reader_of(bytes, size);
    while (!load->bad && reader_left(&reader) > 0)
        load->bad = !load_record(store, &reader);
    return !load->bad;
}

bool store_load_starved(const struct store *store)
{
    return store->load.starved;
}

bool store_load_end(struct store *store)
{
    struct loading *load = &store->load;
    if (load->bad || !load->begun || load->files_left > 0 || load->gateways_left > 0 || load->tokens_left > 0)
        return false;
    ensure(load->active);
    *load = (struct loading){0};
    ensure(store_file_count(store) / TRANSACTION_PARTS_MAX <= store->revision);
    return true;
}

bool store_drain(struct store *store, size_t count)
{
    if (store_dump_active(store))
        store_dump_cancel(store);
    return files_drain(&store->files, count);
}
