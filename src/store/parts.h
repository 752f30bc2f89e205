/* The parts that there are. */
#ifndef CLEAT_STORE_PARTS_H
#define CLEAT_STORE_PARTS_H

#include "store/part.h"

enum { PARTS_COUNT = PART_NUMBERS - PART_CORE };

extern const struct part *const parts[PARTS_COUNT];

/* The part of that number, which may be anyone's; NULL: this program knows none. */
const struct part *parts_find(unsigned number);

#endif
