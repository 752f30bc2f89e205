/* The core part: cluster time, revision and level; its record announces what the other parts hold. */
#ifndef CLEAT_STORE_CORE_H
#define CLEAT_STORE_CORE_H

#include "store/part.h"

extern const struct part core_part;

/* The level becomes LEVEL, which this program knows, if it is higher. Returns the one that is in force now. */
uint16_t core_raise(struct store *store, uint16_t level);

/* A dump begins, of all parts: notes what the core's record will say. */
void core_note_part(struct store *store, enum part_number part, uint64_t items);

#endif
