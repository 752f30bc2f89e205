#include "sim/oracle.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/hash.h"
#include "base/memory.h"
#include "protocol/transaction.h"
#include "protocol/words.h"

enum { COMPARE_EVERY = 32 };

void oracle_init(struct oracle *oracle, const uint64_t *now_us, uint64_t value_max_bytes)
{
    *oracle = (struct oracle){.now_us = now_us, .value_max_bytes = value_max_bytes, .memory_max_bytes = UINT64_MAX};
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
    free(oracle->tokens);
    free(oracle->requests);
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static int compare_names(const void *a, size_t a_size, const void *b, size_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return order != 0 ? order : a_size < b_size ? -1 : a_size > b_size;
}

const struct oracle_file *oracle_file(const struct oracle *oracle, const void *name, size_t size)
{
    for (uint32_t i = 0; i < oracle->file_count; i++)
        if (oracle->files[i].name_size == size && memcmp(oracle->files[i].name, name, size) == 0)
            return &oracle->files[i];
    return NULL;
}

const struct oracle_state *oracle_state(const struct oracle_file *file, uint64_t index)
{
    size_t at = file->count;
    while (file->states[--at].index > index)
        ensure(at > 0);
    return &file->states[at];
}

/* The file's last state; changes to it are made to a copy that file_put adds. */
static struct oracle_state last(const struct oracle_file *file)
{
    return file->states[file->count - 1];
}

/* From the present entry on FILE is in STATE: of several in one entry the last counts. */
static void file_put(struct oracle *oracle, struct oracle_file *file, struct oracle_state state)
{
    state.index = oracle->count;
    if (file->count > 0 && file->states[file->count - 1].index == state.index)
        file->count--;
    if (file->count == file->capacity) {
        file->capacity = file->capacity > 0 ? 2 * file->capacity : 16;
        file->states = memory_resize(file->states, file->capacity, sizeof *file->states);
    }
    file->states[file->count++] = state;
}

static struct oracle_file *file_of(struct oracle *oracle, const uint8_t *name, size_t size)
{
    struct oracle_file *file = (struct oracle_file *)(uintptr_t)oracle_file(oracle, name, size);
    if (file)
        return file;
    ensure(oracle->file_count < ORACLE_FILES_MAX);
    file = &oracle->files[oracle->file_count];
    memcpy(file->name, name, size);
    file->name_size = size;
    uint64_t present = oracle->count;
    oracle->count = 0;
    file_put(oracle, file, (struct oracle_state){0});
    oracle->count = present;
    uint32_t place = oracle->file_count++;
    for (; place > 0; place--) {
        const struct oracle_file *before = &oracle->files[oracle->order[place - 1]];
        if (compare_names(before->name, before->name_size, name, size) < 0)
            break;
        oracle->order[place] = oracle->order[place - 1];
    }
    oracle->order[place] = oracle->file_count - 1;
    return file;
}

static uint64_t take_revision(struct oracle *oracle)
{
    uint64_t revision = ++oracle->entries[oracle->count].revision;
    if (revision == oracle->taken_capacity) {
        oracle->taken_capacity *= 2;
        oracle->taken = memory_resize(oracle->taken, oracle->taken_capacity, sizeof *oracle->taken);
    }
    oracle->taken[revision] = oracle->count;
    return revision;
}

uint64_t oracle_taken(const struct oracle *oracle, uint64_t revision)
{
    if (revision == 0)
        return 0;
    return revision <= oracle->entries[oracle->count].revision ? oracle->taken[revision] : UINT64_MAX;
}

/* --- expiry ------------------------------------------------------------------------------------------------------- */

static bool is_due(const struct oracle *oracle, const struct oracle_file *file)
{
    struct oracle_state state = last(file);
    return state.version > 0 && state.expires_ms > 0 && state.expires_ms <= oracle->entries[oracle->count].time_ms;
}

static void expire(struct oracle *oracle, struct oracle_file *file)
{
    uint64_t life_us = file->life_ms * 1000;
    life_us -= life_us * oracle->drift_ppm / 1000000 + oracle->slack_us;
    if (file->sent_us != UINT64_MAX && life_us < file->life_ms * 1000 && *oracle->now_us < file->sent_us + life_us)
        oracle->wrong = "a file expired before its time";
    take_revision(oracle);
    file_put(oracle, file, (struct oracle_state){0});
}

static void sweep(struct oracle *oracle)
{
    for (int i = 0; i < STORE_SWEEP_MAX; i++) {
        struct oracle_file *first = NULL;
        for (uint32_t j = 0; j < oracle->file_count; j++) {
            struct oracle_file *file = &oracle->files[oracle->order[j]];
            if (!is_due(oracle, file))
                continue;
            struct oracle_state one = last(file), other = first ? last(first) : one;
            if (!first || one.expires_ms < other.expires_ms ||
                (one.expires_ms == other.expires_ms && one.version < other.version))
                first = file;
        }
        if (!first)
            return;
        expire(oracle, first);
    }
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

static struct oracle_file *look_up(struct oracle *oracle, const uint8_t *name, size_t size)
{
    struct oracle_file *file = file_of(oracle, name, size);
    if (is_due(oracle, file))
        expire(oracle, file);
    return file;
}

static bool number_in(const struct oracle_file *file, int64_t *number)
{
    char text[32] = "0";
    struct oracle_state state = last(file);
    *number = 0;
    if (state.version == 0)
        return true;
    if (state.size > 24)
        return false;
    memcpy(text, file->contents, state.size);
    text[state.size] = '\0';
    return integer_parse((const uint8_t *)text, strlen(text), number); /* the workload makes no other numbers */
}

/* How CHANGE, or a condition, fails now; or NONE. */
static struct decision look(struct oracle *oracle, const struct command *change)
{
    bool copies = change->kind == COMMAND_COPY || change->kind == COMMAND_MOVE;
    const struct decision absent = {OUTCOME_NOT_FOUND, 0, 0};
    if (copies && last(look_up(oracle, change->value, change->value_size)).version == 0)
        return absent;
    struct oracle_file *file = look_up(oracle, change->name, change->name_size);
    struct oracle_state state = last(file);
    bool wants = change->kind == COMMAND_DELETE || change->kind == COMMAND_TOUCH || change->kind == COMMAND_IF_PRESENT;
    if (wants && state.version == 0)
        return absent;
    bool exact = change->guarded || change->kind == COMMAND_CAS || change->kind == COMMAND_IF_VERSION;
    if (exact && state.version != change->version)
        return (struct decision){OUTCOME_MISMATCH, state.version, 0};
    if (change->kind == COMMAND_APPEND && state.size + change->value_size > oracle->value_max_bytes)
        return (struct decision){OUTCOME_TOO_BIG, 0, 0};
    int64_t number;
    if (change->kind == COMMAND_INCR &&
        (!number_in(file, &number) || __builtin_add_overflow(number, (int64_t)change->version, &number)))
        return (struct decision){OUTCOME_NOT_A_NUMBER, 0, 0};
    return (struct decision){OUTCOME_NONE, 0, 0};
}

static void set_contents(struct oracle_file *file, struct oracle_state *state, const void *bytes, size_t size)
{
    uint8_t *contents = memory_get(size + 1);
    if (size > 0)
        memcpy(contents, bytes, size);
    free(file->contents);
    file->contents = contents;
    state->size = size;
    state->hash = hash_bytes(contents, size, 0);
}

/* When the request behind the present entry was sent, at the earliest. */
static uint64_t sent_us(const struct oracle *oracle)
{
    uint64_t digest = oracle->entries[oracle->count].digest;
    for (size_t i = 0; i < oracle->request_count; i++)
        if (oracle->requests[i].open && oracle->requests[i].digest == digest)
            return oracle->requests[i].sent_us;
    return UINT64_MAX;
}

static void set_expiry(struct oracle *oracle, struct oracle_file *file, struct oracle_state *state, uint64_t life_s)
{
    uint64_t now_ms = oracle->entries[oracle->count].time_ms;
    state->expires_ms = life_s > 0 ? now_ms + life_s * 1000 : 0;
    file->life_ms = life_s * 1000;
    file->sent_us = life_s > 0 ? sent_us(oracle) : UINT64_MAX;
}

static void append_to(struct oracle_file *file, struct oracle_state *state, const struct command *change)
{
    size_t old_size = state->version > 0 ? state->size : 0;
    uint8_t *both = memory_get(old_size + change->value_size + 1);
    if (old_size > 0)
        memcpy(both, file->contents, old_size);
    if (change->value_size > 0)
        memcpy(both + old_size, change->value, change->value_size);
    set_contents(file, state, both, old_size + change->value_size);
    free(both);
}

/* Makes CHANGE, of which look said NONE, as VERSION. */
static struct decision make(struct oracle *oracle, const struct command *change, uint64_t version)
{
    struct oracle_file *file = file_of(oracle, change->name, change->name_size), *source;
    struct oracle_state state = last(file);
    struct decision result = {OUTCOME_WRITTEN, version, 0};
    int64_t number = 0;
    uint8_t text[INTEGER_TEXT_MAX];
    bool is_new = state.version == 0;
    switch (change->kind) {
    case COMMAND_DELETE:
        file_put(oracle, file, (struct oracle_state){0});
        return (struct decision){OUTCOME_DELETED, version, 0};
    case COMMAND_TOUCH:
        set_expiry(oracle, file, &state, change->exptime_s);
        file_put(oracle, file, state);
        return (struct decision){OUTCOME_WRITTEN, state.version, 0};
    case COMMAND_APPEND:
        append_to(file, &state, change);
        break;
    case COMMAND_INCR:
        ensure(number_in(file, &number));
        number += (int64_t)change->version;
        set_contents(file, &state, text, integer_format(number, text));
        result = (struct decision){OUTCOME_COUNTED, version, number};
        break;
    case COMMAND_COPY:
    case COMMAND_MOVE:
        source = file_of(oracle, change->value, change->value_size);
        set_contents(file, &state, source->contents, last(source).size);
        state.expires_ms = last(source).expires_ms;
        file->sent_us = source->sent_us;
        file->life_ms = source->life_ms;
        if (change->kind == COMMAND_MOVE)
            file_put(oracle, source, (struct oracle_state){0});
        break;
    default:
        set_contents(file, &state, change->value, change->value_size);
        set_expiry(oracle, file, &state, change->exptime_s);
    }
    if (is_new && (change->kind == COMMAND_APPEND || change->kind == COMMAND_INCR))
        set_expiry(oracle, file, &state, change->exptime_s);
    state.version = version;
    state.created = is_new ? version : state.created;
    file_put(oracle, file, state);
    return result;
}

/* Bytes that CHANGE, of which look said NONE, adds as a copy. */
static uint64_t growth(struct oracle *oracle, const struct command *change)
{
    if (change->kind != COMMAND_COPY)
        return 0;
    return change->name_size + last(file_of(oracle, change->value, change->value_size)).size;
}

static bool has_room(const struct oracle *oracle, uint64_t more)
{
    uint64_t used = 0;
    for (uint32_t i = 0; i < oracle->file_count; i++) {
        struct oracle_state state = last(&oracle->files[i]);
        used += state.version > 0 ? oracle->files[i].name_size + state.size : 0;
    }
    return more == 0 || used + more <= oracle->memory_max_bytes;
}

static struct decision change_one(struct oracle *oracle, const struct command *change)
{
    struct decision failed = look(oracle, change);
    if (failed.code != OUTCOME_NONE)
        return failed;
    if (!has_room(oracle, growth(oracle, change)))
        return (struct decision){OUTCOME_FULL, 0, 0};
    return make(oracle, change, change->kind == COMMAND_TOUCH ? 0 : take_revision(oracle));
}

static struct decision change_all(struct oracle *oracle, const struct command *command)
{
    const uint8_t *end = command->value + command->value_size;
    struct command part;
    uint64_t more = 0;
    for (const uint8_t *at = command->value; at < end;) {
        ensure(transaction_next(&at, end, &part));
        struct decision failed = look(oracle, &part);
        more += failed.code == OUTCOME_NONE ? growth(oracle, &part) : 0;
        if (failed.code == OUTCOME_NONE)
            continue;
        bool copies = part.kind == COMMAND_COPY || part.kind == COMMAND_MOVE;
        bool source = copies && failed.code == OUTCOME_NOT_FOUND;
        oracle->entries[oracle->count].failed = source ? file_of(oracle, part.value, part.value_size)
                                                       : file_of(oracle, part.name, part.name_size);
        return failed;
    }
    if (!has_room(oracle, more))
        return (struct decision){OUTCOME_FULL, 0, 0};
    uint64_t version = take_revision(oracle);
    for (const uint8_t *at = command->value; at < end;) {
        ensure(transaction_next(&at, end, &part));
        if (command_changes(part.kind))
            make(oracle, &part, version);
    }
    return (struct decision){OUTCOME_WRITTEN, version, 0};
}

/* --- entries ------------------------------------------------------------------------------------------------------ */

/* The entry that decided TOKEN before, or NULL. */
static const struct oracle_entry *decided(const struct oracle *oracle, const uint8_t *token)
{
    uint64_t now_ms = oracle->entries[oracle->count].time_ms;
    for (size_t i = oracle->token_count; i-- > 0;) {
        const struct oracle_token *kept = &oracle->tokens[i];
        if (now_ms - kept->time_ms > STORE_REPEATS_S * 1000)
            return NULL;
        if (memcmp(kept->token, token, COMMAND_TOKEN_SIZE) == 0)
            return &oracle->entries[kept->index];
    }
    return NULL;
}

static void decide(struct oracle *oracle, struct oracle_entry *entry, const struct command *command)
{
    const struct oracle_entry *before = command->token ? decided(oracle, command->token) : NULL;
    if (before) {
        entry->result = before->result;
        entry->failed = before->failed;
        return;
    }
    entry->result = command->kind == COMMAND_TXN ? change_all(oracle, command) : change_one(oracle, command);
    if (!command->token || entry->result.code == OUTCOME_FULL)
        return;
    if (oracle->token_count == oracle->token_capacity) {
        oracle->token_capacity = oracle->token_capacity > 0 ? 2 * oracle->token_capacity : 64;
        oracle->tokens = memory_resize(oracle->tokens, oracle->token_capacity, sizeof *oracle->tokens);
    }
    struct oracle_token *token = &oracle->tokens[oracle->token_count++];
    memcpy(token->token, command->token, COMMAND_TOKEN_SIZE);
    token->time_ms = entry->time_ms;
    token->index = oracle->count;
}

/* True if COMMAND is its gateway's next one. An OPEN is done here. */
static bool is_next(struct oracle *oracle, const struct command *command)
{
    size_t i = 0;
    while (i < oracle->gateway_count && oracle->gateways[i].id != command->gateway)
        i++;
    if (command->kind != COMMAND_OPEN) {
        bool next = i < oracle->gateway_count && oracle->gateways[i].epoch == command->epoch &&
                    oracle->gateways[i].applied + 1 == command->number;
        if (next)
            oracle->gateways[i].applied++;
        return next;
    }
    if (i < oracle->gateway_count && oracle->gateways[i].nonce == command->epoch)
        return false;
    ensure(i < ORACLE_GATEWAYS_MAX);
    oracle->gateway_count += i == oracle->gateway_count;
    oracle->gateways[i].id = command->gateway;
    oracle->gateways[i].nonce = command->epoch;
    oracle->gateways[i].epoch = oracle->count;
    oracle->gateways[i].applied = 0;
    return false;
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
    struct command command;
    const struct blob *payload = raft_entry->type == RAFT_ENTRY_COMMAND ? raft_entry->payload : NULL;
    if (payload && command_decode(payload->bytes, payload->size, &command) && command.kind != COMMAND_TICK &&
        is_next(oracle, &command) && command.kind != COMMAND_SKIP) {
        entry->digest = oracle_digest(&command);
        entry->older = oracle->buckets[entry->digest % ORACLE_BUCKETS];
        oracle->buckets[entry->digest % ORACLE_BUCKETS] = oracle->count;
        decide(oracle, entry, &command);
    }
    sweep(oracle);
}

uint64_t oracle_digest(const struct command *command)
{
    const uint64_t fields[] = {(uint64_t)command->kind, command->guarded, command->version, command->exptime_s,
                               command->name_size, command->token != NULL};
    uint64_t hash = hash_bytes(fields, sizeof fields, 0);
    hash = hash_bytes(command->name, command->name_size, hash);
    hash = hash_bytes(command->value, command->value_size, hash);
    return hash_bytes(command->token, command->token ? COMMAND_TOKEN_SIZE : 0, hash) | 1;
}

size_t oracle_asked(struct oracle *oracle, uint64_t digest)
{
    if (oracle->request_count == oracle->request_capacity) {
        oracle->request_capacity = oracle->request_capacity > 0 ? 2 * oracle->request_capacity : 64;
        oracle->requests = memory_resize(oracle->requests, oracle->request_capacity, sizeof *oracle->requests);
    }
    oracle->requests[oracle->request_count] =
        (struct oracle_request){.digest = digest, .sent_us = *oracle->now_us, .open = true};
    return oracle->request_count++;
}

void oracle_answered(struct oracle *oracle, size_t request)
{
    oracle->requests[request].open = false;
}

/* --- comparing ---------------------------------------------------------------------------------------------------- */

static const char *compare_file(const struct oracle_file *file, struct store *store)
{
    struct oracle_state expected = last(file);
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
    if (oracle->count < oracle->compared + COMPARE_EVERY)
        return NULL;
    oracle->compared = oracle->count;
    uint64_t count = 0;
    for (uint32_t i = 0; i < oracle->file_count; i++) {
        const char *wrong = compare_file(&oracle->files[i], store);
        if (wrong)
            return wrong;
        count += last(&oracle->files[i]).version > 0;
    }
    return count == store_file_count(store) ? NULL : "it has files that no one made";
}
