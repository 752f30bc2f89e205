#include "store/files/keep.h"

/* What STATE is is told, but for a setting. */
static void tell_put(struct store *store, const struct file_state *state)
{
    const uint8_t *name = state->blob->bytes + COMMAND_HEADER_SIZE;
    size_t name_size = command_name_size(state->blob);
    if (setting_has_name(name, name_size))
        return;
    struct store_event *event = store_event_add(&store->events, state->version);
    event->kind = EVENT_CHANGED;
    event->cause = EVENT_BY_COMMAND;
    event->name_size = (uint16_t)name_size;
    event->name = name;
    event->blob = state->blob;
    event->version = state->version;
    event->expires_ms = state->expires_ms;
}

void keep_put(struct store *store, struct file *file, const struct file_state *state)
{
    ensure(state->version == store->revision);
    ensure(!file || file_version(file) < state->version);
    if (file)
        files_replace(&store->files, file, state);
    else
        files_add(&store->files, state);
    tell_put(store, state);
}

static void tell_remove(struct store *store, const struct file *file, enum store_event_cause cause)
{
    if (setting_has_name(file->named.name, file->named.name_size))
        return;
    struct store_event *event = store_event_add(&store->events, store->revision);
    event->kind = EVENT_REMOVED;
    event->cause = cause;
    event->name_size = file->named.name_size;
    event->name = file->named.name;
    event->blob = blob_hold(file_blob(file));
    event->version = file_version(file);
    event->expires_ms = 0;
    store->events.held++;
    ensure(store->events.held <= store->events.count && event->version < event->revision);
}

void keep_remove(struct store *store, struct file *file, enum store_event_cause cause)
{
    ensure(file_version(file) < store->revision);
    ensure(cause == EVENT_BY_COMMAND || file_expires_ms(file) > 0);
    tell_remove(store, file, cause);
    files_remove(&store->files, file);
}
