/* Memory for small things: it is there, or the program stops, which is no worse than a crash.
 *
 * What a client or peer can make large on its way in (contents, a command, a transaction, input that is not parsed
 * yet, a message, a snapshot) is asked for with blob_new() or buffer_reserve(), which can fail and are checked: it is
 * refused.
 * Two things are not refused, and stop the program: what a change makes that is being applied (store/changes.c), for
 * every node must come to the same; and what limits bound though they are not small (the text of a listing, replies, a
 * body that HTTP collects). */
#ifndef CLEAT_BASE_MEMORY_H
#define CLEAT_BASE_MEMORY_H

#include <stddef.h>

/* SIZE zeroed bytes, to be given back with free(). Never NULL. */
void *memory_get(size_t size);

/* BLOCK (or NULL) made COUNT elements of SIZE bytes long; new bytes are not zeroed. Never NULL. Stops the program if
 * the product overflows. */
void *memory_resize(void *block, size_t count, size_t size);

#endif
