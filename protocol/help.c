#include "protocol/help.h"

#include <string.h>

#include "base/ensure.h"
#include "protocol/transaction.h"

enum { SUMMARY_COLUMN = 39, INDENT = 2 };

static const char before[] =
    "Files with versions and an optional expiry, the same on every node.\n"
    "\n";

static const char behind[] =
    "\n"
    "NAME      1 to 250 bytes without space or control character\n"
    "NUMBYTES  bytes in the contents, which are on the next line\n"
    "EXPTIME   seconds until the file is removed; 0 or none: never\n"
    "VERSION   every change takes the next number; OK tells a file's new version\n"
    "stale     at once from this node's own copy, which may lag behind\n"
    "\n"
    "once=TOKEN as the last word of what changes something: however often it is\n"
    "sent, to whichever node, it is done once, and answered as the first time.\n"
    "\n"
    "Try:  set greeting hello\n"
    "      read greeting";

/* What is told of each verb behind its usage; and its line in the overview. */
static const struct {
    const char *text;
    const char *summary;
} texts[VERB_COUNT] = {
#define VERB(id, name, class, right, level, kind, txn, needs, rest, operands, options, metric, summary, words, help) \
    [VERB_##id] = {help, summary},
#include "protocol/verbs.def"
#undef VERB
};

/* TEXT, each of its line ends as CRLF. */
static void add(struct buffer *out, const char *text)
{
    for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
        buffer_append(out, text, (size_t)(end - text));
        buffer_append_text(out, "\r\n");
    }
    buffer_append_text(out, text);
}

/* The overview tells of once= below all verbs. And that a prefix can be written as an option, too, is told in words. */
static void add_usage(struct buffer *out, enum verb verb, bool overview)
{
    const struct verb_row *row = verb_row(verb);
    buffer_append_text(out, row->name);
    for (size_t place = 1; place < row->most; place++) {
        bool needed = place < row->needs;
        bool opens = !needed && (place == row->needs || !row->together);
        bool closes = !needed && (place + 1u == row->most || !row->together);
        buffer_append_text(out, opens ? " [" : " ");
        buffer_append_text(out, operand_rows[row->operands[place]].label);
        buffer_append_text(out, closes ? "]" : "");
    }
    for (enum verb_option i = 0; i < VERB_OPTION_COUNT; i++) {
        if (!(row->options & 1u << i) || i == VERB_OPTION_PREFIX || (overview && i == VERB_OPTION_ONCE))
            continue;
        buffer_append_text(out, " [");
        buffer_append_text(out, option_rows[i].word);
        buffer_append_text(out, option_rows[i].value ? option_rows[i].value : "");
        buffer_append_text(out, "]");
    }
}

void help_usage(struct buffer *out, enum verb verb)
{
    add_usage(out, verb, false);
}

static void add_blanks(struct buffer *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buffer_append_text(out, " ");
}

/* The usage, and the summary in its column: of a long usage, on a line of its own. */
static void add_summary(struct buffer *out, enum verb verb)
{
    add_blanks(out, INDENT);
    size_t start = buffer_size(out) - INDENT;
    if (verb == VERB_TXN)
        buffer_append_text(out, "txn, if ..., commit or cancel");
    else
        add_usage(out, verb, true);
    size_t used = buffer_size(out) - start;
    if (used + 1 >= SUMMARY_COLUMN) {
        add(out, "\n");
        used = 0;
    }
    add_blanks(out, SUMMARY_COLUMN - used);
    buffer_append_text(out, texts[verb].summary);
    add(out, "\n");
}

static void add_overview(struct buffer *out)
{
    add(out, before);
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++)
        if (texts[verb].summary)
            add_summary(out, verb);
    add(out, behind);
}

/* The lines of a transaction behind its first. */
static void add_transaction(struct buffer *out)
{
    const char *between = "  ";
    add(out, "\n  ");
    add_usage(out, VERB_IF, false);
    add(out, "\n");
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        if (!verb_row(verb)->in_txn || verb_row(verb)->class != CLASS_CHANGE)
            continue;
        buffer_append_text(out, between);
        buffer_append_text(out, verb_name(verb));
        between = ", ";
    }
    add(out, " as usual\ncommit, or cancel");
}

void help_write(struct buffer *out, enum verb verb)
{
    if (verb == VERB_NONE) {
        add_overview(out);
        return;
    }
    add_usage(out, verb, false);
    if (verb == VERB_TXN)
        add_transaction(out);
    if (verb_row(verb)->contents > 0)
        add(out, "\n<contents>");
    add(out, "\n\n");
    add(out, texts[verb].text);
}
