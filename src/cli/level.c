/* The cluster's level: what is written to its log, and who can follow it. */
#include <inttypes.h>
#include <string.h>

#include "cli/verbs.h"
#include "json/encode.h"

static void tell_level(struct cli *cli, uint64_t level)
{
    static const struct column columns[] = {{"ok", 0, true}, {"level", 0, false}};
    const struct value values[] = {{.kind = VALUE_FLAG, .number = 1}, value_number(level)};
    output_begin(&cli->output, columns, 2);
    output_row(&cli->output, values);
    output_end(&cli->output);
}

static int show(struct cli *cli)
{
    struct call *call = call_open(NULL);
    call_ask(call, ANSWER_STATUS, "status");
    int status = cli_do(cli, call);
    if (status == STATUS_OK) {
        json_t *object = json_status((const char *)buffer_start(&call->body), buffer_size(&call->body));
        tell_level(cli, (uint64_t)json_integer_value(json_object_get(object, "level")));
        json_decref(object);
    }
    call_close(call);
    return status;
}

/* To raise it again changes nothing, so that it needs no token. */
static int raise_to(struct cli *cli, uint32_t level)
{
    struct call *call = call_open(NULL);
    call_line(call, "cluster level %" PRIu32, level);
    call->changes = call->safe = true;
    int status = cli_do(cli, call);
    if (status == STATUS_OK)
        tell_level(cli, call->answer.version);
    call_close(call);
    return status;
}

int level_run(struct cli *cli)
{
    char reason[ARGUMENT_REASON_MAX];
    uint32_t level;
    if (cli->options.word_count == 0)
        return show(cli);
    if (!argument_u32("N", cli->options.words[0], 1, UINT16_MAX, &level, reason)) {
        cli_say(cli, "%s", reason + 2);
        return STATUS_USAGE;
    }
    return raise_to(cli, level);
}
