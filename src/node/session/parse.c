#include "node/session/parse.h"

#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "node/session/client.h"
#include "node/session/session.h"
#include "node/session/txn.h"
#include "protocol/asked.h"
#include "protocol/command.h"
#include "protocol/help.h"
#include "protocol/suggest.h"
#include "protocol/words.h"

/* Input that is being parsed: borrowed. */
struct span {
    const uint8_t *at;
    size_t left;
};

static void span_take(struct span *span, size_t size)
{
    ensure(size <= span->left);
    span->at += size;
    span->left -= size;
}

static void answer_help(struct session *session, struct node_client *client, const struct request *request)
{
    struct buffer text = {0};
    enum verb verb = request->name ? verb_find(request->name, request->name_size) : VERB_NONE;
    if (request->name && verb == VERB_NONE) {
        char suggestion[SUGGEST_TEXT_MAX];
        client_refuse(session, client, REPLY_CMD_ERR, suggest_help(request->name, request->name_size, suggestion));
        return;
    }
    help_write(&text, verb);
    reply_text(client_reply_now(session, client), "HELP", buffer_start(&text), buffer_size(&text));
    buffer_close(&text);
}

/* The verbs about the node, by themselves: so that the compiler misses one that has no answer. */
enum node_verb {
#define OF_CHANGE(id)
#define OF_QUESTION(id)
#define OF_STREAM(id)
#define OF_BLOCKING(id)
#define OF_TRANSACTION(id)
#define OF_CLUSTER(id)
#define OF_NODE(id) NODE_##id = VERB_##id,
#define VERB(id, name, class, ...) OF_##class(id)
#include "protocol/verbs.def"
#undef VERB
};

/* What is asked about this session, or to it. */
static void answer_by_itself(struct session *session, struct node_client *client, const struct request *request)
{
    switch ((enum node_verb)request->verb) {
    case NODE_HELP:
        answer_help(session, client, request);
        break;
    case NODE_STATUS:
        client_wants_status(session, client);
        break;
    case NODE_PING:
        reply_line(client_reply_now(session, client), "PONG");
        break;
    case NODE_VERSION:
        reply_line(client_reply_now(session, client), "VERSION " CLEAT_VERSION);
        break;
    case NODE_QUIT:
        reply_line(client_reply_now(session, client), "BYE");
        client->closing = true;
        break;
    }
}

/* Whether the cluster is at the level that REQUEST's verb needs, and at the one that it asks for, if it does. */
static bool level_is_reached(const struct session *session, const struct request *request)
{
    unsigned reached = session->env->levels.reached;
    return verb_row(request->verb)->level <= reached && request->level <= reached;
}

/* Whether REQUEST may be begun as to levels: it is told before it gets a number, since a node that cannot read it would
 * have to stop. False: TEXT says what must be done first. */
static bool level_allows(const struct session *session, const struct request *request, char text[LEVELS_TEXT_MAX])
{
    const struct levels *levels = &session->env->levels;
    unsigned needed = verb_row(request->verb)->level;
    return needed > levels->reached ? levels_reached(levels, needed, text)
                                    : levels_allow(levels, request->level, text);
}

/* True: REQUEST is refused. */
static bool refuse_level(struct session *session, struct node_client *client, const struct request *request)
{
    char text[LEVELS_TEXT_MAX];
    if (level_allows(session, request, text))
        return false;
    client_refuse(session, client, REPLY_UPGRADE, text);
    return true;
}

/* A change that is all in its line. */
static void begin_change(struct session *session, struct node_client *client, const struct request *request)
{
    uint8_t token[COMMAND_TOKEN_SIZE];
    ensure(!client->txn);
    struct command change = asked_command(request, token);
    bool of_files = verb_row(request->verb)->class == CLASS_CHANGE;
    enum reply_error error = client_refusal(session, 0, of_files ? store_growth(session->store, &change) : 0);
    struct blob *command = error == REPLY_ERROR_COUNT ? command_encode(&change) : NULL;
    if (command)
        client_submit(session, client, command, 0);
    else
        client_refuse(session, client, error == REPLY_ERROR_COUNT ? REPLY_BUSY : error, NULL);
}

/* A line with contents: they are filled in, or dropped if there is something to refuse. */
static void begin_contents(struct session *session, struct node_client *client, const struct request *request)
{
    ensure(!client->in_contents && !client->command);
    client->in_contents = true;
    client->request = *request;
    client->request.name = client->request.other = client->request.token = NULL; /* they were borrowed */
    client->contents_left = request->numbytes;
    client->refusal_reason = NULL;
    client->contents_to = NULL;
    if (client->txn) {
        txn_line(session, client, request);
        return;
    }
    if (request->error != REQUEST_OK) {
        client->refusal = REPLY_CMD_ERR;
        return; /* why is told by the request */
    }
    if (!level_is_reached(session, request)) { /* no verb with contents asks for one */
        client->refusal = REPLY_UPGRADE;
        return; /* likewise */
    }
    uint8_t token[COMMAND_TOKEN_SIZE];
    struct command change = asked_command(request, token);
    client->refusal = client_refusal(session, change.value_size, store_growth(session->store, &change));
    if (client->refusal != REPLY_ERROR_COUNT)
        return;
    client->command = command_encode(&change);
    if (!client->command) {
        client->refusal = REPLY_BUSY;
        client->refusal_reason = "no memory for it now";
        return;
    }
    size_t offset = command_value_offset(client->command);
    ensure(offset + client->contents_left <= client->command->size);
    client->contents_to = client->command->bytes + offset;
}

static void copy_names(const struct request *request, const struct query *query, uint8_t *names)
{
    if (query->name_size > 0)
        memcpy(names, request->name, query->name_size);
    if (query->other_size > 0)
        memcpy(names + query->name_size, request->other, query->other_size);
}

/* Bytes of contents that are hashed to answer it. */
static size_t hashed_bytes(struct session *session, const struct request *request)
{
    struct store_file file;
    bool hashes = request->verb == VERB_STAT && store_read(session->store, request->name, request->name_size, &file);
    return hashes ? file.value_size : 0;
}

static void answer_now(struct session *session, struct node_client *client, const struct request *request)
{
    struct query query = query_of(request);
    uint8_t names[2 * REQUEST_NAME_MAX];
    size_t size_before = client->output.size;
    ensure((size_t)query.name_size + query.other_size <= sizeof names);
    copy_names(request, &query, names);
    client_touch(session, client);
    query_answer(session, &query, names, &client->output);
    ensure(client->output.size > size_before);
    session->answered_bytes += client->output.size - size_before + hashed_bytes(session, request);
}

/* Bytes that count as held until the answer is written: a listing can be long, and a hash takes its time. */
static size_t answer_bytes(struct session *session, const struct request *request)
{
    return request->verb == VERB_LIST ? (size_t)request->limit * LIMIT_LIST_LINE : hashed_bytes(session, request);
}

/* read, stat, list. */
static void begin_query(struct session *session, struct node_client *client, const struct request *request)
{
    if (request->stale && !client->head) {
        answer_now(session, client, request);
        return;
    }
    if (!request->stale && session->gate.behind) {
        client_refuse(session, client, REPLY_DISK_FULL,
                      "this node's disk is full and it has fallen behind; ask another node");
        return;
    }
    size_t bytes = answer_bytes(session, request);
    if (session->held_bytes + bytes > LIMIT_HELD_BYTES) {
        client_refuse(session, client, REPLY_BUSY, NULL);
        return;
    }
    struct query query = query_of(request);
    struct pending *pending = pending_add(session, client, request->stale ? PENDING_CONFIRMED : PENDING_READ,
                                          (size_t)query.name_size + query.other_size);
    pending->verb = request->verb;
    pending->query = query;
    pending->bytes = bytes;
    client->bytes += bytes;
    session->held_bytes += bytes;
    copy_names(request, &query, pending->names);
    if (!request->stale)
        reads_add(&session->reads, pending);
}

/* REQUEST cannot be taken: says why. */
static void refuse_request(struct session *session, struct node_client *client, const struct request *request)
{
    char suggestion[SUGGEST_TEXT_MAX], text[REQUEST_TEXT_MAX];
    ensure(request->error != REQUEST_OK);
    if (request->error == REQUEST_TOO_BIG)
        client_refuse(session, client, REPLY_TOO_BIG, NULL);
    else if (request->error == REQUEST_UNKNOWN_VERB)
        client_refuse(session, client, REPLY_CMD_ERR, suggest_unknown(request->name, request->name_size, suggestion));
    else
        client_refuse(session, client, REPLY_CMD_ERR, request_error_text(request, text));
}

static void begin_request(struct session *session, struct node_client *client, const struct request *request)
{
    if (request->has_contents) {
        begin_contents(session, client, request);
        return;
    }
    bool quits = request->verb == VERB_QUIT && request->error == REQUEST_OK;
    if (request->verb == VERB_TXN || (client->txn && !quits)) {
        txn_line(session, client, request);
        return;
    }
    if (request->error != REQUEST_OK) {
        refuse_request(session, client, request);
        return;
    }
    if (!level_is_reached(session, request) && refuse_level(session, client, request))
        return;
    switch ((enum verb_class)verb_row(request->verb)->class) {
    case CLASS_QUESTION:
        begin_query(session, client, request);
        break;
    case CLASS_CHANGE:
    case CLASS_CLUSTER:
        begin_change(session, client, request);
        break;
    case CLASS_TRANSACTION:
        client_refuse(session, client, REPLY_CMD_ERR, "no transaction is under way; 'txn' begins one");
        break;
    case CLASS_NODE:
        answer_by_itself(session, client, request);
        break;
    case CLASS_STREAM:
    case CLASS_BLOCKING:
        ensure(request->verb == VERB_NONE); /* there is none of these yet */
    }
}

/* The end of REQUEST is not known. */
static void fatal(struct session *session, struct node_client *client, const struct request *request)
{
    refuse_request(session, client, request);
    client->closing = true;
}

/* SIZE more bytes of contents came. They count as held from now on, not from their line on, which may promise what
 * never comes; so there may no longer be room for them. */
static void keep_contents(struct session *session, struct node_client *client, const uint8_t *bytes, size_t size)
{
    ensure(client->in_contents && size <= client->contents_left);
    if (session->held_bytes + size <= LIMIT_HELD_BYTES) {
        session->held_bytes += size;
        if (client->txn)
            txn_contents(client, size);
        memcpy(client->contents_to, bytes, size);
        client->contents_to += size;
        return;
    }
    client->contents_to = NULL;
    if (client->txn) {
        txn_contents_refused(client);
        return;
    }
    ensure(session->held_bytes >= client_held_contents(client));
    session->held_bytes -= client_held_contents(client);
    blob_release(client->command);
    client->command = NULL;
    client->refusal = REPLY_BUSY;
}

/* Contents, and the line end behind them. False: more bytes are needed. */
static bool take_contents(struct session *session, struct node_client *client, struct span *span)
{
    size_t part = span->left < client->contents_left ? span->left : (size_t)client->contents_left;
    if (client->contents_to && part > 0)
        keep_contents(session, client, span->at, part);
    client->contents_left -= part;
    span_take(span, part);
    if (client->contents_left > 0)
        return false;
    int end = request_end(span->at, span->left);
    if (end == 0)
        return false;
    client->in_contents = false;
    struct blob *command = client->command;
    client->command = NULL;
    if (end < 0) {
        if (command)
            session->held_bytes -= client->request.numbytes;
        blob_release(command);
        client->request.error = REQUEST_BAD_END;
        fatal(session, client, &client->request);
        return false;
    }
    span_take(span, (size_t)end);
    if (client->txn)
        return true; /* one answer, to commit */
    if (command)
        client_submit(session, client, command, (size_t)client->request.numbytes);
    else if (client->request.error != REQUEST_OK)
        refuse_request(session, client, &client->request);
    else if (client->refusal != REPLY_UPGRADE || !refuse_level(session, client, &client->request))
        client_refuse(session, client, client->refusal, client->refusal_reason);
    return true;
}

static bool at_limit(const struct node_client *client)
{
    return client->count >= LIMIT_PIPELINE || client->bytes >= LIMIT_PIPELINE_BYTES ||
           client->output.size >= LIMIT_OUTPUT_BYTES;
}

/* A line of a few bytes may be answered by megabytes: the rest waits for the next turn. */
static bool answered_enough(struct session *session)
{
    bool enough = session->answered_bytes >= LIMIT_ANSWER_BYTES;
    session->env->more |= enough;
    return enough;
}

static void parse_span(struct session *session, struct node_client *client, struct span *span)
{
    while (!client->closing) {
        if (client->in_contents) {
            if (!take_contents(session, client, span))
                return;
            continue;
        }
        if (span->left == 0)
            return;
        if (at_limit(client) || answered_enough(session)) {
            if (!list_linked(&client->stalled))
                list_add_last(&session->stalled, &client->stalled);
            client_touch(session, client);
            return;
        }
        struct request request;
        size_t consumed = 0;
        enum request_status status =
            request_parse(span->at, span->left, session->env->limits.value_max_bytes, &request, &consumed);
        if (status == REQUEST_MORE)
            return;
        if (status == REQUEST_FATAL) {
            fatal(session, client, &request);
            return;
        }
        begin_request(session, client, &request);
        span_take(span, consumed);
        if (list_linked(&client->asking))
            return; /* what follows is parsed when it is answered */
    }
}

void client_parse(struct session *session, struct node_client *client)
{
    if (list_linked(&client->stalled)) {
        if (at_limit(client) || answered_enough(session))
            return;
        list_remove(&client->stalled);
        client_touch(session, client);
    }
    struct span span = {.at = buffer_start(&client->input), .left = buffer_size(&client->input)};
    parse_span(session, client, &span);
    if (client->closing)
        buffer_close(&client->input);
    else
        buffer_consume(&client->input, buffer_size(&client->input) - span.left);
    if (buffer_size(&client->input) == 0)
        buffer_clear(&client->input, 0);
}

/* SIZE bytes wait to be parsed. False: there is no memory for them, and what follows means nothing without them. */
static bool input_keep(struct session *session, struct node_client *client, const uint8_t *bytes, size_t size)
{
    uint8_t *at = buffer_reserve(&client->input, size);
    if (!at) {
        client_refuse(session, client, REPLY_BUSY, "no memory for it now; closing");
        client->closing = true;
        return false;
    }
    memcpy(at, bytes, size);
    buffer_added(&client->input, size);
    return true;
}

void client_bytes(struct session *session, struct node_client *client, const uint8_t *bytes, size_t size)
{
    if (client->closing || client->input_ended)
        return;
    if (buffer_size(&client->input) > 0) {
        if (input_keep(session, client, bytes, size))
            client_parse(session, client);
        return;
    }
    /* The usual case: whole commands in one read are parsed where they lie; only a rest is copied. */
    struct span span = {.at = bytes, .left = size};
    parse_span(session, client, &span);
    if (!client->closing && span.left > 0)
        (void)input_keep(session, client, span.at, span.left);
}
