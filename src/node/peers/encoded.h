/* The entries of APPENDs on their way to the followers, which mostly get the same ones: encoded once, and hashed once
 * for their frames. */
#ifndef CLEAT_NODE_PEERS_ENCODED_H
#define CLEAT_NODE_PEERS_ENCODED_H

#include "base/chain.h"
#include "raft/message.h"

enum { ENCODED_MAX = 8 /* of the ranges of entries that are kept; a follower further behind gets others */ };

/* With `made` zeroed, it is empty. What is in it holds as long as the log does not change. */
struct encoded {
    size_t made;        /* ranges so far; one more takes the place of the oldest where there are ENCODED_MAX */
    struct encoded_entries {
        uint64_t index; /* before the first */
        uint32_t count;
        struct chain bytes;
        uint64_t hash;  /* of `bytes` (frame_tail_hash); 0 where they do not go into one frame */
    } ranges[ENCODED_MAX];
};

/* The entries of MESSAGE, an APPEND that has some. Borrowed until the next call. */
const struct encoded_entries *encoded_find(struct encoded *encoded, const struct raft_message *message);
/* Empties it. */
void encoded_close(struct encoded *encoded);

#endif
