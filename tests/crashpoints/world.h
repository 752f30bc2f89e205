/* What a life is lived on: a machine with a disk in memory, its clock, and its randomness. It can be copied as it is at
 * one moment, so that many deaths can be tried from there.
 *
 * Every function that works on the disk gives one of three results: it was done, the disk stopped meanwhile (the
 * process is dead from then on), or something is wrong, and world->wrong says what. */
#ifndef CLEAT_TESTS_CRASHPOINTS_WORLD_H
#define CLEAT_TESTS_CRASHPOINTS_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "disk_fs/fs_memory.h"

enum result { DONE, DEAD, WRONG };

/* How a process dies, and which of the many ways that there are of losing something. */
struct death {
    enum fs_memory_loss loss;
    unsigned number;
};

enum { WORLD_WRONG_MAX = 700 };

struct world {
    struct fs_memory *memory; /* owned */
    int machine;
    struct random random;     /* for the ids of files */
    uint64_t now_ms;
    uint64_t stop;            /* the disk action at which all stops; 0: none */
    unsigned order;           /* of what two threads do at once: see meet.h */
    bool meets;               /* they do so now, or did when it stopped */
    bool trace;               /* tell what happens */
    char wrong[WORLD_WRONG_MAX];
};

#define WORLD_PREFIX "/m"
#define WORLD_DIRECTORY WORLD_PREFIX "/data"

void world_open(struct world *world, bool trace);
void world_copy(struct world *world, const struct world *from);
void world_close(struct world *world);
/* Makes its disk the one that is worked on. */
void world_use(const struct world *world);

/* The disk stops at its action number NTH from now. */
void world_stop_at(struct world *world, uint64_t nth);
bool world_stopped(const struct world *world);
/* How many disk actions there were. */
uint64_t world_actions(const struct world *world);
/* What was not synced goes the way of DEATH; SEED decides what "some" is. The disk works again. */
void world_die(struct world *world, struct death death, uint64_t seed);
/* kill -9 as a part of a life: the disk will stop when it was to. */
void world_kill(struct world *world);

/* Notes what is wrong, and returns WRONG. */
enum result world_wrong(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
void world_tell(const struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A number for a file. CONTEXT: the world's `random`. */
uint64_t world_random(void *context);

/* "kill", "lose", "some:1", "tear:0". */
const char *death_name(struct death death, char text[16]);
bool death_parse(const char *text, struct death *death);

#endif
