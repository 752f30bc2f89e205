/* Writes the history, and counts. */
#ifndef CLEAT_TESTS_TORTURE_RECORD_H
#define CLEAT_TESTS_TORTURE_RECORD_H

#include "e2e/tools/shared/wire.h"
#include "torture/history.h"

struct record {
    FILE *file;
    uint64_t begun_ns;
    uint64_t counts[OPERATION_KINDS][OUTCOMES];
    uint32_t connections;     /* so far; they are numbered from 1 */
    bool majority;            /* of the voters runs, and each reaches each: then changes should succeed */
    uint64_t progress_us;     /* the last change that succeeded, or when a majority came to be */
    uint64_t gap_us;          /* the longest time without one */
    uint64_t gap_at_us;       /* when that ended */
};

void record_begin(struct record *record, const char *path);
/* Since record_begin, by the monotonic clock. */
uint64_t record_now_us(const struct record *record);
/* OPERATION got REPLY; or none, where that is NULL. Fills in the rest of it, and writes its line. */
void record_operation(struct record *record, struct operation *operation, const struct wire_reply *reply);
void record_note(struct record *record, const char *text);
/* Whether a majority is connected from now on. */
void record_majority(struct record *record, bool majority);
/* Takes the time without a success, up to now, into account. */
void record_gap(struct record *record);
/* Closes the file, and prints the counts on OUT. */
void record_end(struct record *record, FILE *out);

#endif
