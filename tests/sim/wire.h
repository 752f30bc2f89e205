/* Frames between nodes, for the story: what is in them. */
#ifndef CLEAT_TESTS_SIM_WIRE_H
#define CLEAT_TESTS_SIM_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/story.h"

void wire_tell(const struct story *story, const char *from, const char *to, const uint8_t *bytes, size_t size,
               bool dropped);

#endif
