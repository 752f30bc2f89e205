/* A machine: a disk that stays, and at times a process with a node in it. This is the driver that src/node/node.h asks
 * for. A turn:
 *
 *      inputs that came since the last turn --> node_turn --> outputs: log lines, disk requests, frames, replies
 *
 * A process that is paused takes no turn: its inputs wait. Its disk threads report through inputs too. */
#ifndef CLEAT_TESTS_SIM_MACHINE_H
#define CLEAT_TESTS_SIM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "disk/disk.h"
#include "node/node.h"
#include "sim/events.h"
#include "sim/read_index.h"
#include "sim/threads.h"

struct world;

enum input_kind {
    INPUT_LINK_OPEN,
    INPUT_LINK_BYTES,
    INPUT_LINK_CLOSED,
    INPUT_CLIENT_OPEN,
    INPUT_CLIENT_READABLE, /* bytes, or their end, have arrived, or are wanted again */
    INPUT_CLIENT_WRITABLE, /* the client took some replies */
    INPUT_CLIENT_CLOSED,
    INPUT_LOG_DONE,
    INPUT_BULK_DONE,
    INPUT_SHUTDOWN,
};

struct input {
    enum input_kind kind;
    struct peer_socket *socket;
    struct connection *connection;
    uint8_t *bytes; /* owned */
    size_t size;
};

struct machine {
    uint32_t id;
    char name[8];
    char directory[32];
    uint64_t life;          /* counts processes: what is meant for an earlier one is dropped */
    bool powered;           /* the machine answers connections, if only to refuse them */
    bool wiped;             /* its disk was emptied after the cluster had formed: a learner now */
    bool put_back;          /* its disk went back to an earlier state: likewise, once it was told */
    bool untold;            /* ... and that it was told is not on its disk yet */
    bool rotten;            /* a file of its disk was damaged: it may refuse to start */
    bool rotten_lost;       /* ... in that a sector is as if it had never been written */
    uint64_t diverged_index; /* how much was committed when it diverged */
    bool diverged;          /* its state is not what the log makes of it: the node must stop by itself */
    bool stays_down;        /* to the end of the run */
    bool stopping;          /* a clean shutdown was asked for */
    uint64_t start_us;      /* down: when it is to start; 0: nothing is planned */

    uint32_t segment_bytes; /* its options at its last start: an operator may change them at each */
    uint64_t snapshot_every_bytes;

    struct node *node;      /* NULL: no process */
    struct disk *disk;
    struct random random;   /* for the disk's ids */

    /* Its clock: what the node is told is (now - ORIGIN) at a rate of its own, from a beginning of its own. */
    uint64_t clock_start_ms;
    int64_t clock_rate_ppm;

    bool reborn;            /* it was back at once, and so are its connections */
    struct read_index reads;

    uint64_t stale_life;    /* the process that last answered from its own copy, and what that showed at most */
    uint64_t stale_floor;

    uint64_t turn_us;       /* when the planned turn is; 0: none is */
    uint64_t turn_number;   /* of the planned turn: an event for another one is stale */
    uint64_t paused_us;     /* no turn before this */
    uint64_t clogged_us;    /* nothing that it sends arrives before this */
    uint64_t stalled_us;    /* no disk request is executed before this */
    uint64_t idle_turns;    /* in a row, at the same millisecond, without an input */
    uint64_t idle_ms;

    struct input *inputs;
    size_t input_count;
    size_t input_capacity;

    struct disk_log *log;   /* under way */
    uint64_t log_hash;      /* of what it writes */
    struct disk_bulk *bulk;
    struct thread log_thread;
    struct thread bulk_thread;
    bool power_in_io;       /* power goes while the next disk request is executed */
    bool io_error;          /* a call fails, or has failed: the process may give up */
};

void machine_init(struct world *world, struct machine *machine, uint32_t id);
void machine_close(struct world *world, struct machine *machine);

/* The process starts: recovers from its disk, and joins. */
void machine_start(struct world *world, struct machine *machine);
/* Plans a start after DELAY_US, unless one is planned or it runs. */
void machine_plan_start(struct world *world, struct machine *machine, uint64_t delay_us);

/* The process is gone at once; POWER: and with it some of what was not synced. */
void machine_crash(struct world *world, struct machine *machine, bool power);

/* Its disk is replaced by an empty one, for REASON; it is down, and starts again later. */
void machine_replace(struct world *world, struct machine *machine, const char *reason);

/* The process ends by itself after a clean shutdown, and starts again later. No disk request is under way. */
void machine_stopped(struct world *world, struct machine *machine);

/* Something for the next turn, which is planned. Takes INPUT's bytes over. */
void machine_input(struct world *world, struct machine *machine, const struct input *input);
/* A turn at the latest in DELAY_US. */
void machine_wake(struct world *world, struct machine *machine, uint64_t delay_us);
void machine_turn(struct world *world, const struct event *event);

/* Whether EVENT is for the process that runs now. */
bool machine_is(const struct machine *machine, const struct event *event);
bool machine_up(const struct machine *machine);
bool machine_paused(const struct world *world, const struct machine *machine);

#endif
