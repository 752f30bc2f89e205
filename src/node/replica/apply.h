/* Committed entries into the store, in order, as many in a turn as leave time for heartbeats. commands.c has the loop:
 * it lets those go first who must see the state before an entry, and hands on what came of it. */
#ifndef CLEAT_NODE_APPLY_H
#define CLEAT_NODE_APPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/env.h"
#include "raft/raft.h"
#include "store/feed.h"
#include "store/store.h"

enum {
    APPLY_ENTRY_OVERHEAD = 64, /* bytes that an entry counts beside its payload */
};

/* What a turn has done. */
struct apply {
    uint64_t copied_bytes; /* as the store counted them when it began */
    uint64_t last;         /* what is committed; to apply it changes nothing in that */
    uint32_t count;        /* entries */
};

void apply_begin(struct apply *apply, const struct raft *raft, const struct store *store);
/* The next entry to be applied, borrowed; NULL: all that are committed are, or the turn has done enough. */
const struct raft_entry *apply_next(struct apply *apply, const struct raft *raft, const struct store *store);
/* What is no command: a leader's first entry, or who the members are. */
struct outcome apply_other(struct store *store, const struct raft_entry *entry);

/* Applies ENTRY, which apply_next gave. A command has an outcome, other entries have none. OUTCOME_UNKNOWN: this
 * version cannot read it, so this node cannot go on. Others may. */
static inline struct outcome apply_entry(struct store *store, const struct raft_entry *entry)
{
    if (entry->type == RAFT_ENTRY_COMMAND && entry->payload)
        return store_apply(store, entry->index, entry->time_ms, entry->payload);
    return apply_other(store, entry);
}

/* What the entry that was applied last left goes into FEED, for whoever watches. */
void apply_feed_events(struct feed *feed, struct store *store);
static inline void apply_feed(struct feed *feed, struct store *store)
{
    if (feed_is_on(feed))
        apply_feed_events(feed, store);
}
/* That this node stops at ENTRY, for that reason. The last line names what it needs, as far as its bytes tell. */
void apply_stop(struct env *env, const struct raft_entry *entry);
/* Bytes that ENTRY counts for the distance between two snapshots. */
static inline size_t apply_bytes(const struct raft_entry *entry)
{
    return (entry->payload ? entry->payload->size : 0) + APPLY_ENTRY_OVERHEAD;
}

#endif
