/* What every part of a node may see: what it was started with, the time, the limits, and where to put what is for
 * people. It knows no part. */
#ifndef CLEAT_NODE_ENV_H
#define CLEAT_NODE_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/log_events.h"
#include "base/random.h"
#include "disk/disk.h"
#include "node/clock.h"
#include "node/complaint.h"
#include "node/levels.h"
#include "node/limits.h"
#include "node/meter.h"
#include "node/options.h"

struct env {
    struct node_options options;
    struct limits limits;       /* the cluster's */
    struct levels levels;       /* likewise; what its members know */
    struct random random;
    struct clock clock;         /* the cluster's time */
    uint64_t now_ms;            /* the node's own */
    uint64_t started_ms;
    bool more;                  /* there is more to do than fitted into this turn */
    struct buffer log;          /* event.h */
    struct complaints complaints;
    struct meter meter;
    bool shutting_down;         /* since shutdown_ms: what is under way is brought to an end */
    uint64_t shutdown_ms;
    bool stopping;              /* the reason below is final */
    char stop_reason[DISK_REASON_MAX];
};

enum { NODE_RETRY_MS = 150 /* what was asked of the leader and brought nothing is asked again */ };

#define NODE_NEWER "run the newest cleatd that runs in this cluster on this node too"

/* The node must stop: EVENT is logged, REASON is its last line. The first that says so is heard. */
void env_stop(struct env *env, enum log_event event, const char *reason);

#endif
