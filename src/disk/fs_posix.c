/* The seam to the file system, on POSIX: the only file of the storage with system calls. */
#include "disk/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/memory.h"

enum {
    FS_FILE_MODE = 0600, /* what is stored is the users' own affair */
    FS_DIRECTORY_MODE = 0700,
    FS_PIECES_MAX = 1024, /* in one call: IOV_MAX of every system we know */
};

/* --- descriptors ------------------------------------------------------------------------------------------------ */

/* Both disk threads need one more for a moment now and then: to sync a directory, to verify a file. That the process or
 * the system has none left at that moment is no fault of the disk, so a few are kept here. The last ones are for what
 * cannot be given up half-way. */
enum { FS_SPARE = 4, FS_SPARE_LAST = 2, FS_WAIT_US = 10000 };

static struct {
    pthread_mutex_t mutex;
    int files[FS_SPARE];
    size_t count;
    size_t wanted; /* none until there is a disk to work on */
    bool impatient;
    uint64_t waited_us; /* for one, since then */
} fs_spare = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* To be called where a descriptor has become free. */
static void fs_fill_spare(void)
{
    pthread_mutex_lock(&fs_spare.mutex);
    while (fs_spare.count < fs_spare.wanted) {
        int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (file < 0)
            break;
        fs_spare.files[fs_spare.count++] = file;
    }
    pthread_mutex_unlock(&fs_spare.mutex);
}

static void fs_want_spare(void)
{
    pthread_mutex_lock(&fs_spare.mutex);
    fs_spare.wanted = FS_SPARE;
    pthread_mutex_unlock(&fs_spare.mutex);
    fs_fill_spare();
}

/* Frees a descriptor, unless there are only KEPT. */
static bool fs_give_spare(size_t kept)
{
    pthread_mutex_lock(&fs_spare.mutex);
    bool any = fs_spare.count > kept;
    if (any)
        (void)close(fs_spare.files[--fs_spare.count]);
    pthread_mutex_unlock(&fs_spare.mutex);
    return any;
}

void fs_set_patience(bool patient)
{
    pthread_mutex_lock(&fs_spare.mutex);
    fs_spare.impatient = !patient;
    fs_spare.waited_us = 0;
    pthread_mutex_unlock(&fs_spare.mutex);
}

/* Rests for a descriptor to become free. False: that has been long enough. */
static bool fs_wait(void)
{
    pthread_mutex_lock(&fs_spare.mutex);
    bool may = !fs_spare.impatient || fs_spare.waited_us < FS_WAIT_MAX_US;
    fs_spare.waited_us += FS_WAIT_US;
    pthread_mutex_unlock(&fs_spare.mutex);
    if (may)
        fs_rest(FS_WAIT_US);
    return may;
}

static bool fs_no_descriptor(int error)
{
    return error == EMFILE || error == ENFILE;
}

/* KEPT: of those in reserve. */
static int fs_open_as(const char *path, int flags, size_t kept)
{
    ensure(path != NULL && path[0] != '\0');
    int file;
    do
        file = open(path, flags | O_CLOEXEC, FS_FILE_MODE);
    while (file < 0 && (errno == EINTR || (fs_no_descriptor(errno) && fs_give_spare(kept))));
    return file < 0 ? -errno : file;
}

int fs_open(const char *path)
{
    return fs_open_as(path, O_RDWR, FS_SPARE_LAST);
}

int fs_create(const char *path)
{
    return fs_open_as(path, O_RDWR | O_CREAT | O_TRUNC, FS_SPARE_LAST);
}

int fs_close(int file)
{
    ensure(file >= 0);
    /* After EINTR the descriptor is closed all the same, on Linux at least: a second try could close another's. */
    int error = close(file) < 0 && errno != EINTR ? -errno : 0;
    fs_fill_spare();
    return error;
}

int fs_size(int file, uint64_t *size)
{
    ensure(file >= 0 && size != NULL);
    struct stat status;
    if (fstat(file, &status) < 0)
        return -errno;
    *size = (uint64_t)status.st_size;
    return 0;
}

void fs_bypass_cache(int file)
{
    ensure(file >= 0);
#ifdef O_DIRECT
    int flags = fcntl(file, F_GETFL);
    if (flags < 0 || fcntl(file, F_SETFL, flags | O_DIRECT) < 0)
        return;
    (void)posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
#endif
}

/* Some file systems take the flag and then refuse the transfer, or want larger blocks: then the cache it is. True: FILE
 * went without it, and no longer does. */
static bool fs_return_to_cache(int file)
{
#ifdef O_DIRECT
    int flags = fcntl(file, F_GETFL);
    return flags >= 0 && (flags & O_DIRECT) && fcntl(file, F_SETFL, flags & ~O_DIRECT) == 0;
#else
    (void)file;
    return false;
#endif
}

int fs_read(int file, uint64_t offset, void *bytes, size_t size, size_t *got)
{
    ensure(file >= 0 && offset <= INT64_MAX - size);
    size_t done = 0;
    while (done < size) {
        ssize_t count = pread(file, (uint8_t *)bytes + done, size - done, (off_t)(offset + done));
        if (count < 0 && (errno == EINTR || (errno == EINVAL && fs_return_to_cache(file))))
            continue;
        if (count < 0)
            return -errno;
        if (count == 0)
            break;
        done += (size_t)count;
    }
    *got = done;
    return 0;
}

int fs_write(int file, uint64_t offset, const void *bytes, size_t size)
{
    ensure(file >= 0 && offset <= INT64_MAX - size);
    size_t done = 0;
    while (done < size) {
        ssize_t count = pwrite(file, (const uint8_t *)bytes + done, size - done, (off_t)(offset + done));
        if (count < 0 && (errno == EINTR || (errno == EINVAL && fs_return_to_cache(file))))
            continue;
        if (count <= 0)
            return count < 0 ? -errno : -EIO;
        done += (size_t)count;
    }
    return 0;
}

int fs_writev(int file, uint64_t offset, struct iovec *pieces, size_t count)
{
    ensure(file >= 0 && offset <= INT64_MAX);
    while (count > 0) {
        if (pieces->iov_len == 0) {
            pieces++;
            count--;
            continue;
        }
        int batch = count < FS_PIECES_MAX ? (int)count : FS_PIECES_MAX;
        ssize_t wrote = pwritev(file, pieces, batch, (off_t)offset);
        if (wrote < 0 && (errno == EINTR || (errno == EINVAL && fs_return_to_cache(file))))
            continue;
        if (wrote <= 0)
            return wrote < 0 ? -errno : -EIO;
        offset += (uint64_t)wrote;
        for (size_t left = (size_t)wrote; left > 0;) {
            size_t step = left < pieces->iov_len ? left : pieces->iov_len;
            pieces->iov_base = (uint8_t *)pieces->iov_base + step;
            pieces->iov_len -= step;
            left -= step;
            if (pieces->iov_len == 0) {
                pieces++;
                count--;
            }
        }
    }
    return 0;
}

int fs_truncate(int file, uint64_t size)
{
    ensure(file >= 0 && size <= INT64_MAX);
    int result;
    do
        result = ftruncate(file, (off_t)size);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : 0;
}

int fs_sync(int file)
{
    ensure(file >= 0);
    int result;
    do
#ifdef __linux__
        result = fdatasync(file);
#else
        result = fsync(file);
#endif
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : 0;
}

int fs_rename(const char *from, const char *to)
{
    ensure(from != NULL && to != NULL);
    return rename(from, to) < 0 ? -errno : 0;
}

int fs_unlink(const char *path)
{
    ensure(path != NULL);
    return unlink(path) < 0 ? -errno : 0;
}

int fs_make_dir(const char *path)
{
    ensure(path != NULL);
    if (mkdir(path, FS_DIRECTORY_MODE) == 0)
        return 0;
    int error = errno;
    struct stat status;
    if (error == EEXIST && stat(path, &status) == 0)
        return S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
    return -error;
}

int fs_sync_dir(const char *path)
{
    int directory;
    do
        directory = fs_open_as(path, O_RDONLY | O_DIRECTORY, 0);
    while (fs_no_descriptor(-directory) && fs_wait()); /* which is what a slow disk does */
    if (directory < 0)
        return directory;
    int result;
    do
        result = fsync(directory);
    while (result < 0 && errno == EINTR);
    int error = result < 0 ? -errno : 0;
    (void)fs_close(directory);
    return error;
}

int fs_list(const char *path, char ***names, size_t *count)
{
    ensure(path != NULL && names != NULL && count != NULL);
    int file = fs_open_as(path, O_RDONLY | O_DIRECTORY, 0);
    if (file < 0)
        return file;
    DIR *directory = fdopendir(file);
    if (!directory) {
        int error = -errno;
        (void)fs_close(file);
        return error;
    }
    char **found = NULL;
    size_t used = 0;
    size_t capacity = 0;
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(directory);
        if (!entry)
            break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (used == capacity) {
            capacity = capacity > 0 ? capacity * 2 : 16;
            found = memory_resize(found, capacity, sizeof *found);
        }
        size_t size = strlen(entry->d_name) + 1;
        found[used] = memory_get(size);
        memcpy(found[used++], entry->d_name, size);
    }
    int error = -errno;
    (void)closedir(directory);
    if (error < 0) {
        fs_list_free(found, used);
        return error;
    }
    *names = found;
    *count = used;
    return 0;
}

void fs_list_free(char **names, size_t count)
{
    ensure(names != NULL || count == 0);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

int fs_lock_open(int file)
{
    ensure(file >= 0);
    int result;
    do
        result = flock(file, LOCK_EX | LOCK_NB);
    while (result < 0 && errno == EINTR);
    if (result == 0)
        return 0;
    return errno == EAGAIN ? -EWOULDBLOCK : -errno;
}

static int fs_lock_as(const char *path, int flags, int *file)
{
    ensure(file != NULL);
    int opened = fs_open_as(path, flags, 0);
    if (opened < 0)
        return opened;
    fs_want_spare(); /* from here on there is a disk to work on */
    int error = fs_lock_open(opened);
    if (error < 0)
        (void)fs_close(opened);
    else
        *file = opened;
    return error;
}

int fs_lock(const char *path, int *file)
{
    return fs_lock_as(path, O_RDWR | O_CREAT, file);
}

int fs_lock_dir(const char *path, int *file)
{
    int error = fs_lock_as(path, O_RDONLY | O_DIRECTORY, file);
    /* NFS makes of it a lock for writing, for which a directory is not open; some know none at all. */
    bool unknown = error == -EBADF || error == -EINVAL || error == -ENOLCK || error == -ENOSYS || error == -EOPNOTSUPP;
    return unknown ? -ENOTSUP : error;
}

int fs_identify(const char *path, struct fs_identity *identity)
{
    ensure(path != NULL && identity != NULL);
    struct stat status;
    if (stat(path, &status) < 0)
        return -errno;
    *identity = (struct fs_identity){.device = status.st_dev, .number = status.st_ino};
    return 0;
}

bool fs_is_full(int error)
{
    ensure(error <= 0);
    return error == -ENOSPC || error == -EDQUOT || error == -EFBIG || fs_no_descriptor(-error);
}

uint64_t fs_clock_us(void)
{
    struct timespec now;
    ensure(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void fs_rest(uint64_t time_us)
{
    const struct timespec time = {.tv_sec = (time_t)(time_us / 1000000), .tv_nsec = (long)(time_us % 1000000) * 1000};
    (void)nanosleep(&time, NULL); /* cut short by a signal is long enough */
}
