#include "sim/story.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/hash.h"

void story_note(struct story *story, uint64_t value)
{
    uint64_t mixed = (story->hash ^ value) * 0x9e3779b97f4a7c15u;
    story->hash = mixed ^ mixed >> 29;
}

void story_note_bytes(struct story *story, const void *bytes, size_t size)
{
    story_note(story, hash_bytes(bytes, size, size));
}

void story_tell(const struct story *story, int detail, const char *who, const char *format, ...)
{
    if (story->detail < detail)
        return;
    printf("%11.6f %-4s ", (double)story->now_us / 1e6, who);
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}
