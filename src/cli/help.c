/* help, version */
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

/* The server's, which CALL was answered with, behind this program's. */
static void tell_versions(struct cli *cli, const struct call *call)
{
    static const struct column columns[] = {{"version", 0, false}, {"server", 0, false}, {"endpoint", 0, false}};
    static const size_t skipped = sizeof "VERSION " - 1;
    const char *text = (const char *)call->line + skipped;
    size_t size = call->answer.line_size - skipped;
    char endpoint[ENDPOINT_TEXT_SIZE];
    endpoint_text(&cli->session->options.endpoints.list[cli->session->endpoint], endpoint);
    const struct value values[] = {value_text(CLEAT_VERSION), value_bytes(text, size), value_text(endpoint)};
    if (cli->options.form != OUTPUT_TEXT) {
        output_begin(&cli->output, columns, 3);
        output_row(&cli->output, values);
        output_end(&cli->output);
        return;
    }
    char *shown = output_printable(text, size);
    printf("cleatd %s at %s\n", shown, endpoint);
    free(shown);
}

int version_run(struct cli *cli)
{
    if (cli->options.form == OUTPUT_TEXT || cli->options.endpoints.count == 0)
        help_show_version(cli);
    if (cli->options.endpoints.count == 0) {
        cli_say(cli, "%s", cli->options.no_endpoints);
        return STATUS_USAGE;
    }
    fflush(stdout); /* a server may keep us waiting */
    struct call *call = call_open(NULL);
    call_ask(call, ANSWER_VERSION, "version");
    int status = cli_do(cli, call);
    if (status == STATUS_OK)
        tell_versions(cli, call);
    else if (cli->options.form != OUTPUT_TEXT)
        help_show_version(cli);
    call_close(call);
    return status;
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
