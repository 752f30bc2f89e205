/* Reading a dump. Its bytes may be anyone's: what is wrong makes the load fail, nothing makes it stop the program. */
#include "store/dump.h"

#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "store/expiry.h"
#include "store/state.h"

/* Counters in a dump leave room to count on. */
#define COUNTER_MAX (UINT64_MAX / 2)

static bool load_state(struct store *store, struct reader *reader)
{
    uint64_t index = reader_u64(reader);
    uint64_t time_ms = reader_u64(reader);
    uint64_t revision = reader_u64(reader);
    uint64_t files = reader_u64(reader);
    uint32_t gateways = reader_u32(reader);
    if (reader->bad || store->load.begun)
        return false;
    /* Every file took a revision of its own. */
    if (index > COUNTER_MAX || revision > COUNTER_MAX || files > revision || gateways > STORE_GATEWAYS_MAX)
        return false;
    ensure(store->revision == 0 && store->gateways.count == 0);
    store->applied = index;
    store->time_ms = time_ms;
    store->revision = revision;
    store->load.begun = true;
    store->load.files_left = files;
    store->load.gateways_left = gateways;
    return true;
}

static bool outcome_is_valid(const struct store *store, uint8_t code, uint64_t version)
{
    switch (code) {
    case OUTCOME_WRITTEN:
    case OUTCOME_DELETED:
        return version > 0 && version <= store->revision;
    case OUTCOME_MISMATCH:
        return version <= store->revision;
    case OUTCOME_NOT_FOUND:
    case OUTCOME_SKIPPED:
        return version == 0;
    default:
        return false;
    }
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
    struct gateway *gateway = gateways_add(&store->gateways, id, nonce, epoch, lowest);
    ensure(gateway != NULL);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t code = reader_u8(reader);
        uint64_t version = reader_u64(reader);
        if (reader->bad || !outcome_is_valid(store, code, version))
            return false;
        gateway_keep(gateway, (enum outcome_code)code, version);
    }
    ensure(gateway->applied == applied && gateway->lowest == lowest);
    store->load.gateways_left--;
    return true;
}

/* The payload of a file's record must be what writes such a file. */
static bool file_is_valid(const struct store *store, const struct command *command, uint64_t version,
                          uint64_t expires_ms)
{
    if (command->kind != COMMAND_WRITE && command->kind != COMMAND_CAS)
        return false;
    if (version == 0 || version > store->revision)
        return false;
    if (command->exptime_s > REQUEST_EXPTIME_MAX_S || (command->exptime_s == 0) != (expires_ms == 0))
        return false;
    return expires_ms <= expiry_ms(store->time_ms, command->exptime_s);
}

static bool load_file(struct store *store, struct reader *reader)
{
    uint64_t version = reader_u64(reader);
    uint64_t expires_ms = reader_u64(reader);
    uint32_t size = reader_u32(reader);
    const uint8_t *payload = reader_bytes(reader, size);
    struct command command;
    if (!payload || store->load.files_left == 0 || !command_decode(payload, size, &command))
        return false;
    if (!file_is_valid(store, &command, version, expires_ms))
        return false;
    if (files_find(&store->files, command.name, command.name_size))
        return false;
    ensure(size >= COMMAND_HEADER_SIZE && command.name > payload);
    struct blob *blob = blob_new(size);
    if (!blob)
        return false;
    memcpy(blob->bytes, payload, size);
    const uint8_t *name = blob->bytes + (command.name - payload);
    files_add(&store->files, name, command.name_size, blob, version, expires_ms);
    blob_release(blob);
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
    default:
        return false;
    }
}

bool store_load(struct store *store, const uint8_t *bytes, size_t size)
{
    struct load *load = &store->load;
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

bool store_load_end(struct store *store)
{
    struct load *load = &store->load;
    if (load->bad || !load->begun || load->files_left > 0 || load->gateways_left > 0)
        return false;
    ensure(load->active);
    *load = (struct load){0};
    ensure(store_file_count(store) <= store->revision);
    return true;
}

bool store_drain(struct store *store, size_t count)
{
    if (store_dump_active(store))
        store_dump_cancel(store);
    return files_drain(&store->files, count);
}
