/* Reads on their way to a read index: those of one turn are asked for together.
 *
 *      fresh --ask--> asked under an id --confirmed--> wait for an index to be applied --> may be answered
 *        ^---------------- no answer, or another leader ---'
 */
#ifndef CLEAT_NODE_READS_H
#define CLEAT_NODE_READS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct session;
struct pending;

struct read_batch {
    struct list batches;  /* in reads->asked or reads->confirmed, in order */
    uint64_t id;
    uint64_t asked_ms;
    uint64_t index;       /* confirmed: to be applied first */
    struct list pendings;
};

struct reads {
    struct list fresh;     /* pendings */
    struct list asked;     /* batches */
    struct list confirmed; /* batches */
    uint64_t last_id;
    uint64_t term;         /* in which the asked ones were asked */
};

void reads_init(struct reads *reads);
void reads_close(struct reads *reads);
void reads_add(struct reads *reads, struct pending *pending);
/* Asks for the fresh ones, and again for those that got no answer. */
void reads_ask(struct session *session);
/* Takes raft's confirmations, and lets reads be answered whose index is applied. */
void reads_confirm(struct session *session);
uint64_t reads_deadline_ms(const struct session *session);

#endif
