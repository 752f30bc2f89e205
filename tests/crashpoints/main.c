/* Every disk action of a life, and of the start that follows, as the last one before a crash. See crashpoints.mk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/ensure.h"
#include "crashpoints/meet.h"
#include "crashpoints/point.h"

enum { JOBS_MAX = 64 };

enum { NAME_MAX_SIZE = 16, LIVES = 3 + MEET_ORDERS };

static struct life lives[LIVES];

static void lives_list(void)
{
    static char names[MEET_ORDERS][NAME_MAX_SIZE];
    lives[0] = life_node;
    lives[1] = life_follower;
    lives[2] = life_full;
    for (unsigned order = 0; order < MEET_ORDERS; order++) {
        snprintf(names[order], NAME_MAX_SIZE, "%s-%u", life_threads.name, order);
        lives[3 + order] = life_threads;
        lives[3 + order].name = names[order];
        lives[3 + order].order = order;
    }
}

static const char usage[] =
    "usage: crashpoints [--life NAME] [--stride N] [--jobs N]\n"
    "       crashpoints --life NAME --action N --death DEATH [--again N --death-again DEATH]\n"
    "\n"
    "The second form tries one point, and tells its story; action 0 is a life without a crash. Lives: node, follower,\n"
    "full, and threads-0 to threads-13, of which only actions count that fall where both threads are at work.\n"
    "Deaths: kill, lose, some:N, tear:N. --stride: of the actions of each start that follows, every so many.\n";

struct options {
    const char *program;
    const struct life *life; /* NULL: all */
    uint64_t stride;
    unsigned jobs;
    bool one;
    struct point point;
};

static const struct life *life_named(const char *name)
{
    for (size_t i = 0; i < LIVES; i++) {
        if (strcmp(name, lives[i].name) == 0)
            return &lives[i];
    }
    return NULL;
}

static bool option_take(struct options *options, const char *name, const char *value)
{
    if (strcmp(name, "--life") == 0)
        return (options->point.life = options->life = life_named(value)) != NULL;
    if (strcmp(name, "--stride") == 0)
        return (options->stride = strtoull(value, NULL, 10)) > 0;
    if (strcmp(name, "--jobs") == 0)
        return (options->jobs = (unsigned)strtoul(value, NULL, 10)) > 0 && options->jobs <= JOBS_MAX;
    if (strcmp(name, "--action") == 0) {
        options->one = true;
        options->point.action = strtoull(value, NULL, 10);
        return true;
    }
    if (strcmp(name, "--again") == 0)
        return (options->point.again = strtoull(value, NULL, 10)) > 0;
    if (strcmp(name, "--death") == 0)
        return death_parse(value, &options->point.death);
    if (strcmp(name, "--death-again") == 0)
        return death_parse(value, &options->point.death_again);
    return false;
}

static int try_one(const struct options *options)
{
    struct tally tally = {0};
    if (options->point.action == 0)
        return point_actions(options->life, true) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    point_try(&options->point, options->program, &tally);
    printf("%llu passed, %llu failed\n", (unsigned long long)(tally.points - (tally.points > 0 ? tally.failed : 0)),
           (unsigned long long)tally.failed);
    return tally.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- many, in processes of their own: one that breaks off is a failure too --------------------------------------- */

struct job {
    pid_t process; /* 0: none */
    struct tally *tally;
};

static void job_begin(const struct options *options, struct job *job, const struct life *life, uint64_t action)
{
    fflush(stdout);
    job->process = fork();
    ensure(job->process >= 0);
    if (job->process > 0)
        return;
    /* What a start does was tried at every action in the other lives. */
    uint64_t stride = options->stride * (life->dies_in_meets ? MEET_ORDERS : 1);
    point_try_all(life, action, stride, options->program, job->tally);
    fflush(stdout);
    exit(EXIT_SUCCESS);
}

static void job_await(const struct options *options, struct job *jobs)
{
    int status;
    pid_t process = wait(&status);
    ensure(process > 0);
    for (unsigned i = 0; i < options->jobs; i++) {
        if (jobs[i].process != process)
            continue;
        jobs[i].process = 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            return;
        printf("FAIL   %s: the program broke off\n", jobs[i].tally->point.life->name);
        point_print(&jobs[i].tally->point, options->program);
        jobs[i].tally->failed++;
    }
}

static void life_try(const struct options *options, const struct life *life, struct job *jobs, uint64_t actions)
{
    for (uint64_t action = 1; action <= actions; action++) {
        unsigned i = 0;
        while (i < options->jobs && jobs[i].process != 0)
            i++;
        if (i == options->jobs) {
            job_await(options, jobs);
            action--;
            continue;
        }
        job_begin(options, &jobs[i], life, action);
    }
    for (unsigned i = 0; i < options->jobs; i++) {
        while (jobs[i].process != 0)
            job_await(options, jobs);
    }
}

/* A life's figures are printed, and added to TOTAL. */
static void life_count(const struct options *options, const struct life *life, struct tally *total)
{
    struct job jobs[JOBS_MAX] = {0};
    size_t size = options->jobs * sizeof(struct tally);
    struct tally *tallies = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ensure(tallies != MAP_FAILED);
    for (unsigned i = 0; i < options->jobs; i++)
        jobs[i].tally = &tallies[i];
    uint64_t actions = point_actions(life, false);
    total->failed += actions == 0;
    life_try(options, life, jobs, actions);
    struct tally sum = {0};
    for (unsigned i = 0; i < options->jobs; i++) {
        sum.points += tallies[i].points;
        sum.starts += tallies[i].starts;
        sum.failed += tallies[i].failed;
    }
    printf("%-10s %llu disk actions, %llu crash points, %llu recoveries, %llu failures\n", life->name,
           (unsigned long long)actions, (unsigned long long)sum.points, (unsigned long long)sum.starts,
           (unsigned long long)sum.failed);
    total->points += sum.points;
    total->failed += sum.failed;
    munmap(tallies, size);
}

int main(int argc, char **argv)
{
#ifdef __GLIBC__
    /* A disk's bytes come and go a million times: not each time from the kernel. */
    mallopt(M_MMAP_THRESHOLD, 16 * 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 64 * 1024 * 1024);
#endif
    lives_list();
    struct options options = {.program = argv[0], .stride = 1, .jobs = 1};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc || !option_take(&options, argv[i], argv[i + 1])) {
            fputs(usage, stderr);
            return EXIT_FAILURE;
        }
    }
    if (options.one && !options.life) {
        fputs(usage, stderr);
        return EXIT_FAILURE;
    }
    if (options.one)
        return try_one(&options);
    struct tally total = {0};
    for (size_t i = 0; i < LIVES; i++) {
        if (!options.life || options.life == &lives[i])
            life_count(&options, &lives[i], &total);
    }
    uint64_t passed = total.points > total.failed ? total.points - total.failed : 0;
    printf("%llu passed, %llu failed\n", (unsigned long long)passed, (unsigned long long)total.failed);
    return total.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
