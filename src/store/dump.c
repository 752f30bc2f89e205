/* Writing a dump: the walk over the parts. load.c reads it. */
#include "store/dump.h"

#include "base/ensure.h"
#include "store/core.h"
#include "store/parts.h"
#include "store/state.h"

bool store_dump_active(const struct store *store)
{
    return store->dump.active;
}

void store_dump_begin(struct store *store)
{
    ensure(!store->load.active && !store->files.draining);
    ensure(!store_dump_active(store));
    store->dump = (struct dump){.active = true};
    for (size_t i = 0; i < PARTS_COUNT; i++) {
        ensure(parts[i]->walk_left(store) == 0); /* of the dump before */
        if (parts[i]->level > store->level)
            continue;
        parts[i]->walk_begin(store);
        if (parts[i]->number != PART_CORE)
            core_note_part(store, parts[i]->number, parts[i]->walk_left(store));
    }
    ensure(parts[0]->walk_left(store) > 0); /* what is announced goes first */
}

void store_dump_cancel(struct store *store)
{
    ensure(store_dump_active(store));
    ensure(store->dump.part <= PARTS_COUNT);
    for (size_t i = 0; i < PARTS_COUNT; i++) {
        parts[i]->walk_end(store);
        ensure(parts[i]->walk_left(store) == 0);
    }
    store->dump = (struct dump){0};
}

bool store_dump_step(struct store *store, struct buffer *out, size_t block_bytes)
{
    struct dump *dump = &store->dump;
    struct walk walk = {out, block_bytes, 0};
    ensure(store_dump_active(store));
    ensure(block_bytes > 0);
    size_t size_before = buffer_size(out);
    while (dump->part < PARTS_COUNT) {
        const struct part *part = parts[dump->part];
        uint64_t left = part->walk_left(store);
        if (left == 0) {
            dump->part++;
            continue;
        }
        if (walk_is_over(&walk))
            return false;
        size_t passed = walk.passed;
        part->walk(store, &walk);
        ensure(part->walk_left(store) < left || walk.passed > passed); /* or it would never end */
        ensure(part->walk_left(store) == 0 || walk_is_over(&walk));
    }
    ensure(buffer_size(out) > size_before); /* else the step before would have completed it */
    store_dump_cancel(store);
    return true;
}
