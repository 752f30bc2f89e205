/* get -r: a folder of the server's into a local one, many files under way at once.
 *
 * Nothing is made outside of the local folder, whatever the server's names are: every part of a path is checked, and
 * opened without following symbolic links. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/contents.h"
#include "cli/folder.h"
#include "cli/listing.h"
#include "cli/progress.h"
#include "cli/verbs.h"

enum { UNDER_WAY_BYTES = 8 * 1024 * 1024 }; /* of contents that are asked for: more only as one single file */

struct download {
    struct cli *cli;
    int root;             /* the local folder */
    const char *prefix;
    struct progress progress;
    uint64_t asked_bytes;
    size_t answered;      /* index of the next entry to be answered, of those that are asked for */
};

static int complain(struct download *download, const char *name, const char *problem)
{
    progress_clear(&download->progress);
    return cli_failed(download->cli, name, "LOCAL", problem, STATUS_FAILED);
}

/* The folder, below the root, that file PATH goes into; made if absent. -1: *PROBLEM says why not. */
static int open_parent(int root, const char *path, const char **last, const char **problem)
{
    char part[REQUEST_NAME_MAX + 1];
    int folder = dup(root);
    const char *slash;
    while (folder >= 0 && (slash = strchr(path, '/'))) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        path = slash + 1;
        if (mkdirat(folder, part, 0777) != 0 && errno != EEXIST) {
            *problem = strerror(errno);
            close(folder);
            return -1;
        }
        int next = openat(folder, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        bool in_the_way = next < 0 && (errno == ENOTDIR || errno == ELOOP);
        *problem = in_the_way ? "a part of its path is there already, and is no folder" : strerror(errno);
        close(folder);
        folder = next;
    }
    *last = path;
    return folder;
}

static const char *write_file(int root, const char *path, const void *bytes, size_t size)
{
    const char *last, *problem = NULL;
    struct stat about;
    int folder = open_parent(root, path, &last, &problem);
    if (folder < 0)
        return problem;
    if (fstatat(folder, last, &about, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(about.st_mode))
        problem = S_ISDIR(about.st_mode) ? "there is a folder of this name" : "what is there is no regular file";
    else
        problem = contents_write_at(folder, last, bytes, size);
    close(folder);
    return problem;
}

/* The oldest of the files asked for is there. */
static int receive(struct download *download, const struct listing *listing)
{
    struct call *call = session_pop(download->cli->session);
    while (folder_path_problem(listing->entries[download->answered].name + strlen(download->prefix)))
        download->answered++;
    download->asked_bytes -= listing->entries[download->answered++].size;
    int status = STATUS_OK;
    size_t size = buffer_size(&call->body);
    if (call->answer.stale && !download->cli->stale_said) {
        progress_clear(&download->progress);
        cli_say_stale(download->cli, call);
    }
    if (call->outcome == CALL_ANSWERED && call->answer.kind == ANSWER_CONTENTS) {
        const char *problem = write_file(download->root, call->subject + strlen(download->prefix),
                                         buffer_start(&call->body), size);
        if (problem)
            status = complain(download, call->subject, problem);
        else
            cli_changed(download->cli, call->subject, NULL, call->answer.version);
    } else if (call->outcome == CALL_ANSWERED && call->answer.kind == ANSWER_NOT_FOUND) {
        progress_clear(&download->progress);
        listing_tell_gone(download->cli, call->subject);
    } else {
        progress_clear(&download->progress);
        status = cli_outcome(download->cli, call);
    }
    progress_add(&download->progress, size);
    call_close(call);
    return status;
}

static int fetch_all(struct download *download, const struct listing *listing)
{
    struct session *session = download->cli->session;
    int status = STATUS_OK;
    progress_open(&download->progress, download->cli, "getting", listing->count);
    for (size_t i = 0; i < listing->count && cli_goes_on(download->cli); i++) {
        const struct entry *entry = &listing->entries[i];
        const char *problem = folder_path_problem(entry->name + strlen(download->prefix));
        if (problem) {
            char reason[200];
            snprintf(reason, sizeof reason, "it cannot be a local file: %s", problem);
            status = cli_worse(status, complain(download, entry->name, reason));
            progress_add(&download->progress, 0);
            continue;
        }
        while (session->first && (session_full(session) || download->asked_bytes + entry->size > UNDER_WAY_BYTES))
            status = cli_worse(status, receive(download, listing));
        struct call *call = call_open(entry->name);
        call_ask(call, ANSWER_CONTENTS, "read %s%s", entry->name, download->cli->options.stale ? " stale" : "");
        download->asked_bytes += entry->size;
        session_push(session, call);
    }
    while (session->first)
        status = cli_worse(status, receive(download, listing));
    progress_clear(&download->progress);
    return status;
}

static int fetch_into(struct cli *cli, const char *prefix, const char *path)
{
    struct listing listing;
    listing_open(&listing, prefix, false, cli->options.stale);
    int status = listing_all(cli, &listing);
    if (status == STATUS_OK && listing.count == 0)
        status = cli_failed_by(cli, prefix, REPLY_FILE_NOT_FOUND, "there is no such folder");
    if (status == STATUS_OK) {
        struct download download = {.cli = cli, .prefix = prefix};
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            download.root = -1;
        else
            download.root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (download.root < 0) {
            status = cli_failed(cli, path, "LOCAL", strerror(errno), STATUS_FAILED);
        } else {
            status = fetch_all(&download, &listing);
            close(download.root);
        }
    }
    listing_close(&listing);
    return status;
}

int download_run(struct cli *cli)
{
    if (cli->options.word_count < 2 || *cli->options.words[1] == '\0') {
        cli_say(cli, "which local folder? usage: cleat get -r FOLDER DIR");
        return STATUS_USAGE;
    }
    char *prefix = folder_prefix(cli->options.words[0]);
    int status = STATUS_USAGE;
    if (*prefix == '\0' || cli_name(cli, prefix))
        status = fetch_into(cli, prefix, cli->options.words[1]);
    free(prefix);
    return status;
}
