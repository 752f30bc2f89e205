/* Simulated clients of one machine: each has DEPTH commands unanswered, and sends the next ones when it has all
 * replies. They begin in four parts, a round apart, so that something is always under way. */
#ifndef CLEAT_TESTS_COUNT_LOAD_H
#define CLEAT_TESTS_COUNT_LOAD_H

#include "count/machine.h"

enum load_kind { LOAD_WRITE, LOAD_READ };

struct load {
    struct machine *machine;
    size_t depth;
    size_t *unanswered;       /* by connection */
    uint64_t rounds;
    uint64_t sent;
    uint64_t answered;
};

void load_open(struct load *load, struct machine *machine, size_t connections, size_t depth);
void load_close(struct load *load);
/* Takes the replies that are there, and sends. KIND: what to send. */
void load_round(struct load *load, enum load_kind kind);

#endif
