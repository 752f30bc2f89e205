/* HELLO, the first message on a link: who calls or answers, and what its data directory is (the bytes: frame.h). And
 * whether it is let in.
 *
 * An id is one member's, and a member is one process. Of two processes with one id
 *      - the member's data directory wins over any other one,
 *      - else the one that is linked stays, as long as its connection lives: the other is refused, told so (REFUSED),
 *        and calls again later. */
#ifndef CLEAT_NODE_HELLO_H
#define CLEAT_NODE_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "node/peers/peers.h"

struct hello {
    uint32_t format;
    uint8_t kind;          /* enum node_link_kind, unless it is a stranger's */
    uint32_t from;
    uint32_t to;           /* 0: whoever answers */
    uint64_t incarnation;
    uint64_t cluster_id;   /* 0: none yet */
    bool fresh;            /* the data directory is empty */
    bool rolled_back;      /* it is an older copy, and its node has no vote */
    uint16_t level;        /* the highest that its program knows (protocol/level.h) */
    uint64_t life;
    uint64_t processes[RAFT_LIVES_MAX]; /* the newest first, then 0 */
    /* What was durable when the process started: the two are of one moment then, and they are held against what the
     * process before it had. */
    uint64_t term;
    uint64_t durable_index;
};

/* What this node says on LINK, appended to OUT. */
void hello_encode(const struct peers *peers, const struct env *env, const struct raft *raft,
                  const struct node_link *link, struct buffer *out);
/* False: no HELLO. Of another format only what every format begins with is set: format, kind, from, to. */
bool hello_decode(const uint8_t *bytes, size_t size, struct hello *hello);

/* NULL, or why the one who said HELLO on LINK is not let in, and what mends it. */
const char *hello_refusal(const struct peers *peers, const struct env *env, const struct raft *raft,
                          const struct node_link *link, const struct hello *hello);
/* The reason, if that is it: another process with that id is linked. */
extern const char hello_duplicate[];

#endif
