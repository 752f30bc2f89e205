#include "disk_fs/fs_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "base/random.h"
#include "disk/fs.h"
#include "disk_fs/pages.c" /* so that who takes this file has all */

enum { MEMORY_PATH_MAX = 200, MEMORY_MACHINES_MAX = 64 };

struct memory_file {
    bool used;
    bool directory;
    bool locked;
    int machine;
    struct pages pages;
};

struct memory_name {
    char path[MEMORY_PATH_MAX];
    size_t file;
};

struct memory_names {
    struct memory_name *items;
    size_t count;
    size_t capacity;
};

/* A change of names that is not durable yet: REMOVE's name goes, then ADD's is there. */
struct memory_change {
    char remove[MEMORY_PATH_MAX];
    char add[MEMORY_PATH_MAX];
    size_t file;
};

struct memory_machine {
    char prefix[MEMORY_PATH_MAX];
    struct memory_names names;
    struct memory_names durable;
    struct memory_change *changes;
    size_t change_count;
    size_t change_capacity;
    uint64_t calls;
    uint64_t fail_at;
    int fail_error;
    uint64_t stop_at;
    bool stopped;
    bool struck;
    uint64_t limit;
};

struct memory_handle {
    bool blocks; /* fs_bypass_cache: whole blocks alone */
    bool used;
    bool stale; /* its process died */
    bool locks; /* its file's lock is this one's */
    size_t file;
};

struct fs_memory {
    struct random random;
    struct memory_file *files;
    size_t file_count;
    struct memory_handle *handles;
    size_t handle_count;
    struct memory_machine machines[MEMORY_MACHINES_MAX];
    int machine_count;
    bool no_directory_locks;
    uint64_t now_us;
    void (*before)(void *); /* NULL: no one watches */
    void *before_context;
};

static struct fs_memory *memory_current;

/* --- names ------------------------------------------------------------------------------------------------------ */

static struct memory_name *names_find(const struct memory_names *names, const char *path)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i].path, path) == 0)
            return &names->items[i];
    }
    return NULL;
}

static void names_unset(struct memory_names *names, const char *path)
{
    struct memory_name *name = names_find(names, path);
    if (!name)
        return;
    size_t place = (size_t)(name - names->items);
    memmove(name, name + 1, (names->count - place - 1) * sizeof *name);
    names->count--;
}

static void names_set(struct memory_names *names, const char *path, size_t file)
{
    struct memory_name *name = names_find(names, path);
    if (!name) {
        if (names->count == names->capacity) {
            names->capacity = names->capacity > 0 ? names->capacity * 2 : 16;
            names->items = memory_resize(names->items, names->capacity, sizeof *names->items);
        }
        name = &names->items[names->count++];
        ensure(strlen(path) < sizeof name->path);
        strcpy(name->path, path);
    }
    name->file = file;
}

static void names_copy(struct memory_names *to, const struct memory_names *from)
{
    free(to->items);
    *to = (struct memory_names){.count = from->count, .capacity = from->count};
    to->items = memory_resize(NULL, from->count, sizeof *to->items);
    if (from->count > 0)
        memcpy(to->items, from->items, from->count * sizeof *to->items);
}

static void memory_parent(const char *path, char parent[MEMORY_PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    ensure(slash != NULL && strlen(path) < MEMORY_PATH_MAX);
    memcpy(parent, path, (size_t)(slash - path));
    parent[slash - path] = '\0';
}

static bool memory_in(const char *path, const char *directory)
{
    char parent[MEMORY_PATH_MAX];
    if (path[0] == '\0')
        return false;
    memory_parent(path, parent);
    return strcmp(parent, directory) == 0;
}

/* --- files ------------------------------------------------------------------------------------------------------ */

static size_t memory_new_file(struct fs_memory *disk, int machine, bool directory)
{
    size_t place = 0;
    while (place < disk->file_count && disk->files[place].used)
        place++;
    if (place == disk->file_count)
        disk->files = memory_resize(disk->files, ++disk->file_count, sizeof *disk->files);
    disk->files[place] = (struct memory_file){.used = true, .directory = directory, .machine = machine};
    return place;
}

/* Frees what no name, no change and no handle refers to. */
static void memory_sweep(struct fs_memory *disk)
{
    bool *live = memory_get(disk->file_count * sizeof *live);
    for (int m = 0; m < disk->machine_count; m++) {
        struct memory_machine *machine = &disk->machines[m];
        for (size_t i = 0; i < machine->names.count; i++)
            live[machine->names.items[i].file] = true;
        for (size_t i = 0; i < machine->durable.count; i++)
            live[machine->durable.items[i].file] = true;
        for (size_t i = 0; i < machine->change_count; i++) {
            if (machine->changes[i].add[0] != '\0')
                live[machine->changes[i].file] = true;
        }
    }
    for (size_t i = 0; i < disk->handle_count; i++) {
        if (disk->handles[i].used)
            live[disk->handles[i].file] = true;
    }
    for (size_t i = 0; i < disk->file_count; i++) {
        struct memory_file *file = &disk->files[i];
        if (!file->used || live[i])
            continue;
        pages_free(&file->pages);
        *file = (struct memory_file){0};
    }
    free(live);
}

/* --- machines ---------------------------------------------------------------------------------------------------- */

static int memory_machine_of(const struct fs_memory *disk, const char *path)
{
    for (int i = 0; i < disk->machine_count; i++) {
        size_t size = strlen(disk->machines[i].prefix);
        if (strncmp(path, disk->machines[i].prefix, size) == 0 && (path[size] == '/' || path[size] == '\0'))
            return i;
    }
    return -1;
}

int fs_memory_machine(struct fs_memory *disk, const char *prefix)
{
    ensure(prefix[0] == '/' && prefix[strlen(prefix) - 1] != '/');
    int place = memory_machine_of(disk, prefix);
    if (place >= 0)
        return place;
    ensure(disk->machine_count < MEMORY_MACHINES_MAX && strlen(prefix) < MEMORY_PATH_MAX);
    struct memory_machine *machine = &disk->machines[disk->machine_count];
    *machine = (struct memory_machine){.limit = UINT64_MAX};
    strcpy(machine->prefix, prefix);
    return disk->machine_count++;
}

struct fs_memory *fs_memory_open(uint64_t seed)
{
    struct fs_memory *disk = memory_get(sizeof *disk);
    fs_memory_seed(disk, seed);
    return disk;
}

void fs_memory_seed(struct fs_memory *disk, uint64_t seed)
{
    disk->random.state = seed;
}

void fs_memory_close(struct fs_memory *disk)
{
    for (int m = 0; m < disk->machine_count; m++) {
        free(disk->machines[m].names.items);
        free(disk->machines[m].durable.items);
        free(disk->machines[m].changes);
    }
    for (size_t i = 0; i < disk->file_count; i++)
        pages_free(&disk->files[i].pages);
    free(disk->files);
    free(disk->handles);
    if (memory_current == disk)
        memory_current = NULL;
    free(disk);
}

void fs_memory_use(struct fs_memory *disk)
{
    memory_current = disk;
}

void fs_memory_watch(struct fs_memory *disk, void (*before)(void *context), void *context)
{
    disk->before = before;
    disk->before_context = context;
}

struct fs_memory *fs_memory_clone(const struct fs_memory *disk)
{
    struct fs_memory *clone = memory_get(sizeof *clone);
    *clone = *disk;
    clone->handles = NULL;
    clone->handle_count = 0;
    clone->before = NULL;
    clone->files = memory_get(disk->file_count * sizeof *clone->files);
    for (size_t i = 0; i < disk->file_count; i++) {
        const struct memory_file *from = &disk->files[i];
        struct memory_file *to = &clone->files[i];
        *to = *from;
        to->locked = false;
        if (from->used)
            pages_copy(&to->pages, &from->pages);
    }
    for (int m = 0; m < disk->machine_count; m++) {
        const struct memory_machine *from = &disk->machines[m];
        struct memory_machine *to = &clone->machines[m];
        to->names = to->durable = (struct memory_names){0};
        names_copy(&to->names, &from->names);
        names_copy(&to->durable, &from->durable);
        to->change_capacity = from->change_count;
        to->changes = memory_resize(NULL, from->change_count, sizeof *to->changes);
        if (from->change_count > 0)
            memcpy(to->changes, from->changes, from->change_count * sizeof *to->changes);
    }
    return clone;
}

/* Whoever watches may do other calls now: no pointer to a file or handle is good after this. */
static void memory_tell(void)
{
    ensure(memory_current != NULL);
    if (memory_current->before)
        memory_current->before(memory_current->before_context);
}

/* Counts a call of MACHINE; 0, or the error that it is to give. */
static int memory_call(int number)
{
    memory_tell();
    if (number < 0)
        return -ENOENT;
    struct memory_machine *machine = &memory_current->machines[number];
    machine->calls++;
    if (machine->stop_at > 0 && machine->calls >= machine->stop_at)
        machine->stopped = machine->struck = true;
    if (machine->stopped)
        return -EIO;
    if (machine->fail_at > 0 && machine->calls == machine->fail_at) {
        machine->struck = true;
        return machine->fail_error;
    }
    return 0;
}

static const struct memory_handle *memory_handle_at(int number)
{
    ensure(memory_current != NULL && number >= 0 && (size_t)number < memory_current->handle_count);
    const struct memory_handle *handle = &memory_current->handles[number];
    ensure(handle->used);
    return handle;
}

static int memory_handle(int number, struct memory_file **file)
{
    const struct memory_handle *handle = memory_handle_at(number);
    if (handle->stale)
        return -EBADF;
    int error = memory_call(memory_current->files[handle->file].machine);
    *file = &memory_current->files[memory_handle_at(number)->file];
    return error;
}

static int memory_open_handle(size_t file)
{
    struct fs_memory *disk = memory_current;
    size_t place = 0;
    while (place < disk->handle_count && disk->handles[place].used)
        place++;
    if (place == disk->handle_count)
        disk->handles = memory_resize(disk->handles, ++disk->handle_count, sizeof *disk->handles);
    disk->handles[place] = (struct memory_handle){.used = true, .file = file};
    return (int)place;
}

static void memory_change(struct memory_machine *machine, const char *remove, const char *add, size_t file)
{
    if (machine->change_count == machine->change_capacity) {
        machine->change_capacity = machine->change_capacity > 0 ? machine->change_capacity * 2 : 16;
        machine->changes = memory_resize(machine->changes, machine->change_capacity, sizeof *machine->changes);
    }
    struct memory_change *change = &machine->changes[machine->change_count++];
    *change = (struct memory_change){.file = file};
    strcpy(change->remove, remove);
    strcpy(change->add, add);
    if (remove[0] != '\0')
        names_unset(&machine->names, remove);
    if (add[0] != '\0')
        names_set(&machine->names, add, file);
}

static void memory_change_durable(struct memory_machine *machine, const struct memory_change *change)
{
    if (change->remove[0] != '\0')
        names_unset(&machine->durable, change->remove);
    if (change->add[0] != '\0')
        names_set(&machine->durable, change->add, change->file);
}

static bool memory_is_directory(const struct fs_memory *disk, const struct memory_machine *machine, const char *path)
{
    if (strcmp(path, machine->prefix) == 0)
        return true;
    const struct memory_name *name = names_find(&machine->names, path);
    return name && disk->files[name->file].directory;
}

static const enum pages_loss memory_losses[] = {
    [FS_MEMORY_LOSE] = PAGES_LOSE,
    [FS_MEMORY_SOME] = PAGES_SOME,
    [FS_MEMORY_TEAR] = PAGES_TEAR,
};

void fs_memory_crash(struct fs_memory *disk, int number, enum fs_memory_loss loss)
{
    struct memory_machine *machine = &disk->machines[number];
    machine->stop_at = machine->fail_at = 0;
    machine->stopped = machine->struck = false;
    for (size_t i = 0; i < disk->handle_count; i++) {
        if (disk->handles[i].used && disk->files[disk->handles[i].file].machine == number)
            disk->handles[i].stale = true;
    }
    for (size_t i = 0; i < disk->file_count; i++) {
        if (disk->files[i].used && disk->files[i].machine == number)
            disk->files[i].locked = false;
    }
    if (loss == FS_MEMORY_KEEP)
        return;
    for (size_t i = 0; i < disk->file_count; i++) {
        if (disk->files[i].used && disk->files[i].machine == number)
            pages_settle(&disk->files[i].pages, memory_losses[loss], &disk->random);
    }
    size_t kept = loss == FS_MEMORY_TEAR ? (size_t)random_between(&disk->random, 0, machine->change_count) : 0;
    for (size_t i = 0; i < machine->change_count; i++) {
        if (loss == FS_MEMORY_SOME ? random_u64(&disk->random) % 2 == 0 : i < kept)
            memory_change_durable(machine, &machine->changes[i]);
    }
    machine->change_count = 0;
    names_copy(&machine->names, &machine->durable);
    /* What lies in a directory that was lost is lost. */
    for (size_t i = machine->names.count; i-- > 0;) {
        char parent[MEMORY_PATH_MAX];
        memory_parent(machine->names.items[i].path, parent);
        if (!memory_is_directory(disk, machine, parent))
            names_unset(&machine->names, machine->names.items[i].path);
    }
    names_copy(&machine->durable, &machine->names);
    memory_sweep(disk);
}

/* --- faults ------------------------------------------------------------------------------------------------------- */

void fs_memory_fail(struct fs_memory *disk, int machine, uint64_t nth, int error)
{
    ensure(nth > 0 && error < 0);
    disk->machines[machine].fail_at = disk->machines[machine].calls + nth;
    disk->machines[machine].fail_error = error;
    disk->machines[machine].struck = false;
}

void fs_memory_stop(struct fs_memory *disk, int machine, uint64_t nth)
{
    ensure(nth > 0);
    disk->machines[machine].stop_at = disk->machines[machine].calls + nth;
    disk->machines[machine].struck = false;
}

bool fs_memory_stop_lifted(struct fs_memory *disk, int machine)
{
    if (disk->machines[machine].stopped)
        return false;
    disk->machines[machine].stop_at = 0;
    return true;
}

bool fs_memory_struck(const struct fs_memory *disk, int machine)
{
    return disk->machines[machine].struck;
}

uint64_t fs_memory_calls(const struct fs_memory *disk, int machine)
{
    return disk->machines[machine].calls;
}

void fs_memory_limit(struct fs_memory *disk, int machine, uint64_t bytes)
{
    disk->machines[machine].limit = bytes;
}

uint64_t fs_memory_used(const struct fs_memory *disk, int number)
{
    uint64_t used = 0;
    const struct memory_machine *machine = &disk->machines[number];
    for (size_t i = 0; i < machine->names.count; i++)
        used += disk->files[machine->names.items[i].file].pages.size;
    return used;
}

/* --- looking and spoiling ----------------------------------------------------------------------------------------- */

static struct memory_file *memory_find(const struct fs_memory *disk, const char *path)
{
    int number = memory_machine_of(disk, path);
    const struct memory_name *name = number < 0 ? NULL : names_find(&disk->machines[number].names, path);
    return name ? &disk->files[name->file] : NULL;
}

bool fs_memory_exists(const struct fs_memory *disk, const char *path)
{
    return memory_find(disk, path) != NULL;
}

const uint8_t *fs_memory_content(const struct fs_memory *disk, const char *path, size_t *size)
{
    struct memory_file *file = memory_find(disk, path);
    *size = file ? (size_t)file->pages.size : 0;
    return file ? pages_content(&file->pages) : NULL;
}

void fs_memory_spoil(struct fs_memory *disk, const char *path, uint64_t offset, const void *bytes, size_t size)
{
    struct memory_file *file = memory_find(disk, path);
    ensure(file != NULL);
    pages_spoil(&file->pages, offset, bytes, size);
}

void fs_memory_flip(struct fs_memory *disk, const char *path, uint64_t bit)
{
    struct memory_file *file = memory_find(disk, path);
    uint8_t byte;
    ensure(file != NULL && bit / 8 < file->pages.size);
    pages_read(&file->pages, bit / 8, &byte, 1);
    byte ^= (uint8_t)(1u << bit % 8);
    pages_spoil(&file->pages, bit / 8, &byte, 1);
}

void fs_memory_resize(struct fs_memory *disk, const char *path, size_t size)
{
    struct memory_file *file = memory_find(disk, path);
    ensure(file != NULL);
    pages_resize(&file->pages, size);
}

void fs_memory_delete(struct fs_memory *disk, const char *path)
{
    int number = memory_machine_of(disk, path);
    ensure(number >= 0);
    names_unset(&disk->machines[number].names, path);
    names_unset(&disk->machines[number].durable, path);
}

void fs_memory_wipe(struct fs_memory *disk, int number)
{
    struct memory_machine *machine = &disk->machines[number];
    machine->names.count = machine->durable.count = machine->change_count = 0;
    memory_sweep(disk);
}

size_t fs_memory_open_files(const struct fs_memory *disk)
{
    size_t count = 0;
    for (size_t i = 0; i < disk->handle_count; i++)
        count += disk->handles[i].used && !disk->handles[i].stale;
    return count;
}

size_t fs_memory_open_files_of(const struct fs_memory *disk, int machine)
{
    size_t count = 0;
    for (size_t i = 0; i < disk->handle_count; i++) {
        const struct memory_handle *handle = &disk->handles[i];
        count += handle->used && !handle->stale && disk->files[handle->file].machine == machine;
    }
    return count;
}

void fs_memory_plain_directories(struct fs_memory *disk)
{
    disk->no_directory_locks = true;
}

void fs_memory_clock(struct fs_memory *disk, uint64_t now_us)
{
    disk->now_us = now_us;
}

/* --- fs.h -------------------------------------------------------------------------------------------------------- */

int fs_open(const char *path)
{
    int number = memory_machine_of(memory_current, path);
    int error = memory_call(number);
    if (error < 0)
        return error;
    const struct memory_name *name = names_find(&memory_current->machines[number].names, path);
    if (!name)
        return -ENOENT;
    return memory_current->files[name->file].directory ? -EISDIR : memory_open_handle(name->file);
}

static int memory_create(int number, const char *path, size_t *place)
{
    struct fs_memory *disk = memory_current;
    struct memory_machine *machine = &disk->machines[number];
    char parent[MEMORY_PATH_MAX];
    memory_parent(path, parent);
    if (!memory_is_directory(disk, machine, parent))
        return -ENOENT;
    const struct memory_name *name = names_find(&machine->names, path);
    if (name) {
        *place = name->file;
        return disk->files[name->file].directory ? -EISDIR : 0;
    }
    *place = memory_new_file(disk, number, false);
    memory_change(machine, "", path, *place);
    return 0;
}

int fs_create(const char *path)
{
    int number = memory_machine_of(memory_current, path);
    int error = memory_call(number);
    size_t place = 0;
    if (error == 0)
        error = memory_create(number, path, &place);
    if (error < 0)
        return error;
    pages_cut(&memory_current->files[place].pages, 0);
    return memory_open_handle(place);
}

static int memory_lock(size_t place, int *handle)
{
    if (memory_current->files[place].locked)
        return -EWOULDBLOCK;
    memory_current->files[place].locked = true;
    if (*handle < 0)
        *handle = memory_open_handle(place);
    memory_current->handles[*handle].locks = true;
    return 0;
}

int fs_lock(const char *path, int *file)
{
    int number = memory_machine_of(memory_current, path);
    int error = memory_call(number);
    size_t place = 0;
    if (error == 0)
        error = memory_create(number, path, &place);
    *file = -1;
    return error < 0 ? error : memory_lock(place, file);
}

int fs_lock_dir(const char *path, int *file)
{
    int number = memory_machine_of(memory_current, path);
    int error = memory_call(number);
    *file = -1;
    if (error < 0)
        return error;
    if (memory_current->no_directory_locks)
        return -ENOTSUP;
    const struct memory_name *name = names_find(&memory_current->machines[number].names, path);
    if (!name)
        return -ENOENT;
    return memory_current->files[name->file].directory ? memory_lock(name->file, file) : -ENOTDIR;
}

int fs_lock_open(int number)
{
    struct memory_file *file = NULL;
    int error = memory_handle(number, &file);
    return error < 0 ? error : memory_lock((size_t)(file - memory_current->files), &number);
}

/* No action of the disk: it changes nothing, and there is no telling that it was not done. */
int fs_identify(const char *path, struct fs_identity *identity)
{
    int number = memory_machine_of(memory_current, path);
    const struct memory_name *name =
        number < 0 ? NULL : names_find(&memory_current->machines[number].names, path);
    if (!name)
        return -ENOENT;
    *identity = (struct fs_identity){.device = (uint64_t)number, .number = name->file};
    return 0;
}

int fs_close(int number)
{
    memory_tell();
    ensure(number >= 0 && (size_t)number < memory_current->handle_count);
    struct memory_handle *handle = &memory_current->handles[number];
    ensure(handle->used);
    if (!handle->stale && handle->locks)
        memory_current->files[handle->file].locked = false;
    handle->used = false;
    return 0;
}

int fs_size(int number, uint64_t *size)
{
    struct memory_file *file = NULL;
    int error = memory_handle(number, &file);
    if (error == 0)
        *size = file->pages.size;
    return error;
}

void fs_bypass_cache(int number)
{
    ensure(memory_current != NULL && memory_current->handles[number].used);
    memory_current->handles[number].blocks = true;
}

/* What a file that goes without the cache asks of a transfer. */
static void memory_check_blocks(int number, uint64_t offset, const void *bytes, size_t size)
{
    if (memory_current->handles[number].blocks)
        ensure(offset % FS_BLOCK_BYTES == 0 && size % FS_BLOCK_BYTES == 0 && (uintptr_t)bytes % FS_BLOCK_BYTES == 0);
}

int fs_read(int number, uint64_t offset, void *bytes, size_t size, size_t *got)
{
    memory_check_blocks(number, offset, bytes, size);
    struct memory_file *file = NULL;
    int error = memory_handle(number, &file);
    if (error < 0)
        return error;
    uint64_t end = file->pages.size;
    *got = offset >= end ? 0 : end - offset < size ? (size_t)(end - offset) : size;
    pages_read(&file->pages, offset < end ? offset : end, bytes, *got);
    return 0;
}

/* Writes what there is room for. */
static int memory_write(struct memory_file *file, uint64_t offset, const void *bytes, size_t size)
{
    struct fs_memory *disk = memory_current;
    uint64_t limit = disk->machines[file->machine].limit;
    uint64_t end = offset + size;
    if (limit == UINT64_MAX || end <= file->pages.size) {
        pages_write(&file->pages, offset, bytes, size);
        return 0;
    }
    uint64_t used = fs_memory_used(disk, file->machine);
    uint64_t room = used < limit ? limit - used : 0;
    uint64_t end_max = file->pages.size + room;
    if (end_max > offset)
        pages_write(&file->pages, offset, bytes, end < end_max ? size : (size_t)(end_max - offset));
    return end > end_max ? -ENOSPC : 0;
}

int fs_write(int number, uint64_t offset, const void *bytes, size_t size)
{
    memory_check_blocks(number, offset, bytes, size);
    struct memory_file *file = NULL;
    int error = memory_handle(number, &file);
    return error < 0 ? error : memory_write(file, offset, bytes, size);
}

int fs_writev(int number, uint64_t offset, struct iovec *pieces, size_t count)
{
    struct memory_file *file = NULL;
    int error = memory_handle(number, &file);
    for (size_t i = 0; i < count && error == 0; i++) {
        memory_check_blocks(number, offset, pieces[i].iov_base, pieces[i].iov_len);
        error = memory_write(file, offset, pieces[i].iov_base, pieces[i].iov_len);
        offset += pieces[i].iov_len;
        pieces[i] = (struct iovec){0};
    }
    return error;
}

int fs_truncate(int number, uint64_t size)
{
    struct memory_file *file = NULL;
    int error = memory_handle(number, &file);
    if (error == 0) {
        ensure(size < file->pages.size);
        pages_cut(&file->pages, size);
    }
    return error;
}

int fs_sync(int number)
{
    struct memory_file *file = NULL;
    int error = memory_handle(number, &file);
    /* A machine that is off does nothing; a sync that fails by itself forgets what was dirty. */
    if (file && (error == 0 || !memory_current->machines[file->machine].stopped))
        pages_sync(&file->pages, error != 0, &memory_current->random);
    return error;
}

int fs_rename(const char *from, const char *to)
{
    int number = memory_machine_of(memory_current, from);
    int error = memory_call(number);
    if (error < 0)
        return error;
    ensure(number == memory_machine_of(memory_current, to));
    struct memory_machine *machine = &memory_current->machines[number];
    const struct memory_name *name = names_find(&machine->names, from);
    if (!name)
        return -ENOENT;
    memory_change(machine, from, to, name->file);
    return 0;
}

int fs_unlink(const char *path)
{
    int number = memory_machine_of(memory_current, path);
    int error = memory_call(number);
    if (error < 0)
        return error;
    struct memory_machine *machine = &memory_current->machines[number];
    if (!names_find(&machine->names, path))
        return -ENOENT;
    memory_change(machine, path, "", 0);
    return 0;
}

int fs_make_dir(const char *path)
{
    int number = memory_machine_of(memory_current, path);
    int error = memory_call(number);
    if (error < 0)
        return error;
    struct memory_machine *machine = &memory_current->machines[number];
    if (memory_is_directory(memory_current, machine, path))
        return 0;
    char parent[MEMORY_PATH_MAX];
    memory_parent(path, parent);
    if (!memory_is_directory(memory_current, machine, parent))
        return -ENOENT;
    memory_change(machine, "", path, memory_new_file(memory_current, number, true));
    return 0;
}

int fs_sync_dir(const char *path)
{
    int number = memory_machine_of(memory_current, path);
    int error = memory_call(number);
    if (error < 0)
        return error;
    struct memory_machine *machine = &memory_current->machines[number];
    if (!memory_is_directory(memory_current, machine, path))
        return -ENOENT;
    size_t left = 0;
    for (size_t i = 0; i < machine->change_count; i++) {
        const struct memory_change *change = &machine->changes[i];
        if (memory_in(change->remove, path) || memory_in(change->add, path))
            memory_change_durable(machine, change);
        else
            machine->changes[left++] = *change;
    }
    machine->change_count = left;
    memory_sweep(memory_current);
    return 0;
}

int fs_list(const char *path, char ***names, size_t *count)
{
    int number = memory_machine_of(memory_current, path);
    int error = memory_call(number);
    if (error < 0)
        return error;
    struct memory_machine *machine = &memory_current->machines[number];
    if (!memory_is_directory(memory_current, machine, path))
        return -ENOENT;
    *names = memory_get(machine->names.count * sizeof **names);
    *count = 0;
    for (size_t i = 0; i < machine->names.count; i++) {
        const char *full = machine->names.items[i].path;
        if (!memory_in(full, path))
            continue;
        const char *name = strrchr(full, '/') + 1;
        char *copy = memory_get(strlen(name) + 1);
        strcpy(copy, name);
        (*names)[(*count)++] = copy;
    }
    return 0;
}

void fs_list_free(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

bool fs_is_full(int error)
{
    return error == -ENOSPC || error == -EDQUOT || error == -EFBIG || error == -EMFILE || error == -ENFILE;
}

uint64_t fs_clock_us(void)
{
    return memory_current ? memory_current->now_us : 0;
}

void fs_set_patience(bool patient)
{
    (void)patient; /* here there are always descriptors */
}

void fs_rest(uint64_t time_us)
{
    (void)time_us; /* what a request takes is decided by who executes it */
}
