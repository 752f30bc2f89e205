/* put -r: a local folder's regular files, many under way at once. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/contents.h"
#include "cli/folder.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "protocol/request.h"

/* Paths below the folder that is put. */
struct paths {
    char **list;
    size_t count;
};

static void add_path(struct paths *paths, const char *path)
{
    if ((paths->count & (paths->count - 1)) == 0)
        paths->list = memory_resize(paths->list, paths->count > 0 ? paths->count * 2 : 1, sizeof paths->list[0]);
    paths->list[paths->count++] = folder_join(path, "");
}

static void close_paths(struct paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->list[i]);
    free(paths->list);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int note_entry(struct cli *cli, const FTSENT *entry, size_t skip, struct paths *paths)
{
    switch (entry->fts_info) {
    case FTS_F:
        add_path(paths, entry->fts_path + skip);
        break;
    case FTS_D:
    case FTS_DP:
        break;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        cli_say(cli, "%s: %s", entry->fts_path, strerror(entry->fts_errno));
        return STATUS_FAILED;
    default:
        if (!cli->options.quiet)
            cli_say(cli, "%s: skipped: it is no regular file", entry->fts_path);
        break;
    }
    return STATUS_OK;
}

/* The regular files below ROOT. Symbolic links are not followed. */
static int find_files(struct cli *cli, char *root, struct paths *paths)
{
    char *roots[] = {root, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    if (!walk) {
        cli_say(cli, "%s: %s", root, strerror(errno));
        return STATUS_FAILED;
    }
    int status = STATUS_OK;
    size_t skip = strlen(root) + (root[strlen(root) - 1] != '/');
    const FTSENT *entry;
    while ((entry = fts_read(walk)) && !session_interrupted())
        status = cli_worse(status, note_entry(cli, entry, skip, paths));
    fts_close(walk);
    return status;
}

static int stored(struct cli *cli, struct progress *progress)
{
    struct call *call = session_pop(cli->session);
    bool good = call->outcome == CALL_ANSWERED && call->answer.kind == ANSWER_OK;
    if (!good)
        progress_clear(progress);
    int status = cli_outcome(cli, call);
    if (good)
        cli_changed(cli, call->subject, NULL, call->answer.version);
    progress_add(progress, good ? buffer_size(&call->request) : 0);
    call_close(call);
    return status;
}

/* True where it makes no sense to go on with other files. */
static bool is_grave(int status)
{
    return status == STATUS_UNREACHABLE || status == STATUS_UNKNOWN || status == STATUS_INTERRUPTED;
}

static int push_one(struct cli *cli, int root, const char *path, const char *prefix, struct progress *progress)
{
    struct buffer contents = {0};
    int status = STATUS_FAILED;
    char *name = folder_join(prefix, path);
    const char *problem = request_name(name, strlen(name)) ? contents_read(root, path, false, &contents) : NULL;
    if (problem || !request_name(name, strlen(name))) {
        progress_clear(progress);
        if (problem)
            cli_say(cli, "%s: %s", path, problem);
        else
            cli_name(cli, name);
    } else {
        struct call *call = call_open(name);
        size_t size = buffer_size(&contents);
        char ttl[CLI_TTL_SIZE];
        cli_ttl(cli, ttl);
        if (cli->options.create)
            call_change(call, "cas %s 0 %zu%s", name, size, ttl);
        else
            call_change(call, "write %s %zu%s", name, size, ttl);
        call_contents(call, contents.bytes + contents.start, size);
        session_push(cli->session, call);
        status = STATUS_OK;
    }
    buffer_close(&contents);
    free(name);
    return status;
}

static int push_all(struct cli *cli, int root, const struct paths *paths, const char *prefix)
{
    struct progress progress;
    int status = STATUS_OK;
    progress_open(&progress, cli, "putting", paths->count);
    for (size_t i = 0; i < paths->count && !is_grave(status) && !session_interrupted(); i++) {
        while (session_full(cli->session))
            status = cli_worse(status, stored(cli, &progress));
        if (!is_grave(status))
            status = cli_worse(status, push_one(cli, root, paths->list[i], prefix, &progress));
    }
    while (cli->session->first)
        status = cli_worse(status, stored(cli, &progress));
    progress_clear(&progress);
    return status;
}

/* Where the folder goes: what was said, or the folder's own name. To be given back with free(); NULL: it said why. */
static char *choose_prefix(const struct cli *cli, const char *path)
{
    if (cli->options.word_count > 1)
        return folder_prefix(cli->options.words[1]);
    char real[PATH_MAX];
    if (!realpath(path, real)) {
        cli_say(cli, "%s: %s", path, strerror(errno));
        return NULL;
    }
    char *last = folder_last(real);
    char *prefix = folder_prefix(last);
    free(last);
    return prefix;
}

int upload_run(struct cli *cli)
{
    char *path = cli->options.words[0];
    if (cli->options.text || cli->options.has_version || *path == '\0') {
        cli_say(cli, *path ? "--text and --if-version are for one file" : "which folder?");
        return STATUS_USAGE;
    }
    char *prefix = choose_prefix(cli, path);
    if (!prefix)
        return STATUS_FAILED;
    int status = STATUS_FAILED;
    int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) {
        cli_say(cli, "%s: %s", path, strerror(errno));
    } else if (*prefix && !cli_name(cli, prefix)) {
        status = STATUS_USAGE;
    } else {
        struct paths paths = {0};
        char *resolved = realpath(path, NULL); /* the folder itself may be a symbolic link */
        status = resolved ? find_files(cli, resolved, &paths) : STATUS_FAILED;
        status = cli_worse(status, push_all(cli, root, &paths, prefix));
        close_paths(&paths);
        free(resolved);
    }
    if (root >= 0)
        close(root);
    free(prefix);
    return status;
}
