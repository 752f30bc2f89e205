/* All parts of a node, and the steps by which what comes out of one is handed to another: for node.c, which alone knows
 * the node, and the three files that have those steps. No part includes this. */
#ifndef CLEAT_NODE_HANDOVER_H
#define CLEAT_NODE_HANDOVER_H

#include "base/bytes.h"
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
#include "node/whole.h"
#include "raft/raft.h"

enum {
    NODE_HOLD_COUNT = 2,        /* appends to a follower that are not answered: above, a few new entries wait */
    NODE_SHUTDOWN_MS = 1000,    /* a clean shutdown takes this long at the most */
};

/* All parts, and what is below them. */
struct parts {
    struct env env;
    const struct disk *disk;
    struct raft *raft;
    struct store *store;
    struct feed feed; /* of what the store's applies leave (replica/apply.c) */

    struct peers peers;         /* peers/ */
    char unready[QUORUM_TEXT_MAX]; /* what node_unready gave out last */

    struct session session;
    struct gateway gateway;
    struct leader leader;
    struct persist persist;
    struct transfers transfers; /* transfer/ */
    struct state_check state_check;
};

/* --- commands.c: the way of a command from part to part, a step of the turn each --- */
void commands_forget_all(struct parts *parts);
void commands_expire(struct parts *parts);
void commands_parse(struct parts *parts);
void commands_refuse(struct parts *parts);
void commands_forward(struct parts *parts);
uint64_t commands_deadline_ms(const struct parts *parts);
void commands_opens(struct parts *parts, uint32_t from, struct reader *reader);
void commands_forwarded(struct parts *parts, uint32_t from, struct reader *reader);
void commands_credited(struct parts *parts, uint32_t from, struct reader *reader);
void commands_send_credits(struct parts *parts);
void commands_of_leader(struct parts *parts);
void commands_propose(struct parts *parts);
/* A leader leaves the time in the log, and hands over. */
void commands_shutdown(struct parts *parts);
void commands_apply(struct parts *parts);
/* After the state jumped ahead by a snapshot: answers what it has answers for. */
void commands_jumped(struct parts *parts);

/* --- replication.c --- */
/* The limits of the configuration that is applied, to all who keep them. False: this program cannot keep them. */
bool replication_limits(struct parts *parts);
/* Who is a peer, from the newest configuration. */
void replication_follow(struct parts *parts);
/* One more entry is applied: now and then the states of all nodes are compared. */
void replication_compare(struct parts *parts, uint64_t index);
static inline void replication_applied(struct parts *parts, uint64_t index)
{
    if (state_check_due(&parts->env, parts->raft, index))
        replication_compare(parts, index);
}
/* Snapshots: one that is asked for, or due here, is begun. */
void replication_transfers(struct parts *parts);
/* A snapshot that has come whole takes the old state's place. True: it did just now, and all who know the old one are
 * to be told (commands_jumped, replication_limits). */
bool replication_install(struct parts *parts);
/* What came from a peer and is not on the way of a command. */
void replication_take(struct parts *parts, struct arrival *arrival);
/* Whose link is gone, with what travelled on it; or who is no peer any more. */
void replication_lost(struct parts *parts);

/* --- facts.c: what the node is like, for `status` --- */
void facts_status(const struct parts *parts, struct buffer *out);

#endif
