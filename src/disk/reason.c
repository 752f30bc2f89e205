#include "disk/reason.h"

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

enum disk_status reason_failed(char *reason, const char *call, const char *path, int error)
{
    ensure(reason != NULL && error < 0);
    int size = snprintf(reason, DISK_REASON_MAX, "%s %s: %s", call, reason_path(path), strerror(-error));
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
    return reason_refused(reason, path, offset,
                          "of a newer format than this version can read: run the cleatd that wrote it, or a newer one");
}

enum disk_status reason_unfit(char *reason, const char *path, const char *text)
{
    ensure(reason != NULL && text != NULL);
    int size = snprintf(reason, DISK_REASON_MAX, "%s: %s", reason_path(path), text);
    ensure(size > 0);
    return DISK_REFUSED;
}
