/* Applying entries, and what can be asked of the state. */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/hash.h"
#include "base/memory.h"
#include "protocol/transaction.h"
#include "store/files/changes.h"
#include "store/core.h"
#include "store/dump.h"
#include "store/parts.h"
#include "store/state.h"

enum { DRAIN_COUNT = 1024 };

struct store *store_open(uint64_t seed)
{
    struct store *store = memory_get(sizeof *store);
    files_init(&store->files, seed);
    tokens_init(&store->tokens, seed);
    store_limit(store, UINT64_MAX / 2, UINT64_MAX);
    store->level = LEVEL_BASE;
    store->level_known = LEVEL_KNOWN;
    store->settings = settings_known;
    return store;
}

void store_close(struct store *store)
{
    ensure(store != NULL);
    while (!store_drain(store, DRAIN_COUNT))
        ;
    ensure(store->files.names.count == 0 && store->tokens.count == 0);
    store_events_release(&store->events);
    files_close(&store->files);
    gateways_close(&store->gateways);
    tokens_close(&store->tokens);
    free(store);
}

void store_limit(struct store *store, uint64_t value_max_bytes, uint64_t memory_max_bytes)
{
    ensure(value_max_bytes <= UINT64_MAX / 2);
    store->value_max_bytes = value_max_bytes;
    store->memory_max_bytes = memory_max_bytes;
}

void store_limit_tokens(struct store *store, uint64_t tokens_max)
{
    ensure(tokens_max > 0 && tokens_max <= STORE_TOKENS_MAX && store->tokens.count <= tokens_max);
    store->tokens.max = tokens_max;
}

void store_limit_level(struct store *store, unsigned known)
{
    ensure(known <= UINT16_MAX && !store->load.active);
    store->level_known = (uint16_t)known;
}

void store_settings(struct store *store, const struct setting *settings)
{
    ensure(store->files.settings == 0 && !store->load.active);
    store->settings = settings;
}

/* --- commands --------------------------------------------------------------------------------------------------- */

/* Copies are small commands that may add much: more of them can be under way than whoever took them could foresee. */
static bool has_room(const struct store *store, size_t growth)
{
    size_t used = store->files.contents_bytes;
    return growth == 0 || (used <= store->memory_max_bytes && growth <= store->memory_max_bytes - used);
}

static const struct decision full = {OUTCOME_FULL, 0, 0};

/* The value of a decision that PLACE does not hold. */
static int64_t failed_at(size_t place, const struct found *found)
{
    ensure(place >= 1 && place <= TRANSACTION_PARTS_MAX);
    return found->at_source ? -(int64_t)place : (int64_t)place;
}

/* Where either file may have another version, who is told of one must know of which. */
static bool tells_which(enum command_kind kind)
{
    return (command_row(kind)->body & BODY_SOURCE_VERSION) != 0;
}

static struct decision apply_change(struct store *store, const struct command *change, struct blob *blob)
{
    struct found found;
    struct decision decision = change_look(store, change, &found);
    if (decision.code != OUTCOME_NONE) {
        ensure(decision.version <= store->revision && !store->files.draining);
        decision.value = tells_which(change->kind) ? failed_at(1, &found) : 0;
        return decision;
    }
    if (!has_room(store, found.growth))
        return full;
    uint64_t version = change_versions(change->kind) ? store_next_revision(store) : 0;
    return change_make(store, change, &found, blob, version);
}

/* All parts hold of the files as they are before any is made; then all are made as one change. No two parts touch the
 * same file, so that the first ones made leave the others as they were looked at. */
static struct decision apply_transaction(struct store *store, const struct command *command)
{
    const uint8_t *end = command->value + command->value_size;
    struct found found[TRANSACTION_PARTS_MAX];
    struct command part;
    size_t count = 0, growth = 0;
    for (const uint8_t *at = command->value; at < end; count++) {
        ensure(count < TRANSACTION_PARTS_MAX && transaction_next(&at, end, &part));
        struct decision decision = change_look(store, &part, &found[count]);
        ensure(decision.version <= store->revision);
        if (decision.code != OUTCOME_NONE)
            return (struct decision){decision.code, decision.version, failed_at(count + 1, &found[count])};
        growth += found[count].growth;
    }
    ensure(count > 0);
    if (!has_room(store, growth))
        return full;
    size_t events = store->events.count;
    uint64_t version = store_next_revision(store);
    const uint8_t *at = command->value;
    for (size_t i = 0; i < count; i++) {
        ensure(transaction_next(&at, end, &part));
        if (command_changes(part.kind))
            ensure(change_make(store, &part, &found[i], NULL, version).version <= version);
    }
    ensure(at == end && store->revision == version); /* all of them, at one revision */
    ensure(store->events.count - events <= 2 * count);
    return (struct decision){OUTCOME_WRITTEN, version, 0};
}

static struct decision apply_by_class(struct store *store, const struct command *command, struct blob *blob)
{
    switch (command_row(command->kind)->class) {
    case COMMAND_CLASS_TRANSACTION:
        return apply_transaction(store, command);
    case COMMAND_CLASS_CLUSTER:
        return (struct decision){OUTCOME_LEVEL, 0, core_raise(store, command->level)};
    case COMMAND_CLASS_CHANGE:
    case COMMAND_CLASS_SETTING:
        return apply_change(store, command, blob);
    case COMMAND_CLASS_INTERNAL:
    case COMMAND_CLASS_CONDITION:
        break;
    }
    ensure(command->kind == COMMAND_SKIP); /* no other of these takes a number */
    return (struct decision){OUTCOME_SKIPPED, 0, 0};
}

static struct decision apply_once(struct store *store, const struct command *command, struct blob *blob)
{
    const struct decision *kept =
        command->token ? tokens_find(&store->tokens, command->token, store->time_ms) : NULL;
    ensure(!kept || (kept->code != OUTCOME_FULL && kept->code != OUTCOME_SKIPPED));
    ensure(!kept || kept->version <= store->revision);
    if (kept)
        return *kept;
    struct decision decision = apply_by_class(store, command, blob);
    if (command->token && decision.code != OUTCOME_FULL)
        tokens_keep(&store->tokens, command->token, store->time_ms, decision);
    return decision;
}

static struct outcome apply_numbered(struct store *store, const struct command *command, struct blob *blob)
{
    ensure(command_numbered(command->kind));
    struct outcome outcome = {OUTCOME_NONE, command->gateway, command->epoch, command->number, 0, 0};
    struct gateway_state *gateway = gateways_find(&store->gateways, command->gateway);
    if (!gateway || !gateway_expects(gateway, command->epoch, command->number))
        return outcome;
    struct decision decision = apply_once(store, command, blob);
    ensure(decision.code != OUTCOME_NONE);
    gateway_keep(gateway, decision);
    gateway_drop_below(gateway, command->lowest);
    ensure(gateway->applied == command->number);
    outcome.code = decision.code;
    outcome.version = decision.version;
    outcome.value = decision.value;
    return outcome;
}

static struct outcome apply_open(struct store *store, const struct command *command)
{
    bool opened = gateways_open(&store->gateways, command->gateway, command_nonce(command), store->applied);
    const struct gateway_state *gateway = gateways_find(&store->gateways, command->gateway);
    ensure(!opened || (gateway->epoch == store->applied && gateway->applied == 0));
    ensure(!gateway || gateway->epoch <= store->applied);
    enum outcome_code code = opened ? OUTCOME_OPENED : OUTCOME_NONE;
    return (struct outcome){code, command->gateway, gateway ? gateway->epoch : 0, 0, 0, 0};
}

static struct outcome apply_command(struct store *store, const struct command *command, struct blob *blob)
{
    switch (command->kind) {
    case COMMAND_TICK:
        return (struct outcome){OUTCOME_NONE, 0, 0, 0, 0, 0};
    case COMMAND_OPEN:
        return apply_open(store, command);
    default:
        return apply_numbered(store, command, blob);
    }
}

/* Into COMMAND. False where this program cannot follow it, nor what comes behind it. */
static bool is_understood(const struct store *store, const struct blob *blob, struct command *command)
{
    return command_decode(blob->bytes, blob->size, command) &&
           (command->kind != COMMAND_RAISE || command->level <= store->level_known);
}

struct outcome store_apply(struct store *store, uint64_t index, uint64_t time_ms, struct blob *blob)
{
    struct outcome outcome = {OUTCOME_NONE, 0, 0, 0, 0, 0};
    struct command command;
    ensure(!store->load.active);
    ensure(index == store->applied + 1);
    if (blob && !is_understood(store, blob, &command)) {
        outcome.code = OUTCOME_UNKNOWN;
        return outcome;
    }
    store->applied = index;
    store_events_release(&store->events);
    if (time_ms > store->time_ms)
        store->time_ms = time_ms;
    uint64_t revision = store->revision;
    if (blob)
        outcome = apply_command(store, &command, blob);
    for (size_t i = 0; i < PARTS_COUNT; i++)
        if (parts[i]->expire)
            parts[i]->expire(store);
    /* The command's own change, the expiry of its files, and the sweep. */
    ensure(store->revision >= revision &&
           store->revision - revision <= 1 + 2 * TRANSACTION_PARTS_MAX + STORE_SWEEP_MAX);
    ensure(outcome.version <= store->revision);
    ensure(store_file_count(store) / TRANSACTION_PARTS_MAX <= store->revision);
    return outcome;
}

_Static_assert((int)STORE_EXPECT_MAX <= (int)TABLE_EXPECT_MAX, "one call is enough");

void store_expect(const struct store *store, const struct blob *const *blobs, size_t count)
{
    struct table_name names[STORE_EXPECT_MAX];
    size_t name_count = 0;
    ensure(count <= STORE_EXPECT_MAX);
    for (size_t i = 0; i < count; i++) {
        struct table_name *name = &names[name_count];
        if (blobs[i] && command_name(blobs[i]->bytes, blobs[i]->size, &name->bytes, &name->size))
            name_count++;
    }
    ensure(name_count <= count);
    files_expect(&store->files, names, name_count);
}

size_t store_events(const struct store *store, const struct store_event **events)
{
    *events = store->events.items;
    ensure(store->events.count == 0 || !store->events.items[store->events.count - 1].more);
    ensure(store->events.count == 0 || store->events.items[store->events.count - 1].revision <= store->revision);
    return store->events.count;
}

void store_events_clear(struct store *store)
{
    store_events_release(&store->events);
}

/* --- what can be asked ------------------------------------------------------------------------------------------ */

static void describe(const struct file *file, struct store_file *read)
{
    read->name = file->named.name;
    read->name_size = file->named.name_size;
    read->version = file_version(file);
    read->created = file->created;
    read->expires_ms = file_expires_ms(file);
    read->blob = file_blob(file);
    read->value_offset = command_value_offset(read->blob);
    read->value_size = command_value_size(read->blob);
}

static bool read_file(struct store *store, const void *name, size_t name_size, struct store_file *read)
{
    const struct file *file = files_find(&store->files, name, name_size);
    if (!file)
        return false;
    ensure(file_version(file) <= store->revision);
    describe(file, read);
    return true;
}

bool store_read(struct store *store, const void *name, size_t name_size, struct store_file *file)
{
    return !setting_has_name(name, name_size) && read_file(store, name, name_size, file);
}

bool store_setting_read(struct store *store, const void *name, size_t name_size, struct store_file *file)
{
    ensure(setting_has_name(name, name_size));
    bool found = read_file(store, name, name_size, file);
    ensure(!found || (store->files.settings > 0 && file->expires_ms == 0));
    return found;
}

/* The files behind NAME, settings or not. */
static size_t walk_files(const struct store *store, const void *name, size_t name_size, struct store_file *files,
                         size_t count)
{
    ensure(count <= STORE_WALK_MAX && !store->files.draining);
    struct named *things[STORE_WALK_MAX];
    count = names_walk(&store->files.names, name, name_size, things, count);
    ensure(count <= store->files.names.count);
    for (size_t i = 0; i < count; i++)
        describe((const struct file *)things[i], &files[i]);
    ensure(count == 0 || !name || names_compare(files[0].name, files[0].name_size, name, name_size) > 0);
    return count;
}

size_t store_walk(const struct store *store, const void *name, size_t name_size, struct store_file *files,
                  size_t count)
{
    uint8_t last[1 + COMMAND_NAME_MAX];
    if (store->files.settings > 0 && (!name || name_size == 0 || *(const uint8_t *)name <= COMMAND_SETTING_MARK)) {
        /* No setting's name is that long: this comes behind them all, and before any other. */
        memset(last, UINT8_MAX, sizeof last);
        last[0] = COMMAND_SETTING_MARK;
        name = last;
        name_size = sizeof last;
    }
    count = walk_files(store, name, name_size, files, count);
    ensure(count == 0 || !setting_has_name(files[0].name, files[0].name_size));
    ensure(count <= store_file_count(store));
    return count;
}

size_t store_setting_walk(const struct store *store, const void *name, size_t name_size, struct store_file *files,
                          size_t count)
{
    ensure(!name || setting_has_name(name, name_size));
    count = walk_files(store, name, name_size, files, count);
    size_t settings = 0;
    while (settings < count && setting_has_name(files[settings].name, files[settings].name_size))
        settings++;
    ensure(settings <= store->files.settings);
    return settings;
}

uint64_t store_applied(const struct store *store)
{
    return store->applied;
}

uint64_t store_revision(const struct store *store)
{
    return store->revision;
}

uint64_t store_time_ms(const struct store *store)
{
    return store->time_ms;
}

uint64_t store_file_count(const struct store *store)
{
    ensure(store->files.settings <= store->files.table.count);
    return store->files.table.count - store->files.settings;
}

uint64_t store_memory_bytes(const struct store *store)
{
    ensure(store->files.contents_bytes <= store->files.memory_bytes); /* names and contents are in the blobs */
    return files_memory_bytes(&store->files);
}

bool store_form(struct store *store, unsigned level)
{
    ensure(store->applied == 0 && !store->load.active);
    if (level < LEVEL_BASE || level > store->level_known)
        return false;
    core_raise(store, (uint16_t)level);
    return true;
}

unsigned store_level(const struct store *store)
{
    return store->level;
}

size_t store_growth(struct store *store, const struct command *change)
{
    return change_growth(store, change);
}

uint64_t store_copied_bytes(const struct store *store)
{
    return store->copied_bytes;
}

size_t store_part_memory_bytes(const struct store *store, unsigned number)
{
    const struct part *part = parts_find(number);
    ensure(part != NULL);
    return part->memory_bytes(store);
}

uint64_t store_due_ms(const struct store *store)
{
    uint64_t first_ms = 0;
    for (size_t i = 0; i < PARTS_COUNT; i++) {
        uint64_t due_ms = parts[i]->due_ms ? parts[i]->due_ms(store) : 0;
        if (due_ms > 0 && (first_ms == 0 || due_ms < first_ms))
            first_ms = due_ms;
    }
    return first_ms;
}

uint64_t store_hash(const struct store *store)
{
    uint8_t hashes[8 * PARTS_COUNT];
    size_t size = 0;
    for (size_t i = 0; i < PARTS_COUNT; i++) {
        if (parts[i]->level > store->level)
            continue;
        bytes_put_u64(hashes + size, parts[i]->hash(store));
        size += 8;
    }
    return hash_bytes(hashes, size, 0);
}

uint64_t store_part_hash(const struct store *store, unsigned number)
{
    const struct part *part = parts_find(number);
    ensure(part != NULL);
    return part->hash(store);
}

const char *store_part_name(unsigned number)
{
    const struct part *part = parts_find(number);
    return part ? part->name : NULL;
}

void store_members(struct store *store, const uint32_t *ids, size_t count)
{
    ensure(!store->load.active && count > 0 && count <= STORE_GATEWAYS_MAX);
    ensure(store->dump.active || store->gateways.walk_count == 0);
    gateways_retain(&store->gateways, ids, count);
    ensure(store->gateways.count <= count);
}

bool store_gateway(const struct store *store, uint32_t id, struct store_gateway *state)
{
    const struct gateway_state *gateway = gateways_find(&store->gateways, id);
    if (!gateway)
        return false;
    ensure(gateway->epoch > 0 && gateway->epoch <= store->applied);
    *state = (struct store_gateway){
        .nonce = gateway->nonce,
        .epoch = gateway->epoch,
        .applied = gateway->applied,
        .lowest = gateway->lowest,
    };
    return true;
}

struct outcome store_outcome(const struct store *store, uint32_t id, uint64_t number)
{
    const struct gateway_state *gateway = gateways_find(&store->gateways, id);
    struct outcome outcome = {OUTCOME_NONE, id, gateway ? gateway->epoch : 0, number, 0, 0};
    const struct decision *kept = gateway ? gateway_outcome(gateway, number) : NULL;
    if (kept) {
        ensure(kept->code != OUTCOME_NONE && kept->version <= store->revision);
        ensure(number >= gateway->lowest && number <= gateway->applied);
        outcome.code = kept->code;
        outcome.version = kept->version;
        outcome.value = kept->value;
    }
    return outcome;
}
