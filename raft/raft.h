/* Raft consensus, from the paper (Ongaro & Ousterhout, "In Search of an Understandable Consensus Algorithm", extended
 * version) and the dissertation (Ongaro, 2014). Pure: no clock, socket, disk or randomness of its own. Events go in
 * (a message, the time, a proposal, "that is durable now"); what must be done comes out, in this order:
 *
 *      1. raft_flush       once at the end of a turn: makes the AppendEntries that are due, one per peer and turn
 *      2. raft_take_writes what to make durable, if no batch is under way; raft_written when it is
 *      3. raft_take_message what may be sent now: nothing leaves before what it claims is durable
 *      4. raft_commit      entries up to here may be applied; raft_take_read: read indexes that were confirmed
 *
 *      one write on a leader:  propose -> log -> [take_writes, written] and [append -> reply], side by side -> commit
 *
 * Time is in ms, from any origin, never going back. */
#ifndef CLEAT_RAFT_RAFT_H
#define CLEAT_RAFT_RAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "raft/configuration.h"
#include "raft/message.h"

enum raft_role { RAFT_FOLLOWER, RAFT_PRECANDIDATE, RAFT_CANDIDATE, RAFT_LEADER };

struct raft_options {
    uint32_t id;
    uint64_t incarnation;         /* a member with this id but another incarnation is not this node: it never votes */
    uint32_t election_min_ms;     /* an election timeout is random between these */
    uint32_t election_max_ms;
    uint32_t heartbeat_ms;
    uint32_t gone_min_ms;         /* after the leader's link closed: campaign after a random time between these */
    uint32_t gone_max_ms;
    uint32_t append_bytes_max;    /* payload of one AppendEntries; one larger entry may go alone */
    uint32_t inflight_bytes_max;  /* sent to one peer and not acknowledged */
    uint32_t inflight_count_max;  /* messages with entries, likewise; at most RAFT_INFLIGHT_MAX */
    uint32_t hold_count;          /* with so many of them under way a few new entries wait for an answer; 0: never */
    uint64_t seed;                /* for the random timeouts */
};
enum { RAFT_INFLIGHT_MAX = 256, RAFT_READS_MAX = 4096 /* reads waiting for confirmation */ };

/* What a node starts from. */
struct raft_start {
    uint64_t term;           /* durable vote record */
    uint32_t vote;           /* 0: none */
    uint64_t base_index;     /* the snapshot's last entry, or 0: everything up to here is applied */
    uint64_t base_term;
    struct raft_configuration configuration; /* as of the base; count 0: none */
    uint64_t commit;         /* >= base_index; known to be committed: by the snapshot, or as an earlier life knew */
    bool rolled_back;        /* durable: see raft_roll_back */
};

/* What a node says of its data directory when a link to it comes up. */
enum { RAFT_LIVES_MAX = 64 };
struct raft_directory {
    uint64_t incarnation;    /* if that is not the member's, it counts as a learner */
    uint64_t life;           /* counts the starts of a node on it; durable, as are: */
    uint64_t processes[RAFT_LIVES_MAX]; /* a random number for each start, not 0: of this life, of the one before it,
                                           and so on; 0: from there on they are not known */
    uint64_t term;           /* durable there, as is the next, at one moment of this life: its start, say */
    uint64_t durable_index;  /* the last entry, in its log or its snapshot */
    bool rolled_back;        /* raft_rolled_back over there */
};

struct raft;

/* A node with the log that follows START->base; add what recovery found with raft_load, then call raft_begin.
 * Never NULL. */
struct raft *raft_open(const struct raft_options *options, const struct raft_start *start);
/* Appends a durable entry during start; takes its own reference. */
void raft_load(struct raft *raft, const struct raft_entry *entry);
/* Starts the clocks. A cluster of one campaigns at once. */
void raft_begin(struct raft *raft, uint64_t now_ms);
void raft_close(struct raft *raft);

/* --- events in -------------------------------------------------------------------------------------------------- */

/* The time, at the start of every turn: elections, heartbeats, CheckQuorum. */
void raft_tick(struct raft *raft, uint64_t now_ms);
/* Handles a message from a peer. Wrong addressees, strangers and stale terms are ignored, or answered as Raft says. */
void raft_step(struct raft *raft, const struct raft_message *message);
/* Proposes one entry: leader only (false else, or during a transfer). Takes its own reference. *INDEX is its place. */
bool raft_propose(struct raft *raft, enum raft_entry_type type, uint64_t time_ms, struct blob *payload,
                  uint64_t *index);
/* Cluster time for the heartbeats. */
void raft_set_time(struct raft *raft, uint64_t time_ms);
/* Asks for a read index under ID, which the caller chooses (ascending). On a follower it is asked of the leader. False:
 * there is no leader, or too many wait. An accepted read is answered by raft_take_read or silently dropped (a change of
 * leader, a lost message): ask again under a new id. */
bool raft_read(struct raft *raft, uint64_t id);
/* The link to PEER closed: if it leads, it counts as gone (PreVotes are granted; campaign after a random short time).
 * What was sent to it may be lost: probe. */
void raft_peer_down(struct raft *raft, uint32_t peer);
/* The link to PEER is up, and DIRECTORY is what it has there. False: that is an older copy of what it had: its term or
 * its log is behind what this node knows, or the last process that was met here is none of its earlier lives. So it has
 * forgotten what it acknowledged or voted, and counts as a learner; the caller tells it so (raft_roll_back over there),
 * and it says so itself from then on. */
bool raft_peer_up(struct raft *raft, uint32_t peer, const struct raft_directory *directory);
/* PEER's directory is known, from elsewhere, to be an older copy: it counts as a learner. */
void raft_peer_rolled_back(struct raft *raft, uint32_t peer);
/* This node's own data directory is an older copy of what it was: from now on this node neither votes nor
 * campaigns nor counts. It becomes durable like a vote, and nothing leaves before. */
void raft_roll_back(struct raft *raft);
/* Sets a cluster's first configuration on a node that has none: entry 1 (term 1), committed by definition. Entry 1 is
 * then among the writes. Only on an empty log. */
void raft_bootstrap(struct raft *raft, const struct raft_configuration *configuration, uint64_t time_ms);
/* A snapshot up to INDEX is installed and durable. A matching suffix of the log stays, any other log is dropped; an old
 * snapshot (index <= commit) changes nothing and returns false (5.3 of the dissertation, figure 13 of the paper). */
bool raft_restore(struct raft *raft, uint64_t index, uint64_t term, const struct raft_configuration *configuration);
/* Entries up to INDEX (applied) need not be kept in memory any longer. */
void raft_compact(struct raft *raft, uint64_t index);
/* Leader: hand over to TARGET, or to the best peer if 0. Takes no proposals until it is done or an election timeout
 * has passed. False: not leader, or there is no one. */
bool raft_transfer(struct raft *raft, uint32_t target);
/* Leader: somebody at PEER waits for what is committed, so it is told at the next flush. Without this it hears of it
 * with the next entries or the next heartbeat. */
void raft_tell(struct raft *raft, uint32_t peer);
/* Leader: stop leading now (its disk hangs, say). */
void raft_step_down(struct raft *raft);

/* --- what must be done ------------------------------------------------------------------------------------------ */

void raft_flush(struct raft *raft);

struct raft_writes {
    bool vote;             /* write the next three first, and sync */
    uint64_t term;
    uint32_t voted_for;
    bool rolled_back;
    bool reset;            /* the log was dropped: it starts anew after (reset_index, reset_term) */
    uint64_t reset_index;
    uint64_t reset_term;
    uint64_t first;        /* entries first..last, from raft_entry(); none if last < first */
    uint64_t last;
};
/* The next batch to make durable, with at most about BYTES_MAX of entries. False: nothing, or one is under way. */
bool raft_take_writes(struct raft *raft, size_t bytes_max, struct raft_writes *writes);
/* Entries above LAST are not handed out (and no reset, if it lies above): there is no room for them yet. At first all
 * are allowed. */
void raft_writes_allow(struct raft *raft, uint64_t last);
/* The batch under way is durable. */
void raft_written(struct raft *raft);

/* The next message to send. Its entries are borrowed until the log changes: encode it at once. False: none. */
bool raft_take_message(struct raft *raft, struct raft_message *message);
/* The next confirmed read: when the store has applied INDEX, the read under ID may be answered. */
bool raft_take_read(struct raft *raft, uint64_t *id, uint64_t *index);
/* Leader: a peer that needs entries which are no longer here. The node sends it a snapshot, then says so with
 * raft_snapshot_sent; until then it is not asked for again. */
bool raft_take_snapshot_need(struct raft *raft, uint32_t *peer);
/* The snapshot up to INDEX reached PEER and is installed (ok), or not (it is probed again). */
void raft_snapshot_sent(struct raft *raft, uint32_t peer, uint64_t index, bool ok);
/* The moment at which raft_tick must be called at the latest. */
uint64_t raft_deadline_ms(const struct raft *raft);

/* --- what it is like -------------------------------------------------------------------------------------------- */

enum raft_role raft_role(const struct raft *raft);
uint64_t raft_term(const struct raft *raft);
uint32_t raft_voted_for(const struct raft *raft);      /* in this term; 0: nobody. For tests */
uint32_t raft_leader(const struct raft *raft);         /* 0: none known; also while the leader counts as gone */
bool raft_is_voter(const struct raft *raft);           /* this node, with its incarnation, and not rolled back */
bool raft_rolled_back(const struct raft *raft);        /* this node's data directory is an older copy of what it was */
bool raft_peer_counts(const struct raft *raft, uint32_t peer); /* a member that votes, for all that is known here */
/* A leader sent a configuration of a newer format. It was not taken, nor will anything behind it be: this node cannot
 * go on. */
bool raft_met_newer(const struct raft *raft);
bool raft_transferring(const struct raft *raft);
/* Leader, and its no-op of this term is committed. */
bool raft_term_committed(const struct raft *raft);
uint64_t raft_commit(const struct raft *raft);
/* Entries up to here are committed, and with the last batch that was taken the disk has them, and nothing else in their
 * places: a later start may know that they are committed. 0: nothing can be said. */
uint64_t raft_commit_handed(const struct raft *raft);
uint64_t raft_first_index(const struct raft *raft);    /* of the entries in memory; last + 1 if there are none */
uint64_t raft_last_index(const struct raft *raft);
uint64_t raft_durable_index(const struct raft *raft);
/* Term of the entry at INDEX: base_index <= INDEX <= last; 0 where it is not known. */
uint64_t raft_term_at(const struct raft *raft, uint64_t index);
/* The entry at INDEX: first <= INDEX <= last. Borrowed until the log changes. */
const struct raft_entry *raft_entry(const struct raft *raft, uint64_t index);
/* Bytes of payload of entries in memory, and of those not yet durable here. */
uint64_t raft_log_bytes(const struct raft *raft);
uint64_t raft_unwritten_bytes(const struct raft *raft);
/* The newest configuration in the log. */
const struct raft_configuration *raft_members(const struct raft *raft);
/* How often that became another one so far, or may have: as long as it is the same number, so are the members. */
uint64_t raft_members_changes(const struct raft *raft);
/* The configuration as of INDEX: base_index <= INDEX. A newer one may be in the log, and may not be committed. */
const struct raft_configuration *raft_members_at(const struct raft *raft, uint64_t index);

enum raft_peer_state { RAFT_PEER_PROBE, RAFT_PEER_REPLICATE, RAFT_PEER_SNAPSHOT };
struct raft_peer_view {
    uint64_t match;
    uint64_t next;
    enum raft_peer_state state;
    bool voter;          /* counts; false for learners and for members whose data directory is another one */
    uint64_t heard_ms;   /* when it was last heard of in this term */
};
/* Leader: how far PEER is. False: not leader or no such peer. */
bool raft_peer(const struct raft *raft, uint32_t peer, struct raft_peer_view *view);

#endif
