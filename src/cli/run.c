#include "cli/run.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/memory.h"
#include "bench/bench.h"
#include "cli/prompt.h"
#include "cli/verbs.h"
#include "client/endpoint.h"

/* stdout is a pipe whose other end is closed: who read there has enough. */
static bool reader_is_gone(void)
{
    struct pollfd output = {.fd = STDOUT_FILENO};
    return poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

/* Output that could not be written is a failure of the command, whatever else it did. */
static int finish_output(const struct cli *cli, int status)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    if (!reader_is_gone())
        cli_say(cli, "cannot write to stdout: %s", errno != 0 ? strerror(errno) : "it is closed, or full");
    clearerr(stdout);
    return cli_worse(status, STATUS_FAILED);
}

/* `bench` has options of its own; what was said before its name reaches it by the environment. */
static int run_bench(const struct cli *base, int argc, char **argv)
{
    char list[ENDPOINTS_MAX * ENDPOINT_TEXT_SIZE] = "", text[ENDPOINT_TEXT_SIZE];
    size_t size = 0;
    for (size_t i = 0; i < base->options.endpoints.count; i++) {
        size += (size_t)snprintf(list + size, sizeof list - size, "%s%s", i > 0 ? "," : "",
                                 endpoint_text(&base->options.endpoints.list[i], text));
    }
    if (size > 0)
        setenv(ENDPOINTS_VARIABLE, list, 1);
    if (base->options.form != OUTPUT_JSON)
        return bench_run(argc, argv);
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        help_show(base, verbs_find(argv[0]));
        return finish_output(base, STATUS_OK);
    }
    char json[] = "--json";
    char **words = memory_get(((size_t)argc + 2) * sizeof words[0]);
    words[0] = argv[0];
    words[1] = json;
    memcpy(words + 2, argv + 1, (size_t)argc * sizeof words[0]); /* with the NULL behind them */
    int status = bench_run(argc + 1, words);
    free(words);
    return status;
}

static bool words_fit(const struct cli *cli)
{
    const struct cli_verb *verb = cli->verb;
    const struct cli_alias *alias = verbs_find_alias(cli->called);
    int count = cli->options.word_count, most = alias ? alias->words_max : verb->words_max;
    if (count >= verb->words_min && (most < 0 || count <= most))
        return true;
    if (count > most && alias && *alias->instead)
        cli_say(cli, "too many words: %s; see cleat %s --help", alias->instead, cli->called);
    else
        cli_say(cli, "too %s words; usage: cleat %s [options] %s", count < verb->words_min ? "few" : "many",
                cli->called, verb->words);
    return false;
}

static bool has_endpoints(const struct cli *cli)
{
    bool needs = cli->verb->run != help_run && cli->verb->run != version_run;
    bool good = !needs || cli->options.endpoints.count > 0;
    if (!good)
        cli_say(cli, "%s", cli->options.no_endpoints);
    return good;
}

int run_command(const struct cli *base, int argc, char **argv)
{
    char reason[ARGUMENT_REASON_MAX];
    struct cli cli = *base;
    cli.verb = verbs_find(argv[0]);
    cli.called = argv[0];
    if (!cli.verb) {
        cli_say(&cli, "there is no verb '%.60s'; see cleat help", argv[0]);
        return STATUS_USAGE;
    }
    if (strcmp(argv[0], "bench") == 0)
        return run_bench(base, argc, argv);
    cli.options.words = NULL;
    cli.options.word_count = 0;
    int status = STATUS_OK;
    if (cli_options_parse(&cli.options, argc, argv, cli.verb->takes, false, reason) < 0) {
        cli_say(&cli, "%s; see cleat %s --help", reason, cli.called);
        status = STATUS_USAGE;
    } else if (cli.options.help) {
        help_show(&cli, cli.verb);
        status = finish_output(&cli, STATUS_OK);
    } else if (cli.options.program_version) {
        help_show_version(&cli);
        status = finish_output(&cli, STATUS_OK);
    } else if (!words_fit(&cli) || !has_endpoints(&cli)) {
        status = STATUS_USAGE;
    } else {
        const struct session_options session_options = cli_session_options(&cli);
        session_change(cli.session, &session_options);
        output_open(&cli.output, cli.options.form, cli.options.long_form);
        status = cli.verb->run(&cli);
        status = finish_output(&cli, session_interrupted() ? STATUS_INTERRUPTED : status);
    }
    options_close(&cli.options);
    return status;
}

static volatile sig_atomic_t last_signal;

bool run_ending(void)
{
    return last_signal != 0 && last_signal != SIGINT;
}

static void on_signal(int number)
{
    if (!run_ending())
        last_signal = number;
    session_interrupt(true);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

int run_program(int argc, char **argv)
{
    char reason[ARGUMENT_REASON_MAX];
    struct session session;
    struct cli base = {.session = &session};
    const char *problem = descriptors_fill();
    if (problem) {
        cli_say(&base, "descriptors 0 to 2 cannot be opened: %s", problem);
        return STATUS_FAILED;
    }
    setlocale(LC_CTYPE, "");
    options_default(&base.options);
    int first = cli_options_parse(&base.options, argc, argv, 0, true, reason);
    if (first < 0) {
        cli_say(&base, "%s; see cleat --help", reason);
        return STATUS_USAGE;
    }
    if (base.options.help || base.options.program_version) {
        if (base.options.help)
            help_show(&base, NULL);
        else
            help_show_version(&base);
        return finish_output(&base, STATUS_OK);
    }
    if (first < argc && strcmp(argv[first], "bench") == 0)
        return run_bench(&base, argc - first, argv + first);
    catch_signals();
    const struct session_options session_options = cli_session_options(&base);
    session_open(&session, &session_options);
    int status = first < argc ? run_command(&base, argc - first, argv + first) : prompt_run(&base);
    session_close(&session);
    if (run_ending() || (status == STATUS_INTERRUPTED && last_signal != 0))
        return 128 + last_signal;
    return status;
}
