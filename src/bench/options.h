/* The command line of `cleat bench`. */
#ifndef CLEAT_BENCH_OPTIONS_H
#define CLEAT_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/workload.h"
#include "arguments/argument.h"
#include "client/endpoint.h"

enum {
    BENCH_CONNECTIONS_MAX = 10000,
    BENCH_DEPTH_MAX = 1024,             /* a server takes no more from a connection */
    BENCH_SIZE_MAX = 8 * 1024 * 1024,   /* nor larger values, whatever its options */
    BENCH_SECONDS_MAX = 7 * 24 * 3600,
    BENCH_RATE_MAX = 10000000,
    BENCH_SECONDS_DEFAULT = 10,
};

enum arrivals { ARRIVALS_POISSON, ARRIVALS_EVEN };

struct bench_options {
    struct endpoints endpoints;
    bool leader;             /* all connections to the one that leads */
    uint32_t connections;
    uint32_t depth;
    uint32_t size_bytes;
    uint32_t keys;
    enum distribution distribution;
    const char *mix_text;
    struct mix mix;
    uint64_t duration_ms;    /* 0: no limit; there is a count then */
    uint64_t count;          /* 0: no limit */
    uint64_t warmup_ms;
    uint64_t rate;           /* operations a second; 0: closed loop */
    enum arrivals arrivals;
    bool fill;
    const char *prefix;
    uint32_t exptime_s;
    uint64_t seed;
    bool keep;               /* the files that it wrote */
    bool json;
    bool quiet;
    bool help;
};

/* Defaults, then what ARGV says behind its first word. False: REASON says what is wrong, in one line. */
bool bench_options_parse(struct bench_options *options, int argc, char **argv, char reason[ARGUMENT_REASON_MAX]);

/* What --help prints. */
extern const char bench_options_help[];

#endif
