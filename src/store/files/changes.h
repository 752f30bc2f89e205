/* What each kind of change needs of the files, and what it makes of them. Looking comes before making, so that a
 * transaction can look at all its parts before it makes the first. */
#ifndef CLEAT_STORE_CHANGES_H
#define CLEAT_STORE_CHANGES_H

#include "store/state.h"

/* The files that a change is about, as it found them: NULL where there is none. They stay what they are until one of
 * them is changed. */
struct found {
    struct file *file;   /* the (target) file */
    struct file *source; /* the other one, where it has a source */
    bool at_source;      /* where it does not hold: of the source, and not of the file */
    size_t growth;       /* bytes of name and contents that it makes, which are not in its entry */
};

/* Whether CHANGE, or a condition of a transaction, holds of the files as they are: OUTCOME_NONE, or how it fails. Files
 * of its names that are due expire first. */
struct decision change_look(struct store *store, const struct command *change, struct found *found);

/* What CHANGE adds to the files as they are now, at most, in bytes: a hint, for they may change before it is made. */
size_t change_growth(struct store *store, const struct command *change);

/* True if a change of KIND takes a revision, and gives it as version to the files that it changes. */
bool change_versions(enum command_kind kind);

/* True if an entry of KIND, known or not, becomes the contents of the file that it writes. */
bool change_becomes(enum command_kind kind);

/* Makes CHANGE, for which change_look said OUTCOME_NONE and filled in FOUND, as VERSION. BLOB is the entry's payload
 * where the change is an entry of its own: of some kinds that becomes the file's. NULL: the change is part of
 * something else, and its contents are copied. */
struct decision change_make(struct store *store, const struct command *change, const struct found *found,
                            struct blob *blob, uint64_t version);

#endif
