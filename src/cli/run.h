/* Runs commands: one from a command line, or many. */
#ifndef CLEAT_CLI_RUN_H
#define CLEAT_CLI_RUN_H

#include <stdbool.h>

#include "cli/cli.h"

/* The whole program. Returns its exit status. */
int run_program(int argc, char **argv);

/* Runs argv[0], a verb, with its options, which begin as those of BASE, over the connection of BASE. Says what is
 * wrong. Returns an exit status. */
int run_command(const struct cli *base, int argc, char **argv);

/* True once the program was told to end (SIGTERM, SIGHUP). Ctrl-C ends only a command, at the prompt. */
bool run_ending(void);

#endif
