/* What is there: ls, tree, stat. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/folder.h"
#include "cli/listing.h"
#include "cli/verbs.h"

/* Nothing begins with PREFIX: as of a file that is not there, but where everything was asked for. */
static int tell_none(struct cli *cli, const char *prefix)
{
    const char *reason = prefix[0] && prefix[strlen(prefix) - 1] == '/' ? "there is no such folder"
                                                                        : "there is no name that begins so";
    return *prefix ? cli_failed_by(cli, prefix, REPLY_FILE_NOT_FOUND, reason) : STATUS_OK;
}

/* A prefix may be empty, and end in the middle of a name. */
static bool check_prefix(const struct cli *cli, const char *prefix)
{
    return *prefix == '\0' || cli_name(cli, prefix);
}

int ls_run(struct cli *cli)
{
    static const struct column columns[] = {
        {"version", 10, true}, {"size", 9, true}, {"ttl", 10, true}, {"name", 0, false}, {"folder", 0, true},
    };
    const char *prefix = cli->options.word_count > 0 ? cli->options.words[0] : "";
    struct listing listing;
    int status = STATUS_OK;
    if (!check_prefix(cli, prefix))
        return STATUS_USAGE;
    listing_open(&listing, prefix, !cli->options.recursive, cli->options.stale);
    bool json = cli->options.form == OUTPUT_JSON, going = true, found = false;
    bool details = json || cli->options.long_form;
    /* A table has no hidden columns: it gets those that are to be seen. */
    output_begin(&cli->output, details ? columns : columns + 3, json ? 5 : details ? 4 : 1);
    while (status == STATUS_OK && !listing.ended && going) {
        status = listing_next(cli, &listing);
        for (size_t i = 0; i < listing.count && status == STATUS_OK && going; i++) {
            const struct entry *entry = &listing.entries[i];
            found = true;
            struct value values[5] = {[3] = value_text(entry->name)};
            if (entry->folder)
                values[4] = (struct value){.kind = VALUE_FLAG, .number = 1};
            if (!entry->folder) {
                values[0] = value_number(entry->version);
                values[1] = value_number(entry->size);
                values[2] = value_life(entry->exptime_s);
            }
            going = output_row(&cli->output, details ? values : values + 3);
        }
    }
    output_end(&cli->output);
    listing_close(&listing);
    return status == STATUS_OK && !found ? tell_none(cli, prefix) : status;
}

/* --- tree --------------------------------------------------------------------------------------------------------- */

static void print_name(const struct cli *cli, const char *bytes, size_t size)
{
    char *shown = cli->output.terminal ? output_printable(bytes, size) : NULL;
    if (shown)
        fputs(shown, stdout);
    else
        fwrite(bytes, 1, size, stdout);
    free(shown);
}

/* Entries [FROM, TO) share the first SKIP bytes, a folder; BARS is what is drawn left of them. */
static void draw(const struct cli *cli, const struct entry *entries, size_t from, size_t to, size_t skip,
                 const char *bars)
{
    while (from < to && !ferror(stdout)) {
        const char *rest = entries[from].name + skip;
        const char *slash = strchr(rest, '/');
        size_t size = slash ? (size_t)(slash - rest) + 1 : strlen(rest);
        size_t next = from + 1;
        while (slash && next < to && strncmp(entries[next].name + skip, rest, size) == 0)
            next++;
        bool last = next == to;
        printf("%s%s", bars, last ? "`-- " : "|-- ");
        print_name(cli, rest, size);
        putchar('\n');
        /* A name that ends in '/' is a file in the folder, one without a name of its own. */
        if (slash && !(next == from + 1 && slash[1] == '\0')) {
            char *deeper = folder_join(bars, last ? "    " : "|   ");
            draw(cli, entries, from, next, skip + size, deeper);
            free(deeper);
        }
        from = next;
    }
}

static void print_counts(size_t folders, size_t files)
{
    printf("\n%zu %s, %zu %s\n", folders, folders == 1 ? "folder" : "folders", files, files == 1 ? "file" : "files");
}

static size_t count_folders(const struct listing *listing, size_t skip)
{
    size_t folders = 0;
    const char *before = "";
    for (size_t i = 0; i < listing->count; i++) {
        const char *name = listing->entries[i].name + skip;
        for (size_t at = 0; name[at]; at++)
            folders += name[at] == '/' && strncmp(name, before, at + 1) != 0;
        before = name;
    }
    return folders;
}

int tree_run(struct cli *cli)
{
    char *prefix = folder_prefix(cli->options.word_count > 0 ? cli->options.words[0] : "");
    struct listing listing;
    int status = STATUS_USAGE;
    listing_open(&listing, prefix, false, cli->options.stale);
    if (check_prefix(cli, prefix))
        status = listing_all(cli, &listing);
    if (status == STATUS_OK && listing.count == 0)
        status = tell_none(cli, prefix);
    if (status == STATUS_OK && cli->options.form == OUTPUT_JSON) {
        static const struct column columns[] = {{"name", 0, false}, {"version", 0, false}, {"size", 0, false},
                                                {"ttl", 0, false}};
        output_begin(&cli->output, columns, 4);
        for (size_t i = 0; i < listing.count; i++) {
            const struct entry *entry = &listing.entries[i];
            const struct value values[] = {value_text(entry->name), value_number(entry->version),
                                           value_number(entry->size), value_life(entry->exptime_s)};
            output_row(&cli->output, values);
        }
        output_end(&cli->output);
    } else if (status == STATUS_OK) {
        print_name(cli, *prefix ? prefix : ".", *prefix ? strlen(prefix) : 1);
        putchar('\n');
        draw(cli, listing.entries, 0, listing.count, strlen(prefix), "");
        print_counts(count_folders(&listing, strlen(prefix)), listing.count);
    }
    listing_close(&listing);
    free(prefix);
    return status;
}

/* --- stat --------------------------------------------------------------------------------------------------------- */

static void tell_stat(struct cli *cli, const struct call *call)
{
    char hash[17];
    const struct reply_stale *how = &call->answer.how_stale;
    snprintf(hash, sizeof hash, "%016" PRIx64, call->answer.hash);
    const struct value values[] = {
        value_text(call->subject), value_number(call->answer.version), value_number(call->answer.size),
        value_life(call->answer.exptime_s), value_number(call->answer.created), value_text(hash),
        {.kind = call->answer.stale ? VALUE_FLAG : VALUE_NONE, .number = 1},
        {.kind = call->answer.stale ? VALUE_NUMBER : VALUE_NONE, .number = how->revision},
        {.kind = how->leaderless ? VALUE_NUMBER : VALUE_NONE, .number = how->leaderless_s},
    };
    if (cli->options.form != OUTPUT_TEXT) {
        output_row(&cli->output, values);
        return;
    }
    printf("name=");
    print_name(cli, call->subject, strlen(call->subject));
    printf(" version=%" PRIu64 " size=%" PRIu64 " ttl=%" PRIu64 " created=%" PRIu64 " xxh3=%s\n",
           call->answer.version, call->answer.size, call->answer.exptime_s, call->answer.created, hash);
}

int stat_run(struct cli *cli)
{
    static const struct column columns[] = {
        {"name", 0, false}, {"version", 1, false}, {"size", 1, false}, {"ttl", 1, false}, {"created", 1, false},
        {"xxh3", 0, false}, {"stale", 0, false}, {"revision", 0, false}, {"leaderless_s", 0, false},
    };
    int status = STATUS_OK;
    for (int i = 0; i < cli->options.word_count; i++)
        if (!cli_name(cli, cli->options.words[i]))
            return STATUS_USAGE;
    output_begin(&cli->output, columns, cli->options.form == OUTPUT_JSON ? 9 : 6);
    for (int i = 0; i < cli->options.word_count && cli_goes_on(cli); i++) {
        struct call *call = call_open(cli->options.words[i]);
        call_ask(call, ANSWER_STAT, "stat %s%s", call->subject, cli->options.stale ? " stale" : "");
        int this_status = cli_do(cli, call);
        if (this_status == STATUS_OK)
            tell_stat(cli, call);
        status = cli_worse(status, this_status);
        call_close(call);
    }
    output_end(&cli->output);
    return status;
}
