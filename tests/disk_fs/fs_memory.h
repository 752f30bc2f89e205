/* A file system in memory that stands in for the real one (src/disk/fs.h): it knows what was synced, and can be cut
 * off, torn, filled and spoilt. For tests and the simulator; include fs_memory.c in one file of the program.
 *
 * One disk holds several machines, told apart by the beginning of the path. All is deterministic: the same calls after
 * the same seed give the same bytes. Nothing is global but the current disk.
 *
 *      write -> in the cache, dirty, by sectors of 512 bytes -> sync -> on the disk
 *      create, rename, unlink -> in the cache, pending        -> sync of the directory -> on the disk */
#ifndef CLEAT_TESTS_FS_MEMORY_H
#define CLEAT_TESTS_FS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fs_memory;

struct fs_memory *fs_memory_open(uint64_t seed);
void fs_memory_close(struct fs_memory *disk);
/* Makes DISK the one that fs_* calls go to. */
void fs_memory_use(struct fs_memory *disk);
/* A copy of all its content, faults and random state; open files are not copied, locks are free, no one watches. */
struct fs_memory *fs_memory_clone(const struct fs_memory *disk);
/* Another seed for what is lost in a crash. */
void fs_memory_seed(struct fs_memory *disk, uint64_t seed);
/* A machine: all paths that begin with PREFIX (an absolute path without a slash at its end). Made on the first use of
 * a prefix. PREFIX itself is a directory that is always there. Returns its number, for the calls below. */
int fs_memory_machine(struct fs_memory *disk, const char *prefix);

/* BEFORE is called before every call, fs_close too, for as long as it is not NULL. It may let other calls go first. */
void fs_memory_watch(struct fs_memory *disk, void (*before)(void *context), void *context);

/* --- faults: each is for one machine ---------------------------------------------------------------------------- */

/* The call number NTH from now (1: the next) fails with ERROR (as -errno) and has no effect, but that a sync that fails
 * makes any part of what was dirty durable, and leaves none of it dirty, as kernels do. */
void fs_memory_fail(struct fs_memory *disk, int machine, uint64_t nth, int error);
/* From call number NTH on, none does anything any more, until fs_memory_crash. */
void fs_memory_stop(struct fs_memory *disk, int machine, uint64_t nth);
/* They will do what they should after all. False: it is too late. */
bool fs_memory_stop_lifted(struct fs_memory *disk, int machine);
/* True when a fault of the two above has struck since it was set. */
bool fs_memory_struck(const struct fs_memory *disk, int machine);
/* How many calls there were (fs_close does not count: it has no error that matters). */
uint64_t fs_memory_calls(const struct fs_memory *disk, int machine);
/* Writing beyond BYTES in all fails with ENOSPC; what fits is written. UINT64_MAX: no limit. */
void fs_memory_limit(struct fs_memory *disk, int machine, uint64_t bytes);
uint64_t fs_memory_used(const struct fs_memory *disk, int machine);

enum fs_memory_loss {
    FS_MEMORY_KEEP, /* only the process died: the cache is as it was, and still not on the disk */
    FS_MEMORY_LOSE, /* power loss: all that was not synced is gone */
    FS_MEMORY_SOME, /* power loss: of what was not synced any sectors and any changes of names are kept */
    FS_MEMORY_TEAR, /* power loss: of a file's dirty sectors the first few are kept; of the names' changes likewise */
};
/* The process dies: its files are closed, its locks free; then what LOSS says. All faults but the limit are lifted. */
void fs_memory_crash(struct fs_memory *disk, int machine, enum fs_memory_loss loss);

/* --- looking and spoiling: cache and disk alike ----------------------------------------------------------------- */

bool fs_memory_exists(const struct fs_memory *disk, const char *path);
/* The content of a file, borrowed; NULL where there is none. */
const uint8_t *fs_memory_content(const struct fs_memory *disk, const char *path, size_t *size);
void fs_memory_spoil(struct fs_memory *disk, const char *path, uint64_t offset, const void *bytes, size_t size);
void fs_memory_flip(struct fs_memory *disk, const char *path, uint64_t bit);
/* Cuts or grows (with zeros). */
void fs_memory_resize(struct fs_memory *disk, const char *path, size_t size);
void fs_memory_delete(struct fs_memory *disk, const char *path);
/* Takes away all that a machine has, as a new disk in its place would. Its process must be dead (fs_memory_crash). */
void fs_memory_wipe(struct fs_memory *disk, int machine);
/* The number of open files of all machines, or of one: to find leaks. */
size_t fs_memory_open_files(const struct fs_memory *disk);
size_t fs_memory_open_files_of(const struct fs_memory *disk, int machine);
/* From now on directories cannot be locked, as on NFS. */
void fs_memory_plain_directories(struct fs_memory *disk);
/* What fs_clock_us says. */
void fs_memory_clock(struct fs_memory *disk, uint64_t now_us);

#endif
