/* What must hold of the nodes whatever happens, looked at after every turn:
 *
 *   - one leader per term, and only voters lead
 *   - term, commit and applied never fall while a process lives; term and vote never fall behind what was made durable
 *   - a leader has, when it is elected, all that was ever committed
 *   - a WAL never gives up an entry that it has and that is committed in a term the node has been in
 *   - a shadow log: what one node has committed at an index is what every node commits there, for ever
 *   - a leader counts copies of entries of its own term alone; earlier ones are committed by those
 *   - what a leader knows of another's log is so, and never falls in its term
 *   - a leader's clock is what cluster time goes by
 *   - what a leader commits is durable on a majority (its disk was synced, not only asked)
 *   - equal states: at an applied index every store has the same hash
 *   - a node's feed tells all that was committed, in its order and in whole revisions, or says what it has not
 *   - recovery finds all that was synced, and knows to be committed what the log was told (hint.h)
 *   - no message leaves before the term, the vote or the entries that it claims are durable
 *   - memory that peers and clients can fill is bounded */
#ifndef CLEAT_TESTS_SIM_INVARIANTS_H
#define CLEAT_TESTS_SIM_INVARIANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk/disk.h"
#include "node/node.h"
#include "sim/oracle.h"
#include "sim/profile.h"

/* A committed entry, as the first node that committed it had it. */
struct shadow_entry {
    uint64_t term;
    uint64_t hash;       /* of type, time and payload */
    uint64_t seen_term;  /* the term of the node that was first seen to have committed it */
    uint64_t state_hash; /* of the store that has applied up to here; 0: no turn ended here yet */
};

/* What a machine's disk was told to sync, and did. */
struct synced {
    uint64_t term;
    uint64_t term_coming; /* of the request under way, which may have cut the log already */
    uint32_t vote;
    uint64_t base;       /* covered by a snapshot, or by an earlier log that is not known any more */
    uint64_t *terms;     /* of entries base + 1 .. base + count */
    uint64_t count;
    uint64_t capacity;
    bool never_votes;     /* the disk was emptied: whom it voted for is forgotten */
    uint64_t batch_first; /* of the entries that were synced last */
    uint64_t commit;      /* the log was told that entries up to here are committed */
};

struct watched {
    uint64_t term;
    uint64_t commit;
    uint64_t applied;
    uint64_t led_term;   /* it was found to lead this term; the following is of that */
    uint64_t led_clock_ms; /* its clock, and cluster time in its log, when that was first seen */
    uint64_t led_time_ms;
    uint64_t led_last;     /* its last entry at the end of its last turn */
    uint64_t led_match[SIM_NODES_MAX]; /* by id - 1: up to where it knows the others' logs */
    bool wiped;
    bool diverged;
    uint64_t fed;          /* its feed was looked at up to this revision */
    struct synced synced;
};

struct invariants {
    uint32_t nodes;
    uint64_t clock_slack_ms;
    struct shadow_entry *shadow; /* by index - 1 */
    uint64_t shadow_count;
    uint64_t shadow_capacity;
    uint32_t *leaders;           /* by term: who leads; 0: no one so far */
    uint64_t leaders_count;
    uint64_t elections;
    struct oracle *oracle;       /* is told of what is committed */
    struct watched watched[SIM_NODES_MAX]; /* by id - 1 */
    char reason[400];
};

/* CLOCK_SLACK_MS: how late news of the time may come. */
void invariants_init(struct invariants *invariants, uint32_t nodes, uint64_t clock_slack_ms);
void invariants_close(struct invariants *invariants);

/* After a turn of node ID, whose clock shows CLOCK_MS. NULL, or what is wrong. */
const char *invariants_turn(struct invariants *invariants, uint32_t id, struct node *node, uint64_t clock_ms);
/* Node ID sends a frame. NULL, or what it claims without right. */
const char *invariants_frame(struct invariants *invariants, uint32_t id, const uint8_t *bytes, size_t size);
/* Node ID's WAL request is going to be executed: from now on what it supersedes may be gone, even if it fails. NULL, or
 * what it must not supersede. */
const char *invariants_log_begins(struct invariants *invariants, uint32_t id, const struct disk_log *request);
/* Node ID's WAL request was executed. */
void invariants_log_synced(struct invariants *invariants, uint32_t id, const struct disk_log *request);
/* A snapshot up to the entry at INDEX, of TERM, came in whole at node ID. */
void invariants_snapshot_received(struct invariants *invariants, uint32_t id, uint64_t index, uint64_t term);
/* Node ID starts with what recovery found. NULL, or what is missing. */
const char *invariants_recovered(struct invariants *invariants, uint32_t id, const struct disk_recovered *recovered);
/* True if all that is missing was synced last, in one batch, or is so near the end that a sector may hold it. */
bool invariants_loss_is_tail(const struct invariants *invariants, uint32_t id, const struct disk_recovered *recovered);
/* Node ID's state was changed: it may differ from the others' from now on. */
void invariants_diverged(struct invariants *invariants, uint32_t id);
/* Node ID's disk was emptied. */
void invariants_wiped(struct invariants *invariants, uint32_t id);

#endif
