/* Changes without contents: rm, touch, incr. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/folder.h"
#include "cli/listing.h"
#include "cli/verbs.h"
#include "protocol/words.h"

/* --- rm ----------------------------------------------------------------------------------------------------------- */

static int removed(struct cli *cli, struct call *call)
{
    int status = STATUS_OK;
    bool absent = call->outcome == CALL_ANSWERED && call->answer.kind == ANSWER_NOT_FOUND;
    if (!absent || !cli->options.force)
        status = cli_outcome(cli, call);
    if (status == STATUS_OK && !absent)
        cli_changed(cli, call->subject, NULL, 0);
    call_close(call);
    return status;
}

static int push_rm(struct cli *cli, const char *name)
{
    int status = STATUS_OK;
    while (session_full(cli->session))
        status = cli_worse(status, removed(cli, session_pop(cli->session)));
    if (!cli_goes_on(cli))
        return status;
    struct call *call = call_open(name);
    if (cli->options.has_version)
        call_change(call, "delete %s %" PRIu64, name, cli->options.version);
    else
        call_change(call, "delete %s", name);
    session_push(cli->session, call);
    return status;
}

static int drain(struct cli *cli)
{
    int status = STATUS_OK;
    struct call *call;
    while ((call = session_pop(cli->session)))
        status = cli_worse(status, removed(cli, call));
    return status;
}

/* All that begins with NAME and '/'. */
static int rm_folder(struct cli *cli, const char *name)
{
    char *prefix = folder_prefix(name);
    struct listing listing;
    listing_open(&listing, prefix, false, false);
    int status = listing_all(cli, &listing);
    bool listed = status == STATUS_OK; /* to its end: a part of it is not taken for the whole */
    bool forced = cli->options.force;
    if (listed && listing.count == 0 && !forced)
        status = cli_failed_by(cli, name, REPLY_FILE_NOT_FOUND, "there is no such folder");
    cli->options.force = true; /* what is gone meanwhile was to be gone */
    for (size_t i = 0; listed && i < listing.count && cli_goes_on(cli); i++)
        status = cli_worse(status, push_rm(cli, listing.entries[i].name));
    status = cli_worse(status, drain(cli));
    cli->options.force = forced;
    listing_close(&listing);
    free(prefix);
    return status;
}

int rm_run(struct cli *cli)
{
    const struct options *options = &cli->options;
    if (options->has_version && (options->recursive || options->word_count > 1)) {
        cli_say(cli, "--if-version is for one file");
        return STATUS_USAGE;
    }
    for (int i = 0; i < options->word_count; i++)
        if (!(options->recursive && *options->words[i] == '\0') && !cli_name(cli, options->words[i]))
            return STATUS_USAGE;
    int status = STATUS_OK;
    for (int i = 0; i < options->word_count && cli_goes_on(cli); i++)
        status = cli_worse(status, options->recursive ? rm_folder(cli, options->words[i])
                                                      : push_rm(cli, options->words[i]));
    return cli_worse(status, drain(cli));
}

/* --- touch, incr -------------------------------------------------------------------------------------------------- */

int touch_run(struct cli *cli)
{
    char reason[ARGUMENT_REASON_MAX];
    const char *name = cli->options.words[0];
    uint32_t seconds;
    if (!cli_name(cli, name))
        return STATUS_USAGE;
    if (!argument_u32("SECONDS", cli->options.words[1], 0, REQUEST_EXPTIME_MAX_S, &seconds, reason)) {
        cli_say(cli, "%s", reason + 2);
        return STATUS_USAGE;
    }
    struct call *call = call_open(name);
    if (cli->options.has_version)
        call_change(call, "touch %s %" PRIu32 " %" PRIu64, name, seconds, cli->options.version);
    else
        call_change(call, "touch %s %" PRIu32, name, seconds);
    int status = cli_do(cli, call);
    if (status == STATUS_OK)
        cli_changed(cli, name, NULL, call->answer.version);
    call_close(call);
    return status;
}

static void tell_sum(struct cli *cli, const struct call *call)
{
    static const struct column columns[] = {{"ok", 0, true}, {"name", 0, true}, {"value", 0, false},
                                            {"version", 0, true}};
    const struct value values[] = {
        {.kind = VALUE_FLAG, .number = 1}, value_text(call->subject),
        {.kind = VALUE_SIGNED, .number = (uint64_t)call->answer.value}, value_number(call->answer.version),
    };
    if (cli->options.form == OUTPUT_TEXT && cli->options.verbose) {
        printf("%s: %" PRId64 ", version %" PRIu64 "\n", call->subject, call->answer.value, call->answer.version);
        return;
    }
    output_begin(&cli->output, columns, 4);
    output_row(&cli->output, values);
    output_end(&cli->output);
}

int incr_run(struct cli *cli)
{
    const char *name = cli->options.words[0];
    const char *delta = cli->options.word_count > 1 ? cli->options.words[1] : "1";
    int64_t number;
    if (!cli_name(cli, name))
        return STATUS_USAGE;
    delta += *delta == '+';
    if (!integer_parse((const uint8_t *)delta, strlen(delta), &number)) {
        cli_say(cli, "DELTA %.60s: it must be a number from -2^63 to 2^63-1", delta);
        return STATUS_USAGE;
    }
    char ttl[CLI_TTL_SIZE];
    cli_ttl(cli, ttl);
    struct call *call = call_open(name);
    call_change(call, "incr %s %s%s", name, delta, ttl);
    int status = cli_do(cli, call);
    if (status == STATUS_OK)
        tell_sum(cli, call);
    call_close(call);
    return status;
}
