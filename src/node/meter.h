/* What a node has done since it started, counted: for metrics. Pure; a few increments a command. */
#ifndef CLEAT_NODE_METER_H
#define CLEAT_NODE_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/reply.h"
#include "protocol/request.h"

struct blob;
struct node;

enum meter_outcome {
    METER_DONE,     /* it did what it was to do; any answer to a read */
    METER_NOT_SO,   /* a change that found another version, or no file */
    METER_FAILED,   /* ERR_... */
    METER_DROPPED,  /* the client was gone before the answer */
    METER_OUTCOME_COUNT,
};

enum { METER_BUCKETS = 16 };

/* Durations. Each bucket has those up to its bound that are in none before it; the last one has no bound. */
struct meter_histogram {
    uint64_t buckets[METER_BUCKETS];
    uint64_t sum_us;
};

/* Of all buckets but the last. */
extern const uint64_t meter_bounds_us[METER_BUCKETS - 1];

struct meter {
    uint64_t commands[VERB_COUNT][METER_OUTCOME_COUNT]; /* that waited for anything: reads and changes */
    struct meter_histogram latency[VERB_COUNT];         /* of these; in whole milliseconds */
    uint64_t errors[REPLY_ERROR_COUNT];                 /* told to clients */
    uint64_t proposals;                                 /* changes of this node's clients that got a number */
    uint64_t elections;                                 /* in which this node stood */
    uint64_t leader_changes;                            /* that it has seen */
    struct meter_histogram syncs;                       /* of the log */
};

/* The verb that COMMAND, as it goes into the log, came from. */
enum verb meter_verb(const struct blob *command);

void meter_duration(struct meter_histogram *histogram, uint64_t us);

/* How much there is of what comes and goes. */
struct meter_levels {
    uint64_t window;          /* numbered changes that are not applied here */
    uint64_t window_bytes;
    uint64_t held_bytes;      /* contents held for clients */
    uint64_t unsynced_bytes;  /* of log that is not durable here */
    uint64_t snapshots;       /* taken since the start */
    uint64_t snapshots_installed;
    uint32_t role;            /* enum raft_role */
    bool ready;               /* node_ready */
    uint32_t voters_here;     /* as in `status`: quorum=HERE/NEEDED */
    uint32_t voters_needed;
};

const struct meter *node_meter(const struct node *node);
void node_levels(const struct node *node, struct meter_levels *levels);

#endif
