/* What is asked next: of which file, and what.
 *
 *   hot files      a few, changed all the time by many: order and cas
 *   mayflies       looked at all the time and changed about once a second, always with EXPTIME: expiry
 *
 * After some operations a file is left alone for good and a new one takes its place, so that what is known of each
 * stays small enough to be checked. */
#ifndef CLEAT_TESTS_TORTURE_PLAN_H
#define CLEAT_TESTS_TORTURE_PLAN_H

#include "base/random.h"
#include "torture/history.h"

enum { PLAN_HOT = 8, PLAN_MAYFLIES = 16, PLAN_SLOTS = PLAN_HOT + PLAN_MAYFLIES, PLAN_EXPTIME_MAX_S = 2 };

struct slot {
    uint32_t file;
    uint32_t asked;   /* operations so far */
    uint64_t version; /* the highest that anybody was told of; 0: none, or it was seen to be gone since */
};

struct plan {
    struct slot slots[PLAN_SLOTS];
    struct random random;
    uint32_t files;   /* so far; they are numbered from 0 */
    uint32_t values;  /* so far; they are numbered from 1 */
};

void plan_init(struct plan *plan, uint64_t seed);
/* Sets kind, file and all that goes with them; READS: it is to be a read. */
void plan_next(struct plan *plan, struct operation *operation, bool reads);
/* Takes note of a reply. */
void plan_learn(struct plan *plan, const struct operation *operation);

/* The contents numbered VALUE: its number, a space, and letters. Returns their size. */
enum { VALUE_SIZE_MAX = 512 };
size_t value_make(uint32_t value, char contents[VALUE_SIZE_MAX]);
/* The number of the value that CONTENTS are; 0 where they are none. */
uint32_t value_number(const void *contents, size_t size);

#endif
