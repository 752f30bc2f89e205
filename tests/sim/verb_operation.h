/* One operation of verbs.h: drawn, and put into words. */
#ifndef CLEAT_TESTS_SIM_VERB_OPERATION_H
#define CLEAT_TESTS_SIM_VERB_OPERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct world;

enum { TRIES_MAX = 5 };

enum verb_operation_kind { VERB_OPERATION_CHANGE, VERB_OPERATION_READ, VERB_OPERATION_STAT, VERB_OPERATION_LIST };

struct verb_operation {
    enum verb_operation_kind kind;
    struct buffer text;    /* what is sent, each time the same */
    uint64_t digest;       /* of a change (oracle.h) */
    bool above;            /* `cluster level`, and no node knows that level */
    bool has_token;
    bool stale;
    char name[256];        /* a question's: the file, or list's prefix */
    char other[256];       /* list's after */
    char delimiter;        /* list; 0: none */
    uint32_t limit;
    uint32_t tries;        /* how often it was sent */
    uint64_t floor;        /* the highest entry that was shown to anyone when it was first sent */
    uint64_t life;         /* of the machine, then */
    size_t request;        /* oracle_asked's */
};

/* Draws operation NUMBER, which has not been sent. */
void verb_operation_draw(struct world *world, struct verb_operation *operation, size_t number);

#endif
