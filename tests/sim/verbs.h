/* Operations on several files at once, listings, and changes that are tried again: what clients ask, and whether the
 * answer fits what the log says (oracle.h). All on a few files of their own; listings and answers from a node's own
 * copy are about all files.
 *
 *      floor: an entry whose effects had been seen   <=   the answer's own entry   <=   what is committed by now
 *
 * The floor of a question is the highest entry that any answer showed before it was sent, or that an earlier answer on
 * its connection did. Of all entries that explain an answer the first is taken, so that later floors are as low as
 * they can be. */
#ifndef CLEAT_TESTS_SIM_VERBS_H
#define CLEAT_TESTS_SIM_VERBS_H

#include "base/buffer.h"
#include "sim/answer.h"
#include "sim/history.h"

struct client;
struct connection;
struct operation;
struct world;

struct verbs {
    struct verb_operation *operations;
    size_t count;
    size_t capacity;
    uint64_t floor;        /* the highest entry that any answer has shown */
    uint64_t repeated;     /* changes that were sent again */
    uint64_t judged;       /* answers */
};

void verbs_close(struct world *world);

/* The next such operation of CLIENT, which may be an earlier one again; its number. */
size_t verbs_draw(struct world *world, struct client *client);
/* Its text. It is sent on CLIENT's connection now. */
void verbs_send(struct world *world, struct client *client, size_t number, struct buffer *out);
/* ANSWER came to it: what it says of the operation. Ends the process where it cannot be. RESULT_PENDING: it is no
 * answer to that. */
enum operation_outcome verbs_answered(struct world *world, struct connection *connection, size_t number,
                                      const struct answer *answer);
/* No answer will come, or an error after which it may have happened: CLIENT may send it again. */
void verbs_unknown(struct world *world, struct client *client, size_t number);
/* A change of the other kind, or a read, showed VERSION on CONNECTION. */
void verbs_learn(struct world *world, struct connection *connection, uint64_t version);

#endif
