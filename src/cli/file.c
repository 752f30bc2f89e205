/* One file's contents: get, put, cas, append. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/contents.h"
#include "cli/verbs.h"
#include "json/encode.h"
#include "protocol/request.h"

enum { LINE_ROOM = REQUEST_LINE_MAX + 1 };

/* As JSON the contents are text, or base64 where they are no UTF-8. */
static void print_json(const char *name, const struct call *call)
{
    size_t size = buffer_size(&call->body);
    json_t *object = json_object();
    json_add_name(object, name, strlen(name));
    json_add_number(object, "version", call->answer.version);
    json_add_number(object, "size", size);
    json_add_number(object, "ttl", call->answer.exptime_s);
    if (call->answer.stale) {
        json_object_set_new(object, "stale", json_true());
        json_add_number(object, "revision", call->answer.how_stale.revision);
    }
    if (call->answer.how_stale.leaderless)
        json_add_number(object, "leaderless_s", call->answer.how_stale.leaderless_s);
    json_add_bytes(object, "text", "base64", buffer_start(&call->body), size);
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
}

int get_run(struct cli *cli)
{
    if (cli->options.recursive)
        return download_run(cli);
    const char *name = cli->options.words[0];
    const char *path = cli->options.word_count > 1 ? cli->options.words[1] : NULL;
    if (!cli_name(cli, name))
        return STATUS_USAGE;
    if (path && *path == '\0') {
        cli_say(cli, "the path is empty; '-' is stdout");
        return STATUS_USAGE;
    }
    struct call *call = call_open(name);
    call_ask(call, ANSWER_CONTENTS, "read %s%s", name, cli->options.stale ? " stale" : "");
    int status = cli_do(cli, call);
    if (status == STATUS_OK && cli->options.form == OUTPUT_JSON && !path)
        print_json(name, call);
    else if (status == STATUS_OK && !contents_put(cli, path, name, buffer_start(&call->body), buffer_size(&call->body)))
        status = STATUS_FAILED;
    call_close(call);
    return status;
}

/* Takes the contents from the word at PLACE, or from stdin, and puts them into NAME: LINE, their size and END are the
 * change. VERSION is the new one. */
static int store(struct cli *cli, const char *name, int place, const char *line, const char *end,
                 uint64_t *version)
{
    struct buffer contents = {0};
    int status = contents_take(cli, cli->options.word_count > place ? cli->options.words[place] : NULL, &contents);
    if (status == STATUS_OK) {
        struct call *call = call_open(name);
        call_change(call, "%s %zu%s", line, buffer_size(&contents), end);
        call_contents(call, buffer_start(&contents), buffer_size(&contents));
        status = cli_do(cli, call);
        *version = call->answer.version;
        call_close(call);
    }
    buffer_close(&contents);
    return status;
}

int put_run(struct cli *cli)
{
    if (cli->options.recursive)
        return upload_run(cli);
    const char *name = cli->options.words[0];
    if (!cli_name(cli, name))
        return STATUS_USAGE;
    if (cli->options.create && cli->options.has_version) {
        cli_say(cli, "either --create or --if-version");
        return STATUS_USAGE;
    }
    char line[LINE_ROOM], ttl[CLI_TTL_SIZE];
    cli_ttl(cli, ttl);
    if (cli->options.create || cli->options.has_version)
        snprintf(line, sizeof line, "cas %s %" PRIu64, name, cli->options.version);
    else
        snprintf(line, sizeof line, "write %s", name);
    uint64_t version;
    int status = store(cli, name, 1, line, ttl, &version);
    if (status == STATUS_OK)
        cli_changed(cli, name, NULL, version);
    return status;
}

/* The version is the answer: it is what the next cas needs. */
static void tell_version(struct cli *cli, const char *name, uint64_t version)
{
    if (cli->options.form == OUTPUT_JSON || cli->options.verbose)
        cli_changed(cli, name, NULL, version);
    else
        printf("%" PRIu64 "\n", version);
}

int cas_run(struct cli *cli)
{
    const char *name = cli->options.words[0];
    char reason[ARGUMENT_REASON_MAX], line[LINE_ROOM], ttl[CLI_TTL_SIZE];
    uint64_t expected, version;
    if (!cli_name(cli, name))
        return STATUS_USAGE;
    if (!argument_u64("VERSION", cli->options.words[1], 0, UINT64_MAX, &expected, reason)) {
        cli_say(cli, "%s", reason + 2);
        return STATUS_USAGE;
    }
    cli_ttl(cli, ttl);
    snprintf(line, sizeof line, "cas %s %" PRIu64, name, expected);
    int status = store(cli, name, 2, line, ttl, &version);
    if (status == STATUS_OK)
        tell_version(cli, name, version);
    return status;
}

int append_run(struct cli *cli)
{
    const char *name = cli->options.words[0];
    char line[LINE_ROOM], ttl[CLI_TTL_SIZE];
    uint64_t version;
    if (!cli_name(cli, name))
        return STATUS_USAGE;
    cli_ttl(cli, ttl);
    snprintf(line, sizeof line, "append %s", name);
    int status = store(cli, name, 1, line, ttl, &version);
    if (status == STATUS_OK)
        cli_changed(cli, name, NULL, version);
    return status;
}
