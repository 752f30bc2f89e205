/* What each kind of change needs of the files, and what it makes of them. Looking comes before making, so that a
 * transaction can look at all its parts before it makes the first. */
#ifndef CLEAT_STORE_CHANGES_H
#define CLEAT_STORE_CHANGES_H

#include "store/state.h"

/* The files that a change is about, as it found them: NULL where there is none. They stay what they are until one of
 * them is changed. */
struct found {
    struct file *file;   /* the (target) file */
    struct file *source; /* copy, move */
    size_t growth;       /* copy: bytes of name and contents that it makes, which are not in its entry */
};

/* Whether CHANGE, or a condition of a transaction, holds of the files as they are: OUTCOME_NONE, or how it fails. Files
 * of its names that are due expire first. */
struct decision change_look(struct store *store, const struct command *change, struct found *found);

/* Makes CHANGE, for which change_look said OUTCOME_NONE and filled in FOUND, as VERSION. BLOB is the entry's payload
 * where the change is an entry of its own: that of a WRITE or CAS becomes the file's. NULL: the change is part of
 * something else, and its contents are copied. */
struct decision change_make(struct store *store, const struct command *change, const struct found *found,
                            struct blob *blob, uint64_t version);

#endif
