#include "store/parts.h"

#include "base/ensure.h"
#include "store/core.h"
#include "store/dedup/dedup_part.h"
#include "store/files/files_part.h"
#ifdef CLEAT_TEST_LEVEL
#include "store/marks/marks_part.h"
#endif

_Static_assert(PARTS_COUNT == PART_NUMBERS - PART_CORE, "every number has a row");

const struct part *const parts[PARTS_COUNT] = {
    &core_part, /* first: a load begins with it */
    &files_part,
    &dedup_part,
#ifdef CLEAT_TEST_LEVEL
    &marks_part,
#endif
};

const struct part *parts_find(unsigned number)
{
    for (size_t i = 0; i < PARTS_COUNT; i++) {
        ensure(parts[i]->number == PART_CORE + i);
        if ((unsigned)parts[i]->number == number)
            return parts[i];
    }
    return NULL;
}
