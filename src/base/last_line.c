#include "base/last_line.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { WAIT_MS = 1000 };

void last_line(const char *format, ...)
{
    char text[LAST_LINE_MAX + 1];
    va_list values;
    va_start(values, format);
    int size = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (size > LAST_LINE_MAX) {
        size = LAST_LINE_MAX;
        text[LAST_LINE_MAX - 1] = '\n';
    }
    /* A pipe that has room at all has room for a line of this size. */
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (size > 0 && poll(&ready, 1, WAIT_MS) == 1) {
        ssize_t ignored = write(STDERR_FILENO, text, (size_t)size);
        (void)ignored;
    }
}
