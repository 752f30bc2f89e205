#include "store/files/files_part.h"

#include <string.h>

#include "base/hash.h"
#include "store/files/changes.h"
#include "store/files/expiry.h"
#include "store/state.h"

enum files_record {
    RECORD_FILE = 1,
    RECORD_DROPPED,
};

enum {
    FILE_HEADER = 24,     /* of the record's content, before the command */
    DROPPED_HEADER = 8,   /* likewise */
    WALK_COUNT = 64,      /* files looked at in one go */
};

static uint64_t files_part_hash(const struct store *store)
{
    const struct files *files = &store->files;
    ensure(files->table.count == files->names.count);
    ensure(files->dropping.ring.count > 0 || files->dropping.hash == 0);
    uint8_t state[16];
    bytes_put_u64(state, files->hash);
    bytes_put_u64(state + 8, files->dropping.hash);
    return hash_bytes(state, sizeof state, files->dropping.ring.count);
}

/* What is still to be released is due, too: no other entry may come for long. */
static uint64_t files_part_due_ms(const struct store *store)
{
    if (store->files.dropping.ring.count > 0)
        return store->time_ms > 0 ? store->time_ms : 1;
    const struct file *file = files_first_due(&store->files);
    ensure(!file || file_expires_ms(file) > 0);
    return file ? file_expires_ms(file) : 0;
}

static void files_part_expire(struct store *store)
{
    expiry_sweep(store);
    dropping_end(&store->files.dropping, STORE_DROPS_MAX);
}

/* --- dump --------------------------------------------------------------------------------------------------------- */

static void files_walk_begin(struct store *store)
{
    struct files *files = &store->files;
    ensure(!files->draining && files->table.count == files->names.count);
    ensure(files->heap.count <= files->table.count && files->contents_bytes <= files->memory_bytes);
    ensure(pool_memory_bytes(&files->pool) >= files->table.count * sizeof(struct file));
    preimages_begin(&files->preimages);
    dropping_walk_begin(&files->dropping);
    files->walk = (struct files_walk){.left = files->table.count};
    ensure(files->preimages.active && files->settings <= files->walk.left);
}

static uint64_t files_walk_left(const struct store *store)
{
    ensure(store->files.preimages.active || store->files.walk.left == 0);
    return store->files.walk.left + dropping_walk_left(&store->files.dropping);
}

static void files_walk_end(struct store *store)
{
    ensure(store->files.walk.left >= store->files.preimages.count);
    preimages_end(&store->files.preimages);
    dropping_walk_end(&store->files.dropping);
    store->files.walk = (struct files_walk){0};
    ensure(!store->files.preimages.active && !store->files.dropping.walking);
}

static void put_file(struct files *files, struct buffer *out, const struct file_state *file)
{
    ensure(files->walk.left > 0);
    ensure(file->version > 0 && file->created <= file->version);
    files->walk.left--;
    size_t end = dump_record(out, PART_FILES, RECORD_FILE, FILE_HEADER + (size_t)file->blob->size);
    buffer_append_u64(out, file->version);
    buffer_append_u64(out, file->created);
    buffer_append_u64(out, file->expires_ms);
    buffer_append(out, file->blob->bytes, file->blob->size);
    ensure(buffer_size(out) == end);
}

static void put_dropped(struct files *files, struct buffer *out)
{
    struct dropped dropped = dropping_walk_next(&files->dropping);
    ensure(dropped.blob->size > COMMAND_HEADER_SIZE);
    size_t end = dump_record(out, PART_FILES, RECORD_DROPPED, DROPPED_HEADER + (size_t)dropped.blob->size);
    buffer_append_u64(out, dropped.hash);
    buffer_append(out, dropped.blob->bytes, dropped.blob->size);
    ensure(buffer_size(out) == end);
    blob_release(dropped.blob);
}

/* The next few names: the files among them that the dump still needs go into it. */
static void walk_names(struct files *files, struct walk *walk)
{
    struct files_walk *place = &files->walk;
    struct named *things[WALK_COUNT];
    const uint8_t *cursor = place->cursor_size > 0 ? place->cursor : NULL;
    size_t count = names_walk(&files->names, cursor, place->cursor_size, things, WALK_COUNT);
    ensure(count > 0); /* something is left: it is behind the cursor */
    ensure(files->preimages.count == 0); /* they go first */
    size_t done = 0;
    while (done < count && !walk_is_over(walk)) {
        struct file *file = (struct file *)things[done++];
        if (file->expiry.mark == files->preimages.number) {
            walk->passed++;
            continue;
        }
        ensure(file->expiry.mark < files->preimages.number);
        file->expiry.mark = files->preimages.number;
        struct file_state state = file_state(file);
        put_file(files, walk->out, &state);
    }
    ensure(done > 0);
    const struct named *last = things[done - 1];
    ensure(last->name_size <= sizeof place->cursor);
    ensure(!cursor || names_compare(last->name, last->name_size, cursor, place->cursor_size) > 0);
    memcpy(place->cursor, last->name, last->name_size);
    place->cursor_size = last->name_size;
}

/* Preimages count as left: what comes last is a record, so the step that completes the dump is not empty. */
static void files_walk(struct store *store, struct walk *walk)
{
    struct files *files = &store->files;
    ensure(files->walk.left >= files->preimages.count);
    while (files->walk.left > 0 && !walk_is_over(walk)) {
        struct file_state state;
        if (preimages_take(&files->preimages, &state)) {
            put_file(files, walk->out, &state);
            blob_release(state.blob);
        } else {
            walk_names(files, walk);
        }
    }
    ensure(files->walk.left > 0 || files->preimages.count == 0);
    while (dropping_walk_left(&files->dropping) > 0 && !walk_is_over(walk))
        put_dropped(files, walk->out);
}

/* --- load --------------------------------------------------------------------------------------------------------- */

/* The command of a file's record must be what writes such a file; touched, it may live longer or shorter. */
static bool file_is_valid(const struct store *store, const struct command *command, const struct file_state *state)
{
    if (!change_becomes(command->kind) || (command->kind == COMMAND_SET && state->expires_ms != 0))
        return false; /* a setting does not expire */
    if (state->created == 0 || state->created > state->version || state->version > store->revision)
        return false;
    return state->expires_ms <= expiry_ms(store->time_ms, REQUEST_EXPTIME_MAX_S);
}

/* A setting that no row knows is a newer program's: the level let it in. */
static enum load_result judge_setting(const struct store *store, const struct command *set)
{
    const struct setting *setting = settings_find(store->settings, set->name, set->name_size);
    if (!setting)
        return LOAD_NEWER;
    ensure(setting->judge != NULL);
    return setting->level <= store->level && setting->judge(set->value, set->value_size) ? LOAD_TAKEN : LOAD_BAD;
}

static enum load_result load_file(struct store *store, struct reader *record)
{
    struct file_state state = {NULL, reader_u64(record), 0, 0};
    state.created = reader_u64(record);
    state.expires_ms = reader_u64(record);
    size_t size = reader_left(record);
    const uint8_t *bytes = reader_bytes(record, size);
    struct command command;
    if (!bytes || !command_decode(bytes, size, &command) || !file_is_valid(store, &command, &state))
        return LOAD_BAD;
    if (command.kind == COMMAND_SET) {
        enum load_result result = judge_setting(store, &command);
        if (result != LOAD_TAKEN)
            return result;
    }
    if (files_find(&store->files, command.name, command.name_size) || !load_count(store, PART_FILES, 1))
        return LOAD_BAD;
    state.blob = blob_new(size);
    if (!state.blob)
        return LOAD_STARVED;
    memcpy(state.blob->bytes, bytes, size);
    files_add(&store->files, &state);
    ensure(state.blob->references == 2);
    blob_release(state.blob);
    ensure(store->files.table.count == store->files.names.count);
    return LOAD_TAKEN;
}

static enum load_result load_dropped(struct store *store, struct reader *record)
{
    uint64_t hash = reader_u64(record);
    size_t size = reader_left(record);
    const uint8_t *bytes = reader_bytes(record, size);
    struct command command;
    if (!bytes || !command_decode(bytes, size, &command) || !change_becomes(command.kind) ||
        !load_count(store, PART_FILES, 1))
        return LOAD_BAD;
    struct blob *blob = blob_new(size);
    if (!blob)
        return LOAD_STARVED;
    memcpy(blob->bytes, bytes, size);
    ensure(blob->references == 1); /* which is the list's now */
    dropping_add(&store->files.dropping, blob, hash);
    return LOAD_TAKEN;
}

static enum load_result files_load(struct store *store, uint8_t type, struct reader *record)
{
    switch ((enum files_record)type) {
    case RECORD_FILE:
        return load_file(store, record);
    case RECORD_DROPPED:
        return load_dropped(store, record);
    }
    return LOAD_NEWER;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static bool files_part_drain(struct store *store, size_t count)
{
    ensure(!store->dump.active && store->files.dropping.spent == 0);
    return files_drain(&store->files, count);
}

static size_t files_part_memory_bytes(const struct store *store)
{
    return files_memory_bytes(&store->files);
}

const struct part files_part = {
    .number = PART_FILES,
    .name = "files",
    .level = LEVEL_BASE,
    .hash = files_part_hash,
    .due_ms = files_part_due_ms,
    .expire = files_part_expire,
    .walk_begin = files_walk_begin,
    .walk_left = files_walk_left,
    .walk = files_walk,
    .walk_end = files_walk_end,
    .load = files_load,
    .drain = files_part_drain,
    .memory_bytes = files_part_memory_bytes,
};
