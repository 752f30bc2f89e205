/* What keeps a change from being done twice, as a part of the store: the gateways' windows, and tokens. */
#ifndef CLEAT_STORE_DEDUP_PART_H
#define CLEAT_STORE_DEDUP_PART_H

#include "store/part.h"

extern const struct part dedup_part;

#endif
