/* Memory for small things: it is there, or the program stops, which is no worse than a crash.
 *
 * What a client or peer can make large on its way in (contents, a command, a transaction, input that is not parsed
 * yet, a message, a snapshot) is asked for with blob_new() or buffer_reserve(), which can fail and are checked: it is
 * refused.
 * Two things are not refused, and stop the program: what a change makes that is being applied
 * (store/files/changes.c), for every node must come to the same; and what limits bound though they are not small (the
 * text of a listing, replies, a body that HTTP collects). */
#ifndef CLEAT_BASE_MEMORY_H
#define CLEAT_BASE_MEMORY_H

#include <stddef.h>

/* SIZE zeroed bytes, to be given back with free(). Never NULL. */
#define memory_get(size) memory_get_for(size, __func__)
void *memory_get_for(size_t size, const char *who);

/* BLOCK (or NULL) made COUNT elements of SIZE bytes long; new bytes are not zeroed. Never NULL. Stops the program if
 * the product overflows. */
#define memory_resize(block, count, size) memory_resize_for(block, count, size, __func__)
void *memory_resize_for(void *block, size_t count, size_t size, const char *who);

/* WHO asked for SIZE bytes and got none: says so on stderr, as an event of its own, and ends the program with status 1.
 * It is no bug of the program. Nothing is waited for, as in a crash. */
_Noreturn void memory_out(size_t size, const char *who);

#endif
