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
        return cli_failed(cli, entry->fts_path, "LOCAL", strerror(entry->fts_errno), STATUS_FAILED);
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
    if (!walk)
        return cli_failed(cli, root, "LOCAL", strerror(errno), STATUS_FAILED);
    int status = STATUS_OK;
    size_t skip = strlen(root) + (root[strlen(root) - 1] != '/');
    const FTSENT *entry;
    while ((entry = fts_read(walk)) && !session_interrupted())
        status = cli_worse(status, note_entry(cli, entry, skip, paths));
    fts_close(walk);
    return status;
}

/* What is below a local folder, and where it goes. */
struct upload {
    struct cli *cli;
    int root;             /* the local folder */
    const char *path;     /* to it, with a '/' at its end */
    const char *prefix;
    struct progress progress;
};

static int stored(struct upload *upload)
{
    struct call *call = session_pop(upload->cli->session);
    bool good = call->outcome == CALL_ANSWERED && call->answer.kind == ANSWER_OK;
    if (!good)
        progress_clear(&upload->progress);
    int status = cli_outcome(upload->cli, call);
    if (good)
        cli_changed(upload->cli, call->subject, NULL, call->answer.version);
    progress_add(&upload->progress, good ? buffer_size(&call->request) : 0);
    call_close(call);
    return status;
}

/* PATH is below the folder. */
static int push_one(struct upload *upload, const char *path)
{
    struct cli *cli = upload->cli;
    struct buffer contents = {0};
    int status = STATUS_OK;
    char *name = folder_join(upload->prefix, path);
    bool named = request_name(name, strlen(name));
    const char *problem = named ? contents_read(upload->root, path, false, &contents) : NULL;
    if (problem || !named) {
        char *whole = folder_join(upload->path, path);
        progress_clear(&upload->progress);
        status = named ? cli_failed(cli, whole, "LOCAL", problem, STATUS_FAILED) : cli_failed_name(cli, whole, name);
        free(whole);
    } else {
        struct call *call = call_open(name);
        size_t size = buffer_size(&contents);
        char ttl[CLI_TTL_SIZE];
        cli_ttl(cli, ttl);
        if (cli->options.create)
            call_change(call, "cas %s 0 %zu%s", name, size, ttl);
        else
            call_change(call, "write %s %zu%s", name, size, ttl);
        call_contents(call, buffer_start(&contents), size);
        session_push(cli->session, call);
    }
    buffer_close(&contents);
    free(name);
    return status;
}

static int push_all(struct upload *upload, const struct paths *paths)
{
    struct cli *cli = upload->cli;
    int status = STATUS_OK;
    progress_open(&upload->progress, cli, "putting", paths->count);
    for (size_t i = 0; i < paths->count && cli_goes_on(cli); i++) {
        while (session_full(cli->session))
            status = cli_worse(status, stored(upload));
        if (cli_goes_on(cli))
            status = cli_worse(status, push_one(upload, paths->list[i]));
    }
    while (cli->session->first)
        status = cli_worse(status, stored(upload));
    progress_clear(&upload->progress);
    return status;
}

/* Where the folder goes: what was said, or the folder's own name. To be given back with free(); NULL: it said why. */
static char *choose_prefix(struct cli *cli, const char *path)
{
    if (cli->options.word_count > 1)
        return folder_prefix(cli->options.words[1]);
    char real[PATH_MAX];
    if (!realpath(path, real)) {
        cli_failed(cli, path, "LOCAL", strerror(errno), STATUS_FAILED);
        return NULL;
    }
    char *last = folder_last(real);
    char *prefix = folder_prefix(last);
    free(last);
    return prefix;
}

/* ROOT is the folder PATH, opened. */
static int upload_folder(struct cli *cli, int root, const char *path, const char *prefix)
{
    struct paths paths = {0};
    char *resolved = realpath(path, NULL); /* the folder itself may be a symbolic link */
    if (!resolved)
        return cli_failed(cli, path, "LOCAL", strerror(errno), STATUS_FAILED);
    char *whole = folder_prefix(resolved);
    struct upload upload = {.cli = cli, .root = root, .path = whole, .prefix = prefix};
    int status = find_files(cli, resolved, &paths);
    status = cli_worse(status, push_all(&upload, &paths));
    close_paths(&paths);
    free(whole);
    free(resolved);
    return status;
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
    int status = STATUS_USAGE;
    int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) {
        status = cli_failed(cli, path, "LOCAL", strerror(errno), STATUS_FAILED);
    } else if (!*prefix || cli_name(cli, prefix)) {
        status = upload_folder(cli, root, path, prefix);
    }
    if (root >= 0)
        close(root);
    free(prefix);
    return status;
}
