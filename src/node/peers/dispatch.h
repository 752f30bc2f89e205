/* Links to other nodes as they come, go and speak: who is let in, and what of their messages is for which part.
 *
 * What concerns peers alone (hellos, refusals, forming, what a STATE says of its sender) is dealt with here. Everything
 * else arrives: the caller takes it, one message at a time, and hands it on. */
#ifndef CLEAT_NODE_PEERS_DISPATCH_H
#define CLEAT_NODE_PEERS_DISPATCH_H

#include "base/bytes.h"
#include "node/peers/peers.h"

enum arrival_kind {
    ARRIVAL_RAFT,    /* `message`: released by who takes it */
    ARRIVAL_HASH,    /* the sender's state at `index` has `hash` */
    ARRIVAL_OPEN,    /* `body`, as frame.h has it, of this and all that follow */
    ARRIVAL_FORWARD,
    ARRIVAL_CREDIT,
    ARRIVAL_OFFER,
    ARRIVAL_CHUNK,
    ARRIVAL_TAKEN,
};

/* One message from the peer FROM. All is borrowed until the next one is taken. */
struct arrival {
    enum arrival_kind kind;
    uint32_t from;
    uint64_t index;
    uint64_t hash;
    struct reader body;
    struct raft_message message;
};

/* See node_link_open, node_link_close. */
struct node_link *peers_link_open(struct peers *peers, struct env *env, const struct raft *raft,
                                  struct peer_socket *owner, enum node_link_kind kind, uint32_t peer);
void peers_link_close(struct peers *peers, struct env *env, struct raft *raft, struct node_link *link);

/* Takes the next message for another part out of the BYTES that came on LINK, which it advances. False: there is none
 * left, and all bytes are taken. */
bool peers_take(struct peers *peers, struct env *env, struct raft *raft, struct node_link *link, const uint8_t **bytes,
                size_t *size, struct arrival *arrival);

/* Links that have not said in time who they are end. */
void peers_tick(struct peers *peers, struct env *env);
uint64_t peers_deadline_ms(const struct peers *peers);

#endif
