/* The one way by which commands and expiry change files: it takes care that whoever watches them is told. */
#ifndef CLEAT_STORE_KEEP_H
#define CLEAT_STORE_KEEP_H

#include "store/state.h"

/* FILE, or a new file where it is NULL, becomes what STATE says, at the revision that is its version. */
void keep_put(struct store *store, struct file *file, const struct file_state *state);
/* FILE goes, at the revision that was taken last. */
void keep_remove(struct store *store, struct file *file, enum store_event_cause cause);

#endif
