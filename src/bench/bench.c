#include "bench/bench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "bench/load.h"
#include "bench/options.h"
#include "bench/report.h"
#include "client/endpoint.h"
#include "client/leader.h"
#include "client/session.h"

enum {
    EXIT_USAGE = 2,
    PROBE_MS = 2000,          /* to connect to an endpoint, and for its answer */
    LEADER_WAIT_S = 5,        /* for a cluster to have one */
    LEADER_PAUSE_MS = 100,
    DESCRIPTORS_KEPT = 64,    /* for all that is not a connection */
};

static bool raise_descriptors(uint32_t connections)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)connections + DESCRIPTORS_KEPT;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= wanted)
        return true;
    rlim_t hard = limit.rlim_max;
    limit.rlim_cur = wanted;
    if ((hard == RLIM_INFINITY || hard >= wanted) && setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return true;
    fprintf(stderr, "cleat bench: %u connections need %llu file descriptors, and the limit is %llu: see ulimit -n\n",
            (unsigned)connections, (unsigned long long)wanted, (unsigned long long)hard);
    return false;
}

/* The leader's endpoint comes first. */
static bool put_leader_first(struct endpoints *endpoints)
{
    time_t give_up = time(NULL) + LEADER_WAIT_S;
    int leader;
    while ((leader = leader_find(endpoints, PROBE_MS)) < 0 && time(NULL) <= give_up)
        nanosleep(&(struct timespec){.tv_nsec = LEADER_PAUSE_MS * 1000000L}, NULL);
    if (leader < 0) {
        fprintf(stderr, "cleat bench: none of the endpoints leads: --leader needs all of them\n");
        return false;
    }
    struct endpoint first = endpoints->list[leader];
    endpoints->list[leader] = endpoints->list[0];
    endpoints->list[0] = first;
    return true;
}

/* The addresses of the endpoints, also of those that do not answer now, as long as one does. Returns how many; 0: it
 * said why. */
static size_t find_addresses(const struct endpoints *endpoints, struct endpoint_address *addresses)
{
    size_t count = 0, answering = 0;
    for (size_t i = 0; i < endpoints->count; i++) {
        const char *reason = "";
        char text[ENDPOINT_TEXT_SIZE];
        int socket_file = endpoint_connect(&endpoints->list[i], PROBE_MS, &addresses[count], &reason);
        if (socket_file >= 0) {
            answering++;
            close(socket_file);
        } else {
            fprintf(stderr, "cleat bench: %s: %s\n", endpoint_text(&endpoints->list[i], text), reason);
        }
        count += addresses[count].size > 0;
    }
    if (answering == 0)
        fprintf(stderr, "cleat bench: no server is there\n");
    return answering > 0 ? count : 0;
}

static bool report(const struct bench_options *options, const struct load_figures *figures)
{
    if (options->json)
        return report_json(options, figures) && fflush(stdout) == 0;
    report_text(options, figures);
    return fflush(stdout) == 0;
}

static void on_signal(int number)
{
    (void)number;
    session_interrupt(true);
}

enum { SIGNALS = 2 };
static const int signals[SIGNALS] = {SIGINT, SIGTERM};

/* They end what is under way in a session. BEFORE, where it is not NULL, gets what they did. */
static void catch_signals(struct sigaction *before)
{
    const struct sigaction action = {.sa_handler = on_signal};
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &action, before ? &before[i] : NULL);
}

static void give_signals_back(const struct sigaction before[SIGNALS])
{
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
}

static int run(struct bench_options *options)
{
    static struct endpoint_address addresses[ENDPOINTS_MAX];
    if (!raise_descriptors(options->connections) || (options->leader && !put_leader_first(&options->endpoints)))
        return EXIT_FAILURE;
    size_t count = find_addresses(&options->endpoints, addresses);
    if (count == 0)
        return EXIT_FAILURE;
    struct load_figures *figures = memory_get(sizeof *figures);
    struct sigaction before[SIGNALS];
    catch_signals(before);
    const char *problem = load_run(options, addresses, count, figures);
    bool good = false;
    if (problem)
        fprintf(stderr, "cleat bench: %s\n", problem);
    else if (!figures->measured)
        fprintf(stderr, "cleat bench: it ended before anything was measured\n");
    else if (!report(options, figures))
        fprintf(stderr, "cleat bench: the report could not be written\n");
    else
        good = tally_results(&figures->total) > 0;
    catch_signals(NULL); /* a load has them for itself */
    if (!options->keep)
        good &= written_remove(&figures->written, options);
    give_signals_back(before);
    written_close(&figures->written);
    free(figures);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int bench_run(int argc, char **argv)
{
    static struct bench_options options;
    char reason[ARGUMENT_REASON_MAX];
    if (!bench_options_parse(&options, argc, argv, reason)) {
        fprintf(stderr, "cleat bench: %s\n", reason);
        return EXIT_USAGE;
    }
    if (options.help) {
        fputs(bench_options_help, stdout);
        return EXIT_SUCCESS;
    }
    signal(SIGPIPE, SIG_IGN);
    return run(&options);
}
