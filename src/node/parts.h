/* The parts of a node, for tests and the simulator alone: they look into it, and at times put something there. */
#ifndef CLEAT_NODE_PARTS_H
#define CLEAT_NODE_PARTS_H

#include "node/env.h"
#include "node/event.h"
#include "node/gateway/forward.h"
#include "node/gateway/gateway.h"
#include "node/leader/leader.h"
#include "node/node.h"
#include "node/peers/bootstrap.h"
#include "node/peers/dispatch.h"
#include "node/peers/membership.h"
#include "node/peers/quorum.h"
#include "node/replica/apply.h"
#include "node/replica/persist.h"
#include "node/replica/state_check.h"
#include "node/session/client.h"
#include "node/session/parse.h"
#include "node/session/session.h"
#include "node/transfer/transfers.h"
#include "raft/raft.h"

struct node_parts {
    struct env *env;
    struct raft *raft;
    struct store **store; /* another one when a snapshot is installed */
    struct peers *peers;
    struct session *session;
    struct gateway *gateway;
    struct leader *leader;
    struct persist *persist;
    struct transfers *transfers;
    struct state_check *state_check;
};

struct node_parts node_parts(struct node *node);

#endif
