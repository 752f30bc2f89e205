/* What each kind of change needs of the files, and what it makes of them. Looking comes before making, so that a
 * transaction can look at all its parts before it makes the first. */
#ifndef CLEAT_STORE_CHANGES_H
#define CLEAT_STORE_CHANGES_H

#include "store/state.h"

/* Whether CHANGE, or a condition of a transaction, holds of the files as they are: OUTCOME_NONE, or how it fails. Files
 * of its names that are due expire first. */
struct decision change_look(struct store *store, const struct command *change);

/* Makes CHANGE, for which change_look said OUTCOME_NONE just now, as VERSION. BLOB is the entry's payload where the
 * change is a WRITE or CAS that is an entry of its own, and becomes the file's; NULL: the change is part of something
 * else, and its contents are copied. */
struct decision change_make(struct store *store, const struct command *change, struct blob *blob, uint64_t version);

#endif
