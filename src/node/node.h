/* One replica as a deterministic machine. What comes in: bytes from clients and peers, finished disk requests, the
 * time. What comes out: bytes for clients and peers, disk requests, log lines, and the moment at which it next wants
 * the time. No clock, socket, file or thread in here: the server drives it with libev and two disk threads, the
 * simulator with fakes; the same input gives the same output.
 *
 * One turn:   node_time(now), then any number of events, then node_turn(), then the outputs are fetched.
 *
 * It is made of parts, a folder each, with a struct of its own. None knows another: what it has for others waits in it
 * until it is pulled, and what it needs of others it is handed. node.c has the order of a turn, and with commands.c and
 * replication.c all the steps by which one part's output becomes the next one's input (handover.h); facts.c gathers
 * what is told of the whole.
 *
 *      session/    clients: lines in, an ordered queue of what was asked, responses out; reads
 *      gateway/    the changes of this node's clients, numbered, until they are applied here
 *      leader/     the leader's door: takes all gateways' changes in order, and proposes them
 *      peers/      the other nodes: links, who is let in, what they say; forming; who is there
 *      replica/    the log to the disk; what is committed into the store; comparison of states
 *      transfer/   snapshots: taken, sent, received
 *
 *      client bytes --> session --> gateway --+---- it leads ----> leader --> raft --+--> replica/persist --> disk
 *                                             |                      ^               |
 *                                             +--> peers ... peers --+               +--> peers
 *                                                  at the leader                     |
 *                                                                                    |
 *      client bytes <-- session <-- gateway, where it came in <-- replica/apply <-- committed
 *
 * A write:  parsed (session/parse.c; the lines of a transaction are gathered in txn.c) to what is pending (client.c).
 *           Numbered (gateway/gateway.c) and brought to the leader (forward.c). Admitted there in that order
 *           (leader/admission.c), and proposed (leader.c). On its way to disk and peers (replica/persist.c, peers/),
 *           committed, applied by every node (replica/apply.c), answered where it came in (session/client.c). All of it
 *           in commands.c, from top to bottom.
 * A read:   parsed; one read index asked for all reads of the turn (session/reads.c); answered from the local store
 *           (query.c) when that is applied, in the connection's order (client.c). A stale one is answered at once. */
#ifndef CLEAT_NODE_NODE_H
#define CLEAT_NODE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/chain.h"
#include "disk/disk.h"
#include "node/ends.h"
#include "node/options.h"
#include "store/feed.h"
#include "store/store.h"

struct node;

/* A node on what disk_open recovered. STORE holds the recovered snapshot's state (or is new) and becomes the node's.
 * Takes RECOVERED's entries by its own references; the caller frees RECOVERED afterwards. DISK is asked for its room
 * only, never made to work. Returns NULL and a line in REASON where the data directory and the options do not go
 * together. */
struct node *node_open(const struct node_options *options, const struct disk *disk,
                       const struct disk_recovered *recovered, struct store *store, uint64_t now_ms,
                       char reason[DISK_REASON_MAX]);
/* Frees everything; clients and links too. No disk request may be under way. */
void node_close(struct node *node);

/* --- a turn ----------------------------------------------------------------------------------------------------- */

/* The time in ms, from any origin, never going back; before the turn's first event. */
void node_time(struct node *node, uint64_t now_ms);
/* Does all that the turn's events and the time have made due. */
void node_turn(struct node *node);
/* When the next turn must come at the latest. May be the present: there is more to do. */
uint64_t node_deadline_ms(const struct node *node);

/* Log lines for people and scripts, "event=... key=value ...\n" each: read and cleared by the driver. */
struct buffer *node_log(struct node *node);
/* NULL, or why the node must stop at once: the driver ends the process with this line. */
const char *node_stop_reason(const struct node *node);
/* A clean shutdown: a leader hands over, what is under way is answered. */
void node_shutdown(struct node *node);
/* The shutdown is complete, or has taken long enough. */
bool node_shutdown_done(const struct node *node);

/* --- clients ---------------------------------------------------------------------------------------------------- */

/* A new connection; NULL: there are too many (the driver writes node_busy_line() and closes). */
struct node_client *node_client_open(struct node *node, struct connection *owner);
const char *node_busy_line(void);
/* Takes all of BYTES. */
void node_client_bytes(struct node *node, struct node_client *client, const uint8_t *bytes, size_t size);
/* The client will send no more (it half-closed): it gets its answers, then the end. */
void node_client_end(struct node *node, struct node_client *client);
/* The connection is gone. What has a number still happens, unseen; what waits for one does not. */
void node_client_close(struct node *node, struct node_client *client);
/* After the driver has written some of the client's output. */
void node_client_written(struct node *node, struct node_client *client);
/* The next client whose output, or whose node_client_reads or node_client_ends, may have changed; NULL: no more. */
struct node_client *node_next_output(struct node *node);

/* --- links to other nodes --------------------------------------------------------------------------------------- */

/* A call to PEER came to nothing, for REASON: what the log says of a peer that is not there. */
void node_call_failed(struct node *node, uint32_t peer, const char *reason);
/* A connected link. PEER: the member that was called (see node_calls), or 0 for one that was accepted (its hello says
 * who it is). */
struct node_link *node_link_open(struct node *node, struct peer_socket *owner, enum node_link_kind kind, uint32_t peer);
void node_link_bytes(struct node *node, struct node_link *link, const uint8_t *bytes, size_t size);
/* The connection is gone. */
void node_link_close(struct node *node, struct node_link *link);
/* Whether PEER is to be called from here: it is where no such link to it is up, at once if its id is lower. One with a
 * higher id calls by itself; where it has not for NODE_CALL_MS, it is called: it may not reach this node, or be another
 * than this node's others have. To be asked again when the call is answered: PEER may have called meanwhile. */
bool node_calls(const struct node *node, uint32_t peer, enum node_link_kind kind);
/* For tests: the links, by a running number from 0; NULL past the last. */
struct node_link *node_link_at(struct node *node, size_t number);

/* --- disk ------------------------------------------------------------------------------------------------------- */

/* The next request for each thread, or NULL. The driver executes it (disk_log_execute, disk_bulk_execute) and hands it
 * back in a later turn. One of each at a time. */
struct disk_log *node_take_log(struct node *node);
void node_log_done(struct node *node, struct disk_log *request);
struct disk_bulk *node_take_bulk(struct node *node);
void node_bulk_done(struct node *node, struct disk_bulk *request);

/* --- what it is like -------------------------------------------------------------------------------------------- */

/* Whether it can serve clients now: it knows a leader in this term, has applied everything that was committed when it
 * started, and still takes the log. May become false again. */
bool node_ready(const struct node *node);
/* NULL where it is ready, or what it waits for: a line for people, until it is next asked. */
const char *node_unready(struct node *node);
/* Whether there is room on its disk for changes; without it a node may yet be ready, and serve reads. */
bool node_has_room(const struct node *node);
/* For tests. */
const struct raft *node_raft(const struct node *node);
const struct store *node_store(const struct node *node);
const struct feed *node_feed(const struct node *node);

#endif
