/* What the clients of a node sent and were told, and what the node showed of itself: from that, what must be there
 * after any crash.
 *
 *      deeds   1 2 3 ... answered | ... sent
 *              all took effect    | the first few of these did, in their order, and no other
 *
 * All clients' commands go over one connection, and take effect in its order: so there is exactly one state for each
 * count of deeds that took effect, with each file's contents and version. A deed that took effect twice, or an error
 * that did nevertheless, gives versions that none of these states has. */
#ifndef CLEAT_TESTS_CRASHPOINTS_LEDGER_H
#define CLEAT_TESTS_CRASHPOINTS_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "crashpoints/world.h"
#include "disk/disk.h"
#include "node/node.h"

enum { LEDGER_DEEDS_MAX = 400, LEDGER_INDEX_MAX = 1024, LEDGER_FILES = 8, LEDGER_CONTENTS_MAX = 4000 };

enum deed_kind {
    DEED_WRITE,
    DEED_CAS,       /* of the version that the file has */
    DEED_CAS_WRONG, /* of another: an error */
    DEED_DELETE,    /* also of what is not there: an error */
    DEED_EXPIRE,    /* no command: the file's life ends by itself */
};

struct deed {
    enum deed_kind kind;
    uint32_t number; /* contents are made from it */
    size_t file;
    size_t size;
    uint64_t exptime_s;
};

struct ledger {
    struct deed deeds[LEDGER_DEEDS_MAX];
    size_t sent;
    size_t answered;
    uint32_t number;                    /* of the newest deed; never used again */
    uint64_t term;                      /* in which the node led: its vote for it is durable */
    uint64_t incarnation;
    uint64_t applied;                   /* the highest index that a node was seen to have applied */
    uint64_t hashes[LEDGER_INDEX_MAX];  /* of the state after that index; 0: not seen */
    uint64_t time_ms;                   /* cluster time there */
};

/* The command for a new deed, appended to TEXT; for DEED_EXPIRE nothing. */
void ledger_send(struct ledger *ledger, struct deed deed, struct buffer *text);
/* Looks at REPLIES and consumes those that are whole: they must be the answers to the deeds that have none yet. */
enum result ledger_hear(struct ledger *ledger, struct world *world, struct buffer *replies);
/* The node's state after a turn is what was promised from now on. */
void ledger_observe(struct ledger *ledger, const struct node *node);
/* What a start found: STORE is the snapshot's state; RECOVERED's entries are applied to it. */
enum result ledger_check_recovered(const struct ledger *ledger, struct world *world,
                                   const struct disk_recovered *recovered, struct store *store);

/* A read for every file, appended to TEXT; then, once as many answers are in REPLIES: how many deeds took effect. The
 * others that were sent never will, but for the end of a file's life. REVISION: the store's when it answered. */
void ledger_ask(struct buffer *text);
bool ledger_answers(struct buffer *replies);
enum result ledger_check_answers(struct ledger *ledger, struct world *world, struct buffer *replies,
                                 uint64_t revision);

#endif
