/* The events of the log, one row each: the name that stands in a line's `event=`, and what the line means. docs/LOG.md
 * has a row for each of them, which scripts/check compares. A line is said by its enum alone, so that an event without
 * a row does not compile. */
#ifndef CLEAT_BASE_LOG_EVENTS_H
#define CLEAT_BASE_LOG_EVENTS_H

#include "base/buffer.h"

#define LOG_EVENTS(ROW) \
    ROW(BAD_FORM, "bad_form", "a peer told of its cluster in a form that this version cannot read") \
    ROW(BAD_MESSAGE, "bad_message", "a link carried something that is damaged or not known, and was closed") \
    ROW(BUG, "bug", "a condition that must hold does not: the program ends") \
    ROW(CANDIDATE, "candidate", "the node asks for votes") \
    ROW(CANNOT_ACCEPT, "cannot_accept", "the system gave no connection: mostly, too few descriptors") \
    ROW(CANNOT_LISTEN, "cannot_listen", "the address cannot be listened on") \
    ROW(CANNOT_NOTIFY, "cannot_notify", "the service manager could not be told") \
    ROW(CANNOT_RESOLVE, "cannot_resolve", "a name has no address now; it is asked for again") \
    ROW(CLUSTER_DIFFERS, "cluster_differs", "--cluster and the cluster's members are not the same") \
    ROW(CLUSTER_FULL, "cluster_full", "too few voters have room on their disks: changes are refused") \
    ROW(CLUSTER_WRITABLE, "cluster_writable", "enough voters have room again") \
    ROW(CONNECTIONS_LIMITED, "connections_limited", "fewer client connections are allowed than asked for") \
    ROW(DAMAGED_SECTOR, "damaged_sector", "a sector behind the log's end is damaged; nothing is lost") \
    ROW(DAMAGED_SNAPSHOT, "damaged_snapshot", "a snapshot was passed over for an older one") \
    ROW(DISK_FAILED, "disk_failed", "the disk gave an error: the node stops") \
    ROW(DISK_FULL, "disk_full", "there is no room for more log") \
    ROW(DISK_HAS_ROOM, "disk_has_room", "there is room again") \
    ROW(DISK_STALLS, "disk_stalls", "a write of the leader's log takes very long") \
    ROW(DUPLICATE_ID, "duplicate_id", "another process runs with this node's id") \
    ROW(FOLLOWER, "follower", "the node follows a leader, or looks for one") \
    ROW(FORMED, "formed", "the cluster has formed, or the node has learnt of it") \
    ROW(FORMING, "forming", "the node begins to form a cluster") \
    ROW(GATEWAY_DROPPED, "gateway_dropped", "a configuration without this node ended what clients here asked for") \
    ROW(GATEWAY_SUPERSEDED, "gateway_superseded", "another process of this id has taken this node's place") \
    ROW(LEADER, "leader", "the node leads") \
    ROW(LEARNER, "learner", "the node follows without a vote") \
    ROW(LINK_DOWN, "link_down", "a link to another node ended") \
    ROW(LINK_REFUSED, "link_refused", "another node was not let in") \
    ROW(LINK_UP, "link_up", "a link to another node is in use") \
    ROW(LISTENING, "listening", "connections are taken at the address") \
    ROW(LOG_DROPPED, "log_dropped", "lines are missing here: nobody read them in time") \
    ROW(LOG_GIVES_WAY_TO_SNAPSHOT, "log_gives_way_to_snapshot", "the log is older than the snapshot, and was dropped") \
    ROW(NO_LEADER, "no_leader", "there is no leader; what is missing") \
    ROW(NO_ROOM_FOR_SEGMENT, "no_room_for_segment", "the start found no room for a segment of the log") \
    ROW(NO_ROOM_FOR_STARTS, "no_room_for_starts", "the room for later starts cannot be set aside") \
    ROW(NOT_A_MEMBER, "not_a_member", "the cluster has no node of this id: the node stops") \
    ROW(NOT_FORMED, "not_formed", "the cluster has not formed; what is missing") \
    ROW(OUT_OF_MEMORY, "out_of_memory", "memory was refused that cannot be done without: the program ends") \
    ROW(PEER_ROLLED_BACK, "peer_rolled_back", "another node's data directory is an older copy of what it was") \
    ROW(PRECANDIDATE, "precandidate", "the node asks whether it would be elected") \
    ROW(REFUSED, "refused", "the node does not start; why") \
    ROW(REFUSED_BY, "refused_by", "another node does not let this one in") \
    ROW(RESOLVED, "resolved", "a name has an address again") \
    ROW(ROLLED_BACK, "rolled_back", "this node's data directory is an older copy of what it was") \
    ROW(SHUTDOWN, "shutdown", "a clean shutdown begins") \
    ROW(SNAPSHOT_FAILED, "snapshot_failed", "a snapshot could not be written; it is tried again") \
    ROW(SNAPSHOT_INSTALLED, "snapshot_installed", "a snapshot of the leader's took the place of the state here") \
    ROW(SNAPSHOT_NOT_SENT, "snapshot_not_sent", "a snapshot did not get to another node; it is sent again") \
    ROW(SNAPSHOT_REFUSED, "snapshot_refused", "a snapshot from the leader was given up") \
    ROW(SNAPSHOT_SENT, "snapshot_sent", "another node installed a snapshot from here") \
    ROW(SNAPSHOT_WRITTEN, "snapshot_written", "a snapshot of the state is on the disk") \
    ROW(STARTED_FROM_RESERVE, "started_from_reserve", "the disk is full: the log goes on in the room for starts") \
    ROW(STATE_DIFFERS, "state_differs", "this node's state is not the majority's: the node stops") \
    ROW(STATES_DIFFER, "states_differ", "no majority of the nodes has the same state: the node stops") \
    ROW(STOPPED, "stopped", "the node has ended") \
    ROW(TERM_OF_SNAPSHOT_TAKEN, "term_of_snapshot_taken", "the vote was older than the snapshot, and took its term") \
    ROW(TORN_TAIL, "torn_tail", "a crash left part of a record at the log's end, which was never acknowledged") \
    ROW(TRANSFER, "transfer", "the leader hands over") \
    ROW(UNKNOWN_CONFIGURATION, "unknown_configuration", "a newer version wrote a configuration: the node stops") \
    ROW(UNKNOWN_ENTRY, "unknown_entry", "a newer version wrote an entry of the log: the node stops") \
    ROW(UNKNOWN_LIMITS, "unknown_limits", "the cluster has limits that this version cannot keep: the node stops") \
    ROW(UNKNOWN_SNAPSHOT, "unknown_snapshot", "a newer version wrote the snapshot: the node stops, or does not start") \
    ROW(VALUE_MAX, "value_max", "the cluster takes larger values than this node has room for: the node stops")

enum log_event {
#define LOG_EVENT_ENUM(event, name, meaning) LOG_##event,
    LOG_EVENTS(LOG_EVENT_ENUM)
#undef LOG_EVENT_ENUM
    LOG_EVENT_COUNT
};

/* What stands in `event=`. */
const char *log_event_name(enum log_event event);
/* Begins a line of the log: "event=NAME". The rest of the line, and its end, is the caller's. */
void log_event_begin(struct buffer *line, enum log_event event);

#endif
