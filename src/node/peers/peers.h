/* The other nodes, by id: the members of the newest configuration, and whoever else --cluster names; links to them,
 * and what is known of each. This node itself is among them, without a link.
 *
 * Messages for other parts come out of a link's bytes one at a time (dispatch.h); what others have to say goes out by
 * peers_send. A bulk link that ended, and a peer that is none any more, wait in an outbox (peers_take_lost). */
#ifndef CLEAT_NODE_PEERS_PEERS_H
#define CLEAT_NODE_PEERS_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/chain.h"
#include "node/env.h"
#include "node/peers/identity.h"
#include "node/peers/link.h"
#include "raft/raft.h"

enum {
    PEERS_MAX = 2 * RAFT_MEMBERS_MAX, /* members, and others that --cluster names */
    PEER_TROUBLE_MAX = 200,
    PEERS_LOST_MAX = 2 * PEERS_MAX,   /* of each its link, and itself */
};

/* What is told to a node, and what it says of itself, whose data directory is an older copy. */
#define PEERS_ROLLED_BACK \
    "an older copy of this data directory was put back: the node forgot what it acknowledged and does not vote; stop " \
    "it, wipe the directory, and it comes back as a learner"

struct peer {
    uint32_t id;
    bool named;                 /* by --cluster */
    char address[RAFT_ADDRESS_MAX + 1]; /* --cluster's, else the configuration's */
    struct node_link *links[3]; /* by enum node_link_kind; NULL: none is up */
    uint64_t missed_ms[3];      /* since when */
    uint64_t incarnation;       /* 0: never met */
    bool rolled_back;           /* its data directory is an older copy, as this node found: it is told so */
    bool has_room;              /* its disk's, as it last said */
    char trouble[PEER_TROUBLE_MAX]; /* why there is no link to it; empty: nothing is known */
};

/* What others must hear of: the bulk link to ID ended, with what travelled on it; or ID is no peer any more. */
struct peer_lost {
    uint32_t id;
    bool gone;
};

struct peers {
    struct identity identity;
    struct peer list[PEERS_MAX]; /* by ascending id */
    uint32_t count;
    uint64_t followed;          /* raft_members_changes when the list was brought up to date, and whether a cluster */
    bool followed_formed;       /* was known then */
    struct node_link *links[NODE_LINKS_MAX];
    size_t link_count;
    struct raft_entry *decoded; /* room for one message's entries */
    bool room;                  /* that there is room on this node's disk, as they were told */
    struct peer_lost lost[PEERS_LOST_MAX];
    size_t lost_count;
    bool bad_form_said;         /* that what a peer tells of its cluster cannot be read */
    uint64_t form_again_ms;     /* when peers without a cluster are told of it again */
    uint64_t leaderless_say_ms; /* when the log is to say what is missing; 0: nothing is, or it is not settled yet */
};

void peers_init(struct peers *peers, const struct env *env, const struct disk_recovered *recovered);
void peers_close(struct peers *peers);
/* Brings the list up to date with the members. Who is a member is a peer from now on; who is none, and is not named by
 * --cluster either, is dropped: its links end, and that it is gone waits to be taken. To be called whenever the log may
 * have another configuration. */
void peers_follow(struct peers *peers, struct env *env, const struct raft *raft);

/* The members: of the newest configuration in the log; where there is none yet, of the one that is known. Count 0: of
 * neither. */
const struct raft_configuration *peers_members(const struct peers *peers, const struct raft *raft);

/* What the members know, to env->levels: whenever there are other members, or other links. */
void peers_levels(const struct peers *peers, struct env *env, const struct raft *raft);

/* NULL: there is none with that id. */
struct peer *peers_find(struct peers *peers, uint32_t id);
const struct peer *peers_look(const struct peers *peers, uint32_t id);
/* The link of that kind that is up to the peer with that id; NULL: none. */
struct node_link *peers_link(const struct peers *peers, uint32_t id, enum node_link_kind kind);
/* The ids of those to whom there is a link for consensus. Returns how many they are. */
uint32_t peers_linked(const struct peers *peers, uint32_t ids[PEERS_MAX]);
/* Why there is no link to ID: kept until there is one. */
void peers_trouble(struct peers *peers, uint32_t id, const char *reason);
/* See node_calls. */
bool peers_calls(const struct peers *peers, const struct env *env, uint32_t id, enum node_link_kind kind);
/* A line of the log: LINK came up, or went down. */
void peers_say_link(struct env *env, enum log_event event, const struct node_link *link);
/* Who was there and is not any more: that waits to be taken. */
bool peers_take_lost(struct peers *peers, struct peer_lost *lost);
static inline bool peers_has_lost(const struct peers *peers)
{
    return peers->lost_count > 0;
}
void peers_lose(struct peers *peers, uint32_t id, bool gone);

/* The message in BODY (emptied) to ID, on the link that its type goes by; dropped where that is not up. */
void peers_send(struct peers *peers, uint32_t id, enum frame_type type, struct chain *body);
/* Room on the disk, being formed, and the hash of the state at INDEX (0: none), on LINK, and to every peer that is
 * linked. */
void peers_send_state(const struct peers *peers, const struct raft *raft, struct node_link *link, uint64_t index,
                      uint64_t hash);
void peers_tell_state(const struct peers *peers, const struct raft *raft, uint64_t index, uint64_t hash);
/* Whether there is ROOM on this node's disk: told if that is news. */
void peers_tell_room(struct peers *peers, const struct raft *raft, bool room);
/* All that raft has to say. */
void peers_send_raft(struct peers *peers, struct raft *raft);

#endif
