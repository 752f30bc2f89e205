/* How what is numbered comes to the leader, again and again until it is applied here. Nothing is sent from here:
 * commands.c pulls it, and hands it to leader/ where this node leads, or else to the link to the node that does. */
#ifndef CLEAT_NODE_FORWARD_H
#define CLEAT_NODE_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/chain.h"
#include "node/env.h"
#include "node/gateway/gateway.h"
#include "raft/raft.h"

/* Whether the leader is to be asked for an epoch now: there is none, and it was not asked for just now. */
bool forward_opens(const struct gateway *gateway, const struct env *env);
/* It was asked. */
void forward_asked(struct gateway *gateway, const struct env *env);
/* The leader's door is open since just now: if it was asked before, that was too early. */
void forward_ask_again(struct gateway *gateway);
/* The body of OPEN, to the leader of TERM. */
void forward_open(const struct gateway *gateway, uint64_t term, struct chain *body);

/* The leader of TERM is this node, and has received the gateway's numbers up to RECEIVED: what comes behind them is to
 * be sent, by forward_next. */
void forward_here(struct gateway *gateway, uint64_t term, uint64_t received, bool writable);
/* The next command that the leader does not have, borrowed, and its number; NULL: none. It counts as sent now. */
struct blob *forward_next(struct gateway *gateway, uint64_t *number);

/* A message without commands, which asks the leader of TERM how far it has come. False: that is not needed now. */
bool forward_query(struct gateway *gateway, const struct env *env, uint64_t term, struct chain *body);
/* A message of some commands for the leader of TERM, which count as sent now. False: it has them all, or has not said
 * yet from where on it wants them. */
bool forward_commands(struct gateway *gateway, uint64_t term, struct chain *body);

/* A CREDIT from node FROM: where it stands as leader. */
void forward_credit(struct gateway *gateway, const struct env *env, const struct raft *raft, uint32_t from,
                    struct reader *reader);
/* When the leader is to be asked again; UINT64_MAX: nothing is owed. REACHED: this node leads with its door open, or
 * there is a link to the one that leads. */
uint64_t forward_deadline_ms(const struct gateway *gateway, const struct raft *raft, bool reached);

#endif
