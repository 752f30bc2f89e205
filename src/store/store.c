/* Applying entries, and what can be asked of the state. */
#include "store/store.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/hash.h"
#include "base/memory.h"
#include "store/dump.h"
#include "store/expiry.h"
#include "store/state.h"

enum { DRAIN_COUNT = 1024 };

struct store *store_open(uint64_t seed)
{
    struct store *store = memory_get(sizeof *store);
    files_init(&store->files, seed);
    return store;
}

void store_close(struct store *store)
{
    ensure(store != NULL);
    while (!store_drain(store, DRAIN_COUNT))
        ;
    files_close(&store->files);
    gateways_close(&store->gateways);
    free(store);
}

/* --- commands --------------------------------------------------------------------------------------------------- */

/* How one command ends: a code and a version. */
struct result {
    enum outcome_code code;
    uint64_t version;
};

/* Writes the command's file; FILE is the one of that name, NULL if there is none. */
static struct result put(struct store *store, struct file *file, const struct command *command, struct blob *blob)
{
    uint64_t expires_ms = expiry_ms(store->time_ms, command->exptime_s);
    uint64_t version = store_next_revision(store);
    ensure(!file || file_version(file) < version);
    ensure(expires_ms == 0 || expires_ms > store->time_ms || store->time_ms == UINT64_MAX);
    if (file)
        files_replace(&store->files, file, command->name, blob, version, expires_ms);
    else
        files_add(&store->files, command->name, command->name_size, blob, version, expires_ms);
    return (struct result){OUTCOME_WRITTEN, version};
}

static struct result apply_skip(struct store *store, const struct command *command, struct blob *blob)
{
    (void)store;
    (void)command;
    (void)blob;
    return (struct result){OUTCOME_SKIPPED, 0};
}

static struct result apply_write(struct store *store, const struct command *command, struct blob *blob)
{
    struct file *file = expiry_find(store, command->name, command->name_size);
    return put(store, file, command, blob);
}

static struct result apply_cas(struct store *store, const struct command *command, struct blob *blob)
{
    struct file *file = expiry_find(store, command->name, command->name_size);
    uint64_t version = file ? file_version(file) : 0;
    ensure((version > 0) == (file != NULL));
    if (command->version != version)
        return (struct result){OUTCOME_MISMATCH, version};
    return put(store, file, command, blob);
}

static struct result apply_delete(struct store *store, const struct command *command, struct blob *blob)
{
    (void)blob;
    struct file *file = expiry_find(store, command->name, command->name_size);
    if (!file)
        return (struct result){OUTCOME_NOT_FOUND, 0};
    files_remove(&store->files, file);
    return (struct result){OUTCOME_DELETED, store_next_revision(store)};
}

/* The kinds that take a number. */
static const struct {
    struct result (*apply)(struct store *store, const struct command *command, struct blob *blob);
} NUMBERED[COMMAND_KIND_END] = {
    [COMMAND_SKIP] = {apply_skip},
    [COMMAND_WRITE] = {apply_write},
    [COMMAND_CAS] = {apply_cas},
    [COMMAND_DELETE] = {apply_delete},
};

static struct outcome apply_numbered(struct store *store, const struct command *command, struct blob *blob)
{
    ensure(command->kind < COMMAND_KIND_END && NUMBERED[command->kind].apply);
    struct outcome outcome = {OUTCOME_NONE, command->gateway, command->epoch, command->number, 0};
    struct gateway *gateway = gateways_find(&store->gateways, command->gateway);
    if (!gateway || !gateway_expects(gateway, command->epoch, command->number))
        return outcome;
    struct result result = NUMBERED[command->kind].apply(store, command, blob);
    ensure(result.code != OUTCOME_NONE);
    gateway_keep(gateway, result.code, result.version);
    gateway_drop_below(gateway, command->lowest);
    ensure(gateway->applied == command->number);
    outcome.code = result.code;
    outcome.version = result.version;
    return outcome;
}

static struct outcome apply_open(struct store *store, const struct command *command)
{
    bool opened = gateways_open(&store->gateways, command->gateway, command->epoch, store->applied);
    const struct gateway *gateway = gateways_find(&store->gateways, command->gateway);
    ensure(!opened || (gateway->epoch == store->applied && gateway->applied == 0));
    ensure(!gateway || gateway->epoch <= store->applied);
    enum outcome_code code = opened ? OUTCOME_OPENED : OUTCOME_NONE;
    return (struct outcome){code, command->gateway, gateway ? gateway->epoch : 0, 0, 0};
}

/* Makes COMMAND a skip of the number that BYTES hold, though no client could have sent the rest of them. A command
 * whose turn it is uses its number up whatever else it says: if not, all that its gateway sends after it would be a
 * gap, for ever. False where there is no number. */
static bool decode_unsound(const uint8_t *bytes, size_t size, struct command *command)
{
    if (!command_origin(bytes, size, command))
        return false;
    if (command->kind >= COMMAND_KIND_END || !NUMBERED[command->kind].apply)
        return false;
    command->kind = COMMAND_SKIP;
    return true;
}

static struct outcome apply_payload(struct store *store, struct blob *blob)
{
    const struct outcome none = {OUTCOME_NONE, 0, 0, 0, 0};
    if (!blob)
        return none;
    struct command command;
    bool sound = command_decode(blob->bytes, blob->size, &command) && command.exptime_s <= REQUEST_EXPTIME_MAX_S;
    if (!sound && !decode_unsound(blob->bytes, blob->size, &command))
        return none;
    switch (command.kind) {
    case COMMAND_TICK:
        return none;
    case COMMAND_OPEN:
        return apply_open(store, &command);
    default:
        return apply_numbered(store, &command, blob);
    }
}

struct outcome store_apply(struct store *store, uint64_t index, uint64_t time_ms, struct blob *blob)
{
    ensure(!store->load.active);
    ensure(index == store->applied + 1);
    store->applied = index;
    if (time_ms > store->time_ms)
        store->time_ms = time_ms;
    uint64_t revision = store->revision;
    struct outcome outcome = apply_payload(store, blob);
    expiry_sweep(store);
    /* The command's own change, the expiry of its file, and the sweep. */
    ensure(store->revision >= revision && store->revision - revision <= 2 + STORE_SWEEP_MAX);
    ensure(outcome.version <= store->revision);
    ensure(store_file_count(store) <= store->revision);
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
    files_expect(&store->files, names, name_count);
}

/* --- what can be asked ------------------------------------------------------------------------------------------ */

bool store_read(struct store *store, const void *name, size_t name_size, struct store_file *read)
{
    struct file *file = files_find(&store->files, name, name_size);
    if (!file)
        return false;
    size_t offset = command_value_offset(file_blob(file));
    ensure(offset <= file_blob(file)->size);
    *read = (struct store_file){
        .version = file_version(file),
        .expires_ms = file_expires_ms(file),
        .blob = file_blob(file),
        .value_offset = offset,
        .value_size = file_blob(file)->size - offset,
    };
    return true;
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
    return store->files.table.count;
}

uint64_t store_memory_bytes(const struct store *store)
{
    return files_memory_bytes(&store->files);
}

uint64_t store_due_ms(const struct store *store)
{
    const struct file *file = files_first_due(&store->files);
    ensure(!file || file_expires_ms(file) > 0);
    return file ? file_expires_ms(file) : 0;
}

uint64_t store_hash(const struct store *store)
{
    uint8_t state[32];
    bytes_put_u64(state, store->files.hash);
    bytes_put_u64(state + 8, gateways_hash(&store->gateways));
    bytes_put_u64(state + 16, store->revision);
    bytes_put_u64(state + 24, store->time_ms);
    return hash_bytes(state, sizeof state, 0);
}

bool store_gateway(const struct store *store, uint32_t id, struct store_gateway *state)
{
    const struct gateway *gateway = gateways_find(&store->gateways, id);
    if (!gateway)
        return false;
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
    const struct gateway *gateway = gateways_find(&store->gateways, id);
    struct outcome outcome = {OUTCOME_NONE, id, gateway ? gateway->epoch : 0, number, 0};
    const struct kept_outcome *kept = gateway ? gateway_outcome(gateway, number) : NULL;
    if (kept) {
        ensure(kept->code != OUTCOME_NONE && kept->version <= store->revision);
        outcome.code = kept->code;
        outcome.version = kept->version;
    }
    return outcome;
}
