#include "protocol/kind.h"

#define ROW(name, number, text, level, class, body, names, contents, extras)                                           \
    [number] = {text,                                                                                                  \
                level,                                                                                                 \
                COMMAND_CLASS_##class,                                                                                 \
                body,                                                                                                  \
                COMMAND_BODY_SIZE(body),                                                                               \
                COMMAND_NAMES_##names,                                                                                 \
                COMMAND_CONTENTS_##contents,                                                                           \
                extras},
const struct command_row command_rows[COMMAND_NUMBERS] = {COMMAND_KINDS(ROW)};

#define CHECK(name, number, text, level, class, body, names, contents, extras)                                         \
    _Static_assert((number) > 0 && (number) < COMMAND_NUMBERS, "0 is no kind, and the table has so many places");      \
    _Static_assert((level) >= LEVEL_BASE && (level) <= LEVEL_KNOWN, "whoever knows a kind knows its level");         \
    _Static_assert(((body) & BODY_SOURCE_VERSION) == 0 || ((body) & BODY_GUARD) == BODY_GUARD,                         \
                   "a source's version is one of two: both count, or none");                                           \
    _Static_assert(((body) & BODY_SOURCE_VERSION) == 0 || COMMAND_CONTENTS_##contents == COMMAND_CONTENTS_SOURCE,      \
                   "a source's version is for what has a source");
COMMAND_KINDS(CHECK)
#undef CHECK

#define CHECK(name, number, size, level, field)                                                                        \
    _Static_assert((number) > 0 && (number) < 32, "it is a bit of 32");                                                \
    _Static_assert((level) >= LEVEL_BASE && (level) <= LEVEL_KNOWN, "whoever knows an extra knows its level");
COMMAND_EXTRAS(CHECK)
#undef CHECK
