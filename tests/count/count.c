/* Counts the work of an operation: three real nodes in one process, without a kernel, a network or a clock.
 *
 *      count                names the shapes
 *      count SHAPE          runs it, and prints a row for each role
 *      count --heading      prints the heading of these rows
 *      count --compiler     names the compiler and the processor it was built for
 *
 * Everything is per operation: what a node did in all, by the number of commands that clients had answered. All is
 * repeatable to the digit. Counted are calls of node_... and disk_log_execute (machine.c); not counted are the memory's
 * file system, the pipes, the clients, and requests for the bulk thread: in so short a time no segment is prepared and
 * no snapshot made. So the log in memory only grows, and the block of each entry is not freed. Nor is src/net counted,
 * for there is no kernel here: scripts/syscalls counts its calls.
 *
 * Instructions are callgrind's to tell: run under it, the program has it watch between warming up and the end. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "count/callgrind.h"
#include "count/cluster.h"
#include "count/load.h"

#ifdef __clang__
#define COMPILER "clang"
#else
#define COMPILER "gcc"
#endif
#ifdef __x86_64__
#define PROCESSOR "x86-64"
#else
#define PROCESSOR "another processor"
#endif

enum {
    WARM_OPERATIONS = 2048, /* at least: every file is written twice */
    OPERATIONS = 4096,      /* at least; then until the round is over */
};

struct shape {
    const char *name;
    size_t connections;
    size_t depth;
    enum load_kind kind;
    bool at_follower; /* where the clients are */
};

static const struct shape shapes[] = {
    {"write-1x1", 1, 1, LOAD_WRITE, false},
    {"write-64x1", 64, 1, LOAD_WRITE, false},
    {"write-1000x1", 1000, 1, LOAD_WRITE, false},
    {"write-64x16", 64, 16, LOAD_WRITE, false},
    {"read-1x1", 1, 1, LOAD_READ, false},
    {"read-64x1", 64, 1, LOAD_READ, false},
    {"read-1000x1", 1000, 1, LOAD_READ, false},
    {"follower-write-64x1", 64, 1, LOAD_WRITE, true},
    {"follower-read-64x1", 64, 1, LOAD_READ, true},
};

enum { SHAPES = sizeof shapes / sizeof *shapes };

/* Which of the machines are watched, and as what. Of the followers that do the same, the first. */
static void give_roles(struct cluster *cluster, const struct machine *gateway)
{
    struct machine *leader = cluster_leader(cluster);
    bool watched = false;
    for (size_t i = 0; i < MACHINE_COUNT; i++) {
        struct machine *machine = &cluster->machines[i];
        if (machine == leader) {
            machine->role = ROLE_LEADER;
        } else if (machine == gateway) {
            machine->role = ROLE_GATEWAY;
        } else if (!watched) {
            machine->role = ROLE_FOLLOWER;
            watched = true;
        }
    }
}

static void print_row(const struct shape *shape, const struct machine *machine, const struct meter *meter, double count)
{
    static const char *const names[ROLE_COUNT] = {"", "leader", "gateway", "follower"};
    printf("%-20s %-9s %9s", shape->name, names[machine->role], "-"); /* run fills in the instructions */
    printf(" %8.4f", (double)meter->turns / count);
    printf(" %8.4f", (double)meter->allocations / count);
    printf(" %8.4f", (double)meter->frees / count);
    printf(" %9.1f", (double)meter->allocated_bytes / count);
    printf(" %9.1f", (double)meter->copied_bytes / count);
    printf(" %9.1f", (double)meter->hashed_bytes / count);
    printf(" %8.4f", (double)meter->requests / count);
    printf(" %8.4f", (double)meter->writes / count);
    printf(" %8.4f", (double)meter->syncs / count);
    printf(" %9.1f", (double)meter->written_bytes / count);
    printf(" %8.4f", (double)meter->frames / count);
    printf(" %8.4f", (double)meter->sends / count);
    printf(" %9.1f\n", (double)meter->link_bytes / count);
}

static void print_heading(void)
{
    printf("%-20s %-9s %9s %8s %8s %8s %9s %9s %9s", "shape", "role", "instr", "turns", "allocs", "frees", "alloc_B",
           "copied_B", "hashed_B");
    printf(" %8s %8s %8s %9s %8s %8s %9s\n", "batches", "writes", "syncs", "written_B", "frames", "sends", "link_B");
}

/* Rounds until there are COUNT answers. */
static void run(struct cluster *cluster, struct load *load, enum load_kind kind, uint64_t count)
{
    while (load->answered < count) {
        load_round(load, kind);
        cluster_round(cluster);
    }
}

static void run_shape(const struct shape *shape)
{
    struct cluster cluster;
    struct load load;
    struct meter before[MACHINE_COUNT];
    cluster_open(&cluster);
    struct machine *leader = cluster_leader(&cluster);
    struct machine *place = shape->at_follower ? &cluster.machines[leader->id % MACHINE_COUNT] : leader;
    load_open(&load, place, shape->connections, shape->depth);
    run(&cluster, &load, LOAD_WRITE, WARM_OPERATIONS);
    run(&cluster, &load, shape->kind, load.sent + WARM_OPERATIONS);
    give_roles(&cluster, place);
    uint64_t answered = load.answered;
    for (size_t i = 0; i < MACHINE_COUNT; i++)
        before[i] = cluster.machines[i].meter;
    CALLGRIND_START_INSTRUMENTATION;
    run(&cluster, &load, shape->kind, answered + OPERATIONS);
    CALLGRIND_STOP_INSTRUMENTATION;
    double count = (double)(load.answered - answered);
    for (enum role role = ROLE_LEADER; role < ROLE_COUNT; role++) {
        for (size_t i = 0; i < MACHINE_COUNT; i++) {
            const struct machine *machine = &cluster.machines[i];
            struct meter meter = meter_since(&machine->meter, &before[i]);
            if (machine->role == role)
                print_row(shape, machine, &meter, count);
        }
    }
    fprintf(stderr, "operations %" PRIu64 "\n", load.answered - answered);
    load_close(&load);
    cluster_close(&cluster);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < SHAPES && argc == 1; i++)
        puts(shapes[i].name);
    if (argc == 1)
        return EXIT_SUCCESS;
    if (strcmp(argv[1], "--heading") == 0) {
        print_heading();
        return EXIT_SUCCESS;
    }
    if (strcmp(argv[1], "--compiler") == 0) {
        puts(COMPILER " " __VERSION__ " for " PROCESSOR);
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; i < SHAPES; i++) {
        if (strcmp(argv[1], shapes[i].name) == 0) {
            run_shape(&shapes[i]);
            return EXIT_SUCCESS;
        }
    }
    fprintf(stderr, "count: there is no shape %s\n", argv[1]);
    return EXIT_FAILURE;
}
