#include "cli/complete.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/folder.h"
#include "cli/listing.h"
#include "cli/verbs.h"

enum { ASK_MS = 1000 };

static void add(struct choices *choices, const char *text)
{
    if (choices->count == COMPLETE_MAX)
        return;
    choices->list = memory_resize(choices->list, choices->count + 1, sizeof choices->list[0]);
    choices->list[choices->count++] = folder_join(text, "");
}

void complete_close(struct choices *choices)
{
    for (size_t i = 0; i < choices->count; i++)
        free(choices->list[i]);
    free(choices->list);
    *choices = (struct choices){0};
}

size_t complete_common(const struct choices *choices)
{
    size_t common = choices->count > 0 ? strlen(choices->list[0]) : 0;
    for (size_t i = 1; i < choices->count; i++) {
        size_t size = 0;
        while (size < common && choices->list[i][size] == choices->list[0][size])
            size++;
        common = size;
    }
    while (common > 0 && ((unsigned char)choices->list[0][common] & 0xc0) == 0x80)
        common--;
    return common;
}

static void add_verbs(struct choices *choices, const char *start)
{
    for (size_t i = 0; i < verbs_count; i++)
        if (strncmp(verbs[i].name, start, strlen(start)) == 0)
            add(choices, verbs[i].name);
    for (size_t i = 0; i < verbs_alias_count && choices->count == 0; i++)
        if (strncmp(verbs_aliases[i].name, start, strlen(start)) == 0)
            add(choices, verbs_aliases[i].name);
    if (strncmp("exit", start, strlen(start)) == 0)
        add(choices, "exit");
}

static void add_options(struct choices *choices, const char *start, const struct cli_verb *verb)
{
    char option[64];
    const char *name;
    for (size_t i = 0; (name = options_name(verb->takes, i)); i++) {
        snprintf(option, sizeof option, "--%s", name);
        if (strncmp(option, start, strlen(start)) == 0)
            add(choices, option);
    }
}

static void add_names(const struct cli *base, struct choices *choices, const char *start)
{
    struct session_options options = cli_session_options(base);
    options.timeout_ms = ASK_MS;
    options.wire = NULL;
    if (base->options.endpoints.count == 0 || (*start && !request_name(start, strlen(start))))
        return;
    session_change(base->session, &options);
    struct call *call = call_open(NULL);
    call_ask(call, ANSWER_LIST, "list%s%s limit=%d delim=/", *start ? " prefix=" : "", start, COMPLETE_MAX);
    if (!call->bad)
        session_do(base->session, call);
    if (call->outcome == CALL_ANSWERED && call->answer.kind == ANSWER_LIST && buffer_size(&call->body) > 0) {
        const char *at = (const char *)call->body.bytes + call->body.start;
        const char *end = at + buffer_size(&call->body);
        struct entry entry;
        while (at < end && listing_parse(&at, end, &entry)) {
            if (strncmp(entry.name, start, strlen(start)) == 0)
                add(choices, entry.name);
            free(entry.name);
        }
    }
    call_close(call);
}

static void add_paths(struct choices *choices, const char *start)
{
    glob_t found = {0};
    char *pattern = memory_get(2 * strlen(start) + 2), *to = pattern;
    for (const char *at = start; *at; *to++ = *at++)
        if (strchr("*?[\\", *at))
            *to++ = '\\';
    *to = '*';
    if (glob(pattern, GLOB_MARK, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            add(choices, found.gl_pathv[i]);
    globfree(&found);
    free(pattern);
}

/* True where word INDEX (0: the first behind the verb) of VERB is a local path. */
static bool is_path(const struct cli_verb *verb, size_t index, bool recursive)
{
    if (strcmp(verb->name, "put") == 0)
        return index == (recursive ? 0 : 1);
    if (strcmp(verb->name, "get") == 0 || strcmp(verb->name, "append") == 0)
        return index == 1;
    return (strcmp(verb->name, "cas") == 0 && index == 2) || (strcmp(verb->name, "txn") == 0 && index == 0);
}

void complete_find(const struct cli *base, const char *line, struct choices *choices)
{
    struct quote_words words;
    *choices = (struct choices){0};
    if (!quote_split_begun(&words, line, &choices->state)) {
        quote_close(&words);
        return;
    }
    size_t before = words.count - 1;
    const char *start = words.list[before];
    choices->typed = strlen(start);
    const struct cli_verb *verb = before > 0 ? verbs_find(words.list[0]) : NULL;
    size_t index = 0;
    bool recursive = false;
    for (size_t i = 1; i < before; i++) {
        index += words.list[i][0] != '-';
        recursive |= strcmp(words.list[i], "-r") == 0 || strcmp(words.list[i], "--recursive") == 0;
    }
    if (before == 0 || (verb && verb->run == help_run))
        add_verbs(choices, start);
    else if (verb && start[0] == '-')
        add_options(choices, start, verb);
    else if (verb && is_path(verb, index, recursive))
        add_paths(choices, start);
    else if (verb && verb->words_max != 0)
        add_names(base, choices, start);
    quote_close(&words);
}
