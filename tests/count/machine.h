/* One real node on a disk in memory. The only file of `count` that calls node_... and disk_...: each such call is
 * counted, in the machine's meter and, under callgrind, below the function at_leader, at_gateway or at_follower. */
#ifndef CLEAT_TESTS_COUNT_MACHINE_H
#define CLEAT_TESTS_COUNT_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/random.h"
#include "count/meter.h"
#include "node/node.h"

enum { MACHINE_COUNT = 3 };

/* ROLE_NONE: counted for nobody. */
enum role { ROLE_NONE, ROLE_LEADER, ROLE_GATEWAY, ROLE_FOLLOWER, ROLE_COUNT };

/* One end of a link, held by a machine. */
struct peer_socket {
    struct node_link *link;
    enum node_link_kind kind;
    uint32_t peer;             /* the machine that was called; 0: this end was called */
    struct peer_socket *other;
    struct buffer inbox;       /* bytes on their way to this end */
};

/* A client's connection to the machine. */
struct connection {
    struct node_client *client;
    struct buffer inbox;       /* commands on their way to the node */
    struct buffer replies;     /* what the node said, for the client to take */
};

enum { MACHINE_SOCKETS = 2 * (MACHINE_COUNT - 1) };

struct machine {
    uint32_t id;
    enum role role;
    struct meter meter;
    struct random random;      /* ids for the disk */
    struct disk *disk;
    struct node *node;
    struct disk_log *log;      /* under way; DONE: executed, to be handed back */
    struct disk_bulk *bulk;
    struct peer_socket sockets[MACHINE_SOCKETS];
    struct connection *connections;
    size_t connection_count;
};

/* A machine with an empty disk; its clients and links come next. Its sockets are filled in, but for `other`. */
void machine_open(struct machine *machine, uint32_t id);
void machine_close(struct machine *machine);
void machine_open_link(struct machine *machine, struct peer_socket *socket);
void machine_open_clients(struct machine *machine, size_t count);

/* The earliest time at which it has something to do: 0 where there is input for it. */
uint64_t machine_due_ms(const struct machine *machine);
/* The first half of a round: finished disk requests, link and client bytes, then a turn, and new disk requests. */
void machine_turn(struct machine *machine, uint64_t now_ms);
/* The second half: what the turn wrote goes into the inboxes of other machines and into replies, and the disk works. */
void machine_flush(struct machine *machine);

bool machine_leads(const struct machine *machine);
/* The leader it knows, of a term in which something was committed; 0: none. */
uint32_t machine_leader(const struct machine *machine);

#endif
