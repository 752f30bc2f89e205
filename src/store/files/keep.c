#include "store/files/keep.h"

void keep_put(struct store *store, struct file *file, const struct file_state *state)
{
    ensure(state->version == store->revision);
    ensure(!file || file_version(file) < state->version);
    const struct store_event event = {
        .kind = EVENT_CHANGED,
        .cause = EVENT_BY_COMMAND,
        .name = state->blob->bytes + COMMAND_HEADER_SIZE,
        .name_size = (uint16_t)command_name_size(state->blob),
        .blob = state->blob,
        .revision = state->version,
        .version = state->version,
        .size = command_value_size(state->blob),
        .expires_ms = state->expires_ms,
    };
    if (file)
        files_replace(&store->files, file, state);
    else
        files_add(&store->files, state);
    if (!setting_has_name(event.name, event.name_size))
        store_event_add(&store->events, &event);
}

void keep_remove(struct store *store, struct file *file, enum store_event_cause cause)
{
    ensure(file_version(file) <= store->revision);
    ensure(cause == EVENT_BY_COMMAND || file_expires_ms(file) > 0);
    const struct store_event event = {
        .kind = EVENT_REMOVED,
        .cause = cause,
        .name = file->named.name,
        .name_size = file->named.name_size,
        .blob = file_blob(file),
        .revision = store->revision,
        .version = file_version(file),
    };
    if (!setting_has_name(event.name, event.name_size))
        store_event_add(&store->events, &event);
    files_remove(&store->files, file);
}
