#include "cli/contents.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/folder.h"

enum { READ_BYTES = 64 * 1024 };

static const char too_big[] = "it has more than 8 MiB, which no server takes";

/* --- in ----------------------------------------------------------------------------------------------------------- */

static const char *read_all(int file, struct buffer *contents)
{
    for (;;) {
        uint8_t *room = buffer_reserve(contents, READ_BYTES);
        if (!room)
            return "there is no memory for it";
        ssize_t got = read(file, room, READ_BYTES);
        if (got < 0 && errno == EINTR && !session_interrupted())
            continue;
        if (got < 0)
            return strerror(errno);
        if (got == 0)
            return NULL;
        buffer_added(contents, (size_t)got);
        if (buffer_size(contents) > CONTENTS_MAX)
            return too_big;
    }
}

int contents_take(struct cli *cli, const char *path, struct buffer *contents)
{
    if (cli->options.text && path) {
        cli_say(cli, "either --text or a path");
        return STATUS_USAGE;
    }
    if (cli->options.text) {
        buffer_append_text(contents, cli->options.text);
        return STATUS_OK;
    }
    if (path && *path == '\0') {
        cli_say(cli, "the path is empty; '-' is stdin");
        return STATUS_USAGE;
    }
    bool from_stdin = !path || strcmp(path, "-") == 0;
    if (from_stdin && cli->commands_on_stdin) {
        cli_say(cli, "stdin has commands, not contents: give a path, or --text");
        return STATUS_USAGE;
    }
    if (from_stdin && !cli->options.quiet && isatty(STDIN_FILENO) == 1)
        cli_say(cli, "type what goes in, then Ctrl-D at the beginning of a line");
    int file = from_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    const char *problem = file < 0 ? strerror(errno) : read_all(file, contents);
    if (file >= 0 && !from_stdin)
        close(file);
    if (problem && !session_interrupted())
        cli_failed(cli, from_stdin ? "stdin" : path, "LOCAL", problem, STATUS_FAILED);
    return problem ? STATUS_FAILED : STATUS_OK;
}

const char *contents_read(int folder, const char *path, bool follow, struct buffer *contents)
{
    struct stat about;
    int file = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
    if (file < 0)
        return strerror(errno);
    const char *problem = NULL;
    if (fstat(file, &about) != 0)
        problem = strerror(errno);
    else if (!S_ISREG(about.st_mode))
        problem = "it is no regular file";
    else if (about.st_size > CONTENTS_MAX)
        problem = too_big;
    else
        problem = read_all(file, contents);
    close(file);
    return problem;
}

/* --- out ---------------------------------------------------------------------------------------------------------- */

static const char *write_all(int file, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, bytes, size);
        if (written < 0 && errno == EINTR && !session_interrupted())
            continue;
        if (written < 0)
            return strerror(errno);
        bytes += written;
        size -= (size_t)written;
    }
    return NULL;
}

const char *contents_write_at(int folder, const char *name, const void *bytes, size_t size)
{
    char other[64];
    uint64_t number;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        return strerror(errno);
    snprintf(other, sizeof other, ".cleat-%016llx.tmp", (unsigned long long)number);
    int file = openat(folder, other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0)
        return strerror(errno);
    struct stat about;
    if (fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(about.st_mode))
        fchmod(file, about.st_mode & 07777);
    const char *problem = write_all(file, bytes, size);
    if (close(file) != 0 && !problem)
        problem = strerror(errno);
    if (!problem && renameat(folder, other, folder, name) != 0)
        problem = strerror(errno);
    if (problem)
        unlinkat(folder, other, 0);
    return problem;
}

/* A device, a pipe: there is nothing to be replaced. */
static const char *write_through(const char *path, const void *bytes, size_t size)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return strerror(errno);
    const char *problem = write_all(file, bytes, size);
    if (close(file) != 0 && !problem)
        problem = strerror(errno);
    return problem;
}

/* PATH with its folder and its last part apart. */
static const char *write_path(const char *path, const void *bytes, size_t size)
{
    char copy[PATH_MAX];
    if (strlen(path) >= sizeof copy)
        return strerror(ENAMETOOLONG);
    memcpy(copy, path, strlen(path) + 1);
    char *slash = strrchr(copy, '/');
    const char *last = slash ? slash + 1 : copy;
    if (*last == '\0')
        return strerror(ENOENT);
    int folder = AT_FDCWD;
    if (slash) {
        *slash = '\0';
        folder = open(slash == copy ? "/" : copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0)
            return strerror(errno);
    }
    const char *problem = contents_write_at(folder, last, bytes, size);
    if (folder >= 0)
        close(folder);
    return problem;
}

static const char *write_into(const char *folder_path, const char *name, const void *bytes, size_t size)
{
    const char *slash = strrchr(name, '/');
    const char *last = slash ? slash + 1 : name;
    const char *problem = folder_path_problem(last);
    if (problem)
        return problem;
    int folder = open(folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return strerror(errno);
    struct stat about;
    bool taken = fstatat(folder, last, &about, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(about.st_mode);
    problem = taken ? "the folder has something of this name that is no regular file"
                    : contents_write_at(folder, last, bytes, size);
    close(folder);
    return problem;
}

bool contents_put(struct cli *cli, const char *path, const char *name, const void *bytes, size_t size)
{
    const char *problem;
    struct stat about;
    char real[PATH_MAX];
    if (!path || strcmp(path, "-") == 0) {
        fwrite(bytes, 1, size, stdout); /* a failure is found, and told, at the end of the command */
        if (cli->at_prompt && size > 0 && ((const uint8_t *)bytes)[size - 1] != '\n')
            putchar('\n');
        return true;
    }
    if (stat(path, &about) != 0)
        problem = write_path(path, bytes, size);
    else if (S_ISDIR(about.st_mode))
        problem = write_into(path, name, bytes, size);
    else if (!S_ISREG(about.st_mode))
        problem = write_through(path, bytes, size);
    else
        problem = realpath(path, real) ? write_path(real, bytes, size) : strerror(errno);
    if (problem)
        cli_failed(cli, path, "LOCAL", problem, STATUS_FAILED);
    return !problem;
}
