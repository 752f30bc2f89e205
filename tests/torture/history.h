/* What clients did and were told: one operation a line, in the protocol's words, so that a history can be read by eye
 * and checked again.
 *
 *      INVOKED RETURNED CONNECTION NODE COMMAND : REPLY
 *
 *      1203456 1204101 c17 n3 write f12 =4711 2 : OK 5521         the value numbered 4711, EXPTIME 2
 *      1203800 1204733 c9 n1 cas f12 5521 =4712 0 : ERR_VERSION 5522
 *      1204000 1204800 c4 n2 read f12 : CONTENTS 5521 =4711 2
 *      1204100 - c5 n4 delete f12 : BROKEN                        the connection broke before the reply came
 *      # 1.250000 kill 3                                          what was done to the nodes
 *
 * Times are microseconds since the load began, all of one clock. Every value that is ever written has a number of its
 * own. The lines of one connection are in the order in which its commands were sent. `final` stands for a read after
 * everything has healed and no one writes any more. */
#ifndef CLEAT_TESTS_TORTURE_HISTORY_H
#define CLEAT_TESTS_TORTURE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum operation_kind { OPERATION_READ, OPERATION_WRITE, OPERATION_CAS, OPERATION_DELETE, OPERATION_FINAL };
enum { OPERATION_KINDS = OPERATION_FINAL + 1 };

enum operation_outcome {
    OUTCOME_OK,        /* write, cas: `version`; delete */
    OUTCOME_CONTENTS,  /* read, final: `version`, `value`, `remaining_s` */
    OUTCOME_NOT_FOUND, /* read, final, delete */
    OUTCOME_MISMATCH,  /* cas: `version` is the file's; 0: there is none */
    OUTCOME_REFUSED,   /* an error after which nothing was changed */
    OUTCOME_TIMEOUT,   /* ERR_TIMEOUT: perhaps done, at any later time */
    OUTCOME_BROKEN,    /* no reply: the same */
};
enum { OUTCOMES = OUTCOME_BROKEN + 1 };

struct operation {
    uint64_t invoked_us;
    uint64_t returned_us; /* UINT64_MAX for TIMEOUT and BROKEN: it may take effect later than any reply */
    uint64_t version;     /* what the reply says; 0: nothing, or absent */
    uint64_t expected;    /* cas */
    uint64_t made;        /* the version that this change got, by its reply or by what others saw; 0: not known */
    uint32_t file;
    uint32_t value;       /* write, cas: what it writes; CONTENTS: what was read. 0: what nobody can have written */
    uint32_t connection;
    uint32_t exptime_s;   /* write, cas */
    uint32_t remaining_s; /* CONTENTS */
    uint8_t node;
    uint8_t kind;
    uint8_t outcome;
};

struct history {
    struct operation *operations;
    size_t count;
    size_t capacity;
};

extern const char *const operation_kind_names[OPERATION_KINDS];
extern const char *const outcome_names[OUTCOMES];

void history_close(struct history *history);
void history_add(struct history *history, const struct operation *operation);
/* Adds the operations of FILE; false where a line is none, with its number in *line. */
bool history_read(struct history *history, FILE *file, size_t *line);
void operation_print(const struct operation *operation, FILE *file);

/* WRITE, CAS or DELETE. */
static inline bool operation_changes(const struct operation *operation)
{
    return operation->kind == OPERATION_WRITE || operation->kind == OPERATION_CAS ||
           operation->kind == OPERATION_DELETE;
}

/* Puts a value in the file. */
static inline bool operation_writes(const struct operation *operation)
{
    return operation->kind == OPERATION_WRITE || operation->kind == OPERATION_CAS;
}

static inline bool operation_unknown(const struct operation *operation)
{
    return operation->outcome == OUTCOME_TIMEOUT || operation->outcome == OUTCOME_BROKEN;
}

#endif
