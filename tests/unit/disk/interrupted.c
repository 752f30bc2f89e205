/* The seam over a system that interrupts calls, does a part of what it was asked for, and fails: libc's calls are
 * replaced in this program. */
#include "support/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "disk/fs.h"

static int interrupts;   /* so many calls are interrupted before one does something */
static size_t part_max;  /* bytes that one call moves at most; 0: as many as it is asked for */
static int failure;      /* errno of every call; 0: none fails */
static bool at_the_end;  /* a call that should write says 0 */

static bool disturbed(void)
{
    if (interrupts > 0) {
        interrupts--;
        errno = EINTR;
        return true;
    }
    errno = failure;
    return failure != 0;
}

static size_t part(size_t size)
{
    return part_max > 0 && part_max < size ? part_max : size;
}

ssize_t pread(int file, void *bytes, size_t size, off_t offset)
{
    return disturbed() ? -1 : (ssize_t)syscall(SYS_pread64, file, bytes, part(size), offset);
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset)
{
    if (disturbed())
        return -1;
    return at_the_end ? 0 : (ssize_t)syscall(SYS_pwrite64, file, bytes, part(size), offset);
}

ssize_t pwritev(int file, const struct iovec *pieces, int count, off_t offset)
{
    (void)count;
    return pwrite(file, pieces->iov_base, pieces->iov_len, offset);
}

int fdatasync(int file)
{
    return disturbed() ? -1 : (int)syscall(SYS_fdatasync, file);
}

int fsync(int file)
{
    return disturbed() ? -1 : (int)syscall(SYS_fsync, file);
}

int flock(int file, int operation)
{
    return disturbed() ? -1 : (int)syscall(SYS_flock, file, operation);
}

struct dirent *readdir(DIR *directory)
{
    static struct dirent entry = {.d_name = "found"};
    static bool given;
    (void)directory;
    given = !given;
    if (given)
        return &entry;
    errno = failure;
    return NULL;
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

static char directory[64];
static char path[100];
static int file;

static void setup(void)
{
    strcpy(directory, "/tmp/cleat-interrupted-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/file", directory);
    file = fs_create(path);
    ck_assert_int_ge(file, 0);
}

static void teardown(void)
{
    interrupts = failure = 0;
    ck_assert_int_eq(fs_close(file), 0);
    ck_assert_int_eq(fs_unlink(path), 0);
    ck_assert_int_eq(rmdir(directory), 0);
}

/* What one call writes another one reads, however many pieces the system makes of both. */
START_TEST(interrupted_and_in_parts)
{
    static const char text[] = "every byte is there, and in its place";
    struct iovec pieces[] = {{.iov_base = (void *)(uintptr_t)text, .iov_len = 11},
                             {.iov_base = NULL, .iov_len = 0},
                             {.iov_base = (void *)(uintptr_t)(text + 11), .iov_len = sizeof text - 11}};
    char got[2 * sizeof text];
    size_t size = 0;
    part_max = (size_t)_i;
    interrupts = 3;
    ck_assert_int_eq(fs_write(file, 0, text, sizeof text), 0);
    interrupts = 3;
    ck_assert_int_eq(fs_writev(file, sizeof text, pieces, 3), 0);
    interrupts = 3;
    ck_assert_int_eq(fs_sync(file), 0);
    interrupts = 3;
    ck_assert_int_eq(fs_sync_dir(directory), 0);
    interrupts = 3;
    ck_assert_int_eq(fs_read(file, 0, got, sizeof got, &size), 0);
    ck_assert_uint_eq(size, sizeof got);
    ck_assert_mem_eq(got, text, sizeof text);
    ck_assert_mem_eq(got + sizeof text, text, sizeof text);
    interrupts = 3;
    int lock = -1;
    ck_assert_int_eq(fs_lock(path, &lock), 0);
    ck_assert_int_eq(fs_close(lock), 0);
    ck_assert_int_eq(interrupts, 0);
}
END_TEST

START_TEST(every_call_fails)
{
    char byte = 'x';
    size_t got;
    int lock = -1;
    struct iovec piece = {.iov_base = &byte, .iov_len = 1};
    char **names;
    size_t count;
    failure = EIO;
    ck_assert_int_eq(fs_write(file, 0, &byte, 1), -EIO);
    ck_assert_int_eq(fs_writev(file, 0, &piece, 1), -EIO);
    ck_assert_int_eq(fs_read(file, 0, &byte, 1, &got), -EIO);
    ck_assert_int_eq(fs_sync(file), -EIO);
    ck_assert_int_eq(fs_sync_dir(directory), -EIO);
    ck_assert_int_eq(fs_lock(path, &lock), -EIO);
    ck_assert_int_eq(fs_lock_dir(directory, &lock), -EIO);
    ck_assert_int_eq(fs_lock_open(file), -EIO);
    ck_assert_int_eq(lock, -1);
    /* Whatever a file system says that knows no locks on directories. */
    static const int unknown[] = {EBADF, EINVAL, ENOLCK, ENOSYS, EOPNOTSUPP};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        failure = unknown[i];
        ck_assert_int_eq(fs_lock_dir(directory, &lock), -ENOTSUP);
    }
    failure = EIO;
    ck_assert_int_eq(fs_list(directory, &names, &count), -EIO);
    failure = 0;
    ck_assert_int_eq(fs_list(directory, &names, &count), 0);
    ck_assert_uint_eq(count, 1);
    fs_list_free(names, count);
}
END_TEST

/* A disk that takes no byte and names no reason is no reason to try for ever. */
START_TEST(nothing_is_written)
{
    char byte = 'x';
    struct iovec piece = {.iov_base = &byte, .iov_len = 1};
    at_the_end = true;
    ck_assert_int_eq(fs_write(file, 0, &byte, 1), -EIO);
    ck_assert_int_eq(fs_writev(file, 0, &piece, 1), -EIO);
    at_the_end = false;
}
END_TEST

START_TEST(what_is_not_there)
{
    char nowhere[120];
    uint64_t size;
    int lock;
    snprintf(nowhere, sizeof nowhere, "%s/no/file", directory);
    ck_assert_int_eq(fs_lock(nowhere, &lock), -ENOENT);
    ck_assert_int_eq(fs_make_dir(nowhere), -ENOENT);
    ck_assert_int_eq(fs_create(nowhere), -ENOENT);
    int closed = fs_open(path);
    ck_assert_int_eq(fs_close(closed), 0);
    ck_assert_int_eq(fs_size(closed, &size), -EBADF);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk/interrupted");
    TCase *tcase = tcase_create("interrupted");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, interrupted_and_in_parts, 0, 9);
    tcase_add_test(tcase, every_call_fails);
    tcase_add_test(tcase, nothing_is_written);
    tcase_add_test(tcase, what_is_not_there);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
