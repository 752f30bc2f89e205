/* cleatd's command line. */
#ifndef CLEAT_OPTIONS_H
#define CLEAT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "arguments/argument.h"
#include "node/node.h"

struct options {
    struct node_options node;
    const char *listen;
    const char *data;
    bool clustered;             /* --cluster was given */
    bool identified;            /* --id was */
    bool alone;                 /* --alone was */
    const char *service;        /* --service's file, or NULL */
    uint32_t segment_bytes;
    uint32_t client_stall_ms;
    bool no_http;               /* everything is text */
    const char *http_hosts;     /* --http-hosts' names, or NULL */
    bool help;
    bool version;
};

/* Defaults, then the command line's. False: REASON says what is wrong, in one line. With `help` or `version` no more is
 * looked at. */
bool options_parse(struct options *options, int argc, char **argv, char reason[ARGUMENT_REASON_MAX]);

/* What --help prints. */
extern const char options_help[];

#endif
