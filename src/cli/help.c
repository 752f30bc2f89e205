/* help */
#include <stdlib.h>

#include "base/ensure.h"
#include "bench/options.h"
#include "cli/verbs.h"

/* VERB NULL: all of them. */
static void print(FILE *file, const struct cli_verb *verb)
{
    if (!verb)
        verbs_print_all(file);
    else if (!verb->run)
        fputs(bench_options_help, file);
    else
        verbs_print_one(file, verb);
}

void help_show(const struct cli *cli, const struct cli_verb *verb)
{
    char *text = NULL;
    size_t size = 0;
    if (cli->options.form != OUTPUT_JSON) {
        print(stdout, verb);
        return;
    }
    FILE *file = open_memstream(&text, &size);
    ensure(file != NULL);
    print(file, verb);
    ensure(fclose(file) == 0);
    static const struct column columns[] = {{"help", 0, false}};
    const struct value value = value_text(text);
    struct output output;
    output_open(&output, OUTPUT_JSON, false);
    output_begin(&output, columns, 1);
    output_row(&output, &value);
    output_end(&output);
    free(text);
}

void help_show_version(const struct cli *cli)
{
    puts(cli->options.form == OUTPUT_JSON ? "{\"version\":\"" CLEAT_VERSION "\"}" : "cleat " CLEAT_VERSION);
}

int help_run(struct cli *cli)
{
    const char *name = cli->options.word_count > 0 ? cli->options.words[0] : NULL;
    const struct cli_verb *verb = name ? verbs_find(name) : NULL;
    if (name && !verb) {
        cli_say(cli, "there is no verb '%.60s'", name);
        return STATUS_USAGE;
    }
    help_show(cli, verb);
    return STATUS_OK;
}
