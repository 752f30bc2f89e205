/* Runs the simulator: one seed, or many, each in a process of its own so that one that aborts does not end the others.
 *
 *      sim [--seed N] [--seeds COUNT] [--trace LEVEL] [--twice] [--nodes N] [--seconds N] [--jobs N]
 *          [--strict] [--until-failure] [--cpu SECONDS]
 *
 * --until-failure: no run begins once one has failed. --cpu: nor when those that ended took so much CPU time. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/world.h"

enum { JOBS_MAX = 64, WALL_CLOCK_S = 300 /* for one run: beyond that it hangs */ };

struct run {
    struct world_options world;
    uint64_t seeds;
    uint64_t jobs;
    uint64_t cpu_s; /* 0: as long as it takes */
    bool twice;
    bool until_failure;
};

struct totals {
    uint64_t passed;
    uint64_t failed;
    struct report sum;
};

static void print_report(uint64_t seed, const struct report *report)
{
    printf("seed %llu: %.1f s simulated, operations %llu acknowledged %llu unknown %llu refused, crashes %llu, "
           "elections %llu, snapshots %llu,",
           (unsigned long long)seed, (double)report->simulated_us / 1e6, (unsigned long long)report->acknowledged,
           (unsigned long long)report->unknown, (unsigned long long)report->refused,
           (unsigned long long)report->crashes, (unsigned long long)report->elections,
           (unsigned long long)report->snapshots);
    for (int kind = 0; kind < FAULT_KIND_COUNT; kind++)
        if (report->faults[kind] > 0)
            printf(" %s %llu", fault_names[kind], (unsigned long long)report->faults[kind]);
    printf(", hash %016llx\n", (unsigned long long)report->hash);
}

/* A child runs one seed, and writes its report into a pipe; twice if the hashes are to be compared. */
struct child {
    pid_t pid;
    uint64_t seed;
    int pipe;
};

static void run_child(const struct world_options *options, bool twice, int out)
{
    alarm(WALL_CLOCK_S);
    struct report report = world_run(options);
    if (twice) {
        struct world_options silent = *options;
        silent.detail = 0;
        struct report again = world_run(&silent);
        if (again.hash != report.hash) {
            printf("seed %llu FAILED: two runs differ, %016llx and %016llx\n", (unsigned long long)options->seed,
                   (unsigned long long)report.hash, (unsigned long long)again.hash);
            fflush(stdout);
            _Exit(1);
        }
    }
    fflush(stdout);
    if (write(out, &report, sizeof report) != (ssize_t)sizeof report)
        _Exit(1);
    exit(0); /* not _Exit: a leak checker has a look now */
}

static struct child start_child(const struct run *run, uint64_t seed)
{
    struct child child = {.seed = seed};
    int ends[2];
    fflush(stdout);
    if (pipe(ends) != 0 || (child.pid = fork()) < 0) {
        perror("sim");
        exit(2);
    }
    if (child.pid == 0) {
        struct world_options options = run->world;
        options.seed = seed;
        close(ends[0]);
        run_child(&options, run->twice, ends[1]);
    }
    close(ends[1]);
    child.pipe = ends[0];
    return child;
}

static void add(struct report *sum, const struct report *report)
{
    sum->simulated_us += report->simulated_us;
    sum->acknowledged += report->acknowledged;
    sum->unknown += report->unknown;
    sum->refused += report->refused;
    sum->judged += report->judged;
    sum->repeated += report->repeated;
    sum->crashes += report->crashes;
    sum->elections += report->elections;
    sum->snapshots += report->snapshots;
    for (int kind = 0; kind < FAULT_KIND_COUNT; kind++)
        sum->faults[kind] += report->faults[kind];
}

static void end_child(struct child *child, int status, struct totals *totals)
{
    struct report report;
    bool fine = WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
                read(child->pipe, &report, sizeof report) == (ssize_t)sizeof report;
    close(child->pipe);
    child->pid = 0;
    if (fine) {
        totals->passed++;
        add(&totals->sum, &report);
        print_report(child->seed, &report);
    } else {
        totals->failed++;
        if (WIFSIGNALED(status))
            printf("seed %llu FAILED: signal %d\n", (unsigned long long)child->seed, WTERMSIG(status));
        else if (WEXITSTATUS(status) != 1) /* 1: it has said why */
            printf("seed %llu FAILED: status %d\n", (unsigned long long)child->seed, WEXITSTATUS(status));
        printf("seed %llu: to see it again: make sim SEED=%llu TRACE=1\n", (unsigned long long)child->seed,
               (unsigned long long)child->seed);
    }
    fflush(stdout);
}

/* Waits until one of the children ends. */
static void reap(struct child *children, size_t count, struct totals *totals)
{
    int status;
    pid_t pid;
    while ((pid = wait(&status)) < 0 && errno == EINTR)
        ;
    for (size_t i = 0; i < count; i++)
        if (children[i].pid == pid)
            end_child(&children[i], status, totals);
}

/* What the runs that have ended took. */
static uint64_t cpu_spent_s(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
}

static bool wants_more(const struct run *run, const struct totals *totals, uint64_t begun)
{
    if (run->until_failure && totals->failed > 0)
        return false;
    return begun < run->seeds && (run->cpu_s == 0 || cpu_spent_s() < run->cpu_s);
}

static bool run_seeds(const struct run *run, struct totals *totals)
{
    struct child children[JOBS_MAX] = {{0}};
    uint64_t next = 0, running = 0;
    bool more;
    while ((more = wants_more(run, totals, next)) || running > 0) {
        if (more && running < run->jobs) {
            size_t place = 0;
            while (children[place].pid != 0)
                place++;
            children[place] = start_child(run, run->world.seed + next++);
            running++;
        } else {
            reap(children, run->jobs, totals);
            running--;
        }
    }
    return totals->failed == 0;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t number_after(char **arguments, int *at)
{
    char *end;
    if (!arguments[*at + 1])
        goto bad;
    (*at)++;
    uint64_t number = strtoull(arguments[*at], &end, 10);
    if (*end == '\0' && end != arguments[*at])
        return number;
bad:
    fprintf(stderr, "sim: a number is missing after %s\n", arguments[*at]);
    exit(2);
}

static struct run parse(char **arguments)
{
    struct run run = {.world.seed = 1, .seeds = 1, .jobs = 1};
    for (int i = 1; arguments[i]; i++) {
        if (strcmp(arguments[i], "--seed") == 0)
            run.world.seed = number_after(arguments, &i);
        else if (strcmp(arguments[i], "--seeds") == 0)
            run.seeds = number_after(arguments, &i);
        else if (strcmp(arguments[i], "--trace") == 0)
            run.world.detail = (int)number_after(arguments, &i);
        else if (strcmp(arguments[i], "--nodes") == 0)
            run.world.nodes = (uint32_t)number_after(arguments, &i);
        else if (strcmp(arguments[i], "--seconds") == 0)
            run.world.faults_s = number_after(arguments, &i);
        else if (strcmp(arguments[i], "--jobs") == 0)
            run.jobs = number_after(arguments, &i);
        else if (strcmp(arguments[i], "--cpu") == 0)
            run.cpu_s = number_after(arguments, &i);
        else if (strcmp(arguments[i], "--until-failure") == 0)
            run.until_failure = true;
        else if (strcmp(arguments[i], "--twice") == 0)
            run.twice = true;
        else if (strcmp(arguments[i], "--strict") == 0)
            run.world.strict = true;
        else {
            fprintf(stderr, "sim: what is %s?\n", arguments[i]);
            exit(2);
        }
    }
    if (run.jobs < 1 || run.jobs > JOBS_MAX || run.world.nodes > SIM_NODES_MAX) {
        fprintf(stderr, "sim: at most %d jobs and %d nodes\n", JOBS_MAX, SIM_NODES_MAX);
        exit(2);
    }
    return run;
}

static void print_totals(const struct totals *totals, double passed_s)
{
    const struct report *sum = &totals->sum;
    printf("faults:");
    for (int kind = 0; kind < FAULT_KIND_COUNT; kind++)
        printf(" %s %llu%s", fault_names[kind], (unsigned long long)sum->faults[kind],
               kind + 1 < FAULT_KIND_COUNT ? "," : "\n");
    printf("operations checked: %llu acknowledged, %llu unknown, %llu refused; crashes %llu, elections %llu, snapshots "
           "installed %llu\n",
           (unsigned long long)sum->acknowledged, (unsigned long long)sum->unknown, (unsigned long long)sum->refused,
           (unsigned long long)sum->crashes, (unsigned long long)sum->elections, (unsigned long long)sum->snapshots);
    printf("compared with the log: %llu answers; %llu changes were sent again\n", (unsigned long long)sum->judged,
           (unsigned long long)sum->repeated);
    double hours = (double)sum->simulated_us / 3.6e9;
    printf("%llu passed, %llu failed; %.2f simulated hours, %.1f per minute\n", (unsigned long long)totals->passed,
           (unsigned long long)totals->failed, hours, hours / (passed_s / 60));
}

int main(int argc, char **argv)
{
    (void)argc;
    struct run run = parse(argv);
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 1 << 30); /* disks are rewritten all the time: their memory is kept, not given back */
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
    struct totals totals = {0};
    if (run.world.detail > 0)
        setvbuf(stdout, NULL, _IOLBF, 0); /* so that the story is there when a node aborts */
    double began = seconds_now();
    bool fine = run_seeds(&run, &totals);
    print_totals(&totals, seconds_now() - began);
    return fine ? 0 : 1;
}
