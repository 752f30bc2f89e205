/* Whatever a snapshot's blocks hold: a store takes it or says no. What it takes is dumped and loaded again to the same
 * state. */
#include "base/ensure.h"
#include "store/dump.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void load_again(struct store *store)
{
    struct store *copy = store_open(2);
    struct buffer block = {0};
    store_dump_begin(store);
    for (bool done = false; !done;) {
        done = store_dump_step(store, &block, 512);
        ensure(store_load(copy, buffer_start(&block), buffer_size(&block)));
        buffer_clear(&block, SIZE_MAX);
    }
    ensure(store_load_end(copy));
    ensure(store_hash(copy) == store_hash(store) && store_applied(copy) == store_applied(store));
    buffer_close(&block);
    store_close(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct store *store = store_open(1);
    if (store_load(store, bytes, size) && store_load_end(store))
        load_again(store);
    store_close(store);
    return 0;
}
