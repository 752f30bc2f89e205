#include "cli/options.h"

#include <ctype.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "client/session.h"
#include "protocol/request.h"

enum { TIMEOUT_MIN_MS = 100, TIMEOUT_MAX_MS = 24 * 3600 * 1000, COUNT_MAX = 1000000 };

static const struct {
    unsigned needs;          /* 0: all verbs take it */
    char letter;             /* 0: none */
    const char *name;
    const char *value;       /* what it is called in the help; NULL: it takes none */
    const char *help;        /* lines of at most 90 bytes */
} table[] = {
    {TAKES_RECURSIVE, 'r', "recursive", NULL, "a folder with all that is in it"},
    {TAKES_LONG, 'l', "long", NULL, "version, size and remaining life too"},
    {TAKES_TTL, 0, "ttl", "SECONDS", "the file expires after SECONDS; 0: never (default)"},
    {TAKES_VERSION, 0, "if-version", "VERSION", "only if the file has this version; 0: only if there is none"},
    {TAKES_CREATE, 0, "create", NULL, "only if there is no such file"},
    {TAKES_TEXT, 't', "text", "TEXT", "the contents themselves, instead of a path"},
    {TAKES_COUNT, 'c', "count", "N", "how often (default 1)"},
    {TAKES_ALL, 0, "all", NULL, "of each endpoint"},
    {TAKES_STALE, 0, "stale", NULL, "at once, from the copy of the node that is asked: it may be old"},
    {TAKES_FORCE, 'f', "force", NULL, "files that do not exist are no failure"},
    {0, 0, "endpoints", "LIST", "HOST:PORT,HOST:PORT,...; the next one is tried when one is lost\n"
                                "(default $CLEAT_ENDPOINTS, or localhost:8080)"},
    {0, 0, "timeout", "SECONDS", "how long to try (default 15; 2 where no endpoint takes a connection)"},
    {0, 'o', "output", "FORM", "text, table or json (default text)"},
    {0, 0, "json", NULL, "the same as -o json: one JSON object a line"},
    {0, 0, "show-wire", NULL, "show on stderr what is sent (>) and what comes (<)"},
    {0, 'v', "verbose", NULL, "say more: of each change, the version that it made"},
    {0, 'q', "quiet", NULL, "no progress bar, no notes"},
    {0, 'h', "help", NULL, "show this"},
    {0, 0, "version", NULL, "show the version of this program"},
};
enum { OPTIONS = sizeof table / sizeof table[0] };

enum { LONG_BASE = 256 }; /* what getopt returns: LONG_BASE and the index in the table */

void options_default(struct options *options)
{
    char reason[ENDPOINTS_REASON_MAX];
    *options = (struct options){.timeout_ms = SESSION_TIMEOUT_MS};
    if (!endpoints_parse(&options->endpoints, endpoints_default(), reason))
        snprintf(options->no_endpoints, sizeof options->no_endpoints, "$" ENDPOINTS_VARIABLE ": %s", reason);
}

void options_close(struct options *options)
{
    free(options->words);
    options->words = NULL;
    options->word_count = 0;
}

static bool take_form(struct options *options, const char *text, char *reason)
{
    static const char *const names[] = {[OUTPUT_TEXT] = "text", [OUTPUT_TABLE] = "table", [OUTPUT_JSON] = "json"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        options->form = (enum output_form)i;
        if (strcmp(names[i], text) == 0)
            return true;
    }
    return argument_refuse(reason, "output", text, "it must be text, table or json");
}

static bool take_endpoints(struct options *options, const char *text, char *reason)
{
    char problem[ENDPOINTS_REASON_MAX];
    bool good = endpoints_parse(&options->endpoints, text, problem);
    if (!good)
        snprintf(reason, ARGUMENT_REASON_MAX, "--endpoints: %s", problem);
    return good;
}

static bool take_value(struct options *options, const char *name, const char *text, char *reason)
{
    if (strcmp(name, "ttl") == 0) {
        options->has_ttl = true;
        return argument_u32(name, text, 0, REQUEST_EXPTIME_MAX_S, &options->ttl_s, reason);
    }
    if (strcmp(name, "if-version") == 0) {
        options->has_version = true;
        return argument_u64(name, text, 0, UINT64_MAX, &options->version, reason);
    }
    if (strcmp(name, "text") == 0) {
        options->text = text;
        return true;
    }
    if (strcmp(name, "count") == 0)
        return argument_u32(name, text, 1, COUNT_MAX, &options->count, reason);
    if (strcmp(name, "endpoints") == 0)
        return take_endpoints(options, text, reason);
    if (strcmp(name, "timeout") == 0)
        return argument_seconds(name, text, TIMEOUT_MIN_MS, TIMEOUT_MAX_MS, &options->timeout_ms, reason);
    return take_form(options, text, reason);
}

static void take_flag(struct options *options, const char *name)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {
        {"recursive", &options->recursive}, {"long", &options->long_form}, {"create", &options->create},
        {"all", &options->all}, {"stale", &options->stale}, {"force", &options->force},
        {"show-wire", &options->show_wire}, {"verbose", &options->verbose}, {"quiet", &options->quiet},
        {"help", &options->help}, {"version", &options->program_version},
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (strcmp(flags[i].name, name) == 0)
            *flags[i].flag = true;
    if (strcmp(name, "json") == 0)
        options->form = OUTPUT_JSON;
}

/* "-5": no option of ours is a digit, and a word may be. */
static bool is_negative(const char *text)
{
    return text && text[0] == '-' && isdigit((unsigned char)text[1]);
}

static void add_word(struct options *options, char *word)
{
    options->words = memory_resize(options->words, (size_t)options->word_count + 1, sizeof options->words[0]);
    options->words[options->word_count++] = word;
}

struct spelling {
    struct option names[OPTIONS + 1];
    char letters[2 * OPTIONS + 3];
};

/* What getopt wants to know of the table. */
static void spell(struct spelling *spelling)
{
    char *letter = spelling->letters;
    *letter++ = '-'; /* words come in their order, not last */
    *letter++ = ':';
    for (int i = 0; i < OPTIONS; i++) {
        int has_value = table[i].value ? required_argument : no_argument;
        spelling->names[i] = (struct option){table[i].name, has_value, NULL, LONG_BASE + i};
        if (!table[i].letter)
            continue;
        *letter++ = table[i].letter;
        if (table[i].value)
            *letter++ = ':';
    }
    *letter = '\0';
    spelling->names[OPTIONS] = (struct option){NULL, 0, NULL, 0};
}

static int find(int option)
{
    for (int i = 0; i < OPTIONS; i++)
        if (option == LONG_BASE + i || (table[i].letter && option == table[i].letter))
            return i;
    return -1;
}

static bool take(struct options *options, int option, char **argv, unsigned takes, char *reason)
{
    int index = find(option);
    const char *wrong = argv[optind > 1 ? optind - 1 : 1];
    if (option == ':')
        snprintf(reason, ARGUMENT_REASON_MAX, "%.60s needs a value", wrong);
    else if (index < 0)
        snprintf(reason, ARGUMENT_REASON_MAX, "there is no option %.60s", wrong);
    else if (table[index].needs && !(takes & table[index].needs))
        snprintf(reason, ARGUMENT_REASON_MAX, "--%s is no option of this verb", table[index].name);
    else if (table[index].value)
        return take_value(options, table[index].name, optarg, reason);
    else
        take_flag(options, table[index].name);
    return index >= 0 && (!table[index].needs || (takes & table[index].needs));
}

static int parse(struct options *options, int argc, char **argv, unsigned takes, bool first_word, char *reason)
{
    struct spelling spelling;
    spell(&spelling);
    optind = 0; /* glibc: begins anew */
    opterr = 0;
    bool begun = false;
    for (;;) {
        int at = begun ? optind : 1;
        if (at < argc && is_negative(argv[at]) && !first_word) {
            add_word(options, argv[at]);
            optind = at + 1;
            begun = true;
            continue;
        }
        if (first_word && at < argc && (argv[at][0] != '-' || argv[at][1] == '\0'))
            return at;
        int option = getopt_long(argc, argv, spelling.letters, spelling.names, NULL);
        begun = true;
        if (option == -1)
            break;
        if (option == 1)
            add_word(options, optarg);
        else if (!take(options, option, argv, takes, reason))
            return -1;
    }
    int next = optind;
    while (!first_word && next < argc)
        add_word(options, argv[next++]);
    return next;
}

int cli_options_parse(struct options *options, int argc, char **argv, unsigned takes, bool first_word,
                      char reason[ARGUMENT_REASON_MAX])
{
    int next = parse(options, argc, argv, takes, first_word, reason);
    optind = 0; /* whoever parses next begins anew */
    return next;
}

const char *options_name(unsigned takes, size_t index)
{
    for (int i = 0; i < OPTIONS; i++)
        if ((!table[i].needs || (table[i].needs & takes)) && index-- == 0)
            return table[i].name;
    return NULL;
}

/* --- help --------------------------------------------------------------------------------------------------------- */

static void print_one(FILE *file, int index)
{
    char left[40];
    int size = table[index].letter ? snprintf(left, sizeof left, "-%c, --%s", table[index].letter, table[index].name)
                                   : snprintf(left, sizeof left, "--%s", table[index].name);
    if (table[index].value)
        snprintf(left + size, sizeof left - (size_t)size, " %s", table[index].value);
    const char *line = table[index].help;
    for (const char *before = left; *line; before = "") {
        size_t length = strcspn(line, "\n");
        fprintf(file, "  %-22s %.*s\n", before, (int)length, line);
        line += length + (line[length] == '\n');
    }
}

void options_print_own(FILE *file, unsigned takes)
{
    for (int i = 0; i < OPTIONS; i++)
        if (table[i].needs & takes)
            print_one(file, i);
}

void options_print_common(FILE *file)
{
    for (int i = 0; i < OPTIONS; i++)
        if (!table[i].needs)
            print_one(file, i);
}
