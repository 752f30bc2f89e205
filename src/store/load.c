/* Reading a dump. Its bytes may be anyone's: what is wrong makes the load fail, nothing makes it stop the program. */
#include "base/bytes.h"
#include "base/ensure.h"
#include "protocol/transaction.h"
#include "store/dump.h"
#include "store/parts.h"
#include "store/state.h"

static enum load_result load_record(struct store *store, struct reader *block)
{
    ensure(reader_left(block) > 0 && store->load.result == LOAD_TAKEN);
    uint8_t number = reader_u8(block);
    uint8_t type = reader_u8(block);
    uint32_t size = reader_u32(block);
    const uint8_t *content = reader_bytes(block, size);
    if (!content)
        return LOAD_BAD;
    const struct part *part = parts_find(number);
    if (!part)
        return LOAD_NEWER;
    if (number != PART_CORE && !store->load.begun)
        return LOAD_BAD;
    struct reader record = reader_of(content, size);
    enum load_result result = part->load(store, type, &record);
    ensure(result != LOAD_TAKEN || store->load.begun);
    return result == LOAD_TAKEN && (record.bad || reader_left(&record) > 0) ? LOAD_BAD : result;
}

bool store_load(struct store *store, const uint8_t *bytes, size_t size)
{
    struct loading *load = &store->load;
    ensure(!store_dump_active(store));
    ensure(load->active || (store->applied == 0 && store->files.table.count == 0));
    load->active = true;
    if (size == 0)
        return load->result == LOAD_TAKEN;
    struct reader block = reader_of(bytes, size);
    while (load->result == LOAD_TAKEN && reader_left(&block) > 0)
        load->result = load_record(store, &block);
    return load->result == LOAD_TAKEN;
}

bool store_load_starved(const struct store *store)
{
    ensure(store->load.active || store->load.result == LOAD_TAKEN);
    return store->load.result == LOAD_STARVED;
}

bool store_load_newer(const struct store *store)
{
    ensure(store->load.active || store->load.result == LOAD_TAKEN);
    return store->load.result == LOAD_NEWER;
}

bool store_load_end(struct store *store)
{
    struct loading *load = &store->load;
    if (load->result != LOAD_TAKEN || !load->begun)
        return false;
    ensure(load->active);
    for (size_t i = 0; i < PARTS_COUNT; i++)
        if (load->left[parts[i]->number] > 0 || (parts[i]->load_end && !parts[i]->load_end(store)))
            return false;
    ensure(store->gateways.count <= STORE_GATEWAYS_MAX && store->files.settings <= store->files.table.count);
    ensure(store->tokens.count <= STORE_TOKENS_MAX && store->tokens.count == store->tokens.table.count);
    ensure(store->events.count == 0); /* what came this way was told when it was done */
    *load = (struct loading){0};
    ensure(store->files.table.count / TRANSACTION_PARTS_MAX <= store->revision);
    return true;
}

bool store_drain(struct store *store, size_t count)
{
    bool empty = true;
    if (store_dump_active(store))
        store_dump_cancel(store);
    for (size_t i = 0; i < PARTS_COUNT && empty; i++)
        empty = parts[i]->drain(store, count);
    ensure(!empty || store->files.names.count == 0);
    ensure(!empty || (store->tokens.count == 0 && store->files.dropping.ring.count == 0));
    return empty;
}
