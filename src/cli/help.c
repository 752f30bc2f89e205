/* help */
#include "bench/bench.h"
#include "cli/verbs.h"

int help_run(struct cli *cli)
{
    if (cli->options.word_count == 0) {
        verbs_print_all(stdout);
        return STATUS_OK;
    }
    const struct cli_verb *verb = verbs_find(cli->options.words[0]);
    if (!verb) {
        cli_say(cli, "there is no verb '%.60s'", cli->options.words[0]);
        return STATUS_USAGE;
    }
    if (!verb->run) {
        char name[] = "bench", option[] = "--help";
        char *arguments[] = {name, option, NULL};
        return bench_run(2, arguments);
    }
    verbs_print_one(stdout, verb);
    return STATUS_OK;
}
