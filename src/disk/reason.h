/* Why a call on the disk did not go well: one line of text for a person, and the status that goes with it. What mends
 * it stands behind a "; ". A directory that is refused without one has something damaged or gone, and disk_open says
 * what to do then. */
#ifndef CLEAT_DISK_REASON_H
#define CLEAT_DISK_REASON_H

#include <stdbool.h>

#include "disk/disk.h"

/* "CALL PATH: errno's text; what mends it", where something does; ERROR is -errno. */
enum disk_status reason_failed(char *reason, const char *call, const char *path, int error);
/* As reason_failed, but DISK_FULL where there was no room. */
enum disk_status reason_no_room(char *reason, const char *call, const char *path, int error);
/* "PATH: offset N: TEXT". */
enum disk_status reason_refused(char *reason, const char *path, uint64_t offset, const char *text);
/* Likewise: what is there was written by a newer version. */
enum disk_status reason_newer(char *reason, const char *path, uint64_t offset);
/* "PATH: TEXT". */
enum disk_status reason_unfit(char *reason, const char *path, const char *text);
bool reason_has_mend(const char *reason);

#endif
