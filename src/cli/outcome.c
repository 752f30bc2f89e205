#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "cli/listing.h"
#include "cli/verbs.h"
#include "json/encode.h"
#include "protocol/request.h"

enum { REASON_SIZE = 512 };

/* The table of errors has statuses that there are. */
#define ERROR(id, effect, connection, elsewhere, http, exit, reason)                                                  \
    _Static_assert(exit == STATUS_FAILED || (exit >= STATUS_NOT_FOUND && exit <= STATUS_UNKNOWN), #id);
#define OUTCOME ERROR
#define HTTP_ERROR(id, http)
#include "protocol/errors.def"
#undef ERROR
#undef OUTCOME
#undef HTTP_ERROR

struct session_options cli_session_options(const struct cli *cli)
{
    return (struct session_options){
        .endpoints = cli->options.endpoints,
        .timeout_ms = (uint32_t)cli->options.timeout_ms,
        .wire = cli->options.show_wire ? stderr : NULL,
    };
}

void cli_say(const struct cli *cli, const char *format, ...)
{
    char *text;
    va_list arguments;
    va_start(arguments, format);
    int size = vasprintf(&text, format, arguments);
    ensure(size >= 0);
    va_end(arguments);
    char *shown = output_printable(text, (size_t)size);
    fflush(stdout);
    if (cli->line > 0)
        fprintf(stderr, "cleat: line %u: ", cli->line);
    else
        fputs("cleat: ", stderr);
    if (cli->verb)
        fprintf(stderr, "%s: ", cli->called);
    fprintf(stderr, "%s\n", shown);
    free(shown);
    free(text);
}

int cli_worse(int first, int second)
{
    return first != STATUS_OK ? first : second;
}

bool cli_goes_on(const struct cli *cli)
{
    return !cli->given_up && !session_interrupted();
}

static const char no_name[] = "'%.260s' is no name: 1 to 250 bytes, without spaces and control characters";

bool cli_name(const struct cli *cli, const char *name)
{
    bool good = request_name(name, strlen(name));
    if (!good)
        cli_say(cli, no_name, name);
    return good;
}

void cli_ttl(const struct cli *cli, char text[CLI_TTL_SIZE])
{
    text[0] = '\0';
    if (cli->options.ttl_s > 0)
        snprintf(text, CLI_TTL_SIZE, " %" PRIu32, cli->options.ttl_s);
}

static void tell_json(const char *subject, const char *code, const char *reason, uint64_t version, bool has_version)
{
    json_t *object = json_object();
    json_object_set_new(object, "ok", json_false());
    if (subject)
        json_add_name(object, subject, strlen(subject));
    json_object_set_new(object, "error", json_string(code));
    json_add_message(object, reason, strlen(reason));
    if (has_version)
        json_add_number(object, "version", version);
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
}

static int note(struct cli *cli, int status)
{
    cli->given_up |= status == STATUS_UNREACHABLE || status == STATUS_UNKNOWN || status == STATUS_INTERRUPTED;
    return status;
}

int cli_failed(struct cli *cli, const char *subject, const char *code, const char *reason, int status)
{
    if (cli->options.form == OUTPUT_JSON)
        tell_json(subject, code, reason, 0, false);
    cli_say(cli, "%s%s%s", subject ? subject : "", subject ? ": " : "", reason);
    return note(cli, status);
}

int cli_failed_by(struct cli *cli, const char *subject, enum reply_error error, const char *reason)
{
    return cli_failed(cli, subject, error_row(error)->code, reason, error_row(error)->exit);
}

int cli_failed_name(struct cli *cli, const char *subject, const char *name)
{
    char reason[REASON_SIZE];
    snprintf(reason, sizeof reason, no_name, name);
    return cli_failed(cli, subject, "LOCAL", reason, STATUS_FAILED);
}

/* ERR_VERSION. Where it may be one of several files, the answer names it. */
static int mismatch(struct cli *cli, const struct call *call, const char *subject)
{
    char reason[REASON_SIZE];
    uint64_t version = call->answer.version;
    if (version > 0)
        snprintf(reason, sizeof reason, "it has version %" PRIu64, version);
    else
        snprintf(reason, sizeof reason, "there is no such file");
    if (cli->options.form == OUTPUT_JSON)
        tell_json(subject, error_row(REPLY_VERSION)->code, reason, version, true);
    cli_say(cli, "%s: %s", subject ? subject : "-", reason);
    return error_row(REPLY_VERSION)->exit;
}

/* "ERR_... REASON". Where the code has no place of its own, it is behind the reason. */
static int failed(struct cli *cli, const struct call *call)
{
    char code[64], reason[REASON_SIZE];
    const char *line = (const char *)call->answer.line;
    int size = (int)call->answer.line_size;
    int code_size = 0;
    while (code_size < size && line[code_size] != ' ')
        code_size++;
    snprintf(code, sizeof code, "%.*s", code_size, line);
    bool explained = code_size + 1 < size;
    if (explained)
        snprintf(reason, sizeof reason, "%.*s", size - code_size - 1, line + code_size + 1);
    if (cli->options.form == OUTPUT_JSON)
        tell_json(call->subject, code, explained ? reason : code, 0, false);
    cli_say(cli, "%s%s%s%s%s%s", call->subject ? call->subject : "", call->subject ? ": " : "",
            explained ? reason : code, explained ? " (" : "", explained ? code : "", explained ? ")" : "");
    return error_row(call->answer.error)->exit;
}

/* There is no file SUBJECT; perhaps there is a folder, and another way to say what was meant. */
static int not_found(struct cli *cli, const char *subject)
{
    char reason[REASON_SIZE];
    snprintf(reason, sizeof reason, "%s", error_row(REPLY_FILE_NOT_FOUND)->reason);
    bool is_stat = cli->verb->run == stat_run;
    bool takes_folders = (cli->verb->takes & TAKES_RECURSIVE) && !cli->options.recursive;
    if (cli->verb->run == rm_run && cli->options.word_count > 1) /* others are under way */
        takes_folders = false;
    if (subject && (takes_folders || is_stat) && listing_is_folder(cli, subject)) {
        const char *slash = *subject && subject[strlen(subject) - 1] == '/' ? "" : "/";
        if (is_stat)
            snprintf(reason, sizeof reason, "it is a folder: ls %s%s", subject, slash);
        else
            snprintf(reason, sizeof reason, "it is a folder: %s -r", cli->called);
    }
    return cli_failed_by(cli, subject, REPLY_FILE_NOT_FOUND, reason);
}

static int answered(struct cli *cli, const struct call *call)
{
    char named[REQUEST_NAME_MAX + 1];
    const char *subject = call->subject;
    if (call->expects == ANSWER_OK && call->answer.name && call->answer.name_size <= REQUEST_NAME_MAX) {
        snprintf(named, sizeof named, "%.*s", (int)call->answer.name_size, (const char *)call->answer.name);
        subject = named;
    }
    switch (call->answer.kind) {
    case ANSWER_NOT_FOUND:
        return not_found(cli, subject);
    case ANSWER_VERSION_MISMATCH:
        return mismatch(cli, call, call->target && !call->answer.name ? call->target : subject);
    case ANSWER_ERROR:
        return failed(cli, call);
    case ANSWER_OK:
    case ANSWER_CONTENTS:
    case ANSWER_PONG:
    case ANSWER_VERSION:
    case ANSWER_HELP:
    case ANSWER_STATUS:
    case ANSWER_BYE:
    case ANSWER_STAT:
    case ANSWER_LIST:
        break;
    }
    return STATUS_OK;
}

int cli_outcome(struct cli *cli, const struct call *call)
{
    char reason[CALL_REASON_MAX + 64];
    switch (call->outcome) {
    case CALL_ANSWERED:
        return answered(cli, call);
    case CALL_UNKNOWN:
        snprintf(reason, sizeof reason, "it is not known whether this was done: %s", call->reason);
        return cli_failed(cli, call->subject, "UNKNOWN", reason, STATUS_UNKNOWN);
    case CALL_INTERRUPTED:
        return note(cli, STATUS_INTERRUPTED);
    case CALL_UNREACHABLE:
    case CALL_WAITING:
        break;
    }
    if (cli->given_up)
        return STATUS_UNREACHABLE;
    snprintf(reason, sizeof reason, "no server did it: %s", call->reason);
    return cli_failed(cli, call->subject, "UNREACHABLE", reason, STATUS_UNREACHABLE);
}

void cli_say_stale(struct cli *cli, const struct call *call)
{
    const struct reply_stale *stale = &call->answer.how_stale;
    if (cli->stale_said || call->outcome != CALL_ANSWERED || !call->answer.stale || !stale->leaderless)
        return;
    cli->stale_said = true;
    cli_say(cli, "the node that was asked has known no leader for %" PRIu64 " s: its copy goes up to revision %" PRIu64
                 "; there may be later changes", stale->leaderless_s, stale->revision);
}

int cli_do(struct cli *cli, struct call *call)
{
    if (call->bad) {
        cli_say(cli, "%s: too long for one line of the protocol", call->subject ? call->subject : "-");
        return STATUS_USAGE;
    }
    session_do(cli->session, call);
    cli_say_stale(cli, call);
    return cli_outcome(cli, call);
}

void cli_changed(struct cli *cli, const char *name, const char *to, uint64_t version)
{
    static const struct column columns[] = {{"ok", 0, true}, {"name", 0, false}, {"to", 0, false},
                                            {"version", 0, false}};
    if (cli->options.form == OUTPUT_JSON) {
        const struct value values[] = {
            {.kind = VALUE_FLAG, .number = 1}, value_text(name), value_text(to),
            {.kind = version > 0 ? VALUE_NUMBER : VALUE_NONE, .number = version},
        };
        output_begin(&cli->output, columns, 4);
        output_row(&cli->output, values);
        output_end(&cli->output);
    } else if (cli->options.verbose) {
        char *shown = output_printable(name, strlen(name));
        char *goal = output_printable(to ? to : "", to ? strlen(to) : 0);
        printf("%s%s%s", shown, to ? " -> " : "", goal);
        if (version > 0)
            printf(": version %" PRIu64, version);
        putchar('\n');
        free(shown);
        free(goal);
    }
}
