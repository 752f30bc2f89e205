/* A bar on stderr, where that is a terminal, for what takes long. */
#ifndef CLEAT_CLI_PROGRESS_H
#define CLEAT_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/cli.h"

struct progress {
    bool shown;
    const char *what;     /* "putting" */
    size_t files;         /* of TOTAL */
    size_t total;
    uint64_t bytes;
    int64_t drawn_ms;
};

void progress_open(struct progress *progress, const struct cli *cli, const char *what, size_t total);
/* One more file, of BYTES. */
void progress_add(struct progress *progress, uint64_t bytes);
/* Takes the bar away: before something else is said, and in the end. */
void progress_clear(struct progress *progress);

#endif
