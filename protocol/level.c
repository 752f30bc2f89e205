#include "protocol/level.h"

#include <stddef.h>

const char *level_version(unsigned level)
{
    static const char *const versions[LEVEL_KNOWN + 1] = {
#define LEVEL_VERSION(number, version) [number] = version,
        LEVELS(LEVEL_VERSION)
#undef LEVEL_VERSION
    };
    return level <= LEVEL_KNOWN ? versions[level] : NULL;
}
