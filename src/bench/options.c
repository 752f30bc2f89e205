#include "bench/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "bench/template.h"
#include "protocol/request.h"

const char bench_options_help[] =
    "usage: cleat bench [--endpoints HOST:PORT,...] [--connections N] [--depth N] [--mix MIX] [--seconds S] ...\n"
    "\n"
    "Puts load on a cluster and measures it.\n"
    "\n"
    "Where to:\n"
    "  --endpoints LIST       HOST:PORT,HOST:PORT,...; connections go to them in turn (default $CLEAT_ENDPOINTS,\n"
    "                         or localhost:8080)\n"
    "  --leader               all connections to the one of them that leads\n"
    "  --connections N        1 to 10000 (default 50)\n"
    "  --depth N              unanswered commands on each, 1 to 1024 (default 1)\n"
    "\n"
    "What:\n"
    "  --mix MIX              write, read, cas, delete and their weights: write=50,read=50 (default write)\n"
    "  --size BYTES           of a value, up to 8388608 (default 256)\n"
    "  --keys N               up to 100000000 (default 10000)\n"
    "  --distribution D       uniform, zipf (few keys are used most), sequential, or own (each connection goes round\n"
    "                         keys that no other uses); default uniform\n"
    "  --prefix TEXT          of the keys' names (default bench-)\n"
    "  --exptime S            lifetime of what is written (default 0: for ever)\n"
    "  --fill                 first write every key once\n"
    "  --keep                 leave the files that it wrote; without it they are deleted in the end\n"
    "  --seed N               of keys, operations and values (default 1)\n"
    "\n"
    "How long and how fast:\n"
    "  --seconds S            how long to measure; 0.5 is a number too (default 10)\n"
    "  --count N              how many operations to measure; without --seconds there is no other limit\n"
    "  --warmup S             before that, not counted (default 0)\n"
    "  --rate R               operations a second over all connections, whether or not the earlier ones are answered;\n"
    "                         latencies then count from when an operation was due. Without it, each connection sends\n"
    "                         the next operation when one is answered\n"
    "  --arrivals A           with --rate: poisson or even (default poisson)\n"
    "\n"
    "What to print:\n"
    "  --json                 the report as JSON\n"
    "  --quiet                no line a second (they go to stderr)\n"
    "  --help\n"
    "\n"
    "Misses (no such file), and conflicts (of cas: another version) are results; they are timed like successes.\n"
    "Errors are counted by their codes and not timed. A connection that is lost is opened again at the next\n"
    "endpoint; what was under way on it counts as unknown. `cas` expects the version that was last seen of its key.\n"
    "Ctrl-C ends it early, with the report; a second Ctrl-C leaves the files.\n"
    "\n"
    "When all is measured it deletes what it wrote, even where a file of that name was there before; what it only\n"
    "read stays. If files cannot be deleted, it says how many are left.\n"
    "\n"
    "Exit status: 0; 1 if nothing succeeded, no server is there, or files are left; 2 for wrong options.\n";

enum option_id {
    OPTION_ENDPOINTS = 1,
    OPTION_LEADER,
    OPTION_CONNECTIONS,
    OPTION_DEPTH,
    OPTION_MIX,
    OPTION_SIZE,
    OPTION_KEYS,
    OPTION_DISTRIBUTION,
    OPTION_PREFIX,
    OPTION_EXPTIME,
    OPTION_FILL,
    OPTION_KEEP,
    OPTION_SEED,
    OPTION_SECONDS,
    OPTION_COUNT,
    OPTION_WARMUP,
    OPTION_RATE,
    OPTION_ARRIVALS,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_HELP,
};

static bool take_prefix(struct bench_options *options, const char *text, char *reason)
{
    options->prefix = text;
    return *text == '\0' || request_name(text, strlen(text)) ||
           argument_refuse(reason, "prefix", text, "it must be fit for a name: no spaces, no control characters");
}

static bool take_mix(struct bench_options *options, const char *text, char *reason)
{
    const char *problem = mix_parse(&options->mix, text);
    options->mix_text = text;
    return !problem || argument_refuse(reason, "mix", text, problem);
}

static bool take_arrivals(struct bench_options *options, const char *text, char *reason)
{
    options->arrivals = strcmp(text, "even") == 0 ? ARRIVALS_EVEN : ARRIVALS_POISSON;
    return options->arrivals == ARRIVALS_EVEN || strcmp(text, "poisson") == 0 ||
           argument_refuse(reason, "arrivals", text, "it must be poisson or even");
}

/* WHERE they are told: an option, or the environment. */
static bool take_endpoints(struct bench_options *options, const char *where, const char *text, char *reason)
{
    char problem[ENDPOINTS_REASON_MAX];
    bool good = endpoints_parse(&options->endpoints, text, problem);
    if (!good)
        snprintf(reason, ARGUMENT_REASON_MAX, "%s: %s", where, problem);
    return good;
}

static bool take_flag(struct bench_options *options, int option)
{
    options->leader |= option == OPTION_LEADER;
    options->fill |= option == OPTION_FILL;
    options->keep |= option == OPTION_KEEP;
    options->json |= option == OPTION_JSON;
    options->quiet |= option == OPTION_QUIET;
    options->help |= option == OPTION_HELP;
    return true;
}

static bool take(struct bench_options *options, int option, const char *name, const char *value, char *reason)
{
    switch (option) {
    case OPTION_ENDPOINTS:
        return take_endpoints(options, "--endpoints", value, reason);
    case OPTION_CONNECTIONS:
        return argument_u32(name, value, 1, BENCH_CONNECTIONS_MAX, &options->connections, reason);
    case OPTION_DEPTH:
        return argument_u32(name, value, 1, BENCH_DEPTH_MAX, &options->depth, reason);
    case OPTION_MIX:
        return take_mix(options, value, reason);
    case OPTION_SIZE:
        return argument_u32(name, value, 0, BENCH_SIZE_MAX, &options->size_bytes, reason);
    case OPTION_KEYS:
        return argument_u32(name, value, 1, WORKLOAD_KEYS_MAX, &options->keys, reason);
    case OPTION_DISTRIBUTION:
        return distribution_parse(&options->distribution, value) ||
               argument_refuse(reason, name, value, "it must be uniform, zipf, sequential or own");
    case OPTION_PREFIX:
        return take_prefix(options, value, reason);
    case OPTION_EXPTIME:
        return argument_u32(name, value, 0, REQUEST_EXPTIME_MAX_S, &options->exptime_s, reason);
    case OPTION_SEED:
        return argument_u64(name, value, 0, UINT64_MAX, &options->seed, reason);
    case OPTION_SECONDS:
        return argument_seconds(name, value, 1, BENCH_SECONDS_MAX * 1000, &options->duration_ms, reason);
    case OPTION_COUNT:
        return argument_u64(name, value, 1, UINT64_MAX / 2, &options->count, reason);
    case OPTION_WARMUP:
        return argument_seconds(name, value, 0, BENCH_SECONDS_MAX * 1000, &options->warmup_ms, reason);
    case OPTION_RATE:
        return argument_u64(name, value, 1, BENCH_RATE_MAX, &options->rate, reason);
    case OPTION_ARRIVALS:
        return take_arrivals(options, value, reason);
    case OPTION_LEADER:
    case OPTION_FILL:
    case OPTION_KEEP:
    case OPTION_JSON:
    case OPTION_QUIET:
    case OPTION_HELP:
        return take_flag(options, option);
    default:
        snprintf(reason, ARGUMENT_REASON_MAX, "see cleat bench --help");
        return false;
    }
}

/* What only holds between several options. */
static bool check(struct bench_options *options, char *reason)
{
    if (options->help)
        return true;
    if (options->endpoints.count == 0 &&
        !take_endpoints(options, "$" ENDPOINTS_VARIABLE, endpoints_default(), reason))
        return false;
    if (options->duration_ms == 0 && options->count == 0)
        options->duration_ms = BENCH_SECONDS_DEFAULT * 1000;
    if (options->distribution == DISTRIBUTION_OWN && options->keys < options->connections) {
        snprintf(reason, ARGUMENT_REASON_MAX, "--distribution own: there must be at least as many --keys (%u) as "
                 "--connections (%u)", (unsigned)options->keys, (unsigned)options->connections);
        return false;
    }
    if (strlen(options->prefix) + templates_key_digits(options->keys) > REQUEST_NAME_MAX)
        return argument_refuse(reason, "prefix", options->prefix, "with the key's number, names may have 250 bytes");
    return true;
}

bool bench_options_parse(struct bench_options *options, int argc, char **argv, char reason[ARGUMENT_REASON_MAX])
{
    static const struct option names[] = {
        {"endpoints", required_argument, NULL, OPTION_ENDPOINTS},
        {"leader", no_argument, NULL, OPTION_LEADER},
        {"connections", required_argument, NULL, OPTION_CONNECTIONS},
        {"depth", required_argument, NULL, OPTION_DEPTH},
        {"mix", required_argument, NULL, OPTION_MIX},
        {"size", required_argument, NULL, OPTION_SIZE},
        {"keys", required_argument, NULL, OPTION_KEYS},
        {"distribution", required_argument, NULL, OPTION_DISTRIBUTION},
        {"prefix", required_argument, NULL, OPTION_PREFIX},
        {"exptime", required_argument, NULL, OPTION_EXPTIME},
        {"fill", no_argument, NULL, OPTION_FILL},
        {"keep", no_argument, NULL, OPTION_KEEP},
        {"seed", required_argument, NULL, OPTION_SEED},
        {"seconds", required_argument, NULL, OPTION_SECONDS},
        {"count", required_argument, NULL, OPTION_COUNT},
        {"warmup", required_argument, NULL, OPTION_WARMUP},
        {"rate", required_argument, NULL, OPTION_RATE},
        {"arrivals", required_argument, NULL, OPTION_ARRIVALS},
        {"json", no_argument, NULL, OPTION_JSON},
        {"quiet", no_argument, NULL, OPTION_QUIET},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
    };
    *options = (struct bench_options){
        .connections = 50,
        .depth = 1,
        .size_bytes = 256,
        .keys = 10000,
        .mix_text = "write",
        .mix = {.weights = {[OPERATION_WRITE] = 1}},
        .prefix = "bench-",
        .seed = 1,
    };
    int place = 0, option;
    optind = 0; /* glibc: begins anew, also for a second time at the prompt */
    while ((option = getopt_long(argc, argv, "", names, &place)) != -1) {
        const char *name = option == '?' ? "" : names[place].name;
        if (!take(options, option, name, optarg, reason))
            return false;
    }
    if (optind < argc) {
        snprintf(reason, ARGUMENT_REASON_MAX, "%.100s: not an option; see cleat bench --help", argv[optind]);
        return false;
    }
    return check(options, reason);
}
