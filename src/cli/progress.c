#include "cli/progress.h"

#include <time.h>
#include <unistd.h>

enum { BAR = 30, DRAW_EVERY_MS = 50 };

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void draw(const struct progress *progress)
{
    size_t part = progress->total > 0 ? progress->files * BAR / progress->total : BAR;
    char bar[BAR + 1];
    for (size_t i = 0; i < BAR; i++)
        bar[i] = i < part ? '#' : '.';
    bar[BAR] = '\0';
    fprintf(stderr, "\r%s [%s] %zu of %zu files, %.1f MiB\033[K", progress->what, bar, progress->files,
            progress->total, (double)progress->bytes / (1024 * 1024));
    fflush(stderr);
}

void progress_open(struct progress *progress, const struct cli *cli, const char *what, size_t total)
{
    bool shown = !cli->options.quiet && !cli->options.verbose && !cli->options.show_wire &&
                 isatty(STDERR_FILENO) == 1;
    *progress = (struct progress){.shown = shown, .what = what, .total = total};
    if (shown)
        draw(progress);
}

void progress_add(struct progress *progress, uint64_t bytes)
{
    progress->files++;
    progress->bytes += bytes;
    int64_t now = now_ms();
    if (!progress->shown || (now - progress->drawn_ms < DRAW_EVERY_MS && progress->files < progress->total))
        return;
    progress->drawn_ms = now;
    draw(progress);
}

void progress_clear(struct progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
}
