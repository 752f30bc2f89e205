/* Input right before memory that cannot be touched: a parser that looks at one byte too many crashes. */
#ifndef CLEAT_TESTS_SUPPORT_GUARD_H
#define CLEAT_TESTS_SUPPORT_GUARD_H

#include <stddef.h>
#include <stdint.h>

struct guard {
    uint8_t *pages; /* two: the second cannot be read or written */
    size_t page_size;
};

void guard_open(struct guard *guard);
void guard_close(struct guard *guard);

/* A copy of SIZE bytes (a page at most) that ends where the second page begins. It lasts until the next call. What is
 * in front of it is filled with line ends, so that looking back shows too. */
uint8_t *guard_copy(struct guard *guard, const void *bytes, size_t size);

#endif
