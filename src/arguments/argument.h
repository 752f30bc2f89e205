/* Values of options on a command line: taken, or refused with a line for people. */
#ifndef CLEAT_ARGUMENTS_ARGUMENT_H
#define CLEAT_ARGUMENTS_ARGUMENT_H

#include <stdbool.h>
#include <stdint.h>

enum { ARGUMENT_REASON_MAX = 300 };

/* Writes "--OPTION TEXT: MUST" into REASON (a long TEXT is cut). Returns false. */
bool argument_refuse(char reason[ARGUMENT_REASON_MAX], const char *option, const char *text, const char *must);
/* A number from LOW to HIGH, in digits alone. False, and a reason: TEXT is none. */
bool argument_u64(const char *option, const char *text, uint64_t low, uint64_t high, uint64_t *value,
                  char reason[ARGUMENT_REASON_MAX]);
bool argument_u32(const char *option, const char *text, uint32_t low, uint32_t high, uint32_t *value,
                  char reason[ARGUMENT_REASON_MAX]);
/* Seconds from LOW_MS to HIGH_MS, with up to three digits behind a point ("10", "0.5"), as milliseconds. */
bool argument_seconds(const char *option, const char *text, uint64_t low_ms, uint64_t high_ms, uint64_t *value_ms,
                      char reason[ARGUMENT_REASON_MAX]);

#endif
