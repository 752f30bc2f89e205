/* The files: found by name, in the order of their names, and by the moment at which they fall due.
 *
 *      table --+--> struct file --> blob of the log entry that wrote it
 *      names --+        |           (its name and value are read from there)
 *      heap  --(expiry)-+
 *
 * A file is one item of a pool beside its blob. When it is overwritten its struct stays and takes the new blob: then
 * the name, which is equal, is read from the new one. */
#ifndef CLEAT_STORE_FILES_H
#define CLEAT_STORE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/ensure.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/named.h"
#include "base/names.h"
#include "base/pool.h"
#include "base/table.h"
#include "protocol/command.h"
#include "store/files/dropping.h"
#include "store/files/preimages.h"

/* 64 bytes, one cache line. */
struct file {
    struct named named;      /* first: a struct named of this store is a file. The name is in the file's blob */
    struct heap_item expiry; /* key: expires_ms, 0 for never; tie: version. In the heap unless the key is 0. The mark is
                                the number of the last dump that has it: preimages.h */
    uint64_t created;        /* the version at which it came to be */
    uint64_t hash;           /* of the file's state: kept, since hashing a large cold value again costs far more */
};

/* Where a dump under way is: it has passed all names up to the cursor. */
struct files_walk {
    uint64_t left;                  /* of its files, those that are not in it yet */
    size_t cursor_size;             /* 0: it has not started */
    uint8_t cursor[COMMAND_NAME_MAX];
};

struct files {
    struct table table;
    struct names names;
    struct heap heap;
    struct preimages preimages;
    struct files_walk walk; /* while the preimages are active */
    struct pool pool;    /* of file structs */
    struct dropping dropping;
    uint64_t hash;       /* the sum of the files' hashes: so their order does not matter */
    size_t memory_bytes; /* of the files' blobs */
    size_t contents_bytes; /* of their names and values: the same on every node */
    size_t settings; /* files among them that are settings */
    bool draining;       /* table and heap point to what is gone */
};

/* The encoded command that holds name and value; the file owns a reference. */
static inline struct blob *file_blob(const struct file *file)
{
    uintptr_t bytes = (uintptr_t)file->named.name - COMMAND_HEADER_SIZE;
    return (struct blob *)(bytes - offsetof(struct blob, bytes));
}

static inline uint64_t file_version(const struct file *file)
{
    return file->expiry.tie;
}

static inline uint64_t file_expires_ms(const struct file *file)
{
    return file->expiry.key;
}

static inline struct file_state file_state(const struct file *file)
{
    ensure(file->created > 0 && file->created <= file_version(file));
    return (struct file_state){file_blob(file), file_version(file), file->created, file_expires_ms(file)};
}

void files_init(struct files *files, uint64_t seed);
/* All files are gone, by files_drain. */
void files_close(struct files *files);

/* NULL if there is none of that name. */
struct file *files_find(struct files *files, const void *name, size_t name_size);
/* These names will be looked up soon (table.h). */
void files_expect(const struct files *files, const struct table_name *names, size_t count);
/* The file that falls due first, or NULL: by (expires_ms, version, name), so that it is the same one on every node. */
static inline struct file *files_first_due(const struct files *files)
{
    ensure(!files->draining);
    struct heap_item *item = heap_first(&files->heap);
    if (!item)
        return NULL;
    ensure(item->key > 0 && item->tie > 0);
    return list_item(item, struct file, expiry);
}

/* Adds a file of a new name, which is in the state's blob; the file takes a reference to that. */
void files_add(struct files *files, const struct file_state *state);
/* Gives FILE another state, of the same name; its blob may be the one that the file has. */
void files_replace(struct files *files, struct file *file, const struct file_state *state);
/* Takes FILE out and frees it. As where it gets another blob, its contents are dropped. */
void files_remove(struct files *files, struct file *file);

/* Frees up to COUNT files; true when none is left. From the first call on the files are of no use but for this. */
bool files_drain(struct files *files, size_t count);

size_t files_memory_bytes(const struct files *files);

#endif
