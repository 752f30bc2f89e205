/* A bar on stderr, where that is a terminal, for what takes long. It stays on one line of it, whose width may change
 * meanwhile. */
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

/* The line, without the terminal's last column, of a terminal with WIDTH of them: what has no room is left out, first
 * the bytes, then the bar. TEXT gets it. */
enum { PROGRESS_LINE_SIZE = 160 };
void progress_line(const struct progress *progress, int width, char text[PROGRESS_LINE_SIZE]);

void progress_open(struct progress *progress, const struct cli *cli, const char *what, size_t total);
/* One more file, of BYTES. */
void progress_add(struct progress *progress, uint64_t bytes);
/* Takes the bar away: before something else is said, and in the end. */
void progress_clear(struct progress *progress);

#endif
