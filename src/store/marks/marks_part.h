/* A part of the state that only programs for tests of upgrades have (protocol/level.h): how many marks were applied,
 * and the sum of their notes. */
#ifndef CLEAT_STORE_MARKS_PART_H
#define CLEAT_STORE_MARKS_PART_H

#include <stdint.h>

#include "store/part.h"

struct marks {
    uint64_t count;
    uint64_t sum;
};

extern const struct part marks_part;

/* One more, with that note. */
void marks_add(struct store *store, uint64_t note);

#endif
