#include "base/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const char *descriptors_fill(void)
{
    for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++) {
        if (fcntl(file, F_GETFD) >= 0)
            continue;
        /* Against the direction in which it is used. Below a root without devices there is at least the root: a
         * directory is neither read nor written as a file. */
        int opened = open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        if (opened < 0)
            opened = open("/", O_RDONLY | O_DIRECTORY);
        if (opened != file) /* those below are open, so it is the lowest that is free */
            return opened < 0 ? strerror(errno) : "another thread opens files already";
    }
    return NULL;
}
