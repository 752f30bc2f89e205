/* Complaints: log lines of what may come again and again, such as a peer that is refused and calls again at once.
 *
 * The first about a peer, for a reason, is said as it comes. Those that follow are counted for COMPLAINT_AGAIN_MS; the
 * first after that is said again, with their number (`left_out=N`). So many kinds of complaints are kept apart; all
 * further ones count as one kind, so that a stranger who invents ids fills no log either. */
#ifndef CLEAT_NODE_COMPLAINT_H
#define CLEAT_NODE_COMPLAINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log_events.h"

struct env;

enum { COMPLAINTS_KEPT = 32, COMPLAINT_AGAIN_MS = 60000 };

struct complaint {
    bool known;
    uint64_t what;     /* peer, event and reason, hashed */
    uint64_t said_ms;
    uint64_t left_out; /* since then */
};

struct complaints {
    struct complaint kinds[COMPLAINTS_KEPT]; /* the last is for all that found no place */
};

/* Whether a complaint is to be said now. WHAT tells kinds apart (complaint_what). True: *LEFT_OUT of its kind were not
 * said since the last that was. False: it is counted. */
bool complaint_due(struct complaints *complaints, uint64_t what, uint64_t now_ms, uint64_t *left_out);
uint64_t complaint_what(uint32_t peer, enum log_event event, const char *reason);

/* Begins the line of an event about PEER (0: nobody knows who) at ADDRESS (empty: nor where), for REASON:
 * "event=EVENT peer=N address=... left_out=N reason=...". True: the caller may add keys, and ends it (event.h). False:
 * it is counted, and there is no line. */
bool complaint_begin(struct env *env, enum log_event event, uint32_t peer, const char *address, const char *reason);

#endif
