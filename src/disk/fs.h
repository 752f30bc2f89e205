/* The seam: every file system call of Cleat goes through here. The server links fs_posix.c; tests link a disk that they
 * can fill, tear, corrupt and cut off. Errors are -errno. EINTR and short transfers are dealt with inside: a call
 * does all of its work or fails. Paths are relative to no one: full paths. */
#ifndef CLEAT_DISK_FS_H
#define CLEAT_DISK_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iovec;

enum { FS_BLOCK_BYTES = 4096 };

/* >= 0: a file; < 0: -errno. */
int fs_open(const char *path);                     /* existing, for reading and writing; -ENOENT */
int fs_create(const char *path);                   /* new and empty, or an existing one cut to 0 */
int fs_close(int file);
int fs_size(int file, uint64_t *size);
/* Reads SIZE bytes at OFFSET; *GOT is less only at the end of the file. */
int fs_read(int file, uint64_t offset, void *bytes, size_t size, size_t *got);
int fs_write(int file, uint64_t offset, const void *bytes, size_t size);
/* Writes all pieces from OFFSET on; PIECES is used up (changed). */
int fs_writev(int file, uint64_t offset, struct iovec *pieces, size_t count);
/* From now on FILE is read and written in whole blocks alone, at multiples of FS_BLOCK_BYTES and to memory aligned
 * likewise: the system may leave out its cache, and forgets what it had there. Where it cannot, all works as before. */
void fs_bypass_cache(int file);
int fs_truncate(int file, uint64_t size);          /* cuts it to SIZE, which is less than it has; durable when synced */
int fs_sync(int file);                             /* fdatasync: content, and size if it grew */
int fs_rename(const char *from, const char *to);
int fs_unlink(const char *path);
int fs_make_dir(const char *path);                 /* 0 also where it exists; makes no parents */
/* Where the process or the system has no descriptor left it waits until there is one: what is to be synced has been
 * done, and cannot be taken back. A start, which is free to end, calls fs_set_patience(false): from then on all waits
 * together last for FS_WAIT_MAX_US, and then it fails with -EMFILE or -ENFILE. This holds for the whole process. */
enum { FS_WAIT_MAX_US = 2000000 };
int fs_sync_dir(const char *path);
void fs_set_patience(bool patient);
/* Calls of names in no exact order: *NAMES gets a malloc'ed array of malloc'ed strings, without "." and "..". */
int fs_list(const char *path, char ***names, size_t *count);
void fs_list_free(char **names, size_t count);
/* Exclusive locks, until the process ends or the file is closed; -EWOULDBLOCK: taken. On PATH, made if absent; on the
 * directory PATH, -ENOTSUP where the file system knows none on directories; on FILE, which is open. */
int fs_lock(const char *path, int *file);
int fs_lock_dir(const char *path, int *file);
int fs_lock_open(int file);
/* Which file PATH leads to: as long as that file is open, no other has the same two numbers. */
struct fs_identity {
    uint64_t device;
    uint64_t number;
};
int fs_identify(const char *path, struct fs_identity *identity);

/* True for "no room": ENOSPC, EDQUOT, EFBIG; and EMFILE, ENFILE, which like these pass (as -errno). */
bool fs_is_full(int error);
/* A monotonic clock in microseconds, to tell how long a sync took. */
uint64_t fs_clock_us(void);
/* Sleeps for so many microseconds. Not for the log's thread. */
void fs_rest(uint64_t time_us);

#endif
