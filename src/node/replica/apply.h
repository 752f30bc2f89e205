/* Committed entries into the store, in order, as many in a turn as leave time for heartbeats. node.c has the loop: it
 * lets those go first who must see the state before an entry, and hands on what came of it. */
#ifndef CLEAT_NODE_APPLY_H
#define CLEAT_NODE_APPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/env.h"
#include "raft/raft.h"
#include "store/feed.h"
#include "store/store.h"

/* What a turn has done. */
struct apply {
    uint64_t copied_bytes; /* as the store counted them when it began */
    uint32_t count;        /* entries */
};

void apply_begin(struct apply *apply, const struct raft *raft, const struct store *store);
/* The next entry to be applied, borrowed; NULL: all that are committed are, or the turn has done enough. */
const struct raft_entry *apply_next(struct apply *apply, const struct raft *raft, const struct store *store);
/* Applies ENTRY, which apply_next gave. OUTCOME: a command's; of other entries none. False: this version cannot read
 * it, so this node cannot go on. Others may. */
bool apply_entry(struct store *store, const struct raft_entry *entry, struct outcome *outcome);
/* What the entry that was applied last left goes into FEED, for whoever watches. */
void apply_feed(struct feed *feed, struct store *store);
/* That this node stops at ENTRY, for that reason. The last line names what it needs, as far as its bytes tell. */
void apply_stop(struct env *env, const struct raft_entry *entry);
/* Bytes that ENTRY counts for the distance between two snapshots. */
size_t apply_bytes(const struct raft_entry *entry);

#endif
