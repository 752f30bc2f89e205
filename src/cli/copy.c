/* cp and mv: of a file, one step; of a folder, one step for each file. And swap. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/folder.h"
#include "cli/listing.h"
#include "cli/verbs.h"

static int copied(struct cli *cli, struct call *call)
{
    int status = cli_outcome(cli, call);
    if (status == STATUS_OK)
        cli_changed(cli, call->subject, call->target, call->answer.version);
    call_close(call);
    return status;
}

static struct call *copy_call(const struct cli *cli, const char *verb, const char *from, const char *to)
{
    struct call *call = call_open_to(from, to);
    if (cli->options.create || cli->options.has_version)
        call_change(call, "%s %s %s %" PRIu64, verb, from, to, cli->options.version);
    else
        call_change(call, "%s %s %s", verb, from, to);
    return call;
}

static const char too_long[] = "both names together are too long for a line of the protocol";

static int copy_one(struct cli *cli, const char *verb, const char *from, const char *to)
{
    if (!cli_name(cli, to))
        return STATUS_USAGE;
    struct call *call = copy_call(cli, verb, from, to);
    if (call->bad) {
        call_close(call);
        cli_say(cli, "%s -> %s: %s", from, to, too_long);
        return STATUS_USAGE;
    }
    session_do(cli->session, call);
    return copied(cli, call);
}

/* The next answer of a folder's. A file that is gone since it was listed is no failure. */
static int folder_copied(struct cli *cli)
{
    struct call *call = session_pop(cli->session);
    if (call->outcome != CALL_ANSWERED || call->answer.kind != ANSWER_NOT_FOUND)
        return copied(cli, call);
    listing_tell_gone(cli, call->subject);
    call_close(call);
    return STATUS_OK;
}

static int push_copy(struct cli *cli, const char *verb, const char *name, const char *goal)
{
    if (!request_name(goal, strlen(goal)))
        return cli_failed_name(cli, name, goal);
    struct call *call = copy_call(cli, verb, name, goal);
    if (call->bad) {
        call_close(call);
        return cli_failed(cli, name, "LOCAL", too_long, STATUS_FAILED);
    }
    session_push(cli->session, call);
    return STATUS_OK;
}

static int copy_listed(struct cli *cli, const char *verb, const struct listing *listing, const char *from,
                       const char *to)
{
    int status = STATUS_OK;
    for (size_t i = 0; i < listing->count && cli_goes_on(cli); i++) {
        const char *name = listing->entries[i].name;
        char *goal = folder_join(to, name + strlen(from));
        while (session_full(cli->session))
            status = cli_worse(status, folder_copied(cli));
        if (cli_goes_on(cli))
            status = cli_worse(status, push_copy(cli, verb, name, goal));
        free(goal);
    }
    while (cli->session->first)
        status = cli_worse(status, folder_copied(cli));
    return status;
}

/* FROM and TO end in '/', but for the folder of all. */
static int copy_folder(struct cli *cli, const char *verb, const char *from, const char *to)
{
    if (strncmp(from, to, strlen(from)) == 0 || strncmp(from, to, strlen(to)) == 0) {
        cli_say(cli, "'%s' and '%s': one is in the other", from, to);
        return STATUS_USAGE;
    }
    if (*to && !cli_name(cli, to))
        return STATUS_USAGE;
    struct listing listing;
    listing_open(&listing, from, false, false);
    int status = listing_all(cli, &listing);
    if (status == STATUS_OK && listing.count == 0)
        status = cli_failed_by(cli, from, REPLY_FILE_NOT_FOUND, "there is no such folder");
    else if (status == STATUS_OK)
        status = copy_listed(cli, verb, &listing, from, to);
    listing_close(&listing);
    return status;
}

/* "a b" is a -> b; "a b/" is a -> b/a. */
static int copy_run(struct cli *cli, const char *verb)
{
    const char *from = cli->options.words[0];
    const char *to = cli->options.words[1];
    if (cli->options.create && cli->options.has_version) {
        cli_say(cli, "either --create or --if-version");
        return STATUS_USAGE;
    }
    if ((!cli->options.recursive || *from) && !cli_name(cli, from))
        return STATUS_USAGE;
    char *last = folder_last(from);
    char *goal = folder_join(to, *to && to[strlen(to) - 1] == '/' ? last : "");
    int status;
    if (cli->options.recursive) {
        char *from_folder = folder_prefix(from);
        char *to_folder = folder_prefix(goal);
        status = copy_folder(cli, verb, from_folder, to_folder);
        free(from_folder);
        free(to_folder);
    } else {
        status = copy_one(cli, verb, from, goal);
    }
    free(goal);
    free(last);
    return status;
}

int cp_run(struct cli *cli)
{
    return copy_run(cli, "copy");
}

int mv_run(struct cli *cli)
{
    return copy_run(cli, "move");
}

int swap_run(struct cli *cli)
{
    static const char *const labels[] = {NULL, NULL, "AV", "BV"};
    const struct options *options = &cli->options;
    const char *name = options->words[0], *other = options->words[1];
    char reason[ARGUMENT_REASON_MAX];
    uint64_t versions[4] = {0};
    if (!cli_name(cli, name) || !cli_name(cli, other))
        return STATUS_USAGE;
    if (options->word_count == 3) {
        cli_say(cli, "either both versions or none");
        return STATUS_USAGE;
    }
    for (int i = 2; i < options->word_count; i++) {
        if (!argument_u64(labels[i], options->words[i], 0, UINT64_MAX, &versions[i], reason)) {
            cli_say(cli, "%s", reason + 2);
            return STATUS_USAGE;
        }
    }
    struct call *call = call_open_to(name, other);
    if (options->word_count > 2)
        call_change(call, "swap %s %s %" PRIu64 " %" PRIu64, name, other, versions[2], versions[3]);
    else
        call_change(call, "swap %s %s", name, other);
    int status = cli_do(cli, call);
    if (status == STATUS_OK)
        cli_changed(cli, name, other, call->answer.version);
    call_close(call);
    return status;
}
