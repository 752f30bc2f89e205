/* The machines' disks, kept by tests/disk_fs: what is done to them from outside. */
#ifndef CLEAT_TESTS_SIM_STORAGE_H
#define CLEAT_TESTS_SIM_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;

/* Fresh, empty disks for a run, with the seed of what they lose. */
void storage_open(uint64_t seed);
void storage_close(void);
/* BEFORE is called before every call of a file system. */
void storage_watch(void (*before)(void *context), void *context);
/* An empty disk for MACHINE. */
void storage_wipe(const struct machine *machine);
/* A copy of the disk of MACHINE, whose process is gone, is kept, in place of an older one; and put back. */
void storage_copy(const struct machine *machine);
void storage_put_back(const struct machine *machine);
/* Damages a file of MACHINE, which is down: a bit, a byte or a few, or a sector that is another one's or, as if it had
 * never been written, zeros (*LOST); now and then where the log ends. TEXT says what. False: there is nothing to
 * damage. */
bool storage_rot(const struct machine *machine, bool *lost, char *text, size_t room);
/* A snapshot that came from another node, in part or not yet under its name, is there. */
bool storage_has_received(const struct machine *machine);
/* Some of the room that its disk sets aside for starts is there. */
bool storage_has_reserve(const struct machine *machine);
/* NULL, or what MACHINE, whose threads rest, has on its disk or open that it should not: files that no figure tells of,
 * or that nobody needs. It would lose that room, or run out of descriptors, only after a life as long as none here. */
const char *storage_waste(const struct machine *machine);
/* The process died: its files are closed. POWER: an arbitrary part of what was not synced is lost too. */
void storage_crash(const struct machine *machine, bool power);
/* Only MORE bytes beyond what is used have room now; UINT64_MAX: any number. */
void storage_limit(const struct machine *machine, uint64_t more);
/* After CALLS more calls one fails with an I/O error. */
void storage_error_after(const struct machine *machine, uint64_t calls);
/* No call fails by storage_error_after any more. False: one has. */
bool storage_error_lifted(const struct machine *machine);
/* After CALLS more calls none does anything any more, until storage_crash: power has gone. */
void storage_stop_after(const struct machine *machine, uint64_t calls);
/* ... unless this comes before. False: it is too late. */
bool storage_stop_lifted(const struct machine *machine);

#endif
