#include "cli/progress.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR_MIN = 5, BAR_MAX = 30, DRAW_EVERY_MS = 50 };

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* " [###...]", as wide as ROOM lets it be; nothing where that is too little. */
static void write_bar(const struct progress *progress, int room, char text[BAR_MAX + 4])
{
    int width = room - 3 < BAR_MAX ? room - 3 : BAR_MAX;
    text[0] = '\0';
    if (width < BAR_MIN)
        return;
    size_t part = progress->total > 0 ? progress->files * (size_t)width / progress->total : (size_t)width;
    snprintf(text, BAR_MAX + 4, " [%*s]", width, "");
    for (size_t i = 0; i < (size_t)width; i++)
        text[2 + i] = i < part ? '#' : '.';
}

void progress_line(const struct progress *progress, int width, char text[PROGRESS_LINE_SIZE])
{
    char bar[BAR_MAX + 4], counts[64], bytes[32];
    snprintf(counts, sizeof counts, "%zu of %zu files", progress->files, progress->total);
    snprintf(bytes, sizeof bytes, ", %.1f MiB", (double)progress->bytes / (1024 * 1024));
    int room = width - 1 - (int)(strlen(progress->what) + 1 + strlen(counts));
    if (room - (int)strlen(bytes) >= BAR_MIN + 3)
        room -= (int)strlen(bytes);
    else
        bytes[0] = '\0';
    write_bar(progress, room, bar);
    int size = width - 1 < PROGRESS_LINE_SIZE ? width : PROGRESS_LINE_SIZE;
    snprintf(text, (size_t)(size > 0 ? size : 1), "%s%s %s%s", progress->what, bar, counts, bytes);
}

static void draw(const struct progress *progress)
{
    char text[PROGRESS_LINE_SIZE];
    progress_line(progress, output_width(STDERR_FILENO), text);
    fprintf(stderr, "\r%s\033[K", text);
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
