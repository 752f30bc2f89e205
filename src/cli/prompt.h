/* Many commands, one a line: from a terminal, with history and completion, or from stdin. */
#ifndef CLEAT_CLI_PROMPT_H
#define CLEAT_CLI_PROMPT_H

#include "cli/cli.h"

/* Returns an exit status. */
int prompt_run(struct cli *base);

#endif
