/* The script of a transaction, as `cleat txn` reads it, to the protocol's lines. The help of txn has the grammar. */
#ifndef CLEAT_CLI_SCRIPT_H
#define CLEAT_CLI_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "client/call.h"

enum { SCRIPT_PROBLEM_MAX = 320 };

struct script_problem {
    unsigned line;                  /* from 1 on; 0: of no one line */
    bool local;                     /* it is not the line that is wrong: a file of `put` cannot be read */
    char text[SCRIPT_PROBLEM_MAX];
};

/* Adds to CALL the whole transaction that TEXT says. False: PROBLEM says why not. Reads the files of `put`. */
bool script_parse(struct call *call, const char *text, size_t size, struct script_problem *problem);

#endif
