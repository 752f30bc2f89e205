#include "arguments/argument.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "protocol/request.h"

bool argument_refuse(char reason[ARGUMENT_REASON_MAX], const char *option, const char *text, const char *must)
{
    snprintf(reason, ARGUMENT_REASON_MAX, "--%s %.60s: %s", option, text, must);
    return false;
}

bool argument_u64(const char *option, const char *text, uint64_t low, uint64_t high, uint64_t *value,
                  char reason[ARGUMENT_REASON_MAX])
{
    char must[100];
    if (request_number(text, strlen(text), value) && *value >= low && *value <= high)
        return true;
    snprintf(must, sizeof must, "it must be a number from %" PRIu64 " to %" PRIu64, low, high);
    return argument_refuse(reason, option, text, must);
}

bool argument_u32(const char *option, const char *text, uint32_t low, uint32_t high, uint32_t *value,
                  char reason[ARGUMENT_REASON_MAX])
{
    uint64_t wide;
    if (!argument_u64(option, text, low, high, &wide, reason))
        return false;
    *value = (uint32_t)wide;
    return true;
}

bool argument_seconds(const char *option, const char *text, uint64_t low_ms, uint64_t high_ms, uint64_t *value_ms,
                      char reason[ARGUMENT_REASON_MAX])
{
    char must[100];
    const char *point = strchr(text, '.');
    size_t whole_size = point ? (size_t)(point - text) : strlen(text);
    size_t digits = point ? strlen(point + 1) : 0;
    uint64_t whole, part = 0;
    bool good = request_number(text, whole_size, &whole) && whole <= high_ms / 1000;
    if (good && point)
        good = digits <= 3 && request_number(point + 1, digits, &part);
    for (; good && digits < 3; digits++)
        part *= 10;
    uint64_t ms = good ? whole * 1000 + part : 0;
    *value_ms = ms;
    if (good && ms >= low_ms && ms <= high_ms)
        return true;
    snprintf(must, sizeof must, "it must be a number of seconds, from %.10g to %.10g", (double)low_ms / 1000,
             (double)high_ms / 1000);
    return argument_refuse(reason, option, text, must);
}
