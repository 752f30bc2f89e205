/* Expiry: the life of files, by the store's time. A file is due when its moment has come, and is there until an entry
 * expires it. */
#ifndef CLEAT_STORE_EXPIRY_H
#define CLEAT_STORE_EXPIRY_H

#include "store/state.h"

/* When a file that is given EXPTIME_S seconds at TIME_MS falls due; 0 for 0 seconds: never. */
uint64_t expiry_ms(uint64_t time_ms, uint64_t exptime_s);

/* The file of that name, or NULL; if it is due, it expires now. */
struct file *expiry_find(struct store *store, const uint8_t *name, size_t name_size);

/* Expires up to STORE_SWEEP_MAX due files, the earliest first. */
void expiry_sweep(struct store *store);

#endif
