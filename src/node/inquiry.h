/* What is asked of the state: read, stat and list. Answered from the store as it is, which is right at the moment that
 * reads.h and client.h choose; or at any moment, where a stale answer is asked for. */
#ifndef CLEAT_NODE_INQUIRY_H
#define CLEAT_NODE_INQUIRY_H

#include "base/chain.h"
#include "protocol/request.h"

struct node;

/* A question without its names: those lie one behind the other, and are kept by whoever keeps the question. */
struct inquiry {
    enum verb verb;
    bool stale;
    int16_t delimiter;   /* list: a byte; -1: none */
    uint16_t name_size;  /* the file's, or list's prefix */
    uint16_t other_size; /* list's `after` */
    uint32_t limit;      /* list */
};

/* REQUEST, a good one, as an inquiry. */
struct inquiry inquiry_of(const struct request *request);

/* Answers into OUT. NAMES: the name, and behind it the other one. */
void inquiry_answer(struct node *node, const struct inquiry *inquiry, const uint8_t *names, struct chain *out);

#endif
