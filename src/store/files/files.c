#include "store/files/files.h"

#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/hash.h"
#include "base/memory.h"
#include "store/files/settings.h"
#include "store/limits.h"

_Static_assert(offsetof(struct file, named) == 0, "a struct named of this store is a file");
_Static_assert(sizeof(struct file) == 64, "there is one for every file");

/* Name, body, value and extras lie side by side in the blob and are hashed in one run; the name's size says where one
 * ends. What is before them (whose command it was) is not part of the file. */
static uint64_t file_hash(const struct file *file)
{
    ensure(file_blob(file)->size >= COMMAND_HEADER_SIZE + (size_t)file->named.name_size);
    uint8_t state[32];
    bytes_put_u64(state, file_version(file));
    bytes_put_u64(state + 8, file_expires_ms(file));
    bytes_put_u64(state + 16, file->named.name_size);
    bytes_put_u64(state + 24, hash_bytes(file->named.name, file_blob(file)->size - COMMAND_HEADER_SIZE, 0));
    return hash_bytes(state, sizeof state, file->created);
}

/* The files of one transaction have one version: those that fall due together expire in the order of their names. */
static int compare_names(const struct heap_item *a, const struct heap_item *b)
{
    const struct named *one = &list_item(a, const struct file, expiry)->named;
    const struct named *other = &list_item(b, const struct file, expiry)->named;
    int order = names_compare(one->name, one->name_size, other->name, other->name_size);
    ensure(order != 0 || a == b); /* no two files have one name */
    return order;
}

void files_init(struct files *files, uint64_t seed)
{
    *files = (struct files){0};
    table_init(&files->table, seed);
    pool_init(&files->pool, sizeof(struct file));
    files->heap.compare = compare_names;
}

void files_close(struct files *files)
{
    ensure(files->names.count == 0);
    ensure(files->memory_bytes == 0);
    preimages_close(&files->preimages);
    dropping_close(&files->dropping);
    pool_close(&files->pool);
    heap_close(&files->heap);
    names_close(&files->names);
    table_close(&files->table);
}

struct file *files_find(struct files *files, const void *name, size_t name_size)
{
    ensure(!files->draining);
    return (struct file *)table_find(&files->table, name, name_size);
}

void files_expect(const struct files *files, const struct table_name *names, size_t count)
{
    table_expect(&files->table, names, count);
}

/* Of name and value. */
static size_t file_contents_bytes(const struct file *file)
{
    return file->named.name_size + command_value_size(file_blob(file));
}

/* Gives FILE, which has no blob, its state, and counts it. */
static void take_state(struct files *files, struct file *file, const struct file_state *state)
{
    ensure(state->created > 0 && state->created <= state->version && file->expiry.place == 0);
    blob_hold(state->blob);
    file->named.name = state->blob->bytes + COMMAND_HEADER_SIZE;
    file->created = state->created;
    file->expiry.key = state->expires_ms;
    file->expiry.tie = state->version;
    if (state->expires_ms > 0)
        heap_insert(&files->heap, &file->expiry);
    file->hash = file_hash(file);
    files->hash += file->hash;
    files->memory_bytes += file_blob_memory_bytes(state->blob);
    files->contents_bytes += file_contents_bytes(file);
}

/* The opposite of take_state, but for the blob: the caller releases it when the name in it is needed no more. */
static void drop_state(struct files *files, struct file *file)
{
    ensure((file->expiry.place > 0) == (file_expires_ms(file) > 0));
    if (file->expiry.place > 0)
        heap_remove(&files->heap, &file->expiry);
    files->hash -= file->hash;
    ensure(files->memory_bytes >= file_blob_memory_bytes(file_blob(file)));
    files->memory_bytes -= file_blob_memory_bytes(file_blob(file));
    size_t contents_bytes = file_contents_bytes(file);
    ensure(files->contents_bytes >= contents_bytes);
    files->contents_bytes -= contents_bytes;
}

/* Before FILE changes: a dump under way that has not come to it yet gets it as it is now. */
static void keep_preimage(struct files *files, struct file *file)
{
    ensure(file->expiry.mark <= files->preimages.number);
    if (!files->preimages.active || file->expiry.mark == files->preimages.number)
        return;
    struct file_state state = file_state(file);
    preimages_add(&files->preimages, &state);
    ensure(files->preimages.count <= files->walk.left); /* they count among those that are left */
    file->expiry.mark = files->preimages.number;
}

void files_add(struct files *files, const struct file_state *state)
{
    ensure(!files->draining);
    struct file *file = pool_get(&files->pool);
    file->named.name_size = (uint16_t)command_name_size(state->blob);
    file->expiry.mark = files->preimages.number;
    take_state(files, file, state);
    files->settings += setting_has_name(file->named.name, file->named.name_size);
    table_insert(&files->table, &file->named);
    names_insert(&files->names, &file->named);
    ensure(files->heap.count <= files->names.count);
    ensure(files->table.count == files->names.count);
}

void files_replace(struct files *files, struct file *file, const struct file_state *state)
{
    struct blob *old = file_blob(file);
    uint64_t hash = file->hash;
    ensure(state->version > file_version(file) || (state->blob == old && state->version == file_version(file)));
    ensure(memcmp(state->blob->bytes + COMMAND_HEADER_SIZE, file->named.name, file->named.name_size) == 0);
    keep_preimage(files, file);
    drop_state(files, file);
    take_state(files, file, state);
    if (state->blob == old)
        blob_release(old);
    else
        dropping_take(&files->dropping, old, hash, STORE_DROPS_MAX);
}

void files_remove(struct files *files, struct file *file)
{
    ensure(!files->draining && files->heap.count <= files->table.count);
    keep_preimage(files, file);
    drop_state(files, file);
    files->settings -= setting_has_name(file->named.name, file->named.name_size);
    names_remove(&files->names, &file->named);
    table_remove(&files->table, &file->named);
    ensure(files->table.count == files->names.count && files->settings <= files->names.count);
    ensure(files->table.count > 0 || (files->contents_bytes == 0 && files->memory_bytes == 0));
    dropping_take(&files->dropping, file_blob(file), file->hash, STORE_DROPS_MAX);
    pool_put(&files->pool, file);
}

bool files_drain(struct files *files, size_t count)
{
    ensure(!files->preimages.active);
    ensure(files->draining || files->table.count == files->names.count);
    files->draining = true;
    dropping_sweep(&files->dropping, count);
    struct named *named;
    for (size_t i = 0; i < count && (named = names_first(&files->names)) != NULL; i++) {
        struct file *file = (struct file *)named;
        names_remove(&files->names, named);
        files->memory_bytes -= file_blob_memory_bytes(file_blob(file));
        blob_release(file_blob(file));
        pool_put(&files->pool, file);
    }
    ensure(files->names.count > 0 || files->memory_bytes == 0);
    return files->names.count == 0 && files->dropping.ring.count == 0;
}

size_t files_memory_bytes(const struct files *files)
{
    return files->memory_bytes + pool_memory_bytes(&files->pool) + table_memory_bytes(&files->table) +
           files->names.memory_bytes +
           files->heap.capacity * sizeof *files->heap.items + preimages_memory_bytes(&files->preimages) +
           files->dropping.bytes;
}
