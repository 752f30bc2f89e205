/* One raft with a disk of its own, in memory: what was not synced is lost in a crash. It keeps the contract that a node
 * keeps, and checks what the raft hands out: that batches follow each other, and that no message claims what is not on
 * that disk. */
#ifndef CLEAT_TESTS_SUPPORT_REPLICA_H
#define CLEAT_TESTS_SUPPORT_REPLICA_H

#include "raft/raft.h"

/* What survives. */
struct replica_disk {
    uint64_t life; /* counts the starts on it; and a number for each */
    uint64_t processes[RAFT_LIVES_MAX];
    uint64_t term;
    uint32_t vote;
    bool rolled_back;
    uint64_t snapshot_index;
    uint64_t snapshot_term;
    struct raft_configuration snapshot_configuration;
    uint64_t base_index; /* the log's */
    uint64_t base_term;
    struct raft_entry *entries;
    size_t count;
};

struct replica {
    struct raft_options options;
    struct raft *raft; /* NULL: it is down */
    struct replica_disk disk;

    bool writing;
    struct raft_writes batch;
    struct raft_entry *batch_entries;

    uint64_t applied;
};

/* A replica that is down, with an empty disk. */
void replica_init(struct replica *replica, const struct raft_options *options);
void replica_close(struct replica *replica);

/* Starts from what the disk holds. */
void replica_start(struct replica *replica, uint64_t now_ms);
/* Stops at once. Of the batch under way the first STEPS of these reach the disk: the vote, the reset, each entry. */
void replica_crash(struct replica *replica, size_t steps);
/* Another, empty disk, of another incarnation; while it is down. */
void replica_wipe(struct replica *replica, uint64_t incarnation);

/* An earlier state of the disk is put back, while it is down: COPY is what replica_copy made. */
void replica_put_back(struct replica *replica, const struct replica_disk *copy);
void replica_copy(const struct replica *replica, struct replica_disk *copy);
void replica_copy_close(struct replica_disk *copy);
/* What it says of its disk when a link comes up. */
struct raft_directory replica_directory(const struct replica *replica);
/* PEER, in its first life, comes up on RAFT with a directory of that incarnation. */
void replica_meet(struct raft *raft, uint32_t peer, uint64_t incarnation);

/* Takes the next batch, if there is one. */
bool replica_take_writes(struct replica *replica, size_t bytes_max);
/* The batch under way is durable. */
void replica_sync(struct replica *replica);

/* The next message, after checking that the disk bears it out. */
bool replica_take_message(struct replica *replica, struct raft_message *message);

/* Takes a snapshot of what is applied and durable, and leaves KEEP entries before it in memory. */
void replica_snapshot(struct replica *replica, uint64_t keep);
/* A snapshot came from elsewhere: it is on the disk, then the raft hears of it. */
bool replica_install(struct replica *replica, uint64_t index, uint64_t term,
                     const struct raft_configuration *configuration);

/* Whether the disk holds the entry, or a snapshot that does. */
bool replica_disk_holds(const struct replica *replica, uint64_t index, uint64_t term);
uint64_t replica_disk_last(const struct replica *replica);

/* A configuration of COUNT voters 1.., with the incarnations 101.. */
void replica_configuration(struct raft_configuration *configuration, uint32_t count);

#endif
