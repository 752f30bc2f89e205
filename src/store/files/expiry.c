#include "store/files/expiry.h"

#include "base/ensure.h"
#include "store/files/keep.h"

uint64_t expiry_ms(uint64_t time_ms, uint64_t exptime_s)
{
    ensure(exptime_s <= REQUEST_EXPTIME_MAX_S);
    if (exptime_s == 0)
        return 0;
    uint64_t life_ms = exptime_s * 1000;
    /* A clock so far ahead is broken, but the same on every node: so is what follows from it. */
    return time_ms <= UINT64_MAX - life_ms ? time_ms + life_ms : UINT64_MAX;
}

static bool is_due(const struct store *store, const struct file *file)
{
    ensure(file_version(file) <= store->revision);
    return file_expires_ms(file) > 0 && file_expires_ms(file) <= store->time_ms;
}

static void expire(struct store *store, struct file *file)
{
    ensure(is_due(store, file));
    uint64_t revision = store_next_revision(store);
    ensure(file_version(file) < revision);
    size_t count = store->files.table.count;
    keep_remove(store, file, EVENT_BY_EXPIRY);
    ensure(store->files.table.count == count - 1);
}

struct file *expiry_find(struct store *store, const uint8_t *name, size_t name_size)
{
    struct file *file = files_find(&store->files, name, name_size);
    if (file && is_due(store, file)) {
        expire(store, file);
        file = NULL;
    }
    return file;
}

void expiry_sweep(struct store *store)
{
    uint64_t due_ms = 0;
    for (int i = 0; i < STORE_SWEEP_MAX; i++) {
        struct file *file = files_first_due(&store->files);
        if (!file || !is_due(store, file))
            return;
        ensure(file_expires_ms(file) >= due_ms); /* the earliest first, alike on all nodes */
        due_ms = file_expires_ms(file);
        expire(store, file);
    }
}
