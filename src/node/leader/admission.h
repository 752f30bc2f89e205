/* The leader's door: takes the gateways' commands strictly in the order of their numbers, once each, into the log.
 *
 * It opens when the no-op of the leader's term is applied, for then the store knows what every gateway has had applied;
 * from there on each gateway's next number is the only one taken. Lower ones are repeats, higher ones leave a gap: both
 * are dropped, and a gap is asked for again. What cannot be proposed at once (the log's disk is behind, or has no room)
 * waits here in order, bounded by the gateways' windows. */
#ifndef CLEAT_NODE_ADMISSION_H
#define CLEAT_NODE_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "raft/configuration.h"
#include "store/store.h"

struct admission_gateway {
    uint32_t id;          /* 0: unused */
    uint64_t epoch;
    uint64_t received;    /* numbers up to here are in the log or wait here */
    uint64_t opening;     /* the nonce of an open entry that is in the log but not applied; 0: none */
    bool asked;           /* owes it a CREDIT at the end of the turn */
    /* Waiting: a ring of `capacity` from `head`, one reference each. */
    struct blob **queue;
    size_t head;
    size_t count;
    size_t capacity;
};

struct admission {
    uint64_t term;        /* open in this term; 0: closed */
    struct admission_gateway gateways[STORE_GATEWAYS_MAX];
    size_t used;          /* of them, at the front */
    size_t next;          /* the gateway whose turn it is */
};

/* Drops what waits, and closes. */
void admission_close(struct admission *admission);
/* Opens for TERM, whose no-op is applied. */
void admission_open(struct admission *admission, uint64_t term);

/* The gateway with that id; at first sight it stands where STORE has it. NULL: there are too many. */
struct admission_gateway *admission_gateway(struct admission *admission, uint32_t id, const struct store *store);
/* The members are MEMBERS from now on: what waits of other gateways is dropped, and they have no place any more. */
void admission_retain(struct admission *admission, const struct raft_configuration *members);
/* A gateway's open entry was proposed at INDEX: that is its epoch from now on. */
void admission_opening(struct admission_gateway *gateway, uint64_t nonce, uint64_t index);

/* Whether NUMBER of EPOCH would be taken now. A gap is noted and asked for. */
bool admission_wants(struct admission_gateway *gateway, uint64_t epoch, uint64_t number);
/* Takes COMMAND, which has the number wanted, and the caller's reference to it. */
void admission_take(struct admission_gateway *gateway, struct blob *command);

/* The next command to propose, gateways in turn; NULL: none waits. admission_pop takes it out, with its reference. */
struct blob *admission_peek(struct admission *admission);
struct blob *admission_pop(struct admission *admission);

#endif
