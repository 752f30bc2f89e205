/* Memory for small things: it is there, or the program stops.
 *
 * What a client or peer can make large (a value, a frame) is asked for with blob_new() or buffer_reserve(), which can
 * fail and are checked. */
#ifndef CLEAT_BASE_MEMORY_H
#define CLEAT_BASE_MEMORY_H

#include <stddef.h>

/* SIZE zeroed bytes, to be given back with free(). Never NULL. */
void *memory_get(size_t size);

/* BLOCK (or NULL) made COUNT elements of SIZE bytes long; new bytes are not zeroed. Never NULL. Stops the program if
 * the product overflows. */
void *memory_resize(void *block, size_t count, size_t size);

#endif
