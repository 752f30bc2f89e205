/* What a node was told to read at: never less than what was committed anywhere when it asked. That is more than clients
 * can see, who rarely read just then; and so an answer to a question of an earlier life is found wherever it is taken
 * for one to a question of this life. */
#ifndef CLEAT_TESTS_SIM_READ_INDEX_H
#define CLEAT_TESTS_SIM_READ_INDEX_H

#include <stdint.h>

#include "node/node.h"

enum { READ_INDEX_KEPT = 64 };

struct read_index {
    uint64_t last_id;   /* of the batches of reads that were asked for in this life */
    struct {
        uint64_t id;
        uint64_t least; /* what was committed when it was asked for */
    } asked[READ_INDEX_KEPT]; /* the newest ones */
};

/* A process begins. */
void read_index_begin(struct read_index *reads);
/* Between NODE's inputs and its turn: NULL, or what is wrong with what came. */
const char *read_index_check(const struct read_index *reads, const struct node *node);
/* After its turn, before which entries up to COMMITTED were committed somewhere. */
void read_index_asked(struct read_index *reads, struct node *node, uint64_t committed);

#endif
