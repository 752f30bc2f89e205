/* What kind of run a seed makes: the cluster, its options, the world around it and what is done to it. Small segments,
 * frequent snapshots and early timeouts are common here, so that paths which are rare in production are not. */
#ifndef CLEAT_TESTS_SIM_PROFILE_H
#define CLEAT_TESTS_SIM_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"

enum { THINK_MAX_US = 5000000 };
enum { SIM_NODES_MAX = 5, SIM_FILES_MAX = 64, SIM_CLIENTS_MAX = 16 };

enum fault_kind {
    FAULT_KILL,         /* one process dies; what it wrote stays in the page cache */
    FAULT_POWER,        /* one machine loses power, and some of what was not synced */
    FAULT_POWER_SOME,   /* several at the same moment */
    FAULT_POWER_ALL,
    FAULT_POWER_IN_IO,  /* between two file system calls of a disk request */
    FAULT_SHUTDOWN,     /* a clean shutdown, and a start later on */
    FAULT_PAUSE,        /* a process gets no time */
    FAULT_STALL,        /* a disk answers no request */
    FAULT_PARTITION,    /* messages in some directions are lost */
    FAULT_CUT,          /* a connection between two nodes closes */
    FAULT_FULL,         /* a disk has no room */
    FAULT_ERROR,        /* a file system call fails: the process ends by itself, and starts again */
    FAULT_WIPE,         /* a machine comes back with an empty disk */
    FAULT_ROT,          /* a file of a machine that is down is damaged */
    FAULT_DIVERGE,      /* a node's state is no longer what the log makes of it */
    FAULT_SUSPEND,      /* a machine gets no time, and its clock does not go on */
    FAULT_CLOG,         /* what a machine sends is held back, and comes all at once */
    FAULT_DEPOSE,       /* leader after leader is cut off */
    FAULT_AMBUSH,       /* something happens to a machine just when a certain message is on its way */
    FAULT_PUT_BACK,     /* a machine's disk goes back to an earlier state */
    FAULT_KIND_COUNT,
};
extern const char *const fault_names[FAULT_KIND_COUNT];

struct profile {
    uint32_t nodes;
    uint32_t clients;
    uint64_t faults_us;          /* how long things break */

    /* The nodes. */
    uint32_t election_min_ms;
    uint32_t election_max_ms;
    uint32_t heartbeat_ms;
    uint32_t command_timeout_ms;
    uint64_t snapshot_every_bytes;
    uint64_t value_max_bytes;
    uint64_t memory_max_bytes;
    uint64_t repeats_max;        /* tokens that are kept */
    uint64_t window_max;         /* numbered commands of a gateway */
    uint64_t catchup_entries;    /* of log kept behind a snapshot */
    uint64_t agreement_every;    /* entries between two comparisons of states */
    uint64_t snapshot_block_bytes;
    uint64_t frame_bytes;
    uint32_t append_bytes;
    uint32_t inflight_count;
    uint32_t segment_bytes;
    uint32_t segment_min_bytes;  /* the least that the largest value asks for */
    uint32_t options_change_ppm; /* of starts: with other sizes of segments, and other distances of snapshots */
    uint32_t drift_ppm;          /* clocks run faster or slower by up to this */

    /* Disks: how long a request takes. */
    uint64_t disk_min_us;
    uint64_t disk_max_us;
    uint32_t rest_ppm;           /* of requests that rest in their middle, while the other thread goes on */
    uint32_t log_rests_long_ppm; /* of these rests: until much else was done */
    uint32_t bulk_rests_long_ppm;
    uint32_t rest_machines;      /* on the first so many machines alone */
    uint32_t rest_ends_ppm;      /* of these rests: with the machine's death */

    /* The network. */
    uint64_t delay_min_us;
    uint64_t delay_max_us;
    uint64_t bandwidth;          /* bytes per ms */
    size_t window_bytes;         /* under way on one connection */
    uint32_t drop_ppm;           /* of frames */
    uint32_t repeat_ppm;
    uint32_t reorder_ppm;
    uint64_t late_us;            /* how much later than others a frame that is repeated or reordered comes, at most */
    uint32_t tear_ppm;           /* only a part of the frame arrives */
    uint32_t spoil_ppm;          /* a bit of it is another one */
    uint64_t keepalive_us;       /* after a restart a silent connection is known to be dead; 0: never */
    bool spares_form;            /* frames that form a cluster are not lost */

    /* Faults. */
    uint64_t fault_gap_us;       /* between two of them, on average */
    uint32_t fault_weights[FAULT_KIND_COUNT];
    uint32_t power_delicate_ppm; /* power goes in a disk request that matters more than others */
    uint32_t power_again_ppm;    /* after power had gone: it goes again during recovery */
    uint64_t fault_long_us;      /* the longest pause, partition, stall */
    bool heal_majority;          /* at the end only a majority comes back */

    /* Clients. */
    uint32_t files;
    uint32_t depth;              /* requests under way on a connection */
    uint64_t think_us;           /* between two steps of a client, at most */
    bool overload;               /* while things break clients ask for more than can be done, and then for little */
    uint32_t read_weight;
    uint32_t write_weight;
    uint32_t cas_weight;
    uint32_t delete_weight;
    uint32_t large_permille;     /* of values: up to value_max_bytes, the others small */
    uint32_t expiry_permille;    /* of writes */
    uint32_t reader_permille;    /* of connections: they only read */
    uint32_t verb_permille;      /* of operations: those of verbs.h */
    uint32_t burst_permille;     /* of changes among these: many files that fall due at one moment */
    uint32_t break_permille;     /* of a client's steps: its connection breaks */
};

/* Draws a profile. NODES and FAULTS_S: 0, or what is to be used instead of what is drawn. STRICT: the network does
 * nothing for nodes that do not look after themselves (keepalive_us, spares_form). */
struct profile profile_draw(struct random *random, uint32_t nodes, uint64_t faults_s, bool strict);

/* One line of key=value text. */
enum { PROFILE_TEXT_MAX = 1200 };
void profile_text(const struct profile *profile, char text[PROFILE_TEXT_MAX]);

/* True in PPM of a million cases. */
bool profile_chance(struct random *random, uint32_t ppm);

#endif
