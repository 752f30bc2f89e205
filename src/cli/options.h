/* The options of a command: one set of names, of which each verb takes some. */
#ifndef CLEAT_CLI_OPTIONS_H
#define CLEAT_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "arguments/argument.h"
#include "client/endpoint.h"
#include "cli/output.h"

/* Which options a verb takes beside those that all take. */
enum {
    TAKES_RECURSIVE = 1 << 0, /* -r */
    TAKES_LONG = 1 << 1,      /* -l */
    TAKES_TTL = 1 << 2,       /* --ttl */
    TAKES_VERSION = 1 << 3,   /* --if-version */
    TAKES_CREATE = 1 << 4,    /* --create */
    TAKES_TEXT = 1 << 5,      /* --text */
    TAKES_COUNT = 1 << 6,     /* -c */
    TAKES_ALL = 1 << 7,       /* --all */
    TAKES_STALE = 1 << 8,     /* --stale */
    TAKES_FORCE = 1 << 9,     /* -f */
};

struct options {
    struct endpoints endpoints;  /* none: see `no_endpoints` */
    char no_endpoints[ARGUMENT_REASON_MAX]; /* what is wrong with those of the environment */
    uint64_t timeout_ms;
    enum output_form form;
    bool show_wire;
    bool verbose;
    bool quiet;
    bool help;
    bool program_version;
    bool recursive;
    bool long_form;
    bool create;
    bool all;
    bool stale;
    bool force;
    bool has_ttl;
    uint32_t ttl_s;
    bool has_version;
    uint64_t version;
    const char *text;         /* NULL: none was given */
    uint32_t count;           /* 0: none was given */
    char **words;             /* what is no option: pointers into argv; owned array */
    int word_count;
};

/* What holds without any option; the environment's endpoints. That these are wrong forbids nothing that needs none. */
void options_default(struct options *options);
void options_close(struct options *options);

/* Takes the options of argv[1...] that all verbs have and those of TAKES; the others, and wrong values, are refused
 * with a REASON. What looks like a negative number is a word. With FIRST_WORD, stops before the first word and returns
 * its index; else takes all and returns ARGC. -1: refused. */
int cli_options_parse(struct options *options, int argc, char **argv, unsigned takes, bool first_word,
                      char reason[ARGUMENT_REASON_MAX]);

/* The long name of the INDEXth of them all that a verb with TAKES has; NULL behind the last. */
const char *options_name(unsigned takes, size_t index);

/* Lines for people about the options of TAKES, and about those that all verbs have. */
void options_print_own(FILE *file, unsigned takes);
void options_print_common(FILE *file);

#endif
