/* One command of `cleat`, while it runs: its verb, its options, the connection, what it says. */
#ifndef CLEAT_CLI_CLI_H
#define CLEAT_CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/options.h"
#include "cli/output.h"
#include "client/session.h"

/* Exit statuses, of the program and of a command. */
enum exit_status {
    STATUS_OK = 0,
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,
    STATUS_NOT_FOUND = 3,
    STATUS_MISMATCH = 4,      /* the file has another version */
    STATUS_UNREACHABLE = 5,   /* no server did it */
    STATUS_UNKNOWN = 6,       /* a change that may have been done */
    STATUS_INTERRUPTED = 130, /* Ctrl-C; the program's is 128 and the signal, as shells have it */
};

struct cli_verb;

struct cli {
    const struct cli_verb *verb;
    const char *called;       /* the verb's name as it was typed: its own, or another that it has */
    struct options options;
    struct session *session;  /* with the options' endpoints and timeout */
    struct output output;
    bool commands_on_stdin;   /* so there are no contents there */
    bool at_prompt;           /* a person sees what is printed */
    unsigned line;            /* of the commands on stdin; 0: none */
    bool stale_said;          /* that what is shown may be old */
    bool given_up;            /* something ended as 5, 6 or 130: see cli_goes_on */
};

struct cli_verb {
    const char *name;
    const char *words;        /* what comes behind it, for people */
    const char *summary;      /* one line, without a full stop */
    const char *help;         /* paragraphs, each line with its end; "" for none */
    unsigned takes;           /* TAKES_... of cli/options.h */
    int words_min;
    int words_max;            /* -1: any number */
    int (*run)(struct cli *cli); /* returns an exit status */
};

/* What the options say of the connection. */
struct session_options cli_session_options(const struct cli *cli);

/* Writes "cleat VERB: ..." and a line end to stderr; what a terminal would obey as '?'. */
void cli_say(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The worse of two statuses of parts of one command: the first that is not STATUS_OK. */
int cli_worse(int first, int second);

/* True while it makes sense to do the rest of a command that concerns several files: not once no server did a part of
 * it, or it was interrupted. */
bool cli_goes_on(const struct cli *cli);

/* True where NAME may be a file's; else says why not. */
bool cli_name(const struct cli *cli, const char *name);

enum { CLI_TTL_SIZE = 12 };

/* The life that --ttl asks for, as the end of a line: " 60", or "" for ever. */
void cli_ttl(const struct cli *cli, char text[CLI_TTL_SIZE]);

/* Sends CALL and waits for its outcome; the caller closes it. A bad call (too long a line) is told as STATUS_USAGE.
 * Anything but a success is said, and its status returned. */
int cli_do(struct cli *cli, struct call *call);

/* Says once, on stderr, that CALL's answer comes from a node that knows no leader, and how far it goes. */
void cli_say_stale(struct cli *cli, const struct call *call);

/* The status of a call that has its outcome; what is not a success is said, on stderr, and on stdout as JSON. That no
 * server did it is said once: of what else was under way, only what may have been done. */
int cli_outcome(struct cli *cli, const struct call *call);

/* Says that SUBJECT (NULL: no one thing) failed: REASON for people, CODE for programs (JSON). Returns STATUS. */
int cli_failed(struct cli *cli, const char *subject, const char *code, const char *reason, int status);

/* Likewise as ERROR, with its code and status. */
int cli_failed_by(struct cli *cli, const char *subject, enum reply_error error, const char *reason);

/* Says that SUBJECT, one of several, failed because NAME, which it was to get, may not be a file's. STATUS_FAILED. */
int cli_failed_name(struct cli *cli, const char *subject, const char *name);

/* Tells of a change that was done: as JSON always, else if the options say so. TO: of a copy or move; or NULL. */
void cli_changed(struct cli *cli, const char *name, const char *to, uint64_t version);

#endif
