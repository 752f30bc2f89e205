/* A client: connects to some node, asks for things, several at a time, reads the answers in their order, and writes
 * down what it did and saw. At times its connection breaks, it half-closes, quits or sends nonsense.
 *
 * A probe is a client that shows progress: at one node, one write, its read, and a read of every file must succeed. */
#ifndef CLEAT_TESTS_SIM_CLIENT_H
#define CLEAT_TESTS_SIM_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/answer.h"
#include "sim/events.h"
#include "sim/history.h"
#include "sim/profile.h"

struct world;

struct client {
    uint32_t id;
    char name[8];
    struct connection *connection; /* NULL: none */
    uint64_t budget;               /* requests that it still sends on this connection */
    bool reader;                   /* this connection only reads */
    uint64_t patience_us;          /* without an answer for so long, it goes */
    uint64_t known[SIM_FILES_MAX + SIM_NODES_MAX]; /* by file: a version that it has seen */
    bool done;                     /* it has stopped */
    size_t again;                  /* 1 + the number of an operation of verbs.h that it sends again; 0: none */

    struct machine *probed;        /* NULL: not a probe */
    uint32_t probe_step;           /* 0: the write, 1: its read, then files */
    bool probe_passed;
    uint64_t seen_applied;         /* how far the probed one was when it was last seen to go on, */
    uint64_t seen_received;        /* and all that receive a snapshot, */
    uint64_t seen_us;              /* and when that was */
};

/* What a request of kind OPERATION_OTHER is; kept in operation.expected. OTHER_VERB is an operation of verbs.h: its
 * number is in value_size. */
enum other_kind { OTHER_PING, OTHER_STATUS, OTHER_VERSION, OTHER_HELP, OTHER_QUIT, OTHER_NONSENSE, OTHER_VERB };

void client_init(struct world *world, struct client *client, uint32_t id, struct machine *probed);
/* EVENT_CLIENT: does its next step, and plans the one after. */
void client_step(struct world *world, struct client *client);
/* EVENT_REPLY, EVENT_HUNG_UP. */
void client_reply(struct world *world, const struct event *event);
void client_hung_up(struct world *world, struct connection *connection);

/* workload.c: what a client asks for next. */
struct operation workload_next(struct world *world, struct client *client);
struct operation workload_probe(const struct world *world, const struct client *client);
/* Appends the name of FILE. */
void workload_name(struct buffer *out, uint32_t file);
/* Appends the request's text for operation ID. Returns asked_digest of what it changes; 0: nothing. */
uint64_t workload_text(struct world *world, const struct operation *operation, uint64_t id, struct buffer *out);

#endif
