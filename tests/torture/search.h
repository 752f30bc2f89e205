/* Whether one file's operations can have happened: is there an order of them, each at a moment between its being
 * sent and its reply, in which a file gives just these replies?
 *
 *      sent |------ write =1 ------| OK 5
 *                  sent |------ write =2 ---...                   no reply: now, later, or never
 *                sent |-- read --| CONTENTS 5 =1
 *                                   sent |-- read --| CONTENTS 6 =2      so it did happen, before this reply
 *
 * The search of Wing and Gong in the form of Lowe: take any operation that no other one had to precede, do it on the
 * model, go on; where nothing fits, take back the last one and try another. A set of operations done together with the
 * state they led to is tried once.
 *
 * The model is a file as SPEC.md has it: absent, or a version with its value and expiry. Versions are part of it: each
 * change gets a higher one than all before it. That leaves little to guess: the order of changes whose versions are
 * known, from their replies or by others' reads, is fixed. Where a change's outcome is unknown and nobody saw its
 * version, it has one above the file's last until a reply tells which.
 *
 * The operations of one connection are done in their order; only a change that was never answered may still be done
 * after reads that follow it, until a later change is decided. A file may be gone from EXPTIME after the moment at
 * which its write was sent, and no earlier: what finds it gone returns after that, and so does all that is done later.
 */
#ifndef CLEAT_TESTS_TORTURE_SEARCH_H
#define CLEAT_TESTS_TORTURE_SEARCH_H

#include "torture/history.h"

enum search_verdict { SEARCH_POSSIBLE, SEARCH_IMPOSSIBLE, SEARCH_UNDECIDED };

struct search_limits {
    uint64_t steps;    /* after so many it is undecided */
    uint64_t early_us; /* so much earlier than EXPTIME says a file may be gone, for clocks count in ms */
};

/* How far the best attempt came. */
struct search_report {
    uint64_t steps;
    size_t placed;                    /* operations, of those that must have a place */
    size_t required;
    const struct operation *blocked;  /* returned next, and had no place; NULL where all have */
    const struct operation *writer;   /* whose value the file then had; NULL: it was absent */
    uint64_t version;                 /* and its version; 0: not known */
};

/* OPERATIONS are all of one file, in the history's order, with `made` set where it is known. */
enum search_verdict search_file(const struct operation *operations, size_t count, const struct search_limits *limits,
                                struct search_report *report);

#endif
