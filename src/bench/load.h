/* One run of a load: connections, an event loop, and what came of it. */
#ifndef CLEAT_BENCH_LOAD_H
#define CLEAT_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/options.h"
#include "bench/tally.h"
#include "bench/written.h"
#include "client/endpoint.h"

struct load_figures {
    struct tally total;         /* of what was begun (or due) in the time that is measured */
    bool measured;              /* it came to that */
    bool interrupted;           /* by SIGINT or SIGTERM */
    uint64_t elapsed_ns;        /* from its begin to the last answer */
    uint64_t longest_gap_ns;    /* without any result, on whichever connection */
    uint64_t unanswered;        /* at the end, after waiting for them */
    uint64_t unsent;            /* --rate: were due, and could not be sent */
    uint64_t connected;         /* connections that were open when it began */
    uint64_t lost;              /* connections that broke */
    uint64_t reconnected;       /* and were opened again */
    uint64_t bad_answers;       /* what was no answer, or not one to what was asked; ends its connection */
    uint64_t sent_bytes;
    uint64_t received_bytes;
    uint64_t fill_failed;       /* keys that --fill could not write */
    uint64_t fill_ns;
    double user_s, system_s;    /* of CPU that this program used */
    struct written written;     /* whoever has the figures closes it */
};

/* Runs it to its end. Connections are spread over the addresses; with options->leader all begin with the first. FIGURES
 * come zeroed. NULL, or why it could not be run; *FIGURES then have nothing. */
const char *load_run(const struct bench_options *options, const struct endpoint_address *addresses,
                     size_t address_count, struct load_figures *figures);

#endif
