#include "cli/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/folder.h"

enum { PAGE = 1000, ASK_MS = 1000 };

static void drop(struct listing *listing, size_t from)
{
    for (size_t i = from; i < listing->count; i++)
        free(listing->entries[i].name);
    listing->count = from;
}

void listing_open(struct listing *listing, const char *prefix, bool fold, bool stale)
{
    *listing = (struct listing){.prefix = prefix, .fold = fold, .stale = stale};
}

void listing_close(struct listing *listing)
{
    drop(listing, 0);
    free(listing->entries);
    listing->entries = NULL;
}

static bool take_word(const char **at, const char *end, const char **word, size_t *size)
{
    const char *start = *at;
    const char *stop = start;
    while (stop < end && *stop != ' ')
        stop++;
    *word = start;
    *size = (size_t)(stop - start);
    *at = stop < end ? stop + 1 : stop;
    return *size > 0;
}

bool listing_parse(const char **at, const char *end, struct entry *entry)
{
    const char *line_end = memchr(*at, '\n', (size_t)(end - *at));
    const char *next = line_end ? line_end + 1 : end;
    if (!line_end)
        line_end = end;
    const char *word = *at, *rest = *at;
    size_t size;
    *entry = (struct entry){0};
    if (!take_word(&rest, line_end, &word, &size) || !request_name(word, size))
        return false;
    const char *name = word;
    size_t name_size = size;
    entry->folder = rest == line_end;
    uint64_t *const numbers[] = {&entry->version, &entry->size, &entry->exptime_s};
    for (size_t i = 0; i < 3 && !entry->folder; i++)
        if (!take_word(&rest, line_end, &word, &size) || !request_number(word, size, numbers[i]))
            return false;
    entry->name = memory_get(name_size + 1);
    memcpy(entry->name, name, name_size);
    *at = next;
    return true;
}

/* Behind what was there. */
static int take_page(struct cli *cli, struct listing *listing, const struct call *call)
{
    bool empty = buffer_size(&call->body) == 0;
    const char *at = empty ? "" : (const char *)buffer_start(&call->body);
    const char *end = at + buffer_size(&call->body);
    while (at < end) {
        struct entry entry;
        if (!listing_parse(&at, end, &entry))
            return cli_failed(cli, listing->prefix, "UNREACHABLE", "the server's listing makes no sense",
                              STATUS_UNREACHABLE);
        /* Others rely on the prefix: what they take of a name is what is behind it. */
        bool asked_for = strncmp(entry.name, listing->prefix, strlen(listing->prefix)) == 0;
        if (!asked_for || (listing->after[0] && strcmp(entry.name, listing->after) <= 0)) {
            free(entry.name);
            return cli_failed(cli, listing->prefix, "UNREACHABLE",
                              asked_for ? "the server's listing is out of order"
                                        : "the server's listing has names that were not asked for",
                              STATUS_UNREACHABLE);
        }
        snprintf(listing->after, sizeof listing->after, "%s", entry.name);
        if ((listing->count & (listing->count - 1)) == 0)
            listing->entries = memory_resize(listing->entries, listing->count > 0 ? listing->count * 2 : 1,
                                             sizeof listing->entries[0]);
        listing->entries[listing->count++] = entry;
    }
    listing->ended = !call->answer.more || empty;
    return STATUS_OK;
}

static int add_page(struct cli *cli, struct listing *listing)
{
    struct call *call = call_open(*listing->prefix ? listing->prefix : NULL);
    call_ask(call, ANSWER_LIST, "list%s%s%s%s limit=%d%s%s", *listing->prefix ? " prefix=" : "", listing->prefix,
              listing->after[0] ? " after=" : "", listing->after, PAGE, listing->fold ? " delim=/" : "",
              listing->stale ? " stale" : "");
    int status = cli_do(cli, call);
    if (status == STATUS_OK)
        status = take_page(cli, listing, call);
    call_close(call);
    return status;
}

int listing_next(struct cli *cli, struct listing *listing)
{
    drop(listing, 0);
    return add_page(cli, listing);
}

int listing_all(struct cli *cli, struct listing *listing)
{
    int status = STATUS_OK;
    while (status == STATUS_OK && !listing->ended)
        status = add_page(cli, listing);
    return status;
}

bool listing_is_folder(struct cli *cli, const char *name)
{
    char *prefix = folder_prefix(name);
    struct session *session = cli->session;
    struct call *call = call_open(NULL);
    uint32_t timeout_ms = session->options.timeout_ms;
    call_ask(call, ANSWER_LIST, "list prefix=%s limit=1%s", prefix, cli->options.stale ? " stale" : "");
    if (!call->bad && !session->first && request_name(prefix, strlen(prefix))) {
        session->options.timeout_ms = timeout_ms < ASK_MS ? timeout_ms : ASK_MS;
        session_do(session, call);
        session->options.timeout_ms = timeout_ms;
    }
    bool found = call->outcome == CALL_ANSWERED && call->answer.kind == ANSWER_LIST && buffer_size(&call->body) > 0;
    call_close(call);
    free(prefix);
    return found;
}

void listing_tell_gone(const struct cli *cli, const char *name)
{
    if (!cli->options.quiet)
        cli_say(cli, "%s: it is gone since it was listed", name);
}
