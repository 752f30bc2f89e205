/* What is asked of the state: read, stat and list. Answered from the store as it is, which is right at the moment that
 * reads.h and client.h choose; or at any moment, where a stale answer is asked for. */
#ifndef CLEAT_NODE_QUERY_H
#define CLEAT_NODE_QUERY_H

#include "base/chain.h"
#include "protocol/request.h"

struct session;

/* A question without its names: those lie one behind the other, and are kept by whoever keeps the question. */
struct query {
    enum verb verb;
    bool stale;
    int16_t delimiter;   /* list: a byte; -1: none */
    uint16_t name_size;  /* the file's, or list's prefix */
    uint16_t other_size; /* list's `after` */
    uint32_t limit;      /* list */
};

/* REQUEST, a good one, as an query. */
struct query query_of(const struct request *request);

/* Answers into OUT. NAMES: the name, and behind it the other one. */
void query_answer(struct session *session, const struct query *query, const uint8_t *names, struct chain *out);

#endif
