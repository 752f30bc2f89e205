#include "store/core.h"

#include "base/hash.h"
#include "protocol/transaction.h"
#include "store/state.h"

enum { RECORD_STATE = 1, ITEMS_SIZE = 9 };

static uint64_t core_hash(const struct store *store)
{
    uint8_t state[18];
    ensure(store->level >= LEVEL_BASE);
    bytes_put_u64(state, store->revision);
    bytes_put_u64(state + 8, store->time_ms);
    bytes_put_u16(state + 16, store->level);
    return hash_bytes(state, sizeof state, 0);
}

uint16_t core_raise(struct store *store, uint16_t level)
{
    ensure(level <= store->level_known && store->level >= LEVEL_BASE);
    if (level > store->level)
        store->level = level;
    return store->level;
}

/* --- dump --------------------------------------------------------------------------------------------------------- */

static void core_walk_begin(struct store *store)
{
    ensure(!store->core_walk.left);
    ensure(!store->load.active && store->events.count <= STORE_EVENTS_MAX);
    ensure(store->level >= LEVEL_BASE && store->level <= store->level_known);
    store->core_walk = (struct core_walk){.left = true,
                                          .applied = store->applied,
                                          .time_ms = store->time_ms,
                                          .revision = store->revision,
                                          .level = store->level};
}

void core_note_part(struct store *store, enum part_number part, uint64_t items)
{
    ensure(store->core_walk.left && store->core_walk.applied == store->applied);
    struct core_walk *core = &store->core_walk;
    ensure(part > (core->part_count > 0 ? core->parts[core->part_count - 1] : PART_CORE) && part < PART_NUMBERS);
    core->parts[core->part_count] = part;
    core->items[core->part_count++] = items;
    ensure(core->revision == store->revision);
}

static uint64_t core_walk_left(const struct store *store)
{
    ensure(!store->core_walk.left || store->dump.active);
    return store->core_walk.left;
}

static void core_walk(struct store *store, struct walk *walk)
{
    struct core_walk *core = &store->core_walk;
    struct buffer *out = walk->out;
    ensure(core->left && core->revision <= store->revision && core->level <= store->level);
    ensure(core->applied <= store->applied && core->time_ms <= store->time_ms);
    size_t end = dump_record(out, PART_CORE, RECORD_STATE, 27 + (size_t)core->part_count * ITEMS_SIZE);
    buffer_append_u64(out, core->applied);
    buffer_append_u64(out, core->time_ms);
    buffer_append_u64(out, core->revision);
    buffer_append_u16(out, core->level);
    buffer_append_u8(out, core->part_count);
    for (uint8_t i = 0; i < core->part_count; i++) {
        buffer_append_u8(out, (uint8_t)core->parts[i]);
        buffer_append_u64(out, core->items[i]);
    }
    ensure(buffer_size(out) == end);
    core->left = false;
}

static void core_walk_end(struct store *store)
{
    ensure(store->dump.active && store->core_walk.applied <= store->applied);
    store->core_walk = (struct core_walk){0};
}

/* --- load --------------------------------------------------------------------------------------------------------- */

static enum load_result load_items(struct store *store, struct reader *record)
{
    ensure(store->load.active && !store->load.begun);
    uint8_t count = reader_u8(record);
    unsigned last = PART_CORE;
    for (uint8_t i = 0; i < count; i++) {
        uint8_t part = reader_u8(record);
        uint64_t items = reader_u64(record);
        if (record->bad || part <= last)
            return LOAD_BAD;
        last = part;
        if (part >= PART_NUMBERS)
            return LOAD_NEWER;
        store->load.left[part] = items;
    }
    return record->bad ? LOAD_BAD : LOAD_TAKEN;
}

static enum load_result core_load(struct store *store, uint8_t type, struct reader *record)
{
    if (type != RECORD_STATE)
        return LOAD_NEWER;
    uint64_t index = reader_u64(record);
    uint64_t time_ms = reader_u64(record);
    uint64_t revision = reader_u64(record);
    uint16_t level = reader_u16(record);
    if (record->bad || store->load.begun || index > COUNTER_MAX || revision > COUNTER_MAX)
        return LOAD_BAD;
    if (level < LEVEL_BASE)
        return LOAD_BAD;
    if (level > store->level_known)
        return LOAD_NEWER;
    ensure(store->revision == 0 && store->level == LEVEL_BASE);
    ensure(store->files.table.count == 0 && store->files.dropping.ring.count == 0); /* nothing comes before it */
    ensure(store->gateways.count == 0 && store->tokens.count == 0);
    enum load_result result = load_items(store, record);
    if (result != LOAD_TAKEN)
        return result;
    /* Every file took a revision, which it may share with others of its transaction. */
    if (store->load.left[PART_FILES] / TRANSACTION_PARTS_MAX > revision)
        return LOAD_BAD;
    store->applied = index;
    store->time_ms = time_ms;
    store->revision = revision;
    store->level = level;
    store->load.begun = true;
    ensure(store->load.left[PART_CORE] == 0); /* its record is this one */
    return LOAD_TAKEN;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static bool core_drain(struct store *store, size_t count)
{
    (void)count;
    ensure(!store->dump.active && !store->core_walk.left);
    return true;
}

static size_t core_memory_bytes(const struct store *store)
{
    (void)store;
    return sizeof *store;
}

const struct part core_part = {
    .number = PART_CORE,
    .name = "core",
    .level = LEVEL_BASE,
    .hash = core_hash,
    .walk_begin = core_walk_begin,
    .walk_left = core_walk_left,
    .walk = core_walk,
    .walk_end = core_walk_end,
    .load = core_load,
    .drain = core_drain,
    .memory_bytes = core_memory_bytes,
};
