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
