/* How a command ended. Fixed in its own apply, and kept in the state, so that whoever asks again hears the same. */
#ifndef CLEAT_STORE_OUTCOME_H
#define CLEAT_STORE_OUTCOME_H

#include <stdint.h>

/* The numbers are in snapshots. */
enum outcome_code {
    OUTCOME_NONE,         /* not applied: repeated, of an older epoch, or out of order; nothing changed */
    OUTCOME_WRITTEN,      /* `version` is the file's (a touched file keeps its own), or the transaction's; `value` is 1
                             where a file came to be */
    OUTCOME_DELETED,      /* `version` is the revision that the deletion took */
    OUTCOME_NOT_FOUND,    /* there is no such file */
    OUTCOME_MISMATCH,     /* `version` is the file's, 0 if absent */
    OUTCOME_SKIPPED,      /* nothing was done under this number: its gateway gave it up */
    OUTCOME_OPENED,       /* the gateway's epoch is now this entry's index */
    OUTCOME_COUNTED,      /* incr: `version`, and in `value` the number that the file holds now */
    OUTCOME_TOO_BIG,      /* append: the file would be above the limit */
    OUTCOME_NOT_A_NUMBER, /* incr: the file holds none, or the sum has no room */
    OUTCOME_FULL,         /* copy: the files would be above the limit. Its token is not kept */
    OUTCOME_REFUSED,      /* set: there is no such setting, or it does not take this value */
    OUTCOME_LEVEL,        /* raise: `value` is the cluster's level, raised by this or as it was */
    OUTCOME_UNKNOWN,      /* the entry is none that this version can read: it is not applied, and nothing behind it can
                             be. Not in snapshots */
};

struct decision {
    enum outcome_code code;
    uint64_t version;  /* 0 where nothing else is said above */
    int64_t value;     /* likewise; where a transaction failed: at which of its parts, from 1, and below 0 where it is
                          of that part's source. So too, as of one part, where a change has versions of two files */
};

struct outcome {
    enum outcome_code code;
    uint32_t gateway;  /* 0 where the entry was no command of a gateway */
    uint64_t epoch;    /* the command's; of an OPEN the gateway's epoch after it */
    uint64_t number;   /* 0 for OPEN */
    uint64_t version;  /* as in struct decision */
    int64_t value;
};

#endif
