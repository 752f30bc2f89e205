#include "cli/prompt.h"

int prompt_run(struct cli *base)
{
    cli_say(base, "which verb? see cleat --help");
    return STATUS_USAGE;
}
