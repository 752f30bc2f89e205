#include "store/dedup/dedup_part.h"

#include "base/hash.h"
#include "protocol/transaction.h"
#include "store/state.h"

enum dedup_record {
    RECORD_GATEWAY = 1,
    RECORD_OUTCOMES, /* of the gateway whose record came last */
    RECORD_TOKENS,
};

enum {
    GATEWAY_SIZE = 36,
    DECISION_SIZE = 17,
    TOKEN_SIZE = COMMAND_TOKEN_SIZE + 8 + DECISION_SIZE,
    RECORD_ITEMS_MAX = 1024, /* outcomes, or tokens, in one record */
};

static uint64_t dedup_hash(const struct store *store)
{
    ensure(store->tokens.count > 0 || store->tokens.hash == 0);
    ensure(store->tokens.table.count == store->tokens.count);
    uint8_t state[16];
    bytes_put_u64(state, gateways_hash(&store->gateways));
    bytes_put_u64(state + 8, store->tokens.hash);
    return hash_bytes(state, sizeof state, 0);
}

/* --- dump --------------------------------------------------------------------------------------------------------- */

static void dedup_walk_begin(struct store *store)
{
    ensure(store->tokens.count <= STORE_TOKENS_MAX);
    gateways_walk_begin(&store->gateways);
    tokens_walk_begin(&store->tokens);
    ensure(tokens_walk_left(&store->tokens) == store->tokens.count);
    ensure(gateways_walk_left(&store->gateways) >= store->gateways.count);
}

static uint64_t dedup_walk_left(const struct store *store)
{
    ensure(store->tokens.walk.active || store->gateways.walk_count == 0); /* both, or none */
    return gateways_walk_left(&store->gateways) + tokens_walk_left(&store->tokens);
}

static void dedup_walk_end(struct store *store)
{
    gateways_walk_end(&store->gateways);
    tokens_walk_end(&store->tokens);
    ensure(dedup_walk_left(store) == 0);
}

static void put_decision(struct buffer *out, const struct decision *decision)
{
    ensure(decision->code != OUTCOME_NONE && decision->code != OUTCOME_UNKNOWN);
    buffer_append_u8(out, (uint8_t)decision->code);
    buffer_append_u64(out, decision->version);
    buffer_append_u64(out, (uint64_t)decision->value);
}

static void put_gateway(struct buffer *out, struct window_walk *walk)
{
    ensure(!walk->begun && walk->was.epoch > 0);
    ensure(walk->was.lowest >= 1 && walk->was.lowest - 1 <= walk->was.applied);
    size_t end = dump_record(out, PART_DEDUP, RECORD_GATEWAY, GATEWAY_SIZE);
    buffer_append_u32(out, walk->was.id);
    buffer_append_u64(out, walk->was.nonce);
    buffer_append_u64(out, walk->was.epoch);
    buffer_append_u64(out, walk->was.applied);
    buffer_append_u64(out, walk->was.lowest);
    ensure(buffer_size(out) == end);
    walk->begun = true;
}

static size_t record_items(uint64_t left)
{
    return left < RECORD_ITEMS_MAX ? (size_t)left : RECORD_ITEMS_MAX;
}

static void walk_gateway(struct gateways *gateways, struct buffer *out)
{
    struct window_walk *walk = gateways_walk(gateways);
    if (!walk->begun) {
        put_gateway(out, walk);
        return;
    }
    size_t count = record_items(window_walk_left(walk));
    ensure(count > 0 && walk->next >= walk->was.lowest);
    size_t end = dump_record(out, PART_DEDUP, RECORD_OUTCOMES, count * DECISION_SIZE);
    for (size_t i = 0; i < count; i++) {
        struct decision outcome = gateways_walk_outcome(gateways);
        put_decision(out, &outcome);
    }
    ensure(walk->next <= walk->was.applied + 1);
    ensure(buffer_size(out) == end);
}

static void walk_tokens(struct tokens *tokens, struct buffer *out)
{
    uint64_t left = tokens_walk_left(tokens);
    size_t count = record_items(left);
    ensure(count > 0);
    size_t end = dump_record(out, PART_DEDUP, RECORD_TOKENS, count * TOKEN_SIZE);
    uint64_t time_ms = 0;
    for (size_t i = 0; i < count; i++) {
        struct token token = tokens_walk_next(tokens);
        ensure(token.time_ms >= time_ms); /* the oldest first */
        time_ms = token.time_ms;
        buffer_append(out, token.token, COMMAND_TOKEN_SIZE);
        buffer_append_u64(out, token.time_ms);
        put_decision(out, &token.decision);
    }
    ensure(tokens_walk_left(tokens) == left - count);
    ensure(buffer_size(out) == end);
}

static void dedup_walk(struct store *store, struct walk *walk)
{
    ensure(dedup_walk_left(store) > 0);
    while (dedup_walk_left(store) > 0 && !walk_is_over(walk)) {
        size_t size_before = buffer_size(walk->out);
        if (gateways_walk_left(&store->gateways) > 0)
            walk_gateway(&store->gateways, walk->out);
        else
            walk_tokens(&store->tokens, walk->out);
        ensure(buffer_size(walk->out) > size_before);
    }
}

/* --- load --------------------------------------------------------------------------------------------------------- */

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
        return decision->version <= store->revision && value >= -TRANSACTION_PARTS_MAX &&
               value <= TRANSACTION_PARTS_MAX;
    case OUTCOME_NOT_FOUND:
        return decision->version == 0 && value >= -TRANSACTION_PARTS_MAX && value <= TRANSACTION_PARTS_MAX;
    case OUTCOME_TOO_BIG:
    case OUTCOME_NOT_A_NUMBER:
        return decision->version == 0 && value >= 0 && value <= TRANSACTION_PARTS_MAX;
    case OUTCOME_LEVEL:
        return decision->version == 0 && value >= LEVEL_BASE && value <= store->level;
    case OUTCOME_SKIPPED:
    case OUTCOME_FULL:
    case OUTCOME_REFUSED:
        return decision->version == 0 && value == 0;
    default:
        return false;
    }
}

static bool load_decision(const struct store *store, struct reader *record, struct decision *decision)
{
    decision->code = (enum outcome_code)reader_u8(record);
    decision->version = reader_u64(record);
    decision->value = (int64_t)reader_u64(record);
    return !record->bad && decision_is_valid(store, decision);
}

static enum load_result load_gateway(struct store *store, struct reader *record)
{
    uint32_t id = reader_u32(record);
    uint64_t nonce = reader_u64(record);
    uint64_t epoch = reader_u64(record);
    uint64_t applied = reader_u64(record);
    uint64_t lowest = reader_u64(record);
    if (record->bad || id == 0 || gateways_find(&store->gateways, id) || epoch == 0 || epoch > store->applied)
        return LOAD_BAD;
    /* The newest number's outcome is always kept. */
    if (applied > COUNTER_MAX || (applied == 0 ? lowest != 1 : lowest < 1 || lowest > applied))
        return LOAD_BAD;
    if (applied + 1 - lowest > STORE_OUTCOMES_MAX || !load_count(store, PART_DEDUP, 1))
        return LOAD_BAD;
    if (!gateways_add(&store->gateways, id, nonce, epoch, lowest))
        return LOAD_BAD;
    ensure(store->gateways.count > 0 && store->gateways.count <= STORE_GATEWAYS_MAX);
    store->load.outcomes_left[store->gateways.count - 1] = applied + 1 - lowest;
    return LOAD_TAKEN;
}

/* How many things of SIZE bytes a record holds; 0: it is none of these. */
static size_t count_items(const struct reader *record, size_t size)
{
    size_t count = reader_left(record) / size;
    return count <= RECORD_ITEMS_MAX && count * size == reader_left(record) ? count : 0;
}

static enum load_result load_outcomes(struct store *store, struct reader *record)
{
    size_t count = count_items(record, DECISION_SIZE);
    size_t gateways = store->gateways.count;
    if (count == 0 || gateways == 0 || count > store->load.outcomes_left[gateways - 1] ||
        !load_count(store, PART_DEDUP, count))
        return LOAD_BAD;
    store->load.outcomes_left[gateways - 1] -= count;
    struct gateway_state *gateway = &store->gateways.items[gateways - 1];
    for (size_t i = 0; i < count; i++) {
        struct decision decision;
        if (!load_decision(store, record, &decision))
            return LOAD_BAD;
        gateway_keep(gateway, decision);
    }
    ensure(gateway_outcome_count(gateway) >= count); /* none was dropped: no more were announced than may be kept */
    return LOAD_TAKEN;
}

static bool load_token(struct store *store, struct reader *record)
{
    struct tokens *tokens = &store->tokens;
    uint64_t newest_ms = tokens->count > 0 ? tokens_at(tokens, tokens->count - 1)->time_ms : 0;
    const uint8_t *token = reader_bytes(record, COMMAND_TOKEN_SIZE);
    uint64_t time_ms = reader_u64(record);
    struct decision decision;
    if (!token || time_ms < newest_ms || time_ms > store->time_ms || !load_decision(store, record, &decision))
        return false;
    if (decision.code == OUTCOME_SKIPPED || decision.code == OUTCOME_FULL || decision.code == OUTCOME_LEVEL ||
        tokens_find(tokens, token, newest_ms) || tokens->count == STORE_TOKENS_MAX)
        return false;
    tokens_keep(tokens, token, time_ms, decision);
    ensure(tokens_at(tokens, tokens->count - 1)->time_ms == time_ms && time_ms <= store->time_ms);
    return true;
}

static enum load_result load_tokens(struct store *store, struct reader *record)
{
    size_t count = count_items(record, TOKEN_SIZE);
    if (count == 0 || !load_count(store, PART_DEDUP, count))
        return LOAD_BAD;
    for (size_t i = 0; i < count; i++)
        if (!load_token(store, record))
            return LOAD_BAD;
    ensure(store->tokens.count > 0 && store->tokens.count <= store->tokens.max);
    return LOAD_TAKEN;
}

static enum load_result dedup_load(struct store *store, uint8_t type, struct reader *record)
{
    switch ((enum dedup_record)type) {
    case RECORD_GATEWAY:
        return load_gateway(store, record);
    case RECORD_OUTCOMES:
        return load_outcomes(store, record);
    case RECORD_TOKENS:
        return load_tokens(store, record);
    }
    return LOAD_NEWER;
}

/* Every window has come whole. */
static bool dedup_load_end(struct store *store)
{
    ensure(store->load.left[PART_DEDUP] == 0);
    for (size_t i = 0; i < store->gateways.count; i++)
        if (store->load.outcomes_left[i] > 0)
            return false;
    return true;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static bool dedup_drain(struct store *store, size_t count)
{
    ensure(!store->dump.active);
    return tokens_drain(&store->tokens, count);
}

static size_t dedup_memory_bytes(const struct store *store)
{
    return gateways_memory_bytes(&store->gateways) + tokens_memory_bytes(&store->tokens);
}

const struct part dedup_part = {
    .number = PART_DEDUP,
    .name = "dedup",
    .level = LEVEL_BASE,
    .hash = dedup_hash,
    .walk_begin = dedup_walk_begin,
    .walk_left = dedup_walk_left,
    .walk = dedup_walk,
    .walk_end = dedup_walk_end,
    .load = dedup_load,
    .load_end = dedup_load_end,
    .drain = dedup_drain,
    .memory_bytes = dedup_memory_bytes,
};
