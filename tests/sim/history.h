/* What clients did and saw, and whether it can have happened.
 *
 * Every successful change has a number, its version, of one counter for the whole cluster. So there is no need to
 * search for an order: the versions are the order, and what clients saw must fit to it and to the time at which they
 * saw it.
 *
 *      invoked |------------- change took effect somewhere in here -------------| returned
 *
 * A change whose outcome is unknown may have taken effect at any time after it was invoked, once, or not at all. */
#ifndef CLEAT_TESTS_SIM_HISTORY_H
#define CLEAT_TESTS_SIM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum operation_kind { OPERATION_READ, OPERATION_WRITE, OPERATION_CAS, OPERATION_DELETE, OPERATION_OTHER };

enum operation_outcome {
    RESULT_PENDING,
    RESULT_OK,        /* write, cas: `version`. delete: done. other: answered */
    RESULT_CONTENTS,  /* read: `version`, `seen`, `remaining_s` */
    RESULT_NOT_FOUND, /* read, delete */
    RESULT_MISMATCH,  /* cas: `version` is the file's, 0: absent */
    RESULT_REFUSED,   /* an error that certainly had no effect; or never run */
    RESULT_UNKNOWN,
};

struct operation {
    enum operation_kind kind;
    enum operation_outcome outcome;
    uint32_t file;
    uint64_t connection;  /* a running number; operations of one are sent in the order of their ids */
    uint64_t invoked_us;
    uint64_t returned_us; /* UINT64_MAX: unknown or pending */
    uint64_t expected;    /* cas: the version that it was to replace */
    uint64_t exptime_s;   /* write, cas */
    size_t value_size;
    uint64_t version;
    uint64_t seen;        /* the id of the operation whose value was read */
    uint64_t remaining_s;
    size_t request;       /* a change: oracle_asked's */
};

/* Operations have ids from 1, which are also what values are made from. */
struct history {
    struct operation *operations; /* by id - 1 */
    uint64_t count;
    uint64_t capacity;
};

/* How exact clocks are. */
struct history_rules {
    uint32_t files;
    uint32_t drift_ppm; /* of any clock against true time */
    uint64_t slack_us;  /* clocks count in ms, and are handed from leader to leader */
};

/* Adds an operation, pending; returns its id. */
uint64_t history_invoke(struct history *history, const struct operation *operation);
/* Borrowed until the next history_invoke. */
struct operation *history_operation(const struct history *history, uint64_t id);
void history_close(struct history *history);

enum { HISTORY_REASON_MAX = 400 };
/* False, and REASON, if what clients saw is impossible. */
bool history_check(const struct history *history, const struct history_rules *rules, char reason[HISTORY_REASON_MAX]);

#endif
