/* A server's process without its sockets: a node on the world's disk, and one client whose connection never breaks
 * while it runs. What the client is told it hears at once, before the disk does anything more. */
#ifndef CLEAT_TESTS_CRASHPOINTS_PROCESS_H
#define CLEAT_TESTS_CRASHPOINTS_PROCESS_H

#include "crashpoints/ledger.h"

struct process {
    struct world *world;
    struct ledger *ledger;
    struct disk *disk; /* NULL: it does not run */
    struct node *node;
    struct node_client *client;
    struct buffer replies;
    uint64_t revision; /* the store's when the last of them came */
};

/* Recovers, holds what it finds against the ledger, and takes turns until it serves. */
enum result process_start(struct process *process, struct world *world, struct ledger *ledger);
/* One turn; time moves on to when the node wants it. Answers to deeds go to the ledger. */
enum result process_turn(struct process *process);
/* Sends TEXT, commands for which the ledger knows the answers, and waits for these. */
enum result process_do(struct process *process, struct buffer *text);
/* Reads all files, and holds them against the ledger: then it is known which deeds took effect. Goes on until the end
 * of a file's life that was to come has come. */
enum result process_read(struct process *process);
/* A clean end. */
enum result process_end(struct process *process);
/* It is gone: after this the world may die. */
void process_kill(struct process *process);

#endif
