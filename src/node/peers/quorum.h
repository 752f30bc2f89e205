/* Which of those who decide are here, as this node sees it: for errors, `status`, service managers, and for a line in
 * the log, once a minute, while nothing is decided. All of it takes as long as there are members. */
#ifndef CLEAT_NODE_QUORUM_H
#define CLEAT_NODE_QUORUM_H

#include <stdint.h>

#include "node/peers/peers.h"

enum {
    QUORUM_TEXT_MAX = 240,
    QUORUM_WAIT_MS = 5000,  /* without a leader, until the log says so; elections take less */
    QUORUM_AGAIN_MS = 60000,
};

/* Voters; before the cluster has formed all nodes of --cluster, all of which are needed. */
struct quorum {
    uint32_t voters;
    uint32_t here;   /* linked to this node, or itself, and with the right to vote */
    uint32_t needed;
};

struct quorum quorum_of(const struct peers *peers, const struct env *env, const struct raft *raft);

/* Why nothing is decided, for people: "2 of 5 voters are here, 3 are needed (node 3 is down; 4, 5 do not vote)". */
void quorum_text(const struct peers *peers, const struct env *env, const struct raft *raft,
                 char text[QUORUM_TEXT_MAX]);

/* Says what is missing, with addresses, and of each node why: some time after the leader was lost, and again. */
void quorum_tick(struct peers *peers, struct env *env, const struct raft *raft);
uint64_t quorum_deadline_ms(const struct peers *peers, const struct env *env, const struct raft *raft);

#endif
