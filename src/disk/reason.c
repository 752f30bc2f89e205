#include "disk/reason.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/ensure.h"
#include "disk/fs.h"

enum { REASON_PATH_MAX = 240 }; /* of a long path the end is shown */

static const char *reason_path(const char *path)
{
    size_t size = strlen(path);
    return size > REASON_PATH_MAX ? path + size - REASON_PATH_MAX : path;
}

/* What people can do about it; empty: not known. */
static const char *reason_mend(const char *call, int error)
{
    switch (-error) {
    case EACCES:
    case EPERM:
        return "; the user that cleatd runs as must be allowed to read and write it";
    case EROFS:
        return "; mount the file system for writing, or choose another place with --data";
    case ENOENT:
        return strcmp(call, "mkdir") == 0 ? "; make the directory above it, or choose another place with --data" : "";
    case ENOTDIR:
        return "; a file is where a directory must be: choose another place with --data";
    case EMFILE:
    case ENFILE:
        return "; allow more open files (ulimit -n)";
    case ENOMEM:
        return "; cleatd needs more memory";
    case EIO:
        return "; the disk does not do its work: the kernel's log may say why";
    default:
        return fs_is_full(error) ? "; free some room there" : "";
    }
}

enum disk_status reason_failed(char *reason, const char *call, const char *path, int error)
{
    ensure(reason != NULL && error < 0);
    int size = snprintf(reason, DISK_REASON_MAX, "%s %s: %s%s", call, reason_path(path), strerror(-error),
                        reason_mend(call, error));
    ensure(size > 0);
    return DISK_FAILED;
}

enum disk_status reason_no_room(char *reason, const char *call, const char *path, int error)
{
    (void)reason_failed(reason, call, path, error);
    return fs_is_full(error) ? DISK_FULL : DISK_FAILED;
}

enum disk_status reason_refused(char *reason, const char *path, uint64_t offset, const char *text)
{
    ensure(reason != NULL && text != NULL);
    int size = snprintf(reason, DISK_REASON_MAX, "%s: offset %" PRIu64 ": %s", reason_path(path), offset, text);
    ensure(size > 0);
    return DISK_REFUSED;
}

enum disk_status reason_newer(char *reason, const char *path, uint64_t offset)
{
    return reason_refused(reason, path, offset, "of a newer format than this version can read; run the version of "
                                                "cleatd that wrote it, or a newer one");
}

enum disk_status reason_unfit(char *reason, const char *path, const char *text)
{
    ensure(reason != NULL && text != NULL);
    int size = snprintf(reason, DISK_REASON_MAX, "%s: %s", reason_path(path), text);
    ensure(size > 0);
    return DISK_REFUSED;
}

bool reason_has_mend(const char *reason)
{
    return strstr(reason, "; ") != NULL;
}
