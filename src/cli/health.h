/* How a cluster is, in a line for people, from what its nodes say of themselves (`status`):
 *
 *      ok: node 2 leads, all 5 nodes are up; 2 may fail
 *      degraded: node 2 leads; down: 3; not voting: 4; no more may fail
 *      no quorum: node 2 leads; 1 of 3 voters is in touch, 2 are needed; down: 1, 3
 *      no leader: 2 of 5 voters are in touch, 3 are needed; down: 3, 4; cut off: 5
 *      forming: it waits for all 3 nodes; down: 2
 *      down: none of the 3 endpoints answers
 *      mixed: the endpoints belong to 2 clusters
 *
 * "down" does not answer, and is out of touch with the node whose view counts; "cut off" is out of touch with it, but
 * answers us. Keys that are not there, or have other values than expected, count as nothing. */
#ifndef CLEAT_CLI_HEALTH_H
#define CLEAT_CLI_HEALTH_H

#include <jansson.h>
#include <stddef.h>

#include "base/buffer.h"

enum { HEALTH_BEHIND_ENTRIES = 1000 }; /* how much less of the log than the leader counts as behind */

/* Of the COUNT statuses, as json_status makes them, the one of the node that knows most: of the leader, in the highest
 * term if several say so, or else of one that knows a leader, or of the one in touch with most voters. NULL: COUNT is
 * 0. */
const json_t *health_view(json_t *const *statuses, size_t count);

/* Adds the line, without a line end, to LINE; its parts are separated by "; ". COUNT of ENDPOINTS have answered. */
void health_write(struct buffer *line, json_t *const *statuses, size_t count, size_t endpoints);

#endif
