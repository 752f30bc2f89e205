/* txn */
#include <inttypes.h>

#include "cli/contents.h"
#include "cli/script.h"
#include "cli/verbs.h"

static void tell(struct cli *cli, uint64_t version)
{
    static const struct column columns[] = {{"ok", 0, true}, {"version", 0, false}};
    const struct value values[] = {{.kind = VALUE_FLAG, .number = 1}, value_number(version)};
    output_begin(&cli->output, columns, 2);
    output_row(&cli->output, values);
    output_end(&cli->output);
}

static int refuse(struct cli *cli, const struct script_problem *problem)
{
    char reason[SCRIPT_PROBLEM_MAX + 32];
    snprintf(reason, sizeof reason, "line %u: %s", problem->line, problem->text);
    if (problem->local)
        return cli_failed(cli, NULL, "LOCAL", reason, STATUS_FAILED);
    cli_say(cli, "%s", reason);
    return STATUS_USAGE;
}

int txn_run(struct cli *cli)
{
    struct buffer text = {0};
    struct script_problem problem;
    struct call *call = call_open(NULL);
    int status = contents_take(cli, cli->options.word_count > 0 ? cli->options.words[0] : NULL, &text);
    if (status == STATUS_OK) {
        const char *script = buffer_size(&text) > 0 ? (const char *)buffer_start(&text) : "";
        if (script_parse(call, script, buffer_size(&text), &problem)) {
            status = cli_do(cli, call);
            if (status == STATUS_OK)
                tell(cli, call->answer.version);
        } else if (problem.line > 0) {
            status = refuse(cli, &problem);
        } else {
            cli_say(cli, "%s", problem.text);
            status = STATUS_USAGE;
        }
    }
    call_close(call);
    buffer_close(&text);
    return status;
}
