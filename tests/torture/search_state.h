/* What search.c works on: the operations of one file that have, or may have, a place in the order; when each begins and
 * ends; and how far the search is. */
#ifndef CLEAT_TESTS_TORTURE_SEARCH_STATE_H
#define CLEAT_TESTS_TORTURE_SEARCH_STATE_H

#include "torture/memo.h"
#include "torture/search.h"

#define NONE UINT32_MAX /* no item, no event */

/* An operation that has, or may have, a place in the order. */
struct item {
    const struct operation *operation;
    uint64_t returned_us; /* by then it is done; UINT64_MAX: perhaps never */
    struct memo_key mark; /* stands for it in the set of those that are done */
    uint32_t previous;    /* the one before it on its connection that was answered; or NONE */
    uint32_t before;      /* the one before it on its connection; or NONE */
    uint32_t next;        /* and after it */
    uint32_t rank;        /* its place among the changes whose versions are known; or NONE */
    bool last;            /* no change follows it on its connection: nothing ever makes it too late */
    bool done;
};

/* The file, after some of the operations. */
struct state {
    uint64_t version; /* 0: not known yet, but `last` or higher */
    uint64_t last;    /* all versions that will be given are higher */
    uint64_t gone_us; /* a file's time was over before this moment, so what comes now returns after it */
    uint32_t writer;  /* the item; NONE: there is no file */
    bool unused;      /* the last step was a guess, which the next one must need: else it was for nothing */
};

/* What doing an item comes to. */
enum effect {
    EFFECT_IMPOSSIBLE,
    EFFECT_LOOK,   /* the file stays as it is: nothing is lost by doing it at once, if that forecloses nothing */
    EFFECT_CHANGE,
    EFFECT_GUESS,  /* an unknown outcome that nobody saw: perhaps it did happen, here */
};

/* A moment at which an operation begins or ends; those that are not done are chained. Event 2 * item begins the item,
 * event 2 * item + 1 ends it. */
struct event {
    uint64_t at_us;
    uint32_t id;
    uint32_t before; /* ids */
    uint32_t after;
};

struct step {
    struct state before;
    uint32_t item;         /* done in this step */
    enum effect effect;    /* which effects were tried at the configuration it led to ... */
    uint32_t event;        /* ... and the last event whose item was tried; NONE: none yet */
    bool only;             /* what was done next is as good as anything else */
};

struct search {
    struct item *items;
    struct event *events;  /* by id; the last one is both ends of the chain */
    struct step *steps;
    struct memo memo;
    struct memo_key done;  /* the set */
    struct state state;
    const struct search_limits *limits;
    struct search_report *report;
    uint32_t count;
    uint32_t depth;
    uint32_t ranked;       /* changes of known version that are done */
    size_t left;           /* items that must have a place and are not done */
};

/* By its reply, or by what others saw of it. */
static inline bool must_happen(const struct item *item)
{
    return item->returned_us != UINT64_MAX;
}

static inline bool is_answered(const struct item *item)
{
    return !operation_unknown(item->operation);
}

/* Sets up all of SEARCH but its limits and its report; search_close gives it back. OPERATIONS are borrowed. */
void search_open(struct search *search, const struct operation *operations, size_t count);
void search_close(struct search *search);

#endif
