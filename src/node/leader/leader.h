/* The leader's side of a change: gateways are let in, in order (admission.h), and their commands proposed; what falls
 * due expires. And whether the cluster takes changes at all: a majority of the voters must have room on their disks.
 *
 * Whether the log has room for an entry is not known here: commands.c asks for that between leader_next and
 * leader_propose, and before this leader's own entries. */
#ifndef CLEAT_NODE_LEADER_H
#define CLEAT_NODE_LEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/chain.h"
#include "node/env.h"
#include "node/leader/admission.h"
#include "protocol/command.h"
#include "raft/raft.h"

enum {
    LEADER_ENTRY_BYTES = COMMAND_HEADER_SIZE, /* of the payload of an entry that a leader makes of itself */
    LEADER_TICK_MS = 10000,                   /* while files expire, the log carries the time at least this often */
};

struct leader {
    struct admission admission;
    bool cluster_writable;       /* a majority has room */
    uint64_t handover_retry_ms;  /* without room: not before */
    uint64_t tick_retry_ms;      /* an entry for the time could not be proposed: try again then */
};

/* What the rest of the node knows of a voter. */
struct leader_voter {
    uint32_t id;
    bool has_room;
    bool linked;
};

void leader_init(struct leader *leader);
void leader_close(struct leader *leader);
/* It leads, and the door is open. */
bool leader_is_open(const struct leader *leader);
/* Opens or closes the door as raft has it. True: it was opened just now. */
bool leader_changed(struct leader *leader, const struct raft *raft, const struct store *store);
/* Leaves the time in the log, if that HAS_ROOM, and hands over. */
void leader_shutdown(struct leader *leader, const struct env *env, struct raft *raft, const struct store *store,
                     bool has_room);

/* --- gateways --------------------------------------------------------------------------------------------------- */

/* Whether GATEWAY, which asks under NONCE, is to be let in by an entry of the log: not where that is under way, or
 * done. */
bool leader_lets_in(struct leader *leader, const struct store *store, uint32_t gateway, uint64_t nonce);
/* Proposes that entry. */
void leader_open(struct leader *leader, const struct env *env, struct raft *raft, const struct store *store,
                 uint32_t gateway, uint64_t nonce);
/* Its entry is applied: it may send now. */
void leader_opened(struct leader *leader, const struct store *store, uint32_t gateway);
/* The members are MEMBERS from now on: the doors of others are gone. */
void leader_members(struct leader *leader, const struct raft_configuration *members);
/* Where GATEWAY stands; NULL: the door is closed, or there are too many. */
struct admission_gateway *leader_door(struct leader *leader, const struct store *store, uint32_t gateway);
/* A message of commands from the gateway of node FROM. */
void leader_forward(struct leader *leader, const struct env *env, const struct store *store, uint32_t from,
                    struct reader *reader);
/* The next gateway that is owed a CREDIT, behind AFTER (NULL: from the first on); NULL: no more. leader_credit makes
 * its body; then nothing is owed. */
struct admission_gateway *leader_owes(struct leader *leader, struct admission_gateway *after);
void leader_credit(const struct leader *leader, struct admission_gateway *door, struct chain *body);

/* --- the log ---------------------------------------------------------------------------------------------------- */

/* Whether a majority of the voters has room. OWN_FULL: this node's disk is, so that another is to take over. */
void leader_judge_room(struct leader *leader, struct env *env, struct raft *raft, const struct leader_voter *voters,
                       uint32_t count, bool own_full);
/* The next command to be proposed, borrowed; NULL: none, or the disk is behind. False from leader_propose: raft does
 * not take it now. */
struct blob *leader_next(struct leader *leader, const struct raft *raft);
bool leader_propose(struct leader *leader, const struct env *env, struct raft *raft, const struct store *store,
                    struct blob *next);
/* Whether an entry must carry the time to the stores now; and proposes one, if it HAS_ROOM. */
bool leader_tick_due(const struct leader *leader, const struct env *env, const struct raft *raft,
                     const struct store *store);
void leader_tick(struct leader *leader, const struct env *env, struct raft *raft, const struct store *store,
                 bool has_room);
uint64_t leader_deadline_ms(const struct leader *leader, const struct env *env, const struct raft *raft,
                            const struct store *store);

#endif
