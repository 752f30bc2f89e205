#include "node/session/query.h"

#include <string.h>

#include "base/ensure.h"
#include "base/hash.h"
#include "base/names.h"
#include "node/session/session.h"
#include "protocol/reply.h"

struct query query_of(const struct request *request)
{
    return (struct query){
        .verb = request->verb,
        .stale = request->stale,
        .delimiter = request->delimiter,
        .name_size = (uint16_t)request->name_size,
        .other_size = (uint16_t)request->other_size,
        .limit = (uint32_t)request->limit,
    };
}

/* Seconds that remain until EXPIRES_MS, rounded up; at least 1 while the state still has the file. */
static uint64_t remaining_s(const struct session *session, uint64_t expires_ms)
{
    if (expires_ms == 0)
        return 0;
    uint64_t now_ms = clock_now_ms(&session->env->clock, session->env->now_ms);
    if (now_ms < store_time_ms(session->store))
        now_ms = store_time_ms(session->store);
    return expires_ms <= now_ms ? 1 : (expires_ms - now_ms + 999) / 1000;
}

/* How stale what is here may be. */
static const struct reply_stale *how_stale(const struct session *session, struct reply_stale *how)
{
    *how = (struct reply_stale){.revision = store_revision(session->store)};
    how->leaderless = raft_leader(session->raft) == 0;
    ensure(session->gate.leaderless_ms == UINT64_MAX || session->env->now_ms >= session->gate.leaderless_ms);
    if (how->leaderless && session->gate.leaderless_ms != UINT64_MAX)
        how->leaderless_s = (session->env->now_ms - session->gate.leaderless_ms) / 1000;
    return how;
}

/* The file that QUERY asks for. False: that there is none is answered. */
static bool find_file(struct session *session, const struct query *query, const uint8_t *name,
                      const struct reply_stale *stale, struct store_file *file, struct chain *out)
{
    bool found = store_read(session->store, name, query->name_size, file);
    if (!found && stale)
        reply_not_found_stale(out, stale);
    else if (!found)
        reply_not_found(out, NULL, 0);
    return found;
}

static void answer_read(struct session *session, const struct query *query, const uint8_t *name, struct chain *out)
{
    struct store_file file;
    struct reply_stale how;
    const struct reply_stale *stale = query->stale ? how_stale(session, &how) : NULL;
    if (!find_file(session, query, name, stale, &file, out))
        return;
    ensure(file.value_offset + file.value_size <= file.blob->size);
    reply_contents(out, file.version, remaining_s(session, file.expires_ms), file.blob, file.value_offset,
                   file.value_size, stale);
}

static void answer_stat(struct session *session, const struct query *query, const uint8_t *name, struct chain *out)
{
    struct store_file file;
    struct reply_stale how;
    const struct reply_stale *stale = query->stale ? how_stale(session, &how) : NULL;
    if (!find_file(session, query, name, stale, &file, out))
        return;
    ensure(file.created <= file.version && file.value_offset + file.value_size <= file.blob->size);
    struct reply_stat stat = {
        .version = file.version,
        .size = file.value_size,
        .exptime_s = remaining_s(session, file.expires_ms),
        .created = file.created,
        .hash = hash_bytes(file.blob->bytes + file.value_offset, file.value_size, 0),
    };
    reply_stat(out, &stat, stale);
}

/* --- list --------------------------------------------------------------------------------------------------------- */

/* A listing under way: all names up to and with the cursor are done. */
struct query_listing {
    struct session *session;
    const struct query *query;
    const uint8_t *prefix;
    size_t prefix_size;
    struct buffer text;
    uint32_t lines;
    bool more;                         /* the limit is reached, and something is left */
    bool over;
    uint8_t cursor[COMMAND_NAME_MAX];
    size_t cursor_size;
};

static void move_cursor(struct query_listing *listing, const uint8_t *name, size_t size)
{
    ensure(size <= sizeof listing->cursor);
    memcpy(listing->cursor, name, size);
    listing->cursor_size = size;
}

/* Behind all names that begin with NAME: no name is longer, or has a larger byte. */
static void move_cursor_behind(struct query_listing *listing, const uint8_t *name, size_t size)
{
    move_cursor(listing, name, size);
    memset(listing->cursor + size, 0xff, sizeof listing->cursor - size);
    listing->cursor_size = sizeof listing->cursor;
}

/* The size of the folder that NAME, which begins with the prefix, is in: up to and with the first delimiter behind the
 * prefix. 0: it is in none. */
static size_t folder_size(const struct query_listing *listing, const uint8_t *name, size_t size)
{
    if (listing->query->delimiter < 0 || size <= listing->prefix_size)
        return 0;
    const uint8_t *end =
        memchr(name + listing->prefix_size, listing->query->delimiter, size - listing->prefix_size);
    return end ? (size_t)(end - name) + 1 : 0;
}

static bool begins_with_prefix(const struct query_listing *listing, const uint8_t *name, size_t size)
{
    return size >= listing->prefix_size &&
           (listing->prefix_size == 0 || memcmp(name, listing->prefix, listing->prefix_size) == 0);
}

static void add_file(struct query_listing *listing, const struct store_file *file)
{
    buffer_append(&listing->text, file->name, file->name_size);
    buffer_append_text(&listing->text, " ");
    buffer_append_number(&listing->text, file->version);
    buffer_append_text(&listing->text, " ");
    buffer_append_number(&listing->text, file->value_size);
    buffer_append_text(&listing->text, " ");
    buffer_append_number(&listing->text, remaining_s(listing->session, file->expires_ms));
    buffer_append_text(&listing->text, "\n");
}

/* The next file in order. Returns true where it stood for a whole folder: what comes next lies behind that. */
static bool list_file(struct query_listing *listing, const struct store_file *file)
{
    listing->over = !begins_with_prefix(listing, file->name, file->name_size);
    listing->more = !listing->over && listing->lines == listing->query->limit;
    listing->over |= listing->more;
    if (listing->over)
        return false;
    listing->lines++;
    ensure(listing->lines <= listing->query->limit);
    size_t folder = folder_size(listing, file->name, file->name_size);
    if (folder == 0) {
        add_file(listing, file);
        move_cursor(listing, file->name, file->name_size);
        return false;
    }
    buffer_append(&listing->text, file->name, folder);
    buffer_append_text(&listing->text, "\n");
    move_cursor_behind(listing, file->name, folder);
    return true;
}

/* All that is to be listed behind the cursor. Behind a folder one file is looked at, then twice as many each time. */
static void list_behind_cursor(struct query_listing *listing)
{
    struct store_file files[STORE_WALK_MAX];
    size_t wanted = STORE_WALK_MAX;
    while (!listing->over) {
        const uint8_t *cursor = listing->cursor_size > 0 ? listing->cursor : NULL;
        size_t count = store_walk(listing->session->store, cursor, listing->cursor_size, files, wanted);
        bool folded = false;
        ensure(count <= wanted);
        for (size_t i = 0; i < count && !listing->over && !folded; i++)
            folded = list_file(listing, &files[i]);
        listing->over |= count < wanted && !folded;
        wanted = folded ? 1 : wanted < STORE_WALK_MAX ? 2 * wanted : wanted;
    }
}

/* Where to begin: at the prefix, or behind AFTER if that is further on. The last line of a page may have been a
 * folder: then behind all that is in it. */
static void list_begin(struct query_listing *listing, const uint8_t *after, size_t after_size)
{
    struct store_file file;
    ensure(listing->cursor_size == 0 && listing->lines == 0);
    if (after_size > 0 && names_compare(after, after_size, listing->prefix, listing->prefix_size) >= 0) {
        bool folder = begins_with_prefix(listing, after, after_size) &&
                      folder_size(listing, after, after_size) == after_size;
        if (folder)
            move_cursor_behind(listing, after, after_size);
        else
            move_cursor(listing, after, after_size);
        return;
    }
    if (listing->prefix_size == 0)
        return;
    move_cursor(listing, listing->prefix, listing->prefix_size);
    if (store_read(listing->session->store, listing->prefix, listing->prefix_size, &file))
        list_file(listing, &file);
}

static void answer_list(struct session *session, const struct query *query, const uint8_t *names, struct chain *out)
{
    struct query_listing listing = {
        .session = session, .query = query, .prefix = names, .prefix_size = query->name_size};
    list_begin(&listing, names + query->name_size, query->other_size);
    list_behind_cursor(&listing);
    struct reply_stale how;
    ensure(!listing.more || listing.lines == query->limit);
    reply_list(out, store_revision(session->store), listing.more, buffer_start(&listing.text),
               buffer_size(&listing.text), query->stale ? how_stale(session, &how) : NULL);
    buffer_close(&listing.text);
}

/* --- by verb ------------------------------------------------------------------------------------------------------ */

#define ANSWER_READ answer_read
#define ANSWER_STAT answer_stat
#define ANSWER_LIST answer_list

/* What answers each question. One that has nothing above does not compile. */
#define OF_QUESTION(id) [VERB_##id] = ANSWER_##id,
#define OF_CHANGE(id)
#define OF_STREAM(id)
#define OF_BLOCKING(id)
#define OF_TRANSACTION(id)
#define OF_CLUSTER(id)
#define OF_NODE(id)
static void (*const answers[VERB_COUNT])(struct session *session, const struct query *query, const uint8_t *names,
                                         struct chain *out) = {
#define VERB(id, name, class, ...) OF_##class(id)
#include "protocol/verbs.def"
#undef VERB
};

void query_answer(struct session *session, const struct query *query, const uint8_t *names, struct chain *out)
{
    ensure(answers[query->verb] != NULL);
    answers[query->verb](session, query, names, out);
}
